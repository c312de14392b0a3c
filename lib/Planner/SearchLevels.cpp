//===- SearchLevels.cpp - the fastest splits on links in levels -----------===//
//
// As SearchWords.cpp: classes of splits, visited from the least bound up, until
// the bound passes the time of the plans ranked.
//
//===----------------------------------------------------------------------===//

#include "SplitClasses.h"
#include "TimeBound.h"
#include "TimeSearch.h"

#include <algorithm>
#include <cmath>
#include <tuple>

using namespace dconv;

namespace {
/// A class of all components: one of the single loops, one of the windows.
struct JoinedClass {
  double seconds; ///< no split of the class takes less
  const SplitClass *first, *second;

  bool operator<(const JoinedClass &o) const {
    return std::tie(seconds, first->key, second->key) <
           std::tie(o.seconds, o.first->key, o.second->key);
  }
};

class LevelSearch {
public:
  LevelSearch(const PlanSpace &space, PlanRanking &ranking)
      : space(space), convolution(space.convolution), ranking(ranking),
        timer(convolution, space.components, space.machine,
              space.request.query),
        bound(convolution, space.machine, space.request.query, timer),
        tables(space.components.size()), loopParts(convolution.numLoops()),
        chosen(space.components.size()), parts(convolution.numLoops(), 1) {
    view.tables.resize(space.components.size());
    view.loops.resize(convolution.numLoops());
  }

  TimeSearchResult run();
  /// The split of `parts` in its best order.
  Candidate fastest(const std::vector<int64_t> &given);

private:
  void timeOrders();
  using Chosen = std::vector<const std::vector<Choice> *>;

  void addChoices(unsigned component);
  void search(const std::vector<std::vector<Choice>> &choices,
              double mostImbalance, size_t mostClasses);
  double classBound(const PerOperand<double> &held, double imbalance,
                    const JoinedClass &joined) const;
  void descend(const ClassChain &chain, const std::vector<unsigned> &places,
               unsigned at, const SplitClass &rest,
               const PerOperand<double> &held, double imbalance,
               const JoinedClass &joined);
  void consider();
  void placeNext(std::vector<unsigned> &rest, int64_t stride,
                 const AxisPlace &last, unsigned lastLoop);
  const CellTable &tableOf(unsigned component);
  const LoopParts &partsOf(unsigned loop);

  const PlanSpace &space;
  const Convolution &convolution;
  PlanRanking &ranking;
  SplitTimer timer;
  TimeBound bound;
  std::vector<std::vector<Choice>> choices; ///< per component
  /// Per component, by parts; emptied where they become many.
  std::vector<std::map<std::vector<int64_t>, CellTable>> tables;
  std::vector<std::map<int64_t, LoopParts>> loopParts; ///< per loop
  int64_t cellsKept = 0, cellsSeen = 0;

  const ClassChain *loops = nullptr, *windows = nullptr;
  std::vector<unsigned> loopPlaces, windowPlaces; ///< components of the chains
  std::vector<const Choice *> chosen;             ///< per component
  std::vector<int64_t> parts;                     ///< per loop, of `chosen`
  SplitView view;
  const LinkRates::Groups *groups = nullptr; ///< of `view`
  Candidate best;                            ///< of the orders of `view`
  std::vector<unsigned> order;               ///< innermost first
  std::vector<unsigned> bestOrder;
  TimeSearchResult result;
};
} // namespace

/// Cells looked at before the search gives up the proof: some seconds.
static constexpr int64_t mostCells = int64_t(1) << 26;

/// All ways to divide a component.
void LevelSearch::addChoices(unsigned c) {
  const Component &component = space.components[c];
  std::vector<Choice> &ways = choices.emplace_back();
  std::vector<int64_t> own;
  int64_t shards = 1;
  bool isFixed = false;
  for (unsigned loop : component.loops) {
    own.push_back(space.leastParts(loop));
    shards *= own.back();
    isFixed |= !space.fixed[loop].empty();
  }
  while (shards <= space.devices) {
    Choice choice{own, shards, {}};
    if (isFixed) {
      std::vector<Stripes> stripes;
      for (size_t i = 0; i < own.size(); ++i)
        stripes.push_back(space.stripes(component.loops[i], own[i]));
      choice.outline = outline(convolution, component, stripes);
    } else {
      choice.outline = outline(convolution, component, own);
    }
    ways.push_back(std::move(choice));
    // The last loop runs fastest.
    size_t i = own.size();
    while (i-- > 0) {
      shards /= own[i];
      unsigned loop = component.loops[i];
      if (own[i] < space.mostParts(loop) && own[i] < space.devices / shards) {
        shards *= ++own[i];
        break;
      }
      own[i] = space.leastParts(loop);
      shards *= own[i];
    }
    if (i == size_t(-1))
      return;
  }
}

