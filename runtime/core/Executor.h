//===- Executor.h - runs the list of one device -----------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_CORE_EXECUTOR_H
#define DCONV_RUNTIME_CORE_EXECUTOR_H

#include "Queues.h"
#include "dconv/Runtime/Device.h"
#include "dconv/Runtime/Trace.h"
#include "dconv/Runtime/Transport.h"

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace dconv::runtime {

/// One call of a program, as every device sees it.
struct Call {
  uint64_t epoch = 0;
  void *const *arguments = nullptr;
  void *const *results = nullptr;
  const std::atomic<bool> *stopped = nullptr; ///< another device failed
};

/// The commands of one device in one program, with everything looked up that
/// does not change from call to call.
///
/// Threading: one thread at a time. Where the timed part loads from the host or
/// stores to it, `runTimed` does so on threads of its own.
class Executor {
public:
  /// The program has passed the checker and outlives the executor, as do device
  /// and transport; the arena of the device is large enough. A null `trace`
  /// records nothing.
  Executor(const Program &program, int64_t programNumber, int64_t device,
           Device &backend, Transport &transport, TraceLog *trace);

  /// Finds the kernels and the memory of every command. Messages carry
  /// `planHash`.
  Status prepare(uint64_t planHash);

  /// Makes the arguments of `call` those of the commands that follow.
  void begin(const Call &call);

  /// Runs what comes before the timed part, in order.
  Status runBefore();
  /// Runs the timed part: each queue in order, side by side.
  Status runTimed();
  /// Runs what comes after it, in order.
  Status runAfter();

  /// Waits until everything sent has been received.
  Status finish();

  int64_t scatterBytes() const;
  int64_t gatherBytes() const;

private:
  /// What a command needs besides its fields.
  struct Step {
    BoxView to;   ///< `box` of `buffer`
    BoxView from; ///< `box` of `source`
    MessageHeader header;
    Device::Kernel kernel = nullptr;
    std::vector<void *> arguments; ///< of the kernel
    std::vector<uint32_t> sends;   ///< those it waits for
    Transport::Event sent = 0;
  };

  Status prepare(const Command &command, Step &step);
  Status run(uint32_t begin, uint32_t end);
  Status runQueue(Queue queue);
  /// Returns when `needs` have completed; false where a queue has failed.
  bool await(const Queues::Progress &needs);
  Status runCommand(uint32_t number, Queue queue);
  Status perform(uint32_t number, Queue queue);
  Status inTransfer(uint32_t number, Status status) const;
  BoxView hostBox(const Command &command, void *host,
                  const Argument &argument) const;
  std::byte *dataOf(const Buffer &buffer) {
    return backend.arena().data() + buffer.offset;
  }

  const Program &program;
  const DeviceProgram &list;
  const Program::Timed timed;
  const int64_t programNumber;
  const int64_t device;
  Device &backend;
  Transport &transport;
  TraceLog *const trace;
  std::vector<Step> steps;

  Queues queues;

  Call call;
  std::array<int64_t, numQueues> scattered{}, gathered{}; ///< per queue

  std::mutex mutex; ///< guards all below, and the arena's high-water mark
  std::condition_variable changed;
  Queues::Progress completed{};
  bool failed = false; ///< some queue has
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_CORE_EXECUTOR_H
