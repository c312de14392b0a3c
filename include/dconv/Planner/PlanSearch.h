//===- PlanSearch.h - the best plan of a convolution ------------*- C++ -*-===//
//
// The planner as one call, without MLIR: a runtime that has lost a device asks
// again with the machine that is left (withoutDevice).
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_PLANNER_PLANSEARCH_H
#define DCONV_PLANNER_PLANSEARCH_H

#include "dconv/Planner/MemoryBudget.h"
#include "dconv/Planner/TimeModel.h"
#include "dconv/Planner/Words.h"

namespace dconv {

enum class Objective { Time, Words };

struct PlanRequest {
  Objective objective = Objective::Time;
  TimeQuery query;
  /// Words: most that the busiest device may work above the mean of all.
  double maxImbalance = 0.1;
  MemoryBudget budget; ///< on top of what each device of the machine has
  Reductions reductions = Reductions::Split;
  /// Dims that are to be divided just so; the others are searched.
  Split fixed;
  /// The inputs to gather; where absent, those of which the model says so.
  std::optional<std::vector<GatheredInput>> gathered;
  unsigned top = 1; ///< how many plans to return
};

/// A plan and what was predicted of it.
struct RankedPlan {
  Split split;
  std::string algorithm = "direct";
  std::vector<GatheredInput> gathered; ///< inputs whose copies the devices make
  int64_t devices = 1; ///< of the machine; some may idle
  PlanCost cost;
  WordCount words;
  Prediction predicted; ///< per device, as the runtime will count
  double macsMaxOverMean = 1;
};

/// A plan that was better by the objective but may not be used.
struct RejectedPlan {
  Split split;
  std::string reason; ///< with the numbers
};

struct PlanResult {
  std::vector<RankedPlan> ranked; ///< best first, at least one
  std::vector<RejectedPlan> rejected; ///< best first, some
  bool optimal = false;
  /// No plan of the space searched has less of the objective than this:
  /// seconds, or words.
  double atLeast = 0;
  int64_t boundWords = 0;   ///< memoryIndependentBound for the first plan
  int64_t bestBoxWords = 0; ///< findBestBox likewise
  bool bestBoxExact = true;
  double planningSeconds = 0;
};

/// The best plan of `convolution` on `machine`: of all balanced splits of any
/// loops in at most as many shards as devices, in every order of their axes
/// where the links differ, and, where devices differ, with stripes in proportion
/// to speed within the memory of each. Docs/planner.md says what is searched
/// and why the result is optimal. Ties go to fewer bytes, then less memory,
/// then a fixed order. Where none fits the error names the least budget that
/// would.
Result<PlanResult> planConvolution(const Convolution &convolution,
                                   const Machine &machine,
                                   const PlanRequest &request);

} // namespace dconv

#endif // DCONV_PLANNER_PLANSEARCH_H
