//===- TimeChoices.cpp - the ways to divide a component -------------------===//

#include "TimeChoices.h"

#include <algorithm>
#include <tuple>

using namespace dconv;

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
    at.assign(terms.size(), 0);
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

  /// Which of the balanced pieces of `stripe` has position `x`.
  int64_t pieceAt(Interval stripe, int64_t x) const {
    int64_t length = stripe.size() / pieces, longer = stripe.size() % pieces;
    x -= stripe.begin;
    return x < longer * (length + 1)
               ? x / (length + 1)
               : longer + (x - longer * (length + 1)) / length;
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
      Interval met = stripe.intersect(held);
      if (!met.empty())
        sources +=
            pieceAt(stripe, met.end - 1) - pieceAt(stripe, met.begin) + 1;
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
  std::vector<size_t> at; ///< the part of each term
};
} // namespace

static std::vector<TimeChoice> choicesOf(const PlanSpace &space, unsigned c,
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

/// Whether components `a` and `b` are divided alike, as the dims of an image
/// often are.
static bool areAlike(const PlanSpace &space, unsigned a, unsigned b) {
  const Component &one = space.components[a], &other = space.components[b];
  if (one.loops.size() != other.loops.size() ||
      one.dims.size() != other.dims.size())
    return false;
  for (size_t i = 0; i < one.loops.size(); ++i)
    if (space.convolution.extents[one.loops[i]] !=
            space.convolution.extents[other.loops[i]] ||
        space.convolution.roles[one.loops[i]] !=
            space.convolution.roles[other.loops[i]] ||
        space.fixed[one.loops[i]] != space.fixed[other.loops[i]])
      return false;
  for (size_t d = 0; d < one.dims.size(); ++d) {
    const OperandDim &dim = one.dims[d], &otherDim = other.dims[d];
    if (dim.operand != otherDim.operand || dim.extent != otherDim.extent ||
        dim.expr.constant != otherDim.expr.constant ||
        dim.expr.terms.size() != otherDim.expr.terms.size())
      return false;
    for (size_t i = 0; i < one.loops.size(); ++i)
      if (dim.expr.coefficientOf(one.loops[i]) !=
          otherDim.expr.coefficientOf(other.loops[i]))
        return false;
  }
  return true;
}

TimeChoices dconv::timeChoices(const PlanSpace &space, int64_t mostInner) {
  TimeChoices all;
  for (unsigned c = 0; c < space.components.size(); ++c) {
    unsigned alike = 0;
    while (alike < c && !areAlike(space, alike, c))
      ++alike;
    all.push_back(alike < c ? all[alike] : choicesOf(space, c, mostInner));
  }
  return all;
}

/// Whether `number` has no prime factor above `most`, which is at most 7.
static bool isSmooth(int64_t number, int64_t most) {
  for (int64_t prime : {2, 3, 5, 7})
    while (prime <= most && number % prime == 0)
      number /= prime;
  return number == 1;
}

TimeChoices dconv::evenChoices(const TimeChoices &all, int64_t mostPrime) {
  constexpr double nearlyEven = 1.1;
  TimeChoices even;
  for (const std::vector<TimeChoice> &ways : all) {
    std::vector<TimeChoice> &chosen = even.emplace_back();
    for (const TimeChoice &choice : ways)
      if (choice.own.key.shards == 1 ||
          (choice.own.imbalance <= nearlyEven &&
           isSmooth(choice.own.key.shards, mostPrime)))
        chosen.push_back(choice);
    if (chosen.empty())
      chosen.push_back(ways.front());
  }
  return even;
}

TimeClass dconv::undivided(const std::vector<TimeChoice> &choices) {
  TimeClass result;
  for (size_t i = 0; i < choices.size(); ++i) {
    TimeClass own = choices[i].own;
    for (unsigned t = 0; t < mostOperands; ++t)
      own.held[t] *= own.key.cut[t];
    if (i == 0)
      result = own;
    else
      result.unite(own);
    result.key.inner = std::max(result.key.inner, own.key.inner);
  }
  int32_t inner = result.key.inner;
  result.key = TimeKey();
  result.key.inner = inner;
  return result;
}
