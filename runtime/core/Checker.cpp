//===- Checker.cpp - proves a program before it runs ----------------------===//

#include "dconv/Runtime/Checker.h"
#include "CheckSteps.h"

#include <algorithm>
#include <tuple>

namespace dconv::runtime {

std::string describe(const Program &program, int64_t device, uint32_t command) {
  const DeviceProgram &list = program.devices[device];
  const Command &c = list.commands[command];
  std::string text = toString(c.kind);
  if (c.kind == CommandKind::Launch && c.kernel < program.kernels.size())
    text += " of " + program.kernels[c.kernel] + " on";
  else
    text += " of";
  if (c.buffer >= list.buffers.size())
    return text + " buffer " + std::to_string(c.buffer);
  const Buffer &buffer = list.buffers[c.buffer];
  const bool whole = c.kind == CommandKind::Alloc ||
                     c.kind == CommandKind::Free ||
                     c.kind == CommandKind::Launch;
  return text + " '" + program.tensors[buffer.tensor].name + "' " +
         toString(whole ? buffer.window : c.box);
}

static Status invalid(const Program &program, const std::string &what) {
  return {StatusCode::InvalidProgram,
          "program '" + program.name + "', " + what};
}

Status errorAt(const Program &program, int64_t device, uint32_t command,
               const std::string &what) {
  return invalid(program, "device " + std::to_string(device) + ", command " +
                              std::to_string(command) + " (" +
                              describe(program, device, command) +
                              "): " + what);
}

namespace {

std::string toText(const std::vector<int64_t> &shape) {
  return toString(Box::whole(shape));
}

/// " 0 2 1"
std::string listed(const std::vector<uint32_t> &numbers) {
  std::string text;
  for (uint32_t number : numbers)
    text += " " + std::to_string(number);
  return text;
}

/// Rule 1: everything that needs no knowledge of other commands.
class ShapeCheck {
public:
  explicit ShapeCheck(const Program &program) : program(program) {}

  Status run();

private:
  Status checkTensors() const;
  Status checkBuffer(const Buffer &buffer, uint32_t number) const;
  Status checkCommand() const;
  Status checkNumbers(const Command &command) const;
  Status checkBounds(const Command &command) const;
  Status checkBox(const Command &command) const;
  Status checkTypes(const Command &command) const;
  Status checkArgument(const Command &command) const;
  Status checkTime(const Command &command) const;
  Status error(const std::string &what) const {
    return errorAt(program, device, at, what);
  }
  const DeviceProgram &list() const { return program.devices[device]; }

