//===- Report.h - what dconv-run tells of a run -----------------*- C++ -*-===//

#ifndef DCONV_TOOLS_DCONVRUN_REPORT_H
#define DCONV_TOOLS_DCONVRUN_REPORT_H

#include "dconv/Check/Report.h"
#include "dconv/Compiler/Compile.h"
#include "dconv/Planner/TimeModel.h"

#include "llvm/Support/raw_ostream.h"

#include <map>

namespace dconv {

/// By the name of the convolution, "func#index".
using PredictedSeconds = std::map<std::string, PlanSeconds>;

struct Report {
  const CompiledModule &module;
  const RunResult &run;
  int64_t devices = 1;
  double compileSeconds = 0;
  std::optional<CheckReport> check;
  PredictedSeconds predicted; ///< empty without --machine
};

/// Writes the report as JSON; `path` appears complete or not at all.
runtime::Status writeReport(const Report &report, const std::string &path);

/// Prints the report for a person.
void printReport(const Report &report, llvm::raw_ostream &os);

/// The first counter, by name and device, that was measured other than
/// predicted; empty where there is none.
std::string firstMismatch(const runtime::Counters &predicted,
                          const runtime::Counters &measured);

} // namespace dconv

#endif // DCONV_TOOLS_DCONVRUN_REPORT_H
