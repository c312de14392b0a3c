//===- Queues.cpp - loads, arithmetic and stores side by side -------------===//

#include "Queues.h"

#include <algorithm>

namespace dconv::runtime {

/// The queue of `command`. `loaded`: its buffer is filled from the host.
static Queue queueOf(const DeviceProgram &device, const Command &command,
                     bool loaded) {
  // One thread at a time speaks to the transport.
  for (uint32_t wait : command.waits)
    if (device.commands[wait].kind == CommandKind::Send)
      return Queue::Compute;
  switch (command.kind) {
  case CommandKind::Scatter:
    return Queue::Load;
  case CommandKind::Gather:
    return Queue::Store;
  case CommandKind::Alloc:
  case CommandKind::Free:
  case CommandKind::Fill:
    return loaded ? Queue::Load : Queue::Compute;
  default:
    return Queue::Compute;
  }
}

Queues dealOut(const DeviceProgram &device, Program::Timed timed) {
  std::vector<bool> loaded(device.buffers.size());
  for (uint32_t c = timed.begin; c < timed.end; ++c)
    if (device.commands[c].kind == CommandKind::Scatter)
      loaded[device.commands[c].buffer] = true;

  Queues queues;
  // Where each command is: its queue, and how many must complete for it to.
  std::vector<std::pair<size_t, uint32_t>> places(timed.end - timed.begin);
  for (uint32_t c = timed.begin; c < timed.end; ++c) {
    const Command &command = device.commands[c];
    const size_t queue =
        size_t(queueOf(device, command, loaded[command.buffer]));
    Queues::Entry entry{c, {}};
    for (uint32_t wait : command.waits) {
      if (wait < timed.begin)
        continue;
      auto [other, count] = places[wait - timed.begin];
      if (other != queue)
        entry.needs[other] = std::max(entry.needs[other], count);
    }
    queues.entries[queue].push_back(entry);
    places[c - timed.begin] = {queue, queues.entries[queue].size()};
  }
  return queues;
}

} // namespace dconv::runtime
