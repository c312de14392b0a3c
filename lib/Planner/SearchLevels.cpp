//===- SearchLevels.cpp - the fastest splits on links in levels -----------===//
//
// As SearchWords.cpp: classes of splits, visited from the least bound up, until
// the bound passes the time of the plans ranked.
//
//===----------------------------------------------------------------------===//

#include "PeakBound.h"
#include "TimeBound.h"
#include "TimeChoices.h"
#include "TimeSearch.h"

#include <algorithm>
#include <cmath>
#include <tuple>

using namespace dconv;

namespace {
/// A class of all components: one of the single loops, one of the windows.
struct JoinedClass {
  double value; ///< no split of the class takes less
  const TimeClass *first, *second;

  bool operator<(const JoinedClass &o) const {
    return std::tie(value, first->key, second->key) <
           std::tie(o.value, o.first->key, o.second->key);
  }
};

/// What is least in the plan searched for.
enum class Measure { Seconds, PeakBytes };

class LevelSearch {
public:
  LevelSearch(const PlanSpace &space, PlanRanking &ranking,
              Measure measure = Measure::Seconds)
      : space(space), convolution(space.convolution), ranking(ranking),
        timer(convolution, space.components, space.machine,
              space.request.query),
        bound(convolution, space.machine, space.request.query, timer),
        measure(measure), peakBound(convolution),
        tables(space.components.size()), loopParts(convolution.numLoops()),
        chosen(space.components.size()), parts(convolution.numLoops(), 1) {
    view.tables.resize(space.components.size());
    view.loops.resize(convolution.numLoops());
    if (timer.rates().numLevels() > 1 && measure == Measure::Seconds)
      mostInner = std::min(space.machine.levels.front().devices, space.devices);
    // Groups are found shard by shard where what they share is asked too.
    constexpr int64_t mostAsked = 4096;
    if (mostInner > 1 &&
        (space.devices <= mostAsked || !timer.rates().sharesGroupsAtAll()))
      innerPlaces = InnerPlaces(space.devices, mostInner, [&](int64_t shards) {
        return timer.rates().groups(shards).aligned.front();
      });
  }

  TimeSearchResult run();
  /// The split of `parts` in its best order.
  Candidate fastest(const std::vector<int64_t> &given);

private:
  double boundOf(const TimeClass &of) const {
    return measure == Measure::Seconds ? bound.atLeast(of)
                                       : peakBound.atLeast(of);
  }
  /// Whether no split of `of`, which are no better than `value`, can be ranked.
  bool isOut(const TimeClass &of, double value) const {
    return ranking.cannotImprove(value) ||
           (memory && peakBound.atLeast(of) > *memory);
  }
  bool isPartOut(const TimeClass &part, const TimeClass &rest) const;
  void search(TimeChoices choices, size_t mostClasses);
  bool canBePlaced(const TimeKey &a, const TimeKey &b);
  void descend(const TimeChain &chain, const std::vector<unsigned> &places,
               unsigned at, const TimeKey &rest, const TimeClass &sofar,
               const JoinedClass &joined);
  void consider();
  void considerPeak();
  void setParts();
  void timeOrders(const std::vector<unsigned> &inner,
                  std::vector<unsigned> outer);
  void placeNext(std::vector<unsigned> &rest, int64_t stride,
                 const AxisPlace &last, unsigned lastLoop);
  void timeOrder();
  const CellTable &tableOf(unsigned component);
  const LoopParts &partsOf(unsigned loop);

  const PlanSpace &space;
  const Convolution &convolution;
  PlanRanking &ranking;
  SplitTimer timer;
  TimeBound bound;
  Measure measure;
  PeakBound peakBound;
  InnerPlaces innerPlaces;
  MemoryBudget memory;   ///< that classes are ruled out by
  int64_t mostInner = 0; ///< parts of axes within a group; 0: one level
  /// Per component, by parts; emptied where they become many.
  std::vector<std::map<std::vector<int64_t>, CellTable>> tables;
  std::vector<std::map<int64_t, LoopParts>> loopParts; ///< per loop
  int64_t cellsKept = 0, cellsSeen = 0;