  const Program &program;
  int64_t device = 0;
  uint32_t at = 0;
};

Status ShapeCheck::checkTensors() const {
  for (const Tensor &tensor : program.tensors)
    if (Result<int64_t> volume = checkedVolume(tensor.shape); !volume)
      return invalid(program,
                     "tensor '" + tensor.name + "': " + volume.error());
  if (program.timed.size() != program.devices.size())
    return invalid(program, "timed parts for " +
                                std::to_string(program.timed.size()) +
                                " devices, needed " +
                                std::to_string(program.devices.size()));
  for (size_t d = 0; d < program.devices.size(); ++d) {
    const Program::Timed &timed = program.timed[d];
    const size_t size = program.devices[d].commands.size();
    if (timed.begin > timed.end || timed.end > size)
      return invalid(program, "device " + std::to_string(d) + ": timed part [" +
                                  std::to_string(timed.begin) + ", " +
                                  std::to_string(timed.end) + ") of " +
                                  std::to_string(size) + " commands");
  }
  return {};
}

Status ShapeCheck::checkBuffer(const Buffer &buffer, uint32_t number) const {
  auto error = [&](const std::string &what) {
    return invalid(program, "device " + std::to_string(device) + ", buffer " +
                                std::to_string(number) + ": " + what);
  };
  if (buffer.tensor >= program.tensors.size())
    return error("tensor " + std::to_string(buffer.tensor) + " of " +
                 std::to_string(program.tensors.size()));
  const Tensor &tensor = program.tensors[buffer.tensor];
  if (buffer.window.rank() != tensor.shape.size())
    return error("window " + toString(buffer.window) + " of '" + tensor.name +
                 "', which has " + std::to_string(tensor.shape.size()) +
                 " dims");
  if (!buffer.layout.isRowMajor())
    if (Result<BufferLayout> layout =
            checkedLayout(buffer.layout.levels, buffer.window.rank());
        !layout)
      return error(layout.error());
  std::vector<int64_t> sizes = buffer.window.sizes();
  sizes.push_back(bytesOf(buffer.type));
  Result<int64_t> bytes = checkedVolume(sizes);
  if (!bytes)
    return error(bytes.error());
  if (buffer.offset < 0 || buffer.offset % 64 != 0)
    return error("offset " + std::to_string(buffer.offset) +
                 ", needed a multiple of 64");
  if (buffer.offset > list().arenaBytes ||
      *bytes > list().arenaBytes - buffer.offset)
    return error("bytes from " + std::to_string(buffer.offset) + ", " +
                 std::to_string(*bytes) + " of them, in an arena of " +
                 std::to_string(list().arenaBytes));
  return {};
}

Status ShapeCheck::checkNumbers(const Command &command) const {
  auto in = [&](const char *what, uint64_t number, size_t size) -> Status {
    if (number < size)
      return {};
    return error(std::string(what) + " " + std::to_string(number) + " of " +
                 std::to_string(size));
  };
  const size_t buffers = list().buffers.size();
  if (Status status = in("buffer", command.buffer, buffers); status.failed())
    return status;
  for (uint32_t wait : command.waits)
    if (wait >= at)
      return error("waits for command " + std::to_string(wait) +
                   ", which is not an earlier one");
  switch (command.kind) {
  case CommandKind::Copy:
  case CommandKind::Convert:
  case CommandKind::Accumulate:
    if (command.source == command.buffer)
      return error("source and destination are the same buffer");
    return in("source", command.source, buffers);
  case CommandKind::Send:
  case CommandKind::Receive:
    if (command.peer == device)
      return error("the peer is the device itself");
    return in("peer", static_cast<uint64_t>(command.peer),
              program.devices.size());
  case CommandKind::Scatter:
    return in("argument", command.argument, program.arguments.size());
  case CommandKind::Gather:
    return in("result", command.argument, program.results.size());
  case CommandKind::Launch:
    if (Status s = in("kernel", command.kernel, program.kernels.size());
        s.failed())
      return s;
    for (uint32_t operand : command.operands) {
      if (Status s = in("operand", operand, buffers); s.failed())
        return s;
      if (operand == command.buffer)
        return error("operand and output are the same buffer");
    }
    for (uint32_t scalar : command.scalars) {
      if (Status s = in("scalar", scalar, program.arguments.size()); s.failed())
        return s;
      if (!program.arguments[scalar].scalar)
        return error("argument " + std::to_string(scalar) + " is no scalar");
    }
    return checkBounds(command);
  default:
    return {};
  }
}

Status ShapeCheck::checkBounds(const Command &command) const {
  const std::vector<int64_t> &bounds = command.bounds;
  if (bounds.size() % 2 != 0)
    return error(std::to_string(bounds.size()) +
                 " bounds, needed a begin and an end each");
  for (size_t i = 0; i < bounds.size(); i += 2)
    if (bounds[i] < 0 || bounds[i] > bounds[i + 1])
      return error("bounds " + toString(Interval{bounds[i], bounds[i + 1]}) +
                   ", needed 0 <= begin <= end");
  return {};
}

Status ShapeCheck::checkBox(const Command &command) const {
  const bool moves =
      command.kind == CommandKind::Send || command.kind == CommandKind::Receive;
  const bool hostMoves = command.kind == CommandKind::Scatter ||
                         command.kind == CommandKind::Gather;
  const bool hasSource = command.kind == CommandKind::Copy ||
                         command.kind == CommandKind::Convert ||
                         command.kind == CommandKind::Accumulate;
  if (!moves && !hostMoves && !hasSource && command.kind != CommandKind::Fill)
    return {};

  const Buffer &buffer = list().buffers[command.buffer];
  auto inside = [&](const Box &outer, const char *what) -> Status {
    if (command.box.rank() == outer.rank() && outer.contains(command.box))
      return {};
    return error(std::string("the box leaves the ") + what + " " +
                 toString(outer));
  };
  if (Status s = inside(buffer.window, "window"); s.failed())
    return s;
  if (hasSource) {
    const Box &window = list().buffers[command.source].window;
    if (Status s = inside(window, "window of the source"); s.failed())
      return s;
  }
  if (moves && command.box.empty())
    return error("the message is empty");
  if (moves || hostMoves)
    return inside(Box::whole(program.tensors[buffer.tensor].shape), "tensor");
  return {};
}

Status ShapeCheck::checkTypes(const Command &command) const {
  const ElementType to = list().buffers[command.buffer].type;
  switch (command.kind) {
  case CommandKind::Accumulate:
    if (isFloat(to) && (command.combiner == Combiner::MaxUnsigned ||
                        command.combiner == Combiner::MinUnsigned))
      return error(std::string("cannot combine ") + toString(to) + " with " +
                   toString(command.combiner));
    [[fallthrough]];
  case CommandKind::Copy: {
    const ElementType from = list().buffers[command.source].type;
    if (from != to)
      return error(std::string("the source is ") + toString(from) +
                   ", needed " + toString(to));
    return {};
  }
  case CommandKind::Convert: {
    const ElementType from = list().buffers[command.source].type;
    if (!isFloat(from) || !isFloat(to) || from == to)
      return error(std::string("cannot convert ") + toString(from) + " to " +
                   toString(to));
    return {};
  }
  default:
    return {};
  }
}

Status ShapeCheck::checkArgument(const Command &command) const {
  const bool scatter = command.kind == CommandKind::Scatter;
  if (!scatter && command.kind != CommandKind::Gather)
    return {};
  const Argument &argument = scatter ? program.arguments[command.argument]
                                     : program.results[command.argument];
  const Buffer &buffer = list().buffers[command.buffer];
  const Tensor &tensor = program.tensors[buffer.tensor];
  if (argument.scalar)
    return error("argument " + std::to_string(command.argument) +
                 " is a scalar");
  if (!argument.order.empty()) {
    std::vector<uint32_t> sorted = argument.order;
    std::sort(sorted.begin(), sorted.end());
    bool isPermutation = sorted.size() == argument.shape.size();
    for (uint32_t d = 0; isPermutation && d < sorted.size(); ++d)
      isPermutation = sorted[d] == d;
    if (!isPermutation)
      return error("the order of the host's dims is" + listed(argument.order) +
                   ", needed each of the " +
                   std::to_string(argument.shape.size()) + " once");
  }
  if (argument.orderedShape() != tensor.shape)
    return error("the host's tensor is " + toText(argument.orderedShape()) +
                 ", needed " + toText(tensor.shape));
  if (argument.type != buffer.type)
    return error(std::string("the host's elements are ") +
                 toString(argument.type) + ", needed " + toString(buffer.type));
  return {};
}

Status ShapeCheck::checkTime(const Command &command) const {
  const Program::Timed &timed = program.timed[device];
  switch (command.kind) {
  case CommandKind::Scatter: // in it: of what is streamed
    return at < timed.end ? Status() : error("is after the timed part");
  case CommandKind::Gather:
    return at >= timed.begin ? Status() : error("is before the timed part");
  case CommandKind::Convert: // loading may widen an initial output
    return at < timed.end ? Status() : error("is after the timed part");
  case CommandKind::Accumulate:
  case CommandKind::Send:
  case CommandKind::Receive:
  case CommandKind::Launch:
    return timed.begin <= at && at < timed.end
               ? Status()
               : error("is not in the timed part");
  default:
    return {};
  }
}

Status ShapeCheck::checkCommand() const {
  const Command &command = list().commands[at];
  if (Status s = checkNumbers(command); s.failed())
    return s;
  if (Status s = checkBox(command); s.failed())
    return s;
  if (Status s = checkTypes(command); s.failed())
    return s;
  if (Status s = checkArgument(command); s.failed())
    return s;
  return checkTime(command);
}

Status ShapeCheck::run() {
  if (Status s = checkTensors(); s.failed())
    return s;
  const int64_t devices = program.devices.size();
  for (device = 0; device < devices; ++device)
    for (uint32_t b = 0; b < list().buffers.size(); ++b)
      if (Status s = checkBuffer(list().buffers[b], b); s.failed())
        return s;
  for (device = 0; device < devices; ++device)
    for (at = 0; at < list().commands.size(); ++at)
      if (Status s = checkCommand(); s.failed())
        return s;
  return {};
}

/// Rule 5.
Status checkGathers(const Program &program) {
  struct Piece {
    Box box;
    size_t device;
    uint32_t command;
  };
  std::vector<std::vector<Piece>> gathers(program.results.size());
  for (size_t d = 0; d < program.devices.size(); ++d) {
    const std::vector<Command> &commands = program.devices[d].commands;
    for (uint32_t c = 0; c < commands.size(); ++c)
      if (commands[c].kind == CommandKind::Gather && !commands[c].box.empty())
        gathers[commands[c].argument].push_back({commands[c].box, d, c});
  }

  for (size_t r = 0; r < gathers.size(); ++r) {
    std::vector<Piece> &pieces = gathers[r];
    auto first = [](const Piece &piece) {
      return piece.box.rank() ? piece.box[0] : Interval{0, 1};
    };
    auto key = [&](const Piece &piece) {
      return std::make_tuple(first(piece).begin, piece.device, piece.command);
    };
    std::sort(pieces.begin(), pieces.end(),
              [&](const Piece &a, const Piece &b) { return key(a) < key(b); });
    int64_t gathered = 0;
    for (size_t i = 0; i < pieces.size(); ++i) {
      gathered += pieces[i].box.volume();
      for (size_t j = i + 1;
           j < pieces.size() && first(pieces[j]).begin < first(pieces[i]).end;
           ++j)
        if (!pieces[i].box.intersect(pieces[j].box).empty())
          return errorAt(program, pieces[j].device, pieces[j].command,
                         "overlaps command " +
                             std::to_string(pieces[i].command) + " of device " +
                             std::to_string(pieces[i].device) +
                             ", which gathers " + toString(pieces[i].box));
    }
    const Box whole = Box::whole(program.results[r].shape);
    if (gathered != whole.volume())
      return invalid(program, "result " + std::to_string(r) + ": gathers " +
                                  std::to_string(gathered) +
                                  " elements, needed the " +
                                  std::to_string(whole.volume()) + " of " +
                                  toString(whole));
  }
  return {};
}

} // namespace

Status check(const Program &program) {
  if (Status s = ShapeCheck(program).run(); s.failed())
    return s;
  for (size_t device = 0; device < program.devices.size(); ++device)
    if (Status s = checkMemory(program, device); s.failed())
      return s;
  if (Status s = checkMessages(program); s.failed())
    return s;
  return checkGathers(program);
}

} // namespace dconv::runtime
