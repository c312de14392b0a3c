//===- Executor.cpp - runs the list of one device -------------------------===//

#include "Executor.h"
#include "dconv/Runtime/Processors.h"

#include <numeric>

namespace dconv::runtime {

Executor::Executor(const Program &program, int64_t programNumber,
                   int64_t device, Device &backend, Transport &transport,
                   TraceLog *trace)
    : program(program), list(program.devices[device]),
      timed(program.timed[device]), programNumber(programNumber),
      device(device), backend(backend), transport(transport), trace(trace),
      steps(list.commands.size()), queues(dealOut(list, timed)) {}

Executor::~Executor() {
  closing = true;
  for (Bell &bell : bells)
    bell.ringForAll();
  for (std::thread &helper : helpers)
    helper.join();
}

Status Executor::prepare(uint64_t planHash) {
  for (uint32_t c = 0; c < steps.size(); ++c) {
    if (Status s = prepare(list.commands[c], steps[c], planHash); s.failed())
      return s;
    if (list.commands[c].kind == CommandKind::Send)
      sends.push_back(c);
  }
  if (queues.several()) {
    waiting = Waiting::among(transport.devices() * numQueues);
    for (Queue queue : {Queue::Load, Queue::Store})
      helpers.emplace_back([this, queue] { serve(queue); });
  }
  return {};
}

Status Executor::prepare(const Command &command, Step &step,
                         uint64_t planHash) {
  for (uint32_t wait : command.waits)
    if (list.commands[wait].kind == CommandKind::Send)
      step.sends.push_back(wait);

  const Buffer &buffer = list.buffers[command.buffer];
  auto boxOf = [&](const Buffer &b) {
    return viewOf(dataOf(b), b.type, b.window, command.box, b.layout);
  };
  // Like a box on the host, whose tensor is known when it is called.
  auto hostBox = [&](const Argument &argument) {
    std::byte *begin = backend.arena().data();
    BoxView view = viewOf(begin, argument, command.box);
    step.hostOffset = view.data - begin;
    view.data = begin;
    return view;
  };
  auto header = [&] {
    MessageHeader header = headerOf(program, device, command);
    header.id.planHash = planHash;
    return header;
  };
  switch (command.kind) {
  case CommandKind::Alloc:
  case CommandKind::Free:
    break;
  case CommandKind::Scatter:
    step.copy =
        BoxCopy(boxOf(buffer), hostBox(program.arguments[command.argument]));
    break;
  case CommandKind::Gather:
    step.copy =
        BoxCopy(hostBox(program.results[command.argument]), boxOf(buffer));
    break;
  case CommandKind::Fill:
    step.box = boxOf(buffer);
    break;
  case CommandKind::Copy:
    step.copy = BoxCopy(boxOf(buffer), boxOf(list.buffers[command.source]));
    break;
  case CommandKind::Convert:
  case CommandKind::Accumulate:
    step.boxes = {boxOf(buffer), boxOf(list.buffers[command.source])};
    break;
  case CommandKind::Send:
    step.port = transport.openSend(header(), boxOf(buffer));
    break;
  case CommandKind::Receive:
    step.port = transport.openReceive(header(), boxOf(buffer));
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
  }
  return {};
}

void Executor::begin(const Call &newCall) {
  call = newCall;
  scattered = gathered = {};
  for (std::atomic<uint32_t> &count : completed)
    count = 0;
  failed = false;
  backend.arena().resetPeak();
}

/// Brings what is known of a command here: each is used once in a call.
void Executor::prefetch(uint32_t number) const {
  if (number >= steps.size())
    return;
  auto bring = [](const void *data, size_t bytes) {
    for (size_t at = 0; at < bytes; at += 64)
      __builtin_prefetch(static_cast<const char *>(data) + at);
  };
  bring(&list.commands[number], sizeof(Command));
  bring(&steps[number], sizeof(Step));
}

Status Executor::run(uint32_t begin, uint32_t end) {
  for (uint32_t c = begin; c < end; ++c) {
    prefetch(c + 2);
    if (Status s = runCommand(c, Queue::Compute); s.failed())
      return s;
  }
  return {};
}

Status Executor::runBefore() { return run(0, timed.begin); }

Status Executor::runAfter() { return run(timed.end, steps.size()); }

Status Executor::runTimed() {
  const std::chrono::nanoseconds before = transport.waited(device);
  Status status = queues.several() ? runQueues() : run(timed.begin, timed.end);
  waitedTimed = transport.waited(device) - before;
  return status;
}

/// Why a bell of a queue is rung: something has changed.
static constexpr uint32_t change = 1;

Status Executor::runQueues() {
  ended = 0;
  ++round;
  ringOthers(Queue::Compute);
  ends[size_t(Queue::Compute)] = runQueue(Queue::Compute);
  bells[size_t(Queue::Compute)].await(change, waiting,
                                      [&] { return ended == helpers.size(); });
  // What stopped the others says more than that they stopped.
  Status first;
  for (Status &end : ends)
    if (end.failed() &&
        (!first.failed() || first.code() == StatusCode::Stopped))
      first = std::move(end);
  return first;
}

/// The thread of a queue beside Compute's.
void Executor::serve(Queue queue) {
  wakeUpPunctually();
  for (uint64_t seen = 0;; ++seen) {
    bells[size_t(queue)].await(change, waiting,
                               [&] { return round != seen || closing; });
    if (closing)
      return;
    ends[size_t(queue)] = runQueue(queue);
    ++ended;
    bells[size_t(Queue::Compute)].ring(change);
  }
}

void Executor::ringOthers(Queue queue) {
  for (size_t other = 0; other < numQueues; ++other)
    if (other != size_t(queue))
      bells[other].ring(change);
}

Status Executor::runQueue(Queue queue) {
  for (const Queues::Entry &entry : queues.entries[size_t(queue)]) {
    Status status =
        await(queue, entry.needs)
            ? runCommand(entry.command, queue)
            : Status(StatusCode::Stopped, "another queue of the device failed");
    if (status.failed())
      failed = true;
    else
      ++completed[size_t(queue)];
    ringOthers(queue);
    if (status.failed())
      return status;
  }
  return {};
}

bool Executor::await(Queue queue, const Queues::Progress &needs) {
  auto met = [&] {
    for (size_t other = 0; other < numQueues; ++other)
      if (completed[other] < needs[other])
        return false;
    return true;
  };
  bells[size_t(queue)].await(change, waiting, [&] { return failed || met(); });
  return !failed;
}

int64_t Executor::scatterBytes() const {
  return std::accumulate(scattered.begin(), scattered.end(), int64_t(0));
}

int64_t Executor::gatherBytes() const {
  return std::accumulate(gathered.begin(), gathered.end(), int64_t(0));
}

Status Executor::finish() {
  for (uint32_t send : sends)
    if (Status s = transport.wait(steps[send].port); s.failed())
      return inTransfer(send, std::move(s));
  return {};
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
  return trace ? runTraced(number, queue) : perform(number, queue);
}

Status Executor::runTraced(uint32_t number, Queue queue) {
  // The queue of messages is Compute; it alone may ask what was waited.
  auto waited = [&] {
    return queue == Queue::Compute ? transport.waited(device).count() : 0;
  };
  TraceLog::Event event{programNumber, number};
  event.waited = -waited();
  event.begin = TraceLog::now();
  Status status = perform(number, queue);
  event.end = TraceLog::now();
  event.waited += waited();
  if (!status.failed())
    trace->record(device, queue, event);
  return status;
}

Status Executor::perform(uint32_t number, Queue queue) {
  const Command &command = list.commands[number];
  Step &step = steps[number];
  if (call.stopped->load(std::memory_order_relaxed))
    return {StatusCode::Stopped, "another device failed"};
  // The queues have met all other waits: of sends, the receipt is open.
  for (uint32_t send : step.sends)
    if (Status s = transport.wait(steps[send].port); s.failed())
      return inTransfer(send, std::move(s));

  switch (command.kind) {
  case CommandKind::Alloc:
    backend.arena().noteAlloc(list.buffers[command.buffer]);
    return {};
  case CommandKind::Free:
    return {};
  case CommandKind::Scatter:
    step.copy.setFrom(
        static_cast<std::byte *>(call.arguments[command.argument]) +
        step.hostOffset);
    backend.load(step.copy);
    scattered[size_t(queue)] += step.copy.bytes();
    return {};
  case CommandKind::Gather:
    step.copy.setTo(static_cast<std::byte *>(call.results[command.argument]) +
                    step.hostOffset);
    backend.store(step.copy);
    gathered[size_t(queue)] += step.copy.bytes();
    return {};
  case CommandKind::Fill:
    backend.fill(step.box, command.value);
    return {};
  case CommandKind::Copy:
    backend.copy(step.copy);
    return {};
  case CommandKind::Convert:
    backend.convert(step.boxes);
    return {};
  case CommandKind::Accumulate:
    backend.accumulate(step.boxes, command.combiner);
    return {};
  case CommandKind::Send:
    return inTransfer(number, transport.send(step.port));
  case CommandKind::Receive:
    return inTransfer(number, transport.receive(step.port));
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
