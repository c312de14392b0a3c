//===- Options.h - the command line of dconv-run ----------------*- C++ -*-===//

#ifndef DCONV_TOOLS_DCONVRUN_OPTIONS_H
#define DCONV_TOOLS_DCONVRUN_OPTIONS_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dconv {

enum class CheckKind { None, Full, Sample };

/// What the user asked for; see `dconv-run --help`.
struct RunOptions {
  std::string file;
  std::string entry;
  int64_t devices = 0; ///< 0: not given
  std::string deviceMemory;
  std::string machine; ///< a machine file
  bool stream = false;
  bool keepLayout = false;
  /// Bytes per second over the links to the host: to all devices together, and
  /// to each; no limit where absent.
  std::optional<double> hostBandwidth, deviceBandwidth;
  /// Seconds and bytes per second of the links between devices; likewise.
  std::optional<double> linkLatency, linkBandwidth;
  std::vector<std::string> splits;
  std::vector<std::string> gathers;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  bool cache = true; ///< keep compiled code, and use what was kept
  uint64_t seed = 1;
  CheckKind check = CheckKind::None;
  int64_t repeat = 1;
  std::string report;
  std::string trace;
};

/// Reads the command line; on a mistake says what it is on stderr and returns
/// nothing.
std::optional<RunOptions> parseOptions(int argc, char **argv);

} // namespace dconv

#endif // DCONV_TOOLS_DCONVRUN_OPTIONS_H
