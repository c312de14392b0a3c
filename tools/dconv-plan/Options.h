//===- Options.h - the command line of dconv-plan ---------------*- C++ -*-===//

#ifndef DCONV_TOOLS_DCONVPLAN_OPTIONS_H
#define DCONV_TOOLS_DCONVPLAN_OPTIONS_H

#include "dconv/Planner/PlanSearch.h"

#include <optional>
#include <string>
#include <vector>

namespace dconv {

/// What the user asked for; see `dconv-plan --help`. A file "-" is standard
/// input or output.
struct PlanOptions {
  enum Mode { Plan, Verify, Calibrate } mode = Plan;

  std::string file;
  int64_t devices = 0; ///< 0: not given
  std::string machine;
  MemoryBudget budget;
  Objective objective = Objective::Time;
  double maxImbalance = 0.1;
  unsigned top = 3;
  std::vector<std::string> splits;
  Residence inputs = Residence::Host;
  Residence outputs = Residence::Host;
  bool weightsResident = false;
  bool explain = false;
  bool stream = true;
  bool keepLayout = false;

  std::vector<std::string> weights; ///< "i:FILE.npy"
  std::string entry;                ///< the function with these arguments
  bool dropZeros = true;
  std::optional<double> factorize; ///< the tolerance

  std::string json, html, certificate;
  std::string trace;  ///< of a run, for the page
  std::string verify; ///< a certificate
  std::string output; ///< of --calibrate

  /// The files that will be written.
  std::vector<std::string> outputFiles() const;
  /// Whether a file takes the place of the tables on standard output.
  bool writesToStdout() const;
};

/// Reads the command line; on a mistake says what it is on stderr and returns
/// nothing.
std::optional<PlanOptions> parsePlanOptions(int argc, char **argv);

} // namespace dconv

#endif // DCONV_TOOLS_DCONVPLAN_OPTIONS_H
