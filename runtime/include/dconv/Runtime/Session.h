//===- Session.h - devices that run programs --------------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_SESSION_H
#define DCONV_RUNTIME_SESSION_H

#include "dconv/Runtime/Device.h"
#include "dconv/Runtime/Trace.h"
#include "dconv/Runtime/Transport.h"

#include <functional>
#include <memory>
#include <optional>

namespace dconv::runtime {

/// What one call of a program cost.
struct Execution {
  int64_t program = 0;
  double seconds = 0;         ///< the timed part
  double secondsEndToEnd = 0; ///< with scatter and gather
  Counters counters;
  std::vector<TransferCounters> transfers; ///< per device
  /// Per device, the part of `seconds` in which it waited for others: what of
  /// the communication nothing hid.
  std::vector<double> exposedSeconds;
};

/// Programs and the devices that run them: a thread and an arena per device for
/// as long as the session lives.
///
/// Threading: calls from one thread at a time.
class Session {
public:
  struct Options {
    std::vector<Program> programs;
    std::unique_ptr<Transport> transport;
    /// Makes the backend of each device of the transport.
    std::function<std::unique_ptr<Device>(int64_t device)> makeDevice;
    std::optional<int64_t> budget; ///< bytes per device
    bool trace = false;
  };

  /// Checks the programs, finds their kernels and allocates the arenas, each as
  /// large as the largest program needs. InvalidProgram, OutOfBudget (with the
  /// numbers of every device), MissingSymbol or InvalidInput: then nothing has
  /// run.
  static Status open(Options options, std::unique_ptr<Session> &session);

  ~Session();
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  /// Runs program `number`; arguments and results as in Abi.h. After an error,
  /// which `status` keeps, no program runs any more. Allocates nothing, but for
  /// a trace and where many executions have not been taken.
  Status execute(int64_t number, void *const *arguments, void *const *results);

  /// The first error of an execute, or ok.
  const Status &status() const { return firstError; }

  /// What each execute since the last call of this cost, in order.
  std::vector<Execution> takeExecutions();

  const std::vector<Program> &programs() const { return options.programs; }

  /// The commands that ran, as TraceLog::write; only with Options::trace.
  Status writeTrace(const std::string &path) const;

private:
  class Impl;

  explicit Session(Options options);
  Status prepare();
  void growExecutions(size_t count);

  Options options;
  Status firstError;
  std::vector<Execution> executions; ///< the first `numExecutions` have been
  size_t numExecutions = 0;
  std::unique_ptr<TraceLog> trace;
  std::unique_ptr<Impl> impl;
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_SESSION_H