  const TimeChain *loops = nullptr, *windows = nullptr;
  std::vector<unsigned> loopPlaces, windowPlaces; ///< components of the chains
  std::vector<const TimeChoice *> chosen;         ///< per component
  std::vector<int64_t> parts;                     ///< per loop, of `chosen`
  SplitView view;
  const LinkRates::Groups *groups = nullptr; ///< of `view`
  bool found = false;                        ///< any order of `view`
  Candidate best;                            ///< of them
  std::vector<unsigned> order;               ///< innermost first
  std::vector<unsigned> bestOrder;
  TimeSearchResult result;
};
} // namespace

/// Cells looked at before the search gives up the proof: some seconds.
static constexpr int64_t mostCells = int64_t(1) << 26;

const CellTable &LevelSearch::tableOf(unsigned c) {
  auto found = tables[c].find(chosen[c]->parts);
  if (found != tables[c].end())
    return found->second;
  std::vector<Stripes> stripes;
  for (size_t i = 0; i < chosen[c]->parts.size(); ++i)
    stripes.push_back(
        space.stripes(space.components[c].loops[i], chosen[c]->parts[i]));
  cellsKept += chosen[c]->own.key.shards;
  cellsSeen += chosen[c]->own.key.shards;
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

void LevelSearch::timeOrder() {
  view.order.assign(order.rbegin(), order.rend());
  SplitTiming timing = timer.time(view);
  double seconds = timing.seconds.total();
  if (!found || seconds < best.value) {
    found = true;
    best.value = seconds;
    best.bytes = timing.busiestBytes;
    bestOrder = view.order;
  }
}

/// Tries the loops of `rest` as the next axis outward. Within a level the order
/// does not matter unless groups share their links, since then neighbours far
/// apart cost more; it is that of the loops.
void LevelSearch::placeNext(std::vector<unsigned> &rest, int64_t stride,
                            const AxisPlace &last, unsigned lastLoop) {
  const unsigned outermost = timer.rates().numLevels() - 1;
  if (rest.empty() ||
      (last.level == outermost && !timer.rates().sharesGroups(outermost) &&
       rest.back() < lastLoop)) {
    size_t before = order.size();
    order.insert(order.end(), rest.rbegin(), rest.rend());
    timeOrder();
    order.resize(before);
    return;
  }
  for (size_t i = rest.size(); i-- > 0;) {
    unsigned loop = rest[i];
    AxisPlace place = LinkRates::place(*groups, stride, parts[loop]);
    // Those within a group are placed already.
    if (mostInner && place.level == 0)
      continue;
    bool orderMatters = timer.rates().sharesGroups(place.level);
    if (!orderMatters && place.level == last.level && loop > lastLoop)
      continue;
    rest.erase(rest.begin() + i);
    order.push_back(loop);
    placeNext(rest, stride * parts[loop], place, loop);
    order.pop_back();
    rest.insert(rest.begin() + i, loop);
  }
}

/// Times the orders with the axes of `inner` within the groups of the innermost
/// level, and no others.
void LevelSearch::timeOrders(const std::vector<unsigned> &inner,
                             std::vector<unsigned> outer) {
  order.clear();
  int64_t stride = 1;
  for (size_t i = inner.size(); i-- > 0;) {
    if (LinkRates::place(*groups, stride, parts[inner[i]]).level > 0)
      return;
    order.push_back(inner[i]);
    stride *= parts[inner[i]];
  }
  // Before the first axis outside there is none to be in order with.
  placeNext(outer, stride, AxisPlace{0, 1},
            std::numeric_limits<unsigned>::max());
}

/// Looks up the chosen parts.
void LevelSearch::setParts() {
  constexpr int64_t mostKept = int64_t(1) << 21;
  if (cellsKept > mostKept) {
    cellsKept = 0;
    for (auto &ofComponent : tables)
      ofComponent.clear();
  }
  view.shards = 1;
  for (unsigned c = 0; c < chosen.size(); ++c) {
    view.tables[c] = &tableOf(c);
    for (unsigned i = 0; i < space.components[c].loops.size(); ++i) {
      parts[space.components[c].loops[i]] = chosen[c]->parts[i];
      view.shards *= chosen[c]->parts[i];
    }
  }
  for (unsigned loop = 0; loop < parts.size(); ++loop)
    view.loops[loop] = &partsOf(loop);
  groups = &timer.rates().groups(view.shards);
  found = false;
  best = Candidate();
}

void LevelSearch::considerPeak() {
  view.order.clear();
  for (unsigned loop = 0; loop < parts.size(); ++loop)
    if (parts[loop] > 1)
      view.order.push_back(loop);
  ShardCounts counts(convolution, space.components, view,
                     space.request.query.fillsOutput);
  best.value = best.peak = counts.peak().first;
  best.parts = parts;
  best.split = space.split(parts, view.order);
  ranking.offer(best, view);
}

void LevelSearch::consider() {
  setParts();
  if (measure == Measure::PeakBytes) {
    considerPeak();
    return;
  }
  std::vector<bool> isInner(parts.size(), false);
  for (unsigned c = 0; c < chosen.size(); ++c)
    for (unsigned i = 0; i < space.components[c].loops.size(); ++i)
      isInner[space.components[c].loops[i]] = chosen[c]->inner[i];
  std::vector<unsigned> inner, outer;
  for (unsigned loop = 0; loop < parts.size(); ++loop)
    if (parts[loop] > 1)
      (isInner[loop] ? inner : outer).push_back(loop);
  timeOrders(inner, std::move(outer));
  if (!found || ranking.cannotImprove(best.value))
    return;
  best.parts = parts;
  best.split = space.split(parts, bestOrder);
  view.order = bestOrder;
  ranking.offer(best, view);
}

Candidate LevelSearch::fastest(const std::vector<int64_t> &given) {
  std::vector<TimeChoice> own(space.components.size());
  for (unsigned c = 0; c < own.size(); ++c) {
    for (unsigned loop : space.components[c].loops)
      own[c].parts.push_back(given[loop]);
    chosen[c] = &own[c];
  }
  setParts();
  std::vector<unsigned> axes;
  for (unsigned loop = 0; loop < parts.size(); ++loop)
    if (parts[loop] > 1)
      axes.push_back(loop);
  // Every set of axes within the groups.
  for (unsigned set = 0; set < 1u << (mostInner ? axes.size() : 0); ++set) {
    std::vector<unsigned> inner, outer;
    for (unsigned i = 0; i < axes.size(); ++i)
      (set >> i & 1 ? inner : outer).push_back(axes[i]);
    timeOrders(inner, std::move(outer));
  }
  best.parts = parts;
  best.split = space.split(parts, bestOrder);
  return best;
}

//===----------------------------------------------------------------------===//
// Classes
//===----------------------------------------------------------------------===//

/// Whether the axes within groups can be: whole blocks of them fill groups.
bool LevelSearch::canBePlaced(const TimeKey &a, const TimeKey &b) {
  if (!mostInner)
    return true;
  int64_t inner = int64_t(a.inner) * b.inner;
  if (inner > mostInner)
    return false;
  if (inner == 1)
    return true;
  return timer.rates().groups(int64_t(a.shards) * b.shards).aligned.front() %
             inner ==
         0;
}

/// Whether no split can be ranked that divides some components as `part` does,
/// however it divides the others, which undivided are `rest`.
bool LevelSearch::isPartOut(const TimeClass &part,
                            const TimeClass &rest) const {
  TimeClass of = part.times(rest);
  of.key.inner =
      std::min<int64_t>(of.key.inner, std::max<int64_t>(1, mostInner));
  const double most = space.devices / part.key.shards * part.key.shards;
  return ranking.cannotImprove(measure == Measure::Seconds
                                   ? bound.atLeast(of, most)
                                   : peakBound.atLeast(of, most)) ||
         (memory && peakBound.atLeast(of, most) > *memory);
}

/// Chooses for the components of `chain` from number `at` on, so that they
/// amount to `rest`; then for the windows; then times.
void LevelSearch::descend(const TimeChain &chain,
                          const std::vector<unsigned> &places, unsigned at,
                          const TimeKey &rest, const TimeClass &sofar,
                          const JoinedClass &joined) {
  bool first = &chain == loops;
  if (at == chain.length()) {
    if (first)
      descend(*windows, windowPlaces, 0, joined.second->key, sofar, joined);
    else
      consider();
    return;
  }
  TimeKey left;
  for (const TimeChoice &choice : chain.choicesOf(at)) {
    if (choice.own.key.shards > rest.shards)
      break; // they ascend by shards
    if (!rest.less(choice.own.key, left))
      continue;
    const TimeClass *next = chain.find(at + 1, left);
    if (!next)
      continue;
    TimeClass chosenSofar = sofar.times(choice.own);
    TimeClass least = chosenSofar.times(*next);
    if (first)
      least = least.times(*joined.second);
    if (isOut(least, boundOf(least)))
      continue;
    chosen[places[at]] = &choice;
    descend(chain, places, at + 1, left, chosenSofar, joined);
  }
}

/// Looks at the classes of splits made of `from`, at most `mostClasses` of
/// least bound.
void LevelSearch::search(TimeChoices from, size_t mostClasses) {
  std::vector<TimeClass> rests;
  for (const std::vector<TimeChoice> &choices : from)
    rests.push_back(undivided(choices));
  for (unsigned c = 0; c < from.size(); ++c) {
    TimeClass others;
    for (unsigned other = 0; other < from.size(); ++other)
      if (other != c)
        others = others.times(rests[other]);
    from[c].erase(std::remove_if(from[c].begin(), from[c].end(),
                                 [&](const TimeChoice &choice) {
                                   return isPartOut(choice.own, others);
                                 }),
                  from[c].end());
    if (from[c].empty())
      return;
    rests[c] = undivided(from[c]);
  }
  loopPlaces.clear();
  windowPlaces.clear();
  for (unsigned c = 0; c < from.size(); ++c)
    (space.components[c].loops.size() > 1 ? windowPlaces : loopPlaces)
        .push_back(c);
  auto chainOf = [&](const std::vector<unsigned> &places,
                     const std::vector<unsigned> &others) {
    // Before component i of the chain, and of the other chain.
    std::vector<TimeClass> rest(places.size() + 1);
    for (unsigned c : others)
      rest[0] = rest[0].times(rests[c]);
    std::vector<const std::vector<TimeChoice> *> choices;
    for (size_t i = 0; i < places.size(); ++i) {
      choices.push_back(&from[places[i]]);
      rest[i + 1] = rest[i].times(rests[places[i]]);
    }
    return TimeChain(std::move(choices), space.devices,
                     std::max<int64_t>(1, mostInner), innerPlaces,
                     [&](unsigned i, const TimeClass &tail) {
                       return isPartOut(tail, rest[i]);
                     });
  };
  TimeChain loopChain = chainOf(loopPlaces, windowPlaces);
  TimeChain windowChain = chainOf(windowPlaces, loopPlaces);
  loops = &loopChain;
  windows = &windowChain;

  std::vector<JoinedClass> open;
  for (const TimeClass &first : loopChain.classes())
    for (const TimeClass &second : windowChain.classes()) {
      if (first.key.shards > space.devices / second.key.shards)
        break; // they ascend by shards
      if (!canBePlaced(first.key, second.key))
        continue;
      TimeClass both = first.times(second);
      JoinedClass joined{boundOf(both), &first, &second};
      if (!isOut(both, joined.value))
        open.push_back(joined);
    }
  if (open.size() > mostClasses) {
    std::nth_element(open.begin(), open.begin() + mostClasses, open.end());
    open.resize(mostClasses);
  }
  std::sort(open.begin(), open.end());
  for (const JoinedClass &joined : open) {
    if (ranking.cannotImprove(joined.value))
      break;
    if (cellsSeen >= mostCells) {
      result.optimal = false;
      result.atLeast = joined.value;
      break;
    }
    descend(loopChain, loopPlaces, 0, joined.first->key, TimeClass(), joined);
  }
}

TimeSearchResult LevelSearch::run() {
  TimeChoices all = timeChoices(space, mostInner);
  // A few classes of nearly even splits give first plans, which rule out most.
  constexpr size_t mostPilots = 16;
  for (int64_t mostPrime : {2, 7})
    search(evenChoices(all, mostPrime), mostPilots);
  // Those that were tried so far and do not fit are enough to tell of. Where
  // devices differ, one that has least memory may have least to do.
  if (space.machine.uniform() && measure == Measure::Seconds)
    memory = space.leastMemory();
  search(std::move(all), std::numeric_limits<size_t>::max());
  return result;
}

TimeSearchResult dconv::searchPeaks(const PlanSpace &space,
                                    PlanRanking &ranking) {
  return LevelSearch(space, ranking, Measure::PeakBytes).run();
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
