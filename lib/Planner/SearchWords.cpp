//===- SearchWords.cpp - the split that moves the fewest words ------------===//
//
// Words of the busiest device are no fewer than the mean over the shards of
// what they hold, less what they own, and all shards together own each tensor
// once. The mean is a product over components, so it bounds whole classes of
// splits at once. Classes are visited from the least bound up, until the bound
// passes the words of the best splits found.
//
//===----------------------------------------------------------------------===//

#include "dconv/Planner/SearchWords.h"
#include "SplitClasses.h"
#include "WordCounter.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

using namespace dconv;

namespace {
/// Two numbers of this relative distance are taken for equal where rounding
/// could otherwise decide.
constexpr double rounding = 1e-9;

/// A class of all components: one of the single loops, one of the windows.
struct JoinedClass {
  double words; ///< no split of the class has fewer
  const SplitClass *first, *second;
};

class WordSearch {
public:
  WordSearch(const Convolution &convolution, const WordSearchOptions &options,
             const std::vector<Component> &components)
      : convolution(convolution), options(options), components(components),
        counter(convolution, components),
        mostImbalance((1 + options.maxImbalance) * (1 + rounding)) {
    for (unsigned c = 0; c < components.size(); ++c)
      addChoices(c);
    chosen.resize(components.size());
    divided.resize(components.size());
    divisions.resize(components.size());
    for (unsigned t = 0; t < counter.numOperands(); ++t) {
      const Operand &operand = t < convolution.inputs.size()
                                   ? convolution.inputs[t]
                                   : convolution.output;
      elements += operand.extent().volume();
    }
  }

  /// Nothing is ranked where no split is within the imbalance.
  WordSearchResult run();

private:
  bool isFixed(unsigned loop) const {
    return !options.fixed.empty() && !options.fixed[loop].empty();
  }
  int64_t leastParts(unsigned loop) const {
    return isFixed(loop) ? options.fixed[loop].size() : 1;
  }
  int64_t mostParts(unsigned loop) const;
  /// The stripes of the loops of a component, where some are fixed; else none.
  std::vector<Stripes> stripesOf(const Component &component,
                                 const std::vector<int64_t> &parts) const;
  void addChoices(unsigned component);
  ClassChain chainOf(bool windows, std::vector<unsigned> &places);
  double wordsAtLeast(const PerOperand<double> &held, int64_t shards) const;
  bool cannotImprove(double words) const {
    return result.ranked.size() == options.top &&
           words > result.ranked.back().count.words;
  }
  template <typename Visit> void joinClasses(Visit visit);
  void expand(const JoinedClass &joined);
  void descend(const ClassChain &chain, const std::vector<unsigned> &places,
               unsigned at, const SplitClass &rest,
               const PerOperand<double> &held, double imbalance,
               const JoinedClass &joined);
  void consider();
  std::vector<int64_t> chosenParts() const;

  const Convolution &convolution;
  const WordSearchOptions &options;
  const std::vector<Component> &components;
  WordCounter counter;
  double mostImbalance;
  double elements = 0;                            ///< of all operands
  std::vector<std::vector<Choice>> choices;       ///< per component
  std::vector<unsigned> loopPlaces, windowPlaces; ///< components of the chains
  std::vector<const Choice *> chosen;             ///< per component
  /// Per component, by parts; emptied where they become many.
  std::vector<std::map<std::vector<int64_t>, Division>> divided;
  int64_t partsKept = 0, partsSeen = 0;
  std::vector<const Division *> divisions; ///< of `chosen`
  const ClassChain *loops = nullptr, *windows = nullptr;
  WordSearchResult result;
};
} // namespace

/// All ways to divide `component` that alone do not exceed the imbalance.
void WordSearch::addChoices(unsigned c) {
  const Component &component = components[c];
  std::vector<Choice> &ways = choices.emplace_back();
  std::vector<int64_t> parts;
  int64_t shards = 1;
  for (unsigned loop : component.loops) {
    parts.push_back(leastParts(loop));
    shards *= parts.back();
  }
  auto tryParts = [&] {
    std::vector<Stripes> stripes = stripesOf(component, parts);
    Choice choice{parts, shards,
                  stripes.empty() ? outline(convolution, component, parts)
                                  : outline(convolution, component, stripes)};
    if (choice.outline.imbalance <= mostImbalance)
      ways.push_back(std::move(choice));
  };
  // All parts with at most `devices` shards, the last loop running fastest.
  while (shards <= options.devices) {
    tryParts();
    size_t i = parts.size();
    while (i-- > 0) {
      shards /= parts[i];
      unsigned loop = component.loops[i];
      if (parts[i] < mostParts(loop) && parts[i] < options.devices / shards) {
        shards *= ++parts[i];
        break;
      }
      parts[i] = leastParts(loop);
      shards *= parts[i];
    }
    if (i == size_t(-1))
      return;
  }
}

int64_t WordSearch::mostParts(unsigned loop) const {
  if (isFixed(loop))
    return options.fixed[loop].size();
  if (options.wholeReductions && convolution.isReduction(loop))
    return 1;
  return convolution.extents[loop];
}

