//===- StreamSearch.cpp - convolutions larger than all devices ------------===//

#include "dconv/Planner/StreamSearch.h"

#include "StreamEstimate.h"
#include "dconv/Planner/StreamBound.h"

#include <cmath>
#include <limits>
#include <tuple>

using namespace dconv;

namespace {
class StreamSearch {
public:
  StreamSearch(const Convolution &convolution, const Machine &machine,
               const TimeQuery &query, MemoryBudget budget, const Split &fixed)
      : convolution(convolution), machine(machine), query(query), fixed(fixed),
        memory(leastMemory(machine, budget)),
        estimator(convolution, machine, query) {}

  Result<StreamPlan> run(Objective objective);

private:
  struct Ranked {
    StreamEstimate cost;
    std::vector<int64_t> parts;
    std::vector<unsigned> order;
  };
  /// Candidates that are looked at closely in the end, and their shards.
  static constexpr size_t most = 24;
  static constexpr int64_t mostShards = 4096;
  /// Lists of parts that are looked at together in the first round, at most.
  static constexpr double mostCombinations = 60000;
  /// Times that are taken for equal where bytes differ.
  static constexpr double nearly = 1.01;

  std::vector<int64_t> partsOf(unsigned loop, size_t count) const;
  void visit(const std::vector<std::vector<int64_t>> &choices, unsigned loop,
             int64_t shards, std::vector<int64_t> &parts);
  void tryOrders(const std::vector<int64_t> &parts);
  bool uses(size_t input, unsigned loop) const;
  void consider(const DividedLoops &loops, std::vector<unsigned> order);
  void refine();
  bool isBefore(const Ranked &a, const Ranked &b) const;
  void search(Objective next, double limit);
  void lookAt(std::vector<StreamPlan> &plans) const;

  const Convolution &convolution;
  const Machine &machine;
  const TimeQuery &query;
  const Split &fixed;
  const std::optional<int64_t> memory;
  StreamEstimator estimator;
  std::vector<std::vector<int64_t>> choices; ///< of the first round, per loop
  Objective objective = Objective::Time;     ///< of the search under way
  double mostSeconds = std::numeric_limits<double>::infinity();
  std::vector<Ranked> best; ///< ascending, at most `most`
  int64_t smallest = std::numeric_limits<int64_t>::max();
};
} // namespace

