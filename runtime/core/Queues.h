//===- Queues.h - loads, arithmetic and stores side by side -----*- C++ -*-===//

#ifndef DCONV_RUNTIME_CORE_QUEUES_H
#define DCONV_RUNTIME_CORE_QUEUES_H

#include "dconv/Runtime/Program.h"

#include <array>

namespace dconv::runtime {

enum class Queue : uint8_t {
  Compute, ///< arithmetic, copies within the device, messages
  Load,    ///< from the host, with what makes room for it
  Store,   ///< to the host
};

constexpr size_t numQueues = 3;

/// The timed commands of one device, dealt out to queues that run side by side,
/// each in the order of the list. The checker has proved that `waits` order all
/// that touch the same memory, so any such execution gives the same result; and
/// since waits name earlier commands, the first command of the list that has
/// not run is at the head of its queue: some queue can always go on.
struct Queues {
  /// Where a queue stands: how many commands of each have completed.
  using Progress = std::array<uint32_t, numQueues>;

  struct Entry {
    uint32_t command = 0;
    /// What must have completed in the other queues before it starts.
    Progress needs{};
  };

  std::array<std::vector<Entry>, numQueues> entries;

  /// True where something travels to or from the host in the timed part:
  /// otherwise all commands are in one queue.
  bool several() const {
    return !entries[size_t(Queue::Load)].empty() ||
           !entries[size_t(Queue::Store)].empty();
  }
};

Queues dealOut(const DeviceProgram &device, Program::Timed timed);

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_CORE_QUEUES_H