std::vector<Stripes>
WordSearch::stripesOf(const Component &component,
                      const std::vector<int64_t> &parts) const {
  std::vector<Stripes> stripes;
  if (std::none_of(component.loops.begin(), component.loops.end(),
                   [&](unsigned loop) { return isFixed(loop); }))
    return stripes;
  for (size_t i = 0; i < parts.size(); ++i) {
    unsigned loop = component.loops[i];
    stripes.push_back(
        isFixed(loop)
            ? options.fixed[loop]
            : balancedStripes({0, convolution.extents[loop]}, parts[i]));
  }
  return stripes;
}

ClassChain WordSearch::chainOf(bool windows, std::vector<unsigned> &places) {
  std::vector<const std::vector<Choice> *> own;
  for (unsigned c = 0; c < components.size(); ++c) {
    if ((components[c].loops.size() > 1) != windows)
      continue;
    places.push_back(c);
    own.push_back(&choices[c]);
  }
  return ClassChain(std::move(own), options.devices, mostImbalance);
}

double WordSearch::wordsAtLeast(const PerOperand<double> &held,
                                int64_t shards) const {
  double sum = 0;
  for (unsigned t = 0; t < counter.numOperands(); ++t)
    sum += held[t];
  return sum * (1 - rounding) - elements / shards;
}

static PerOperand<double> times(const PerOperand<double> &a,
                                const PerOperand<double> &b) {
  return {a[0] * b[0], a[1] * b[1], a[2] * b[2]};
}

/// Calls `visit` for each class of all components that may hold a split within
/// the imbalance.
template <typename Visit> void WordSearch::joinClasses(Visit visit) {
  const std::vector<SplitClass> &seconds = windows->classes();
  for (const SplitClass &first : loops->classes()) {
    // Fewer shards than this leave too many devices idle.
    double least = options.devices * first.imbalance / mostImbalance;
    auto from = std::partition_point(
        seconds.begin(), seconds.end(), [&](const SplitClass &second) {
          return double(first.key.shards * second.key.shards) * (1 + rounding) <
                 least;
        });
    for (auto it = from; it != seconds.end(); ++it) {
      int64_t shards = first.key.shards * it->key.shards;
      if (shards > options.devices)
        break;
      if (first.imbalance * it->imbalance * options.devices >
          mostImbalance * shards)
        continue;
      visit(JoinedClass{wordsAtLeast(times(first.held, it->held), shards),
                        &first, &*it});
    }
  }
}

void WordSearch::consider() {
  ++result.visited;
  constexpr int64_t mostKept = int64_t(1) << 19;
  if (partsKept > mostKept) {
    partsKept = 0;
    for (auto &ofComponent : divided)
      ofComponent.clear();
  }
  for (unsigned c = 0; c < components.size(); ++c) {
    auto [place, isNew] = divided[c].try_emplace(chosen[c]->parts);
    if (isNew) {
      std::vector<Stripes> stripes = stripesOf(components[c], chosen[c]->parts);
      place->second = stripes.empty()
                          ? divide(convolution, components[c], chosen[c]->parts)
                          : divide(convolution, components[c], stripes);
      partsKept += chosen[c]->shards;
      partsSeen += chosen[c]->shards;
    }
    divisions[c] = &place->second;
  }
  bool full = result.ranked.size() == options.top;
  int64_t limit = full ? result.ranked.back().count.words
                       : std::numeric_limits<int64_t>::max();
  if (full && counter.representativeWords(divisions) > limit)
    return;
  ++result.counted;
  RankedSplit split{chosenParts(), counter.count(divisions, limit)};
  if (split.count.words > limit)
    return;
  auto place = std::upper_bound(
      result.ranked.begin(), result.ranked.end(), split,
      [](const RankedSplit &a, const RankedSplit &b) {
        return std::tie(a.count.words, a.count.bytes, a.count.memoryBytes,
                        b.parts) < std::tie(b.count.words, b.count.bytes,
                                            b.count.memoryBytes, a.parts);
      });
  if (full && place == result.ranked.end())
    return;
  if (options.accepts && !options.accepts(split)) {
    ++result.refused;
    return;
  }
  result.ranked.insert(place, std::move(split));
  if (result.ranked.size() > options.top)
    result.ranked.pop_back();
}

std::vector<int64_t> WordSearch::chosenParts() const {
  std::vector<int64_t> parts(convolution.numLoops());
  for (unsigned c = 0; c < components.size(); ++c)
    for (unsigned i = 0; i < components[c].loops.size(); ++i)
      parts[components[c].loops[i]] = chosen[c]->parts[i];
  return parts;
}

