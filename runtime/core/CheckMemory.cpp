//===- CheckMemory.cpp - who reads and writes what, in which order --------===//

#include "CheckSteps.h"
#include "Ordering.h"

#include <map>

namespace dconv::runtime {

namespace {

bool overlap(const Box &a, const Box &b) {
  for (unsigned d = 0; d < a.rank(); ++d)
    if (a[d].intersect(b[d]).empty())
      return false;
  return true;
}

/// `pieces` without the elements of `hole`.
std::vector<Box> subtractFrom(const std::vector<Box> &pieces, const Box &hole) {
  std::vector<Box> rest;
  for (const Box &piece : pieces) {
    if (!overlap(piece, hole)) {
      rest.push_back(piece);
      continue;
    }
    for (Box &part : subtract(piece, hole))
      rest.push_back(std::move(part));
  }
  return rest;
}

struct Access {
  Box box;
  uint32_t command = 0;
};

struct BufferState {
  bool live = false;
  uint32_t alloc = 0;
  std::vector<Access> writes; ///< disjoint: who wrote each element last
  std::vector<Access> reads;  ///< of elements not all written again since
};

/// Walks the list of one device with what its arena holds.
class MemoryCheck {
public:
  MemoryCheck(const Program &program, int64_t device)
      : program(program), device(device),
        buffers(program.devices[device].buffers),
        commands(program.devices[device].commands), states(buffers.size()),
        ordering(commands) {}

  Status run();

private:
  Status visit();
  Status alloc(uint32_t buffer);
  Status free(uint32_t buffer);
  Status read(uint32_t buffer, const Box &box);
  Status write(uint32_t buffer, const Box &box);
  Status requireLive(uint32_t buffer) const;
  void require(uint32_t before, Hazard hazard) {
    if (before != at)
      ordering.require({before, at, hazard});
  }
  Status error(const std::string &what) const {
    return errorAt(program, device, at, what);
  }
  Status violation(const Requirement &requirement);
  std::string nameOf(uint32_t buffer) const;

