//===- PlanReport.h - what dconv-plan tells of its plans --------*- C++ -*-===//

#ifndef DCONV_TOOLS_DCONVPLAN_PLANREPORT_H
#define DCONV_TOOLS_DCONVPLAN_PLANREPORT_H

#include "Options.h"

#include "dconv/Transforms/PlanModule.h"

#include "llvm/Support/raw_ostream.h"

namespace dconv {

/// The plans of a module, and what was asked for.
struct PlanReport {
  const PlanOptions &options;
  std::string machine; ///< its name
  int64_t devices = 1;
  std::vector<PlannedConvolution> convolutions;
  /// What was left out of the weights, a line each.
  std::vector<std::string> dropped;
};

/// What the numbers of all devices have at most.
int64_t most(const std::vector<int64_t> &perDevice);

/// The device whose memory `plan` fills most, and how much of it.
struct MemoryUse {
  int64_t device = 0;
  int64_t peak = 0;
  std::optional<int64_t> limit; ///< no limit where absent
};
MemoryUse memoryUse(const PlannedConvolution &convolution,
                    const RankedPlan &plan);

/// "o0=2,oc=4", or "whole" where nothing is split.
std::string splitText(const Split &split, const Convolution &convolution);

/// The plans as JSON.
std::string planJson(const PlanReport &report);

/// The plans as tables, for a person.
void printPlans(const PlanReport &report, llvm::raw_ostream &os);

/// What decided between the first plan and the second, in a sentence.
std::string whyFirst(const PlannedConvolution &convolution);

/// What the first plan means: phases, links, axes, operands, balance, bound.
void explainPlan(const PlannedConvolution &convolution, llvm::raw_ostream &os);

} // namespace dconv

#endif // DCONV_TOOLS_DCONVPLAN_PLANREPORT_H
