//===- EvaluatePlan.h - what is predicted of a given split ------*- C++ -*-===//

#ifndef DCONV_PLANNER_EVALUATEPLAN_H
#define DCONV_PLANNER_EVALUATEPLAN_H

#include "dconv/Planner/PlanSearch.h"
#include "dconv/Planner/StreamSearch.h"

namespace dconv {

/// `split` as a plan, with bytes and memory alone. An error where a device has
/// too little. Where `streamed`, it passes checkStreamed.
Result<RankedPlan> predictPlan(const Convolution &convolution,
                               const Split &split, const Machine &machine,
                               const PlanRequest &request,
                               bool streamed = false);

/// `split` as planConvolution would report it had it chosen it: one ranked
/// plan, and the bounds for what it owns. `optimal` is false and `atLeast` 0,
/// for nothing was searched. An error where a device has too little memory.
Result<PlanResult> evaluatePlan(const Convolution &convolution,
                                const Split &split, const Machine &machine,
                                const PlanRequest &request);

/// `plan` likewise. Of the transfers between the host and the devices its
/// phases have, as `load`, what does not overlap with the computation. Words
/// are those that the host and the busiest device exchange, in elements of the
/// first input; the bound is that of such a device, and no box is known.
Result<PlanResult> evaluateStream(const Convolution &convolution,
                                  const StreamPlan &plan,
                                  const Machine &machine,
                                  const PlanRequest &request);

} // namespace dconv

#endif // DCONV_PLANNER_EVALUATEPLAN_H