  const Program &program;
  const int64_t device;
  const std::vector<Buffer> &buffers;
  const std::vector<Command> &commands;
  std::vector<BufferState> states;
  std::map<int64_t, uint32_t> liveByOffset;
  /// Bytes that a freed buffer had and no other has taken since; disjoint.
  std::vector<Access> freed;
  Ordering ordering;
  uint32_t at = 0; ///< the current command
};

std::string MemoryCheck::nameOf(uint32_t buffer) const {
  const Buffer &b = buffers[buffer];
  return "buffer " + std::to_string(buffer) + " ('" +
         program.tensors[b.tensor].name + "' " + toString(b.window) + ")";
}

Status MemoryCheck::requireLive(uint32_t buffer) const {
  if (states[buffer].live)
    return {};
  return error(nameOf(buffer) + " is not allocated");
}

Status MemoryCheck::alloc(uint32_t buffer) {
  const Buffer &b = buffers[buffer];
  BufferState &state = states[buffer];
  if (state.live)
    return error(nameOf(buffer) + " is already allocated");
  state = {};
  state.live = true;
  state.alloc = at;
  if (b.bytes() == 0)
    return {};

  // Live ranges are disjoint, so only the neighbours can overlap.
  const Box range{{b.offset, b.offset + b.bytes()}};
  auto next = liveByOffset.lower_bound(b.offset);
  auto other = liveByOffset.end();
  if (next != liveByOffset.end() && next->first < range[0].end)
    other = next;
  else if (next != liveByOffset.begin()) {
    auto previous = std::prev(next);
    if (previous->first + buffers[previous->second].bytes() > b.offset)
      other = previous;
  }
  if (other != liveByOffset.end()) {
    const Buffer &o = buffers[other->second];
    return error("bytes " + toString(range[0]) + " overlap those of live " +
                 nameOf(other->second) + ", " +
                 toString(Interval{o.offset, o.offset + o.bytes()}));
  }
  liveByOffset[b.offset] = buffer;

  std::vector<Access> rest;
  for (Access &hole : freed) {
    if (!overlap(hole.box, range)) {
      rest.push_back(std::move(hole));
      continue;
    }
    require(hole.command, Hazard::AllocAfterFree);
    for (Box &part : subtract(hole.box, range))
      rest.push_back({std::move(part), hole.command});
  }
  freed = std::move(rest);
  return {};
}

Status MemoryCheck::free(uint32_t buffer) {
  if (Status status = requireLive(buffer); status.failed())
    return status;
  BufferState &state = states[buffer];
  require(state.alloc, Hazard::UseAfterAlloc);
  for (const Access &access : state.writes)
    require(access.command, Hazard::FreeAfterUse);
  for (const Access &access : state.reads)
    require(access.command, Hazard::FreeAfterUse);
  state = {};

  const Buffer &b = buffers[buffer];
  if (b.bytes() != 0) {
    liveByOffset.erase(b.offset);
    freed.push_back({Box{{b.offset, b.offset + b.bytes()}}, at});
  }
  return {};
}

Status MemoryCheck::read(uint32_t buffer, const Box &box) {
  if (Status status = requireLive(buffer); status.failed())
    return status;
  if (box.empty())
    return {};
  BufferState &state = states[buffer];
  std::vector<Box> unwritten{box};
  for (const Access &access : state.writes) {
    if (!overlap(access.box, box))
      continue;
    require(access.command, Hazard::ReadAfterWrite);
    unwritten = subtractFrom(unwritten, access.box);
  }
  if (!unwritten.empty())
    return error("reads " + toString(unwritten.front()) + " of " +
                 nameOf(buffer) + ", which nothing has written");
  state.reads.push_back({box, at});
  return {};
}

Status MemoryCheck::write(uint32_t buffer, const Box &box) {
  if (Status status = requireLive(buffer); status.failed())
    return status;
  if (box.empty())
    return {};
  BufferState &state = states[buffer];
  require(state.alloc, Hazard::UseAfterAlloc);

  std::vector<Access> writes;
  for (Access &access : state.writes) {
    if (!overlap(access.box, box)) {
      writes.push_back(std::move(access));
      continue;
    }
    require(access.command, Hazard::WriteAfterWrite);
    for (Box &part : subtract(access.box, box))
      writes.push_back({std::move(part), access.command});
  }
  writes.push_back({box, at});
  state.writes = std::move(writes);

  // A later write of the same elements is ordered after this one, and so after
  // the reads that this one is ordered after.
  std::vector<Access> reads;
  for (Access &access : state.reads) {
    if (overlap(access.box, box))
      require(access.command, Hazard::WriteAfterRead);
    if (!box.contains(access.box))
      reads.push_back(std::move(access));
  }
  state.reads = std::move(reads);
  return {};
}

Status MemoryCheck::visit() {
  const Command &command = commands[at];
  auto both = [&](uint32_t buffer, const Box &box) {
    Status status = read(buffer, box);
    return status.failed() ? status : write(buffer, box);
  };
  switch (command.kind) {
  case CommandKind::Alloc:
    return alloc(command.buffer);
  case CommandKind::Free:
    return free(command.buffer);
  case CommandKind::Scatter:
  case CommandKind::Fill:
  case CommandKind::Receive:
    return write(command.buffer, command.box);
  case CommandKind::Gather:
  case CommandKind::Send:
    return read(command.buffer, command.box);
  case CommandKind::Copy:
  case CommandKind::Convert:
    if (Status status = read(command.source, command.box); status.failed())
      return status;
    return write(command.buffer, command.box);
  case CommandKind::Accumulate:
    if (Status status = read(command.source, command.box); status.failed())
      return status;
    return both(command.buffer, command.box);
  case CommandKind::Launch:
    for (uint32_t operand : command.operands)
      if (Status status = read(operand, buffers[operand].window);
          status.failed())
        return status;
    if (command.overwrites)
      return write(command.buffer, buffers[command.buffer].window);
    return both(command.buffer, buffers[command.buffer].window);
  }
  return {};
}

Status MemoryCheck::violation(const Requirement &requirement) {
  at = requirement.after;
  const std::string before =
      "command " + std::to_string(requirement.before) + " (" +
      describe(program, device, requirement.before) + ")";
  switch (requirement.hazard) {
  case Hazard::ReadAfterWrite:
    return error("does not wait for " + before + ", whose result it reads");
  case Hazard::WriteAfterRead:
    return error("does not wait for " + before +
                 ", which reads what it "
                 "overwrites");
  case Hazard::WriteAfterWrite:
    return error("does not wait for " + before + ", which it overwrites");
  case Hazard::UseAfterAlloc:
    return error("does not wait for " + before + ", which begins its buffer");
  case Hazard::FreeAfterUse:
    return error("does not wait for " + before + ", which uses the buffer");
  case Hazard::AllocAfterFree:
    return error("does not wait for " + before + ", which had its bytes");
  }
  return {};
}

Status MemoryCheck::run() {
  for (at = 0; at < commands.size(); ++at)
    if (Status status = visit(); status.failed())
      return status;
  if (auto requirement = ordering.firstViolation())
    return violation(*requirement);
  return {};
}

} // namespace

Status checkMemory(const Program &program, int64_t device) {
  return MemoryCheck(program, device).run();
}

} // namespace dconv::runtime
