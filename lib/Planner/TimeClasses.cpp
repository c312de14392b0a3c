//===- TimeClasses.cpp - splits alike in what their time depends on -------===//

#include "TimeClasses.h"

#include <algorithm>
#include <tuple>

using namespace dconv;

template <typename Visit> static void forFields(Visit visit) {
  visit(&TimeKey::cut);
  visit(&TimeKey::sources);
  visit(&TimeKey::innerSources);
}

TimeKey TimeKey::times(const TimeKey &o) const {
  TimeKey result{shards * o.shards, inner * o.inner, {}, {}, {}};
  forFields([&](PerOperand<int32_t> TimeKey::*field) {
    for (unsigned t = 0; t < mostOperands; ++t)
      (result.*field)[t] = (this->*field)[t] * (o.*field)[t];
  });
  return result;
}

bool TimeKey::less(const TimeKey &o, TimeKey &rest) const {
  if (shards % o.shards || inner % o.inner)
    return false;
  rest.shards = shards / o.shards;
  rest.inner = inner / o.inner;
  bool divides = true;
  forFields([&](PerOperand<int32_t> TimeKey::*field) {
    for (unsigned t = 0; t < mostOperands; ++t) {
      divides &= (this->*field)[t] % (o.*field)[t] == 0;
      (rest.*field)[t] = (this->*field)[t] / (o.*field)[t];
    }
  });
  return divides;
}

bool TimeKey::operator==(const TimeKey &o) const {
  return std::tie(shards, inner, cut, sources, innerSources) ==
         std::tie(o.shards, o.inner, o.cut, o.sources, o.innerSources);
}

bool TimeKey::operator<(const TimeKey &o) const {
  return std::tie(shards, inner, cut, sources, innerSources) <
         std::tie(o.shards, o.inner, o.cut, o.sources, o.innerSources);
}

