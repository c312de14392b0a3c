//===- Executor.h - runs the list of one device -----------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_CORE_EXECUTOR_H
#define DCONV_RUNTIME_CORE_EXECUTOR_H

#include "Queues.h"
#include "dconv/Runtime/Bell.h"
#include "dconv/Runtime/Device.h"
#include "dconv/Runtime/Trace.h"
#include "dconv/Runtime/Transport.h"

#include <atomic>
#include <thread>

namespace dconv::runtime {

/// One call of a program, as every device sees it.
struct Call {
  uint64_t epoch = 0;
  void *const *arguments = nullptr;
  void *const *results = nullptr;
  const std::atomic<bool> *stopped = nullptr; ///< another device failed
};

/// The commands of one device in one program, with everything worked out that
/// does not change from call to call: to run them allocates nothing and takes
/// no lock.
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
  ~Executor();

  /// Finds the kernels and the memory of every command, and makes its messages
  /// known to the transport. Messages carry `planHash`.
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
  /// How long the timed part waited for other devices.
  std::chrono::nanoseconds exposed() const { return waitedTimed; }

private:
  /// What a command needs besides its fields: of the boxes, the one that its
  /// kind uses.
  struct Step {
    BoxRuns<1> box;   ///< `box` of `buffer`
    BoxRuns<2> boxes; ///< there, and in `source`
    BoxCopy copy;     ///< to `buffer` from `source`, or from or to the host
    int64_t hostOffset = 0; ///< of the box, in the host's tensor
    Transport::Port port = 0;
    Device::Kernel kernel = nullptr;
    std::vector<void *> arguments; ///< of the kernel
    std::vector<uint32_t> sends;   ///< those it waits for
  };

  Status prepare(const Command &command, Step &step, uint64_t planHash);
  void prefetch(uint32_t number) const;
  Status run(uint32_t begin, uint32_t end);
  Status runQueues();
  Status runQueue(Queue queue);
  void serve(Queue queue);
  /// Returns when `needs` have completed; false where a queue has failed.
  bool await(Queue queue, const Queues::Progress &needs);
  void ringOthers(Queue queue);
  Status runCommand(uint32_t number, Queue queue);
  Status runTraced(uint32_t number, Queue queue);
  Status perform(uint32_t number, Queue queue);
  Status inTransfer(uint32_t number, Status status) const;
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
  std::vector<uint32_t> sends; ///< all commands that send

  Queues queues;

  Call call;
  std::array<int64_t, numQueues> scattered{}, gathered{}; ///< per queue
  std::chrono::nanoseconds waitedTimed{0};

  /// The threads of queues beside Compute's; none where there is one queue.
  std::vector<std::thread> helpers;
  Waiting waiting;
  std::array<Bell, numQueues> bells; ///< of the threads of the queues
  std::atomic<uint64_t> round{0}; ///< how often the helpers have been started
  std::atomic<uint32_t> ended{0}; ///< helpers that have ended the round
  std::atomic<bool> closing{false};
  std::array<Status, numQueues> ends; ///< of the queues, in this round
  std::array<std::atomic<uint32_t>, numQueues> completed{};
  std::atomic<bool> failed{false}; ///< some queue has
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_CORE_EXECUTOR_H
