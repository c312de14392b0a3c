//===- Executor.cpp - runs the list of one device -------------------------===//

#include "Executor.h"

#include <numeric>
#include <thread>

namespace dconv::runtime {

Executor::Executor(const Program &program, int64_t programNumber,
                   int64_t device, Device &backend, Transport &transport,
                   TraceLog *trace)
    : program(program), list(program.devices[device]),
      timed(program.timed[device]), programNumber(programNumber), device(device), backend(backend),
      transport(transport), trace(trace), steps(list.commands.size()),
      queues(dealOut(list, timed)) {}

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
    return viewOf(dataOf(b), b.type, b.window, command.box, b.layout);
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
    // Kernels only read what they are passed by value.
    for (const int64_t &bound : command.bounds)
      step.arguments.push_back(const_cast<int64_t *>(&bound));
    return backend.findKernel(program.kernels[command.kernel], step.kernel);
  default:
    break;
  }
  step.to = boxOf(buffer);
  return {};
}

void Executor::begin(const Call &newCall) {
  call = newCall;
  scattered = gathered = {};
  completed = {};
  failed = false;
  backend.arena().resetPeak();
}

Status Executor::run(uint32_t begin, uint32_t end) {
  for (uint32_t c = begin; c < end; ++c)
    if (Status s = runCommand(c, Queue::Compute); s.failed())
      return s;
  return {};
}

Status Executor::runBefore() { return run(0, timed.begin); }

Status Executor::runAfter() { return run(timed.end, steps.size()); }

Status Executor::runTimed() {
  if (!queues.several())
    return run(timed.begin, timed.end);
  std::array<Status, numQueues> ends;
  auto runInto = [&](Queue queue) { ends[size_t(queue)] = runQueue(queue); };
  std::thread load(runInto, Queue::Load), store(runInto, Queue::Store);
  runInto(Queue::Compute);
  load.join();
  store.join();
  // What stopped the others says more than that they stopped.
  Status first;
  for (Status &end : ends)
    if (end.failed() &&
        (!first.failed() || first.code() == StatusCode::Stopped))
      first = std::move(end);
  return first;
}

Status Executor::runQueue(Queue queue) {
  for (const Queues::Entry &entry : queues.entries[size_t(queue)]) {
    Status status =
        await(entry.needs)
            ? runCommand(entry.command, queue)
            : Status(StatusCode::Stopped, "another queue of the device failed");
    std::lock_guard lock(mutex);
    failed |= status.failed();
    ++completed[size_t(queue)];
    changed.notify_all();
    if (status.failed())
      return status;
  }
  return {};
}

bool Executor::await(const Queues::Progress &needs) {
  auto met = [&] {
    for (size_t queue = 0; queue < numQueues; ++queue)
      if (completed[queue] < needs[queue])
        return false;
    return true;
  };
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return failed || met(); });
  return !failed;
}

int64_t Executor::scatterBytes() const {
  return std::accumulate(scattered.begin(), scattered.end(), int64_t(0));
}

int64_t Executor::gatherBytes() const {
  return std::accumulate(gathered.begin(), gathered.end(), int64_t(0));
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

Status Executor::runCommand(uint32_t number, Queue queue) {
  const int64_t started = trace ? TraceLog::now() : 0;
  Status status = perform(number, queue);
  if (trace && !status.failed())
    trace->record(device, queue,
                  {programNumber, number, started, TraceLog::now()});
  return status;
}

Status Executor::perform(uint32_t number, Queue queue) {
  const Command &command = list.commands[number];
  Step &step = steps[number];
  if (call.stopped->load(std::memory_order_relaxed))
    return {StatusCode::Stopped, "another device failed"};
  // The queues have met all other waits: of sends, the receipt is open.
  for (uint32_t send : step.sends)
    if (Status s = transport.wait(device, steps[send].sent); s.failed())
      return inTransfer(send, std::move(s));

  switch (command.kind) {
  case CommandKind::Alloc: {
    std::lock_guard lock(mutex);
    backend.arena().noteAlloc(list.buffers[command.buffer]);
    return {};
  }
  case CommandKind::Free:
    return {};
  case CommandKind::Scatter:
    backend.load(step.to, hostBox(command, call.arguments[command.argument],
                                  program.arguments[command.argument]));
    scattered[size_t(queue)] += step.to.bytes();
    return {};
  case CommandKind::Gather:
    backend.store(hostBox(command, call.results[command.argument],
                          program.results[command.argument]),
                  step.to);
    gathered[size_t(queue)] += step.to.bytes();
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
    const size_t first = command.operands.size() + 1;
    for (size_t i = 0; i < command.scalars.size(); ++i)
      step.arguments[first + i] = call.arguments[command.scalars[i]];
    backend.launch(step.kernel, step.arguments.data());
    return {};
  }
  }
  return {};
}

} // namespace dconv::runtime