/// Numbers of parts of `loop`: those of `fixed`, else at most about `count`:
/// all of a short loop; of those of a longer one with the same longest part the
/// fewest, and the fewest that all devices share. Where these are too many, 1,
/// as many as the loop is long, and others evenly by their logarithm.
std::vector<int64_t> StreamSearch::partsOf(unsigned loop, size_t count) const {
  constexpr int64_t shortLoop = 16;
  if (int axis = fixed.axisOf(loop); axis >= 0)
    return {int64_t(fixed.axes[axis].lengths.size())};
  const int64_t extent = convolution.extents[loop];
  const int64_t devices = machine.numDevices();
  std::vector<int64_t> all;
  auto longest = [&](int64_t parts) { return (extent + parts - 1) / parts; };
  for (int64_t parts = 1; parts <= std::min(extent, Grid::most);) {
    all.push_back(parts);
    const int64_t length = longest(parts);
    const int64_t shared = (parts + devices - 1) / devices * devices;
    if (shared > parts && shared <= extent && longest(shared) == length)
      all.push_back(shared);
    // The fewest parts with a shorter longest one.
    if (extent <= shortLoop)
      ++parts;
    else
      parts = length == 1 ? extent + 1 : longest(length - 1);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  if (all.size() <= count)
    return all;
  std::vector<int64_t> some;
  double ratio = std::log(double(all.back())) / (count - 1);
  for (size_t i = 0; i < count; ++i) {
    auto nearest =
        std::lower_bound(all.begin(), all.end(), std::exp(ratio * i) - 0.5);
    some.push_back(nearest == all.end() ? all.back() : *nearest);
  }
  some.erase(std::unique(some.begin(), some.end()), some.end());
  return some;
}

void StreamSearch::visit(const std::vector<std::vector<int64_t>> &choices,
                         unsigned loop, int64_t shards,
                         std::vector<int64_t> &parts) {
  if (loop == choices.size())
    return tryOrders(parts);
  for (int64_t count : choices[loop]) {
    if (shards > Grid::most / count)
      continue;
    parts[loop] = count;
    visit(choices, loop + 1, shards * count, parts);
  }
}

/// Reductions are innermost. All orders of up to three other loops; of more,
/// those of both inputs first, so that no operand waits for them, then some of
/// those of the first input, all of the second, and the rest of the first:
/// where there is no rest the first stays while the second passes.
void StreamSearch::tryOrders(const std::vector<int64_t> &parts) {
  const DividedLoops loops = estimator.divide(parts);
  // Of those that do not fit only the least memory is of interest.
  const bool fits = !memory || loops.memoryAtLeast <= *memory;
  auto isLate = [&](const StreamEstimate &last) {
    return objective == Objective::Time ? loops.secondsAtLeast > last.seconds
                                        : loops.bytesAtLeast > last.bytes;
  };
  if (fits ? loops.secondsAtLeast > mostSeconds ||
                 (best.size() == most && isLate(best.back().cost))
           : !best.empty() || loops.memoryAtLeast >= smallest)
    return;
  std::vector<unsigned> parallel, reductions;
  for (unsigned loop = 0; loop < parts.size(); ++loop)
    if (parts[loop] > 1)
      (convolution.isReduction(loop) ? reductions : parallel).push_back(loop);
  auto tryOrder = [&](std::vector<unsigned> order) {
    order.insert(order.end(), reductions.begin(), reductions.end());
    consider(loops, std::move(order));
  };
  if (parallel.size() <= 3) {
    do
      tryOrder(parallel);
    while (std::next_permutation(parallel.begin(), parallel.end()));
    return;
  }

  std::vector<unsigned> shared, first, second;
  for (unsigned loop : parallel) {
    bool inFirst = uses(0, loop), inSecond = uses(1, loop);
    (inFirst == inSecond ? shared : inFirst ? first : second).push_back(loop);
  }
  // Without a second group all orders of the first are alike.
  const unsigned subsets = second.empty() ? 1 : 1u << first.size();
  for (unsigned outside = 0; outside < subsets; ++outside) {
    std::vector<unsigned> order = shared;
    auto append = [&](bool before) {
      for (unsigned i = 0; i < first.size(); ++i)
        if (bool(outside >> i & 1) == before)
          order.push_back(first[i]);
    };
    append(true);
    order.insert(order.end(), second.begin(), second.end());
    append(false);
    tryOrder(std::move(order));
  }
}

bool StreamSearch::uses(size_t input, unsigned loop) const {
  if (input >= convolution.inputs.size())
    return false;
  const AccessMap &map = convolution.inputs[input].map;
  return std::any_of(map.begin(), map.end(),
                     [&](const LinearExpr &expr) { return expr.uses(loop); });
}

bool StreamSearch::isBefore(const Ranked &a, const Ranked &b) const {
  if (objective == Objective::Time && a.cost.seconds != b.cost.seconds)
    return a.cost.seconds < b.cost.seconds;
  return std::tie(a.cost.bytes, a.cost.seconds, a.cost.memory, a.parts,
                  a.order) < std::tie(b.cost.bytes, b.cost.seconds,
                                      b.cost.memory, b.parts, b.order);
}

void StreamSearch::consider(const DividedLoops &loops,
                            std::vector<unsigned> order) {
  StreamEstimate cost = estimator.estimate(loops, order);
  if (!cost.valid)
    return;
  smallest = std::min(smallest, cost.memory);
  if ((memory && cost.memory > *memory) || cost.seconds > mostSeconds)
    return;
  Ranked ranked{cost, loops.parts, std::move(order)};
  auto before = [&](const Ranked &a, const Ranked &b) {
    return isBefore(a, b);
  };
  if (best.size() == most && !isBefore(ranked, best.back()))
    return;
  auto at = std::lower_bound(best.begin(), best.end(), ranked, before);
  if (at != best.end() && !isBefore(ranked, *at))
    return; // known
  best.insert(at, std::move(ranked));
  if (best.size() > most)
    best.pop_back();
}

/// Changes the parts of one loop, or of two, of the best candidate as long as
/// that helps.
void StreamSearch::refine() {
  const unsigned loops = convolution.numLoops();
  constexpr size_t alone = 512, inPairs = 24;
  for (bool better = true; better;) {
    better = false;
    for (unsigned a = 0; a < loops; ++a)
      for (unsigned b = a; b < loops; ++b) {
        const Ranked before = best.front();
        std::vector<std::vector<int64_t>> choices;
        for (unsigned loop = 0; loop < loops; ++loop)
          choices.push_back({before.parts[loop]});
        choices[a] = partsOf(a, a == b ? alone : inPairs);
        if (a != b)
          choices[b] = partsOf(b, inPairs);
        std::vector<int64_t> parts(loops);
        visit(choices, 0, 1, parts);
        better |= isBefore(best.front(), before);
      }
  }
}

/// Ranks by `next` what takes at most `limit` seconds.
void StreamSearch::search(Objective next, double limit) {
  objective = next;
  mostSeconds = limit;
  best.clear();
  std::vector<int64_t> parts(choices.size());
  visit(choices, 0, 1, parts);
  if (!best.empty())
    refine();
}

/// Adds the costs of the best candidates, shard by shard, which takes time.
void StreamSearch::lookAt(std::vector<StreamPlan> &plans) const {
  int64_t looked = 0;
  for (const Ranked &ranked : best) {
    int64_t shards = 1;
    for (int64_t count : ranked.parts)
      shards *= count;
    looked += shards;
    if (looked > mostShards && &ranked != &best.front())
      continue;
    Split split;
    for (unsigned loop : ranked.order)
      split.axes.push_back(
          balancedSplit(loop, convolution.extents[loop], ranked.parts[loop]));
    plans.push_back(costWithoutBound(convolution, split, machine, query));
  }
}

Result<StreamPlan> StreamSearch::run(Objective wanted) {
  const unsigned loops = convolution.numLoops();
  for (const AxisSplit &axis : fixed.axes)
    if (!(axis == balancedSplit(axis.loop, convolution.extents[axis.loop],
                                axis.lengths.size())))
      return Error{
          "splits that are streamed are searched with balanced parts, "
          "but '" +
          toString(Split{{axis}}, convolution) +
          "' is asked for; give the whole split, or a number of parts"};
  choices.resize(loops);
  for (size_t count = 256; count >= 3; count = count * 3 / 4) {
    double combinations = 1;
    for (unsigned loop = 0; loop < loops; ++loop) {
      // Taps are few, or they are many and rarely divided.
      bool isTap = convolution.roles[loop] == Role::Tap;
      choices[loop] =
          partsOf(loop, isTap ? std::max<size_t>(2, count / 4) : count);
      combinations *= choices[loop].size();
    }
    if (combinations <= mostCombinations)
      break;
  }
  constexpr double anyTime = std::numeric_limits<double>::infinity();
  search(wanted, anyTime);
  if (best.empty() && smallest == std::numeric_limits<int64_t>::max())
    return Error{"no streamed split with '" + toString(fixed, convolution) +
                 "' keeps the sums of each block of the output on one device"};
  if (best.empty())
    return Error{"no streamed split fits: the least memory of a device that "
                 "would do is " +
                 std::to_string(smallest) + " bytes, allowed are " +
                 std::to_string(memory.value_or(0))};
  std::vector<StreamPlan> plans;
  lookAt(plans);
  double limit = anyTime;
  if (wanted == Objective::Time) {
    auto fastest =
        std::min_element(plans.begin(), plans.end(),
                         [](const StreamPlan &a, const StreamPlan &b) {
                           return a.seconds() < b.seconds();
                         });
    limit = fastest->seconds() * nearly;
    search(Objective::Words, best.front().cost.seconds * nearly);
    lookAt(plans);
  }
  auto key = [](const StreamPlan &plan) {
    const std::vector<int64_t> &peaks = plan.predicted.peakBytes;
    return std::make_tuple(plan.bytes, plan.seconds(),
                           *std::max_element(peaks.begin(), peaks.end()));
  };
  StreamPlan *chosen = nullptr;
  for (StreamPlan &plan : plans)
    if (plan.seconds() <= limit && (!chosen || key(plan) < key(*chosen)))
      chosen = &plan;
  chosen->boundBytes = streamBound(convolution, machine.numDevices(),
                                   query.fillsOutput, memory)
                           .bytes;
  return std::move(*chosen);
}

Result<StreamPlan> dconv::searchStreams(const Convolution &convolution,
                                        const Machine &machine,
                                        const TimeQuery &query,
                                        MemoryBudget budget, const Split &fixed,
                                        Objective objective) {
  return StreamSearch(convolution, machine, query, budget, fixed)
      .run(objective);
}