/// Chooses for the components of `chain` from number `at` on, so that the whole
/// is of class `rest`; then for the windows; then counts.
void WordSearch::descend(const ClassChain &chain,
                         const std::vector<unsigned> &places, unsigned at,
                         const SplitClass &rest, const PerOperand<double> &held,
                         double imbalance, const JoinedClass &joined) {
  int64_t shards = joined.first->key.shards * joined.second->key.shards;
  bool first = &chain == loops;
  if (at == chain.length()) {
    if (first)
      descend(*windows, windowPlaces, 0, *joined.second, held, imbalance,
              joined);
    else
      consider();
    return;
  }
  for (const Choice &choice : chain.choicesOf(at)) {
    const SplitClass *next = chain.rest(at, rest.key, choice);
    if (!next)
      continue;
    PerOperand<double> least =
        times(held, times(choice.outline.meanHeld, next->held));
    double restImbalance =
        imbalance * choice.outline.imbalance * next->imbalance;
    if (first) {
      least = times(least, joined.second->held);
      restImbalance *= joined.second->imbalance;
    }
    if (restImbalance * options.devices > mostImbalance * shards ||
        cannotImprove(wordsAtLeast(least, shards)))
      continue;
    chosen[places[at]] = &choice;
    descend(chain, places, at + 1, *next, times(held, choice.outline.meanHeld),
            imbalance * choice.outline.imbalance, joined);
  }
}

void WordSearch::expand(const JoinedClass &joined) {
  ++result.expanded;
  descend(*loops, loopPlaces, 0, *joined.first, {1, 1, 1}, 1, joined);
}

WordSearchResult WordSearch::run() {
  ClassChain loopChain = chainOf(/*windows=*/false, loopPlaces);
  ClassChain windowChain = chainOf(/*windows=*/true, windowPlaces);
  loops = &loopChain;
  windows = &windowChain;

  // A few classes of least bound give a first best, which rules out most.
  constexpr size_t mostPilots = 16;
  auto ascending = [](const JoinedClass &a, const JoinedClass &b) {
    return std::tie(a.words, a.first->key, a.second->key) <
           std::tie(b.words, b.first->key, b.second->key);
  };
  std::vector<JoinedClass> pilots; // a heap, the greatest in front
  joinClasses([&](const JoinedClass &joined) {
    ++result.classes;
    if (pilots.size() == mostPilots && !ascending(joined, pilots.front()))
      return;
    pilots.push_back(joined);
    std::push_heap(pilots.begin(), pilots.end(), ascending);
    if (pilots.size() > mostPilots) {
      std::pop_heap(pilots.begin(), pilots.end(), ascending);
      pilots.pop_back();
    }
  });
  std::sort(pilots.begin(), pilots.end(), ascending);
  for (const JoinedClass &pilot : pilots)
    expand(pilot);

  std::vector<JoinedClass> open;
  joinClasses([&](const JoinedClass &joined) {
    if (!cannotImprove(joined.words) &&
        (pilots.empty() || ascending(pilots.back(), joined)))
      open.push_back(joined);
  });
  std::sort(open.begin(), open.end(), ascending);
  for (const JoinedClass &joined : open) {
    if (cannotImprove(joined.words))
      break;
    if (partsSeen + result.refused >= options.mostParts) {
      result.complete = false;
      result.wordsAtLeast = std::max<int64_t>(0, std::ceil(joined.words));
      break;
    }
    expand(joined);
  }
  if (result.ranked.empty())
    return std::move(result);
  int64_t least = result.ranked.front().count.words;
  if (result.complete)
    result.wordsAtLeast = least;
  result.optimal = result.wordsAtLeast >= least;
  return std::move(result);
}

/// Why `options` rule out every split, with one that needs little more.
static Error tooImbalanced(const Convolution &convolution,
                           const WordSearchOptions &options,
                           const std::vector<Component> &components) {
  WordSearchOptions relaxed = options;
  relaxed.top = 1;
  relaxed.accepts = nullptr;
  WordSearchResult result;
  // The convolution on one device, the others idle, ends this.
  while (result.ranked.empty()) {
    relaxed.maxImbalance = std::max(0.05, 2 * relaxed.maxImbalance);
    result = WordSearch(convolution, relaxed, components).run();
  }
  const RankedSplit &split = result.ranked.front();
  std::string spec =
      toString(splitInParts(convolution, split.parts), convolution);
  return Error{"no split over " + std::to_string(options.devices) +
               " devices is within an imbalance of " +
               std::to_string(options.maxImbalance) + "; '" + spec + "' has " +
               std::to_string(split.count.imbalance(options.devices))};
}

Result<WordSearchResult> dconv::searchWords(const Convolution &convolution,
                                            const WordSearchOptions &options) {
  if (options.devices < 1)
    return Error{"needs at least one device, got " +
                 std::to_string(options.devices)};
  if (options.top < 1)
    return Error{"needs at least one split to return, got 0"};
  if (!(options.maxImbalance >= 0))
    return Error{"needs an imbalance of at least 0, got " +
                 std::to_string(options.maxImbalance)};
  Result<std::vector<Component>> components = findComponents(convolution);
  if (!components)
    return Error{components.error()};
  WordSearchResult result = WordSearch(convolution, options, *components).run();
  if (result.ranked.empty() && result.refused == 0)
    return tooImbalanced(convolution, options, *components);
  return result;
}
