//===- Runner.h - runs compiled code on host devices ------------*- C++ -*-===//

#ifndef DCONV_RUNNER_RUNNER_H
#define DCONV_RUNNER_RUNNER_H

#include "dconv/Runtime/Session.h"

#include <functional>

namespace dconv {

/// The elements of a tensor, or a scalar.
using Bytes = std::vector<std::byte>;

/// The tensors and scalars that a function takes and returns.
struct Signature {
  std::vector<runtime::Argument> arguments;
  std::vector<runtime::Argument> results;
};

/// What a run measured.
struct RunResult {
  std::vector<Bytes> outputs;
  runtime::Counters predicted; ///< per repetition
  runtime::Counters measured;  ///< likewise
  std::vector<double> seconds, secondsEndToEnd; ///< per repetition
  /// Of each program, the least seconds of one call.
  std::vector<double> programSeconds;
  /// Per device, of the fastest repetition, how long it waited for others within
  /// `seconds`.
  std::vector<double> exposedSeconds;
};

/// Runs compiled code; one at a time.
class Runner {
public:
  struct Options {
    std::string library; ///< the shared object (Abi.h)
    std::vector<runtime::Program> programs;
    std::string entry;
    int64_t devices = 1;
    std::optional<int64_t> budget;
    bool trace = false;
    /// Bytes per second that all devices together, and each device, exchange
    /// with the host; as fast as memory where absent.
    std::optional<double> hostBandwidth, deviceBandwidth;
    /// Seconds, and bytes per second, of a link from each device to each other;
    /// as fast as memory where both are absent.
    std::optional<double> linkLatency, linkBandwidth;
  };

  /// Called after each program, with its number and what it was called with.
  using Observer = std::function<void(int64_t program, void *const *arguments,
                                      void *const *results)>;

  /// Opens the library and the devices. Nothing has run where it fails.
  static runtime::Status open(Options options,
                              std::unique_ptr<Runner> &runner);

  /// Runs the entry function `repeat` times; `observer` (may be null) sees the
  /// programs of the first.
  runtime::Status run(const Signature &signature, std::vector<Bytes> &inputs,
                      int64_t repeat, Observer observer, RunResult &result);

  runtime::Status writeTrace(const std::string &path) const {
    return session->writeTrace(path);
  }

  /// The value for Abi.h's `dconv_execute`.
  static int32_t execute(void *context, int64_t program,
                         void *const *arguments, void *const *results);

private:
  Runner() = default;

  std::unique_ptr<runtime::Session> session;
  void (*entry)(void **) = nullptr;
  Observer observer;
};

} // namespace dconv

#endif // DCONV_RUNNER_RUNNER_H
