//===- PlanReport.h - what dconv-plan tells of its plans --------*- C++ -*-===//

#ifndef DCONV_TOOLS_DCONVPLAN_PLANREPORT_H
#define DCONV_TOOLS_DCONVPLAN_PLANREPORT_H

#include "Options.h"

#include "dconv/Transforms/PlanModule.h"

#include "llvm/Support/raw_ostream.h"

#include <cstdio>

namespace dconv {

/// The plans of a module, and what was asked for.
struct PlanReport {
  const PlanOptions &options;
  std::string machine; ///< its name
  int64_t devices = 1;
  std::vector<PlannedConvolution> convolutions;
  /// Names of convolutions that are gone, their weights being zero.
  std::vector<std::string> dropped;
};

/// What the weights of `convolution` have to do with what the file says, or
/// empty: slices that were dropped, the convolution it is a factor of.
std::string weightsText(const PlannedConvolution &convolution);

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

/// The plans as a page, and as a certificate. An error where one cannot be
/// written.
Result<int64_t> writePlanPage(const PlanReport &report, std::FILE *file);
Result<int64_t> writePlanCertificate(const PlanReport &report, std::FILE *file);

/// The plans as tables, for a person.
void printPlans(const PlanReport &report, llvm::raw_ostream &os);

/// What decided between the first plan and the second, in a sentence.
std::string whyFirst(const PlannedConvolution &convolution);

/// What the first plan means: phases, links, axes, operands, balance, bound.
void explainPlan(const PlannedConvolution &convolution, llvm::raw_ostream &os);

} // namespace dconv

#endif // DCONV_TOOLS_DCONVPLAN_PLANREPORT_H