TimeClass TimeClass::times(const TimeClass &o) const {
  TimeClass result = *this;
  result.key = key.times(o.key);
  result.imbalance *= o.imbalance;
  for (unsigned t = 0; t < mostOperands; ++t) {
    result.sources[t] *= o.sources[t];
    result.innerSources[t] *= o.innerSources[t];
    result.held[t] *= o.held[t];
    result.growth[t] *= o.growth[t];
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

namespace {
/// Counts the owners of one dim that shards read from.
class SourceCounter {
public:
  /// Stripes of `stripes`, one list per term of the expression of `dim`.
  SourceCounter(const Convolution &convolution, const OperandDim &dim,
                const std::vector<const Stripes *> &stripes)
      : dim(dim), terms(dim.expr.terms), stripes(stripes) {
    bool anyParallel =
        std::any_of(terms.begin(), terms.end(), [&](const Term &t) {
          return !convolution.isReduction(t.loop);
        });
    for (size_t i = 0; i < terms.size(); ++i) {
      if (anyParallel && convolution.isReduction(terms[i].loop)) {
        pieces *= stripes[i]->size();
        continue;
      }
      if (stripes[i]->size() == 1 && first >= 0)
        continue;
      several = first >= 0 && stripes[first]->size() > 1;
      first = i;
    }
  }

  /// What they are in the middle, and in the mean over the shards, or less.
  std::pair<int64_t, double> count() {
    if (several)
      return {1, 0};
    // One loop with coefficient 1 over the whole dim: all read what they own.
    if (terms.size() == 1 && terms[0].coefficient == 1 &&
        dim.expr.constant == 0 && stripes[0]->back().end == dim.extent)
      return {1, 1};
    int64_t cells = 1;
    for (const Stripes *ofTerm : stripes)
      cells *= ofTerm->size();
    if (cells == 1)
      return {1, 1};
    if (first < 0)
      return {1, 0};
    const int64_t parts = stripes[first]->size();
    middle = sourcesOf(parts / 2) / std::max<int64_t>(1, cells / parts);
    double sum = 0;
    for (int64_t begin = 0; begin < parts;) {
      int64_t end = begin + 1, size = (*stripes[first])[begin].size();
      while (end < parts && (*stripes[first])[end].size() == size)
        ++end;
      sum += sumOfRun(begin, end);
      begin = end;
    }
    return {std::max<int64_t>(1, middle), sum / cells};
  }

private:
  Interval reach(size_t i, Interval part, Interval read) const {
    int64_t a = terms[i].coefficient * part.begin;
    int64_t b = terms[i].coefficient * (part.end - 1);
    return {read.begin + std::min(a, b), read.end + std::max(a, b)};
  }

  /// All taps of one part of the first loop.
  Interval allTaps(int64_t part) const {
    Interval read{dim.expr.constant, dim.expr.constant + 1};
    for (size_t i = 0; i < terms.size(); ++i)
      read = reach(i,
                   int(i) == first ? (*stripes[i])[part]
                                   : Interval{stripes[i]->front().begin,
                                              stripes[i]->back().end},
                   read);
    return read;
  }

  /// Parts by position: where number p begins.
  int64_t partAt(int64_t p) const {
    return terms[first].coefficient > 0 ? p : stripes[first]->size() - 1 - p;
  }
  int64_t cutBefore(int64_t p) const {
    if (p <= 0)
      return 0;
    if (p >= int64_t(stripes[first]->size()))
      return dim.extent;
    int64_t sum = allTaps(partAt(p - 1)).end + allTaps(partAt(p)).begin;
    return std::clamp<int64_t>(sum >> 1, 0, dim.extent);
  }

  /// The sum over all parts of the other loops, at `part` of the first.
  int64_t sourcesOf(int64_t part) {
    int64_t sum = 0;
    std::vector<size_t> at(terms.size(), 0);
    while (true) {
      Interval held{dim.expr.constant, dim.expr.constant + 1};
      for (size_t i = 0; i < terms.size(); ++i)
        held = reach(i, (*stripes[i])[int(i) == first ? part : at[i]], held);
      sum += ownersOf(held.intersect({0, dim.extent}), partAt(part));
      size_t i = terms.size();
      while (i-- > 0) {
        if (int(i) == first)
          continue;
        if (++at[i] < stripes[i]->size())
          break;
        at[i] = 0;
      }
      if (i == size_t(-1))
        return sum;
    }
  }

  int64_t ownersOf(Interval held, int64_t position) const {
    if (held.empty())
      return 0;
    const int64_t parts = stripes[first]->size();
    int64_t low = position, high = position; // [low, high] meet `held`
    while (low > 0 && cutBefore(low) > held.begin)
      --low;
    while (high + 1 < parts && cutBefore(high + 1) < held.end)
      ++high;
    int64_t sources = 0;
    for (int64_t p = low; p <= high; ++p) {
      Interval stripe{cutBefore(p), cutBefore(p + 1)};
      if (pieces == 1)
        sources += !stripe.intersect(held).empty();
      else
        for (Interval piece : balancedStripes(stripe, pieces))
          sources += !piece.intersect(held).empty();
    }
    return sources;
  }

  /// The sum over parts [begin, end), which have the same length. Those whose
  /// neighbours have it too, as far as they read, and read no padding, have as
  /// many owners as each other: all lies as in the one next to it, moved by the
  /// same distance.
  double sumOfRun(int64_t begin, int64_t end) {
    int64_t far = middle + 2;
    auto inside = [&](int64_t part) {
      Interval read = allTaps(part);
      return read.begin >= 0 && read.end <= dim.extent;
    };
    int64_t low = begin + far, high = end - far; // regular: [low, high)
    while (low < high && !inside(low - far))
      ++low;
    while (low < high && !inside(high - 1 + far))
      --high;
    double sum = 0;
    if (low < high) {
      int64_t each = sourcesOf(low);
      // What is read must not lie beyond the neighbours looked at.
      Interval read = allTaps(low);
      int64_t p = partAt(low), reachLow = cutBefore(p - far + 1),
              reachHigh = cutBefore(p + far);
      if (read.begin >= reachLow && read.end <= reachHigh)
        sum += double(each) * (high - low);
      else
        high = low;
    } else {
      high = low = std::min(low, end);
    }
    for (int64_t part = begin; part < end; ++part) {
      if (part == low)
        part = high;
      if (part < end)
        sum += sourcesOf(part);
    }
    return sum;
  }

  const OperandDim &dim;
  const std::vector<Term> &terms;
  const std::vector<const Stripes *> &stripes;
  int first = -1;       ///< term of the loop of the first cut
  bool several = false; ///< of which there are several divided
  int64_t pieces = 1;
  int64_t middle = 1;
};
} // namespace

std::vector<TimeChoice> dconv::timeChoices(const PlanSpace &space, unsigned c,
                                           int64_t mostInner) {
  const Convolution &convolution = space.convolution;
  const Component &component = space.components[c];
  const size_t numLoops = component.loops.size();
  std::vector<TimeChoice> ways;
  std::vector<int64_t> parts;
  int64_t shards = 1;
  for (unsigned loop : component.loops) {
    parts.push_back(space.leastParts(loop));
    shards *= parts.back();
  }
  auto addPlaced = [&] {
    std::vector<Stripes> stripes;
    for (size_t i = 0; i < numLoops; ++i)
      stripes.push_back(space.stripes(component.loops[i], parts[i]));
    TimeChoice choice{parts, std::vector<bool>(numLoops, false), {}};
    Outline outlined = outline(convolution, component, stripes);
    TimeClass &own = choice.own;
    own.key.shards = shards;
    own.held = outlined.meanHeld;
    own.imbalance = outlined.imbalance;
    PerOperand<double> extents{1, 1, 1};
    for (const OperandDim &dim : component.dims) {
      extents[dim.operand] *= dim.extent;
      if (dim.operand == convolution.inputs.size())
        continue;
      std::vector<const Stripes *> ofTerms;
      for (const Term &term : dim.expr.terms) {
        size_t i = std::find(component.loops.begin(), component.loops.end(),
                             term.loop) -
                   component.loops.begin();
        ofTerms.push_back(&stripes[i]);
      }
      auto [middle, mean] = SourceCounter(convolution, dim, ofTerms).count();
      own.key.sources[dim.operand] *= middle;
      own.sources[dim.operand] *= mean;
    }
    for (unsigned t = 0; t < mostOperands; ++t)
      own.key.cut[t] = outlined.cut[t];
    // Each set of the axes may be the one within a group.
    for (unsigned set = 0; set < (1u << numLoops); ++set) {
      int64_t inner = 1;
      bool isSet = true;
      for (size_t i = 0; i < numLoops; ++i) {
        choice.inner[i] = set >> i & 1;
        isSet &= !choice.inner[i] || parts[i] > 1;
        inner *= choice.inner[i] ? parts[i] : 1;
      }
      if (!isSet || inner > std::max<int64_t>(1, mostInner))
        continue;
      own.key.inner = inner;
      for (unsigned t = 0; t < mostOperands; ++t) {
        bool isInner = true;
        for (const OperandDim &dim : component.dims)
          for (size_t i = 0; i < numLoops; ++i)
            isInner &= dim.operand != t || parts[i] == 1 || choice.inner[i] ||
                       !dim.expr.uses(component.loops[i]);
        own.key.innerSources[t] = isInner ? own.key.sources[t] : 1;
        own.growth[t] = isInner ? own.held[t] * own.key.cut[t] / extents[t] : 1;
        own.innerSources[t] = isInner ? own.sources[t] : 1;
      }
      ways.push_back(choice);
    }
  };
  while (shards <= space.devices) {
    addPlaced();
    // The last loop runs fastest.
    size_t i = numLoops;
    while (i-- > 0) {
      shards /= parts[i];
      unsigned loop = component.loops[i];
      if (parts[i] < space.mostParts(loop) &&
          parts[i] < space.devices / shards) {
        shards *= ++parts[i];
        break;
      }
      parts[i] = space.leastParts(loop);
      shards *= parts[i];
    }
    if (i == size_t(-1))
      break;
  }
  std::sort(ways.begin(), ways.end(),
            [](const TimeChoice &a, const TimeChoice &b) {
              return std::tie(a.own.key.shards, a.parts, a.inner) <
                     std::tie(b.own.key.shards, b.parts, b.inner);
            });
  return ways;
}

//===----------------------------------------------------------------------===//
// Classes
//===----------------------------------------------------------------------===//

namespace {
/// Classes by key, in one piece of memory.
class ClassTable {
public:
  /// Adds `next`, or unites it with the class of the same key.
  void add(const TimeClass &next) {
    if (2 * classes.size() >= places.size())
      grow();
    uint32_t &place = placeOf(next.key);
    if (place == 0) {
      classes.push_back(next);
      place = classes.size();
      return;
    }
    TimeClass &united = classes[place - 1];
    united.imbalance = std::min(united.imbalance, next.imbalance);
    for (unsigned t = 0; t < mostOperands; ++t) {
      united.held[t] = std::min(united.held[t], next.held[t]);
      united.growth[t] = std::max(united.growth[t], next.growth[t]);
      united.sources[t] = std::min(united.sources[t], next.sources[t]);
      united.innerSources[t] =
          std::max(united.innerSources[t], next.innerSources[t]);
    }
  }

  /// Ascending by key.
  std::vector<TimeClass> sorted() && {
    std::sort(
        classes.begin(), classes.end(),
        [](const TimeClass &a, const TimeClass &b) { return a.key < b.key; });
    return std::move(classes);
  }

private:
  uint32_t &placeOf(const TimeKey &key) {
    uint64_t hash = key.shards * 31 + key.inner;
    forFields([&](PerOperand<int32_t> TimeKey::*field) {
      for (int32_t number : key.*field) {
        hash = (hash ^ number) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32; // products carry upwards only
      }
    });
    for (size_t i = hash & (places.size() - 1);;
         i = (i + 1) & (places.size() - 1))
      if (places[i] == 0 || classes[places[i] - 1].key == key)
        return places[i];
  }

  void grow() {
    places.assign(std::max<size_t>(1024, places.size() * 2), 0);
    for (uint32_t i = 0; i < classes.size(); ++i)
      placeOf(classes[i].key) = i + 1;
  }

  std::vector<TimeClass> classes;
  std::vector<uint32_t> places; ///< number of a class, from 1; 0: free
};
} // namespace

InnerPlaces::InnerPlaces(int64_t mostShards, int64_t mostInner,
                         const std::function<int64_t(int64_t)> &aligned)
    : possible(mostInner + 1, std::vector<bool>(mostShards + 1, false)) {
  std::vector<int64_t> blocks(mostShards + 1);
  for (int64_t shards = 1; shards <= mostShards; ++shards)
    blocks[shards] = aligned(shards);
  for (int64_t inner = 2; inner <= mostInner; ++inner)
    for (int64_t some = inner; some <= mostShards; some += inner)
      for (int64_t all = some; all <= mostShards; all += some)
        if (blocks[all] % inner == 0) {
          possible[inner][some] = true;
          break;
        }
}

TimeChain::TimeChain(std::vector<const std::vector<TimeChoice> *> choices,
                     int64_t mostShards, int64_t mostInner,
                     double mostImbalance, const InnerPlaces &places)
    : choices(std::move(choices)), tails(this->choices.size() + 1) {
  tails.back().push_back(TimeClass());
  for (size_t i = this->choices.size(); i-- > 0;) {
    ClassTable classes;
    for (const TimeChoice &choice : *this->choices[i])
      for (const TimeClass &tail : tails[i + 1]) {
        if (choice.own.key.shards > mostShards / tail.key.shards)
          break; // the tails ascend by shards
        if (choice.own.imbalance * tail.imbalance <= mostImbalance &&
            choice.own.key.inner * tail.key.inner <= mostInner &&
            places.can(choice.own.key.shards * tail.key.shards,
                       choice.own.key.inner * tail.key.inner))
          classes.add(choice.own.times(tail));
      }
    tails[i] = std::move(classes).sorted();
  }
}

const TimeClass *TimeChain::find(unsigned from, const TimeKey &key) const {
  const std::vector<TimeClass> &classes = tails[from];
  auto found = std::lower_bound(
      classes.begin(), classes.end(), key,
      [](const TimeClass &a, const TimeKey &b) { return a.key < b; });
  return found != classes.end() && found->key == key ? &*found : nullptr;
}
