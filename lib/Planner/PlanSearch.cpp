//===- PlanSearch.cpp - the best plan of a convolution --------------------===//

#include "dconv/Planner/PlanSearch.h"
#include "TabledSplit.h"
#include "TimeSearch.h"

#include "dconv/Planner/BestBox.h"
#include "dconv/Planner/Bounds.h"
#include "dconv/Planner/Gathering.h"
#include "dconv/Planner/ShardWords.h"

#include <algorithm>
#include <chrono>

using namespace dconv;

/// The words of `split`: by classes where its stripes are balanced.
static WordCount wordsOf(const PlanSpace &space, const Split &split) {
  std::vector<int64_t> parts(space.convolution.numLoops(), 1);
  bool balanced = true;
  for (const AxisSplit &axis : split.axes) {
    parts[axis.loop] = axis.lengths.size();
    balanced &=
        axis == balancedSplit(axis.loop, space.convolution.extents[axis.loop],
                              parts[axis.loop]);
  }
  if (balanced)
    if (Result<WordCount> count = countWords(space.convolution, parts))
      return *count;
  return countWordsOfShards(space.convolution, split, space.devices);
}

/// All that is predicted of a plan that was chosen.
static RankedPlan finish(const PlanSpace &space, const Split &split) {
  RankedPlan plan;
  plan.split = split;
  plan.devices = space.devices;
  plan.cost =
      planCost(space.convolution, split, space.machine, space.request.query);
  plan.words = wordsOf(space, split);
  TabledSplit tabled(space.convolution, split);
  plan.predicted = ShardCounts(space.convolution, tabled.components,
                               tabled.view, space.request.query.fillsOutput)
                       .predict(space.devices);
  addGathered(space.convolution, space.machine, space.request, plan);
  plan.macsMaxOverMean = 1 + plan.words.imbalance(space.devices);
  return plan;
}

/// The bounds, for what the first plan owns.
static void addBounds(const PlanSpace &space, PlanResult &result) {
  Result<BoundTerms> terms = boundTerms(space.convolution);
  if (!terms)
    return;
  std::vector<int64_t> owned = ownedShares(
      *terms, space.devices, result.ranked.front().words.largestShare);
  result.boundWords = memoryIndependentBound(*terms, space.devices, owned);
  BestBox box = findBestBox(space.convolution, space.devices, owned);
  result.bestBoxWords = box.words;
  result.bestBoxExact = box.exact;
}

/// Tells the least memory that would do.
static Error nothingFits(const PlanSpace &space) {
  PlanRanking byPeak(space, 1, /*limited=*/false);
  TimeSearchResult found = searchPeaks(space, byPeak);
  const Candidate &least = byPeak.ranked.front();
  std::string text =
      "no split with one shard per device fits: the least budget that would "
      "do is ";
  if (!found.optimal)
    text += "at least " + std::to_string(int64_t(found.atLeast)) +
            " bytes, and at most ";
  text += std::to_string(int64_t(least.value)) + " bytes, ";
  text += least.split.axes.empty()
              ? "undivided"
              : "with '" + toString(least.split, space.convolution) + "'";
  for (int64_t d = 0; d < space.devices; ++d)
    if (space.memoryOf(d) && space.memoryOf(d) == space.leastMemory())
      return Error{text + "; device " + std::to_string(d) + " has " +
                   std::to_string(*space.leastMemory())};
  return Error{text};
}

Result<PlanResult> dconv::planConvolution(const Convolution &convolution,
                                          const Machine &machine,
                                          const PlanRequest &request) {
  auto start = std::chrono::steady_clock::now();
  Result<PlanSpace> space = makePlanSpace(convolution, machine, request);
  if (!space)
    return Error{space.error()};
  PlanRanking ranking(*space, request.top);
  TimeSearchResult found;
  if (request.objective == Objective::Words) {
    Result<TimeSearchResult> words = searchByWords(*space, ranking);
    if (!words)
      return Error{words.error()};
    found = *words;
  } else if (machine.uniform() && !machine.levels.empty()) {
    found = searchLevels(*space, ranking);
  } else {
    found = searchDevices(*space, ranking);
  }
  if (ranking.ranked.empty())
    return nothingFits(*space);

  PlanResult result;
  for (const Candidate &candidate : ranking.ranked)
    result.ranked.push_back(finish(*space, candidate.split));
  for (const Candidate &candidate : ranking.rejected)
    if (candidate.value <= ranking.ranked.front().value)
      result.rejected.push_back({candidate.split, candidate.whyNot});
  double best = ranking.ranked.front().value;
  result.optimal = found.optimal || found.atLeast >= best;
  result.atLeast = found.optimal ? best : std::min(found.atLeast, best);
  addBounds(*space, result);
  result.planningSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  return result;
}
