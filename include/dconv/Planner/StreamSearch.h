//===- StreamSearch.h - convolutions larger than all devices ----*- C++ -*-===//

#ifndef DCONV_PLANNER_STREAMSEARCH_H
#define DCONV_PLANNER_STREAMSEARCH_H

#include "dconv/Geometry/Streaming.h"
#include "dconv/Planner/MemoryBudget.h"
#include "dconv/Planner/PlanSearch.h"
#include "dconv/Planner/TimeModel.h"

#include <algorithm>

namespace dconv {

/// A split whose shards take turns on the devices while the tensors stay on the
/// host.
struct StreamPlan {
  /// Its axes in the order of the shards: what the last ones leave alone stays
  /// on the device.
  Split split;
  Prediction predicted; ///< per device, as the runtime will count
  int64_t bytes = 0;    ///< between the host and all devices, both ways
  /// No schedule with as much memory moves fewer: every element that takes part
  /// moves once, and memoryDependentBound for each device.
  double boundBytes = 0;
  double computeSeconds = 0; ///< of the device that computes longest
  double linkSeconds = 0;    ///< for all that goes over the busiest link
  double fillSeconds = 0;    ///< what overlaps nothing: first loads, last store

  double seconds() const {
    return std::max(computeSeconds, linkSeconds) + fillSeconds;
  }
};

/// What each device may use for what is streamed: the least of all devices of
/// `machine`, and `budget`.
MemoryBudget leastMemory(const Machine &machine, MemoryBudget budget);

/// What `split`, streamed, is predicted to take on `machine`; it passes
/// `checkStreamed`, and need not fit.
StreamPlan streamCost(const Convolution &convolution, const Split &split,
                      const Machine &machine, const TimeQuery &query,
                      MemoryBudget budget);

/// The streamed split with the least time that fits the memory of each device
/// of `machine`, and `budget`: of balanced splits of any loops, reductions
/// innermost, in every order in which different operands stay. Of those that
/// take at most a hundredth longer it is the one that moves fewest bytes, then
/// the fastest, then that of least memory, then of fewer parts of the first loop
/// in which they differ; with `Objective::Words` it is the same of all that
/// fit. Where none fits the error names the least budget that would.
///
/// The loops of `fixed` get the parts that they have there, which are balanced;
/// the order of the axes is searched all the same.
///
/// Splits are compared by an estimate in closed form that takes every window
/// for the longest, and the best of them shard by shard. Loops of many possible
/// parts are searched coarsely, then finely around the best; all splits of short
/// loops are looked at.
Result<StreamPlan> searchStreams(const Convolution &convolution,
                                 const Machine &machine, const TimeQuery &query,
                                 MemoryBudget budget, const Split &fixed = {},
                                 Objective objective = Objective::Time);

} // namespace dconv

#endif // DCONV_PLANNER_STREAMSEARCH_H
