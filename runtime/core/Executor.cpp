//===- Executor.cpp - runs the list of one device -------------------------===//

#include "Executor.h"

namespace dconv::runtime {

Executor::Executor(const Program &program, int64_t programNumber,
                   int64_t device, Device &backend, Transport &transport,
                   TraceLog *trace)
    : program(program), list(program.devices[device]),
      programNumber(programNumber), device(device), backend(backend),
      transport(transport), trace(trace), steps(list.commands.size()) {}

Status Executor::prepare(uint64_t planHash) {
  for (size_t c = 0; c < steps.size(); ++c) {
    if (Status s = prepare(list.commands[c], steps[c]); s.failed())
      return s;
    steps[c].header.id.planHash = planHash;
  }
  return {};
}

Status Executor::prepare(const Command &command, Step &step) {
  for (uint32_t wait : command.waits)
    if (list.commands[wait].kind == CommandKind::Send)
      step.sends.push_back(wait);

  const Buffer &buffer = list.buffers[command.buffer];
  auto boxOf = [&](const Buffer &b) {
    return viewOf(dataOf(b), b.type, b.window, command.box);
  };
  switch (command.kind) {
  case CommandKind::Alloc:
  case CommandKind::Free:
    return {};
  case CommandKind::Copy:
  case CommandKind::Convert:
  case CommandKind::Accumulate:
    step.from = boxOf(list.buffers[command.source]);
    break;
  case CommandKind::Send:
  case CommandKind::Receive:
    step.header = headerOf(program, device, command);
    break;
  case CommandKind::Launch:
    for (uint32_t operand : command.operands)
      step.arguments.push_back(dataOf(list.buffers[operand]));
    step.arguments.push_back(dataOf(buffer));
    step.arguments.resize(step.arguments.size() + command.scalars.size());
    return backend.findKernel(program.kernels[command.kernel], step.kernel);
  default:
    break;
  }
  step.to = boxOf(buffer);
  return {};
}

void Executor::begin(const Call &newCall) {
  call = newCall;
  scattered = gathered = 0;
  backend.arena().resetPeak();
}

Status Executor::run(uint32_t begin, uint32_t end) {
  for (uint32_t c = begin; c < end; ++c) {
    const int64_t started = trace ? TraceLog::now() : 0;
    if (Status s = runCommand(c); s.failed())
      return s;
    if (trace)
      trace->record(device, {programNumber, c, started, TraceLog::now()});
  }
  return {};
}

Status Executor::finish() {
  for (uint32_t c = 0; c < steps.size(); ++c)
    if (list.commands[c].kind == CommandKind::Send)
      if (Status s = transport.wait(device, steps[c].sent); s.failed())
        return inTransfer(c, std::move(s));
  return {};
}

BoxView Executor::hostBox(const Command &command, void *host,
                          const Argument &argument) const {
  return viewOf(static_cast<std::byte *>(host), argument.type,
                Box::whole(argument.shape), command.box);
}

/// Adds to an error of the transport what it does not know.
Status Executor::inTransfer(uint32_t number, Status status) const {
  if (status.code() != StatusCode::TransferFailed)
    return status;
  const Command &command = list.commands[number];
  const uint32_t tensor = list.buffers[command.buffer].tensor;
  return {status.code(),
          "program '" + program.name + "', device " + std::to_string(device) +
              ", command " + std::to_string(number) + ", '" +
              program.tensors[tensor].name + "': " + status.message()};
}

Status Executor::runCommand(uint32_t number) {
  const Command &command = list.commands[number];
  Step &step = steps[number];
  if (call.stopped->load(std::memory_order_relaxed))
    return {StatusCode::Stopped, "another device failed"};
  // Commands run in order, so that of those waited for only sends can be open.
  for (uint32_t send : step.sends)
    if (Status s = transport.wait(device, steps[send].sent); s.failed())
      return inTransfer(send, std::move(s));

  switch (command.kind) {
  case CommandKind::Alloc:
    backend.arena().noteAlloc(list.buffers[command.buffer]);
    return {};
  case CommandKind::Free:
    return {};
  case CommandKind::Scatter:
    backend.copy(step.to, hostBox(command, call.arguments[command.argument],
                                  program.arguments[command.argument]));
    scattered += step.to.bytes();
    return {};
  case CommandKind::Gather:
    backend.copy(hostBox(command, call.results[command.argument],
                         program.results[command.argument]),
                 step.to);
    gathered += step.to.bytes();
    return {};
  case CommandKind::Fill:
    backend.fill(step.to, command.value);
    return {};
  case CommandKind::Copy:
    backend.copy(step.to, step.from);
    return {};
  case CommandKind::Convert:
    backend.convert(step.to, step.from);
    return {};
  case CommandKind::Accumulate:
    backend.accumulate(step.to, step.from, command.combiner);
    return {};
  case CommandKind::Send:
    step.header.id.epoch = call.epoch;
    return inTransfer(number, transport.send(step.header, step.to, step.sent));
  case CommandKind::Receive:
    step.header.id.epoch = call.epoch;
    return inTransfer(number, transport.receive(step.header, step.to));
  case CommandKind::Launch: {
    const size_t first = step.arguments.size() - command.scalars.size();
    for (size_t i = 0; i < command.scalars.size(); ++i)
      step.arguments[first + i] = call.arguments[command.scalars[i]];
    backend.launch(step.kernel, step.arguments.data());
    return {};
  }
  }
  return {};
}

} // namespace dconv::runtime
