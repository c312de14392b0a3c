//===- CommandList.cpp - commands in order, with what they wait for -------===//

#include "CommandList.h"

#include <algorithm>

using namespace dconv;
using namespace dconv::runtime;

static Command make(CommandKind kind, uint32_t buffer, const Box &box = {}) {
  Command command;
  command.kind = kind;
  command.buffer = buffer;
  command.box = box;
  return command;
}

CommandList::State &CommandList::stateOf(uint32_t buffer) {
  if (states.size() <= buffer)
    states.resize(buffer + 1);
  return states[buffer];
}

void CommandList::touch(Command &command, uint32_t buffer, const Box &box,
                        bool writes) {
  const State &state = stateOf(buffer);
  bool waits = false;
  for (const Access &access : state.accesses)
    if ((writes || access.writes) && !access.box.intersect(box).empty()) {
      command.waits.push_back(access.command);
      waits = true;
    }
  // What it waits for has waited for the buffer.
  if (!waits)
    command.waits.push_back(state.alloc);
  touches.push_back({buffer, box, writes});
}

void CommandList::append(Command command) {
  std::sort(command.waits.begin(), command.waits.end());
  command.waits.erase(
      std::unique(command.waits.begin(), command.waits.end()),
      command.waits.end());
  uint32_t number = device.commands.size();
  for (Touch &touch : touches) {
    State &state = stateOf(touch.buffer);
    // A write waited for all it overlaps: whoever waits for it need not.
    if (touch.writes)
      state.accesses.erase(
          std::remove_if(
              state.accesses.begin(), state.accesses.end(),
              [&](const Access &a) { return touch.box.contains(a.box); }),
          state.accesses.end());
    state.accesses.push_back({number, std::move(touch.box), touch.writes});
  }
  touches.clear();
  device.commands.push_back(std::move(command));
}

void CommandList::alloc(uint32_t buffer) {
  Command command = make(CommandKind::Alloc, buffer);
  const Buffer &window = device.buffers[buffer];
  for (auto it = freed.begin(); it != freed.end();) {
    const Buffer &old = device.buffers[it->first];
    bool overlaps = old.offset < window.offset + window.bytes() &&
                    window.offset < old.offset + old.bytes();
    if (overlaps)
      command.waits.push_back(it->second);
    // Later buffers wait for this one instead where it covers the old one.
    bool covered = overlaps && window.offset <= old.offset &&
                   old.offset + old.bytes() <= window.offset + window.bytes();
    it = covered ? freed.erase(it) : std::next(it);
  }
  stateOf(buffer) = {size(), {}};
  append(std::move(command));
}

void CommandList::free(uint32_t buffer) {
  Command command = make(CommandKind::Free, buffer);
  const State &state = stateOf(buffer);
  for (const Access &access : state.accesses)
    command.waits.push_back(access.command);
  if (state.accesses.empty())
    command.waits.push_back(state.alloc);
  freed.push_back({buffer, size()});
  append(std::move(command));
}

void CommandList::scatter(uint32_t argument, uint32_t buffer, const Box &box) {
  Command command = make(CommandKind::Scatter, buffer, box);
  command.argument = argument;
  touch(command, buffer, box, /*writes=*/true);
  append(std::move(command));
}

void CommandList::gather(uint32_t buffer, const Box &box, uint32_t result) {
  Command command = make(CommandKind::Gather, buffer, box);
  command.argument = result;
  touch(command, buffer, box, /*writes=*/false);
  append(std::move(command));
}

void CommandList::fill(uint32_t buffer, const Box &box, uint64_t value) {
  Command command = make(CommandKind::Fill, buffer, box);
  command.value = value;
  touch(command, buffer, box, /*writes=*/true);
  append(std::move(command));
}

void CommandList::copy(uint32_t source, uint32_t buffer, const Box &box) {
  appendMove(make(CommandKind::Copy, buffer, box), source);
}

void CommandList::convert(uint32_t source, uint32_t buffer, const Box &box) {
  appendMove(make(CommandKind::Convert, buffer, box), source);
}

void CommandList::accumulate(Combiner combiner, uint32_t source,
                             uint32_t buffer, const Box &box) {
  Command command = make(CommandKind::Accumulate, buffer, box);
  command.combiner = combiner;
  appendMove(std::move(command), source);
}

void CommandList::appendMove(Command command, uint32_t source) {
  command.source = source;
  touch(command, source, command.box, /*writes=*/false);
  touch(command, command.buffer, command.box, /*writes=*/true);
  append(std::move(command));
}

void CommandList::send(uint32_t buffer, const Box &box,
                       const Message &message) {
  appendMessage(make(CommandKind::Send, buffer, box), message,
                /*writes=*/false);
}

void CommandList::receive(uint32_t buffer, const Box &box,
                          const Message &message) {
  appendMessage(make(CommandKind::Receive, buffer, box), message,
                /*writes=*/true);
}

void CommandList::appendMessage(Command command, const Message &message,
                                bool writes) {
  command.peer = message.peer;
  command.step = message.step;
  command.sourceShard = message.sourceShard;
  command.destinationShard = message.destinationShard;
  touch(command, command.buffer, command.box, writes);
  append(std::move(command));
}

void CommandList::launch(Launch launch, std::vector<uint32_t> operands,
                         uint32_t buffer) {
  Command command = make(CommandKind::Launch, buffer);
  command.kernel = launch.kernel;
  for (uint32_t operand : operands)
    touch(command, operand, device.buffers[operand].window, /*writes=*/false);
  touch(command, buffer, device.buffers[buffer].window, /*writes=*/true);
  command.operands = std::move(operands);
  command.scalars = std::move(launch.scalars);
  command.bounds = std::move(launch.bounds);
  command.overwrites = launch.overwrites;
  append(std::move(command));
}