const CellTable &LevelSearch::tableOf(unsigned c) {
  auto found = tables[c].find(chosen[c]->parts);
  if (found != tables[c].end())
    return found->second;
  std::vector<Stripes> stripes;
  for (size_t i = 0; i < chosen[c]->parts.size(); ++i)
    stripes.push_back(
        space.stripes(space.components[c].loops[i], chosen[c]->parts[i]));
  cellsKept += chosen[c]->shards;
  cellsSeen += chosen[c]->shards;
  return tables[c]
      .emplace(chosen[c]->parts,
               CellTable(convolution, space.components[c], stripes))
      .first->second;
}

const LoopParts &LevelSearch::partsOf(unsigned loop) {
  auto found = loopParts[loop].find(parts[loop]);
  if (found != loopParts[loop].end())
    return found->second;
  return loopParts[loop]
      .emplace(parts[loop], LoopParts(space.stripes(loop, parts[loop])))
      .first->second;
}

//===----------------------------------------------------------------------===//
// One split
//===----------------------------------------------------------------------===//

/// Tries the loops of `rest` as the next axis outward. Within a level the order
/// does not matter unless groups share their links, since then neighbours far
/// apart cost more; it is that of the loops.
void LevelSearch::placeNext(std::vector<unsigned> &rest, int64_t stride,
                            const AxisPlace &last, unsigned lastLoop) {
  if (rest.empty()) {
    view.order.assign(order.rbegin(), order.rend());
    SplitTiming timing = timer.time(view);
    double seconds = timing.seconds.total();
    if (bestOrder.empty() || seconds < best.value) {
      best.value = seconds;
      best.bytes = timing.busiestBytes;
      bestOrder = view.order;
    }
    return;
  }
  for (size_t i = rest.size(); i-- > 0;) {
    unsigned loop = rest[i];
    AxisPlace place = LinkRates::place(*groups, stride, parts[loop]);
    bool orderMatters = timer.rates().sharesGroups(place.level);
    if (!orderMatters && !order.empty() && place.level == last.level &&
        loop > lastLoop)
      continue;
    rest.erase(rest.begin() + i);
    order.push_back(loop);
    placeNext(rest, stride * parts[loop], place, loop);
    order.pop_back();
    rest.insert(rest.begin() + i, loop);
  }
}

/// Finds the best order of the chosen parts.
void LevelSearch::timeOrders() {
  constexpr int64_t mostKept = int64_t(1) << 21;
  if (cellsKept > mostKept) {
    cellsKept = 0;
    for (auto &ofComponent : tables)
      ofComponent.clear();
  }
  view.shards = 1;
  std::vector<unsigned> axes;
  for (unsigned c = 0; c < chosen.size(); ++c) {
    view.tables[c] = &tableOf(c);
    view.shards *= chosen[c]->shards;
    for (unsigned i = 0; i < space.components[c].loops.size(); ++i)
      parts[space.components[c].loops[i]] = chosen[c]->parts[i];
  }
  for (unsigned loop = 0; loop < parts.size(); ++loop) {
    view.loops[loop] = &partsOf(loop);
    if (parts[loop] > 1)
      axes.push_back(loop);
  }
  groups = &timer.rates().groups(view.shards);
  order.clear();
  bestOrder.clear();
  best = Candidate();
  placeNext(axes, 1, AxisPlace(), 0);
  view.order = bestOrder;
}

void LevelSearch::consider() {
  timeOrders();
  if (ranking.cannotImprove(best.value))
    return;
  best.parts = parts;
  best.split = space.split(parts, bestOrder);
  ranking.offer(best, view);
}

Candidate LevelSearch::fastest(const std::vector<int64_t> &given) {
  std::vector<Choice> own(space.components.size());
  for (unsigned c = 0; c < own.size(); ++c) {
    for (unsigned loop : space.components[c].loops) {
      own[c].parts.push_back(given[loop]);
      own[c].shards *= given[loop];
    }
    chosen[c] = &own[c];
  }
  timeOrders();
  best.parts = parts;
  best.split = space.split(parts, bestOrder);
  return best;
}

//===----------------------------------------------------------------------===//
// Classes
//===----------------------------------------------------------------------===//

static PerOperand<double> times(const PerOperand<double> &a,
                                const PerOperand<double> &b) {
  return {a[0] * b[0], a[1] * b[1], a[2] * b[2]};
}

double LevelSearch::classBound(const PerOperand<double> &held, double imbalance,
                               const JoinedClass &joined) const {
  const ClassKey &a = joined.first->key, &b = joined.second->key;
  PerOperand<int64_t> cut;
  for (unsigned t = 0; t < mostOperands; ++t)
    cut[t] = a.cut[t] * b.cut[t];
  return bound.atLeast(a.shards * b.shards, cut, held, imbalance);
}

/// Chooses for the components of `chain` from number `at` on, so that the whole
/// is of class `rest`; then for the windows; then times.
void LevelSearch::descend(const ClassChain &chain,
                          const std::vector<unsigned> &places, unsigned at,
                          const SplitClass &rest,
                          const PerOperand<double> &held, double imbalance,
                          const JoinedClass &joined) {
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
    if (ranking.cannotImprove(classBound(least, restImbalance, joined)))
      continue;
    chosen[places[at]] = &choice;
    descend(chain, places, at + 1, *next, times(held, choice.outline.meanHeld),
            imbalance * choice.outline.imbalance, joined);
  }
}

/// Looks at the classes of splits made of `from`, at most `mostClasses` of
/// least bound.
void LevelSearch::search(const std::vector<std::vector<Choice>> &from,
                         double mostImbalance, size_t mostClasses) {
  Chosen ofLoops, ofWindows;
  loopPlaces.clear();
  windowPlaces.clear();
  for (unsigned c = 0; c < space.components.size(); ++c) {
    bool isWindow = space.components[c].loops.size() > 1;
    (isWindow ? windowPlaces : loopPlaces).push_back(c);
    (isWindow ? ofWindows : ofLoops).push_back(&from[c]);
  }
  ClassChain loopChain(std::move(ofLoops), space.devices, mostImbalance);
  ClassChain windowChain(std::move(ofWindows), space.devices, mostImbalance);
  loops = &loopChain;
  windows = &windowChain;

  std::vector<JoinedClass> open;
  for (const SplitClass &first : loopChain.classes())
    for (const SplitClass &second : windowChain.classes()) {
      if (first.key.shards > space.devices / second.key.shards)
        break; // they ascend by shards
      JoinedClass joined{0, &first, &second};
      joined.seconds = classBound(times(first.held, second.held),
                                  first.imbalance * second.imbalance, joined);
      if (!ranking.cannotImprove(joined.seconds))
        open.push_back(joined);
    }
  if (open.size() > mostClasses) {
    std::nth_element(open.begin(), open.begin() + mostClasses, open.end());
    open.resize(mostClasses);
  }
  std::sort(open.begin(), open.end());
  for (const JoinedClass &joined : open) {
    if (ranking.cannotImprove(joined.seconds))
      break;
    if (cellsSeen >= mostCells) {
      result.optimal = false;
      result.atLeast = joined.seconds;
      break;
    }
    descend(loopChain, loopPlaces, 0, *joined.first, {1, 1, 1}, 1, joined);
  }
}

TimeSearchResult LevelSearch::run() {
  for (unsigned c = 0; c < space.components.size(); ++c)
    addChoices(c);
  // A few classes of nearly even splits give first plans, which rule out most.
  constexpr double nearlyEven = 1.1;
  std::vector<std::vector<Choice>> even;
  for (const std::vector<Choice> &all : choices) {
    std::vector<Choice> &kept = even.emplace_back();
    for (const Choice &choice : all)
      if (choice.outline.imbalance <= nearlyEven || choice.shards == 1)
        kept.push_back(choice);
    if (kept.empty())
      kept.push_back(all.front());
  }
  search(even, std::numeric_limits<double>::infinity(), 16);
  double mostImbalance = std::numeric_limits<double>::infinity();
  search(choices, mostImbalance, std::numeric_limits<size_t>::max());
  return result;
}

TimeSearchResult dconv::searchLevels(const PlanSpace &space,
                                     PlanRanking &ranking) {
  return LevelSearch(space, ranking).run();
}

Candidate dconv::fastestOnLevels(const PlanSpace &space,
                                 const std::vector<int64_t> &parts) {
  PlanRanking none(space, 1);
  return LevelSearch(space, none).fastest(parts);
}
