//===- DeviceScheduler.cpp - writes the list of one device ----------------===//

#include "DeviceScheduler.h"

#include <algorithm>

using namespace dconv;
using namespace dconv::runtime;

void DeviceScheduler::run() {
  addBuffers();
  for (size_t s = 0; s < program.steps.size(); ++s)
    if (isLoad(program.steps[s]))
      load(s);
  timed.begin = commands.size();
  for (size_t s = 0; s < program.steps.size(); ++s) {
    switch (program.steps[s].kind) {
    case StepKind::Redistribute:
      redistribute(s);
      break;
    case StepKind::SubKernel:
      compute(s);
      break;
    case StepKind::ReduceScatter:
      reduce(s);
      break;
    case StepKind::Shard:
    case StepKind::Fill:
    case StepKind::Unshard:
      break;
    }
  }
  timed.end = commands.size();
  for (size_t s = 0; s < program.steps.size(); ++s)
    if (program.steps[s].kind == StepKind::Unshard)
      store(s);
  for (auto [key, buffer] : stripes)
    commands.free(buffer);
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

void DeviceScheduler::addBuffers() {
  Arena arena = planArena(program, windows, device);
  result.arenaBytes = arena.bytes;
  for (const ArenaBuffer &planned : arena.buffers) {
    Buffer buffer;
    buffer.tensor = input.values[planned.value].tensor;
    buffer.shard = planned.shard;
    buffer.type = typeOf(planned);
    buffer.window = planned.window;
    buffer.offset = planned.offset;
    uint32_t number = result.buffers.size();
    result.buffers.push_back(std::move(buffer));
    if (planned.purpose == ArenaBuffer::Stripe)
      stripes[{planned.value, planned.shard}] = number;
    else
      scratch[{planned.step, planned.shard, planned.purpose, planned.input}] =
          number;
  }
}

ElementType DeviceScheduler::typeOf(const ArenaBuffer &planned) const {
  const ValueDetail &value = input.values[planned.value];
  switch (planned.purpose) {
  case ArenaBuffer::Stripe:
  case ArenaBuffer::Footprint:
  case ArenaBuffer::Slot:
  case ArenaBuffer::OutputSlot:
    return value.storage;
  case ArenaBuffer::Accumulator:
    return accumulatorOf(planned.step);
  case ArenaBuffer::Staging:
    return isLoad(program.steps[planned.step]) ? value.element
                                               : accumulatorOf(planned.step);
  }
  return value.storage;
}

ElementType DeviceScheduler::accumulatorOf(int s) const {
  const Step &step = program.steps[s];
  return step.kind == StepKind::SubKernel ? input.steps[s].accumulator
                                          : input.values[step.operand].storage;
}

int DeviceScheduler::rootOf(int value) const {
  while (program.values[value].inPlaceOf >= 0)
    value = program.values[value].inPlaceOf;
  return value;
}

uint32_t DeviceScheduler::allocScratch(int s, int64_t shard,
                                       ArenaBuffer::Purpose purpose,
                                       unsigned number) {
  uint32_t buffer = scratch.at({s, shard, purpose, number});
  commands.alloc(buffer);
  live.push_back(buffer);
  return buffer;
}

void DeviceScheduler::freeScratch() {
  for (uint32_t buffer : live)
    commands.free(buffer);
  live.clear();
}

void DeviceScheduler::allocStripes(int value) {
  if (program.values[value].inPlaceOf >= 0)
    return;
  for (int64_t shard : shards)
    if (hasStripe(value, shard)) {
      commands.alloc(stripe(value, shard));
      fillAround(value, shard);
    }
}

void DeviceScheduler::fillAround(int value, int64_t shard) {
  const KernelInput *reader = windows.readerOf(value);
  if (!reader)
    return;
  const ShardedValue &stored = program.values[value];
  const Box held = stored.layout.held(grid, shard);
  const Box read =
      reader->footprints[shard].intersect(Box::whole(stored.shape));
  // Corners that no kernel reads are filled, too: a launch takes whole buffers.
  const uint64_t padding =
      input.steps[windows.stepOf(value)].padding[windows.inputOf(value)];
  for (const Box &around : subtract(windows.bufferOf(value, shard), read))
    for (const Box &box : subtract(around, held))
      commands.fill(stripe(value, shard), box, padding);
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

void DeviceScheduler::load(int s) {
  const Step &step = program.steps[s];
  const StepDetail &detail = input.steps[s];
  const ShardedValue &value = program.values[step.result];
  allocStripes(step.result);
  for (int64_t shard : shards) {
    if (!hasStripe(step.result, shard))
      continue;
    uint32_t buffer = stripe(step.result, shard);
    const Box box = value.layout.held(grid, shard);
    if (box.empty() || isOverwritten(step.result, shard))
      continue;
    if (!receivesValue(grid, value.layout, shard)) {
      commands.fill(buffer, box, detail.identity);
    } else if (step.kind == StepKind::Fill) {
      commands.fill(buffer, box, detail.fill);
    } else if (hasScratch(s, shard, ArenaBuffer::Staging)) {
      uint32_t staging = allocScratch(s, shard, ArenaBuffer::Staging);
      commands.scatter(detail.argument, staging, box);
      commands.convert(staging, buffer, box);
      freeScratch();
    } else {
      commands.scatter(detail.argument, buffer, box);
    }
  }
}

void DeviceScheduler::sendAll(int s) {
  for (const Transfer &transfer : transfers[s])
    send(s, transfer);
}

void DeviceScheduler::send(int s, const Transfer &transfer) {
  int64_t peer = grid.deviceOf(transfer.destination);
  if (grid.deviceOf(transfer.source) == device && peer != device)
    commands.send(sourceOf(s, transfer), transfer.box,
                  {peer, static_cast<uint32_t>(s), transfer.source,
                   transfer.destination});
}

uint32_t DeviceScheduler::sourceOf(int s, const Transfer &transfer) const {
  const Step &step = program.steps[s];
  return stripe(transfer.relayed ? step.result : step.operand, transfer.source);
}

void DeviceScheduler::bring(int s, const Transfer &transfer, uint32_t buffer) {
  int64_t peer = grid.deviceOf(transfer.source);
  if (peer == device)
    commands.copy(sourceOf(s, transfer), buffer, transfer.box);
  else
    commands.receive(buffer, transfer.box,
                     {peer, static_cast<uint32_t>(s), transfer.source,
                      transfer.destination});
}

std::vector<Transfer> DeviceScheduler::transfersOf(int s, int64_t shard) const {
  std::vector<Transfer> found;
  auto first = std::lower_bound(
      transfers[s].begin(), transfers[s].end(), shard,
      [](const Transfer &t, int64_t shard) { return t.destination < shard; });
  for (; first != transfers[s].end() && first->destination == shard; ++first)
    found.push_back(*first);
  return found;
}

void DeviceScheduler::redistribute(int s) {
  const Step &step = program.steps[s];
  if (program.values[step.result].fetchedOnUse)
    return; // the sub-kernel that reads it brings it
  allocStripes(step.result);
  // Round by round, so that each device posts what it has before it waits.
  for (auto begin = transfers[s].begin(), end = begin;
       begin != transfers[s].end(); begin = end) {
    while (end != transfers[s].end() && end->round == begin->round)
      send(s, *end++);
    for (auto it = begin; it != end; ++it)
      if (grid.deviceOf(it->destination) == device)
        bring(s, *it, stripe(step.result, it->destination));
  }
}

int DeviceScheduler::definitionOf(int value) const {
  for (size_t s = 0; s < program.steps.size(); ++s)
    if (program.steps[s].result == value)
      return s;
  return -1;
}

bool DeviceScheduler::readsOrWritesHost(const Step &step) const {
  return program.values[step.result].streamed ||
         std::any_of(step.inputs.begin(), step.inputs.end(),
                     [&](const KernelInput &read) {
                       return program.values[read.value].streamed;
                     });
}

void DeviceScheduler::compute(int s) {
  const Step &step = program.steps[s];
  allocStripes(step.result);
  for (const KernelInput &read : step.inputs)
    if (program.values[read.value].fetchedOnUse)
      sendAll(definitionOf(read.value));
  if (readsOrWritesHost(step))
    return stream(s);
  for (int64_t shard : shards) {
    std::vector<uint32_t> operands;
    for (unsigned i = 0; i < step.inputs.size(); ++i)
      operands.push_back(prepareInput(s, i, shard));
    launch(s, shard, std::move(operands));
    freeScratch();
  }
}

bool DeviceScheduler::isOverwritten(int value, int64_t shard) const {
  for (size_t s = 0; s < program.steps.size(); ++s)
    if (program.steps[s].kind == StepKind::SubKernel &&
        program.steps[s].operand == value && overwrites(s, shard))
      return true;
  return false;
}

CommandList::Launch DeviceScheduler::kernelOf(int s, int64_t shard) const {
  const StepDetail &detail = input.steps[s];
  CommandList::Launch launch;
  launch.kernel = detail.kernels[shard];
  launch.scalars = detail.scalars;
  if (!detail.bounds.empty())
    launch.bounds = detail.bounds[shard];
  launch.overwrites = overwrites(s, shard);
  return launch;
}

void DeviceScheduler::launch(int s, int64_t shard,
                             std::vector<uint32_t> operands) {
  const Step &step = program.steps[s];
  uint32_t output = stripe(step.result, shard);
  const Box &box = result.buffers[output].window;
  if (rootOf(step.result) != rootOf(step.operand))
    commands.copy(stripe(step.operand, shard), output, box);
  bool narrow = hasScratch(s, shard, ArenaBuffer::Accumulator);
  uint32_t sum =
      narrow ? allocScratch(s, shard, ArenaBuffer::Accumulator) : output;
  if (narrow && !overwrites(s, shard))
    commands.convert(output, sum, box);
  commands.launch(kernelOf(s, shard), std::move(operands), sum);
  if (narrow)
    commands.convert(sum, output, box);
}

uint32_t DeviceScheduler::prepareInput(int s, unsigned i, int64_t shard) {
  const KernelInput &read = program.steps[s].inputs[i];
  const ShardedValue &value = program.values[read.value];
  const int exchange = value.fetchedOnUse ? definitionOf(read.value) : -1;
  int resident = windows.residentFor(read, shard);
  if (resident >= 0) {
    if (exchange >= 0)
      for (const Transfer &transfer : transfersOf(exchange, shard))
        if (transfer.source != shard) // its own lies there
          bring(exchange, transfer, stripe(resident, shard));
    return stripe(resident, shard);
  }
  uint32_t buffer = allocScratch(s, shard, ArenaBuffer::Footprint, i);
  const Box &footprint = read.footprints[shard];
  for (const Box &padding : subtract(footprint, Box::whole(value.shape)))
    commands.fill(buffer, padding, input.steps[s].padding[i]);
  if (exchange >= 0) {
    for (const Transfer &transfer : transfersOf(exchange, shard))
      bring(exchange, transfer, buffer);
  } else if (hasStripe(read.value, shard)) {
    Box box = footprint.intersect(value.layout.held(grid, shard));
    if (!box.empty())
      commands.copy(stripe(read.value, shard), buffer, box);
  }
  return buffer;
}

void DeviceScheduler::reduce(int s) {
  const Step &step = program.steps[s];
  allocStripes(step.result);
  sendAll(s);
  for (int64_t shard : shards) {
    std::vector<Transfer> parts = transfersOf(s, shard);
    if (parts.empty())
      continue;
    uint32_t output = stripe(step.result, shard);
    bool narrow = hasScratch(s, shard, ArenaBuffer::Accumulator);
    uint32_t sum =
        narrow ? allocScratch(s, shard, ArenaBuffer::Accumulator) : output;
    bring(s, parts.front(), sum);
    bool staged = hasScratch(s, shard, ArenaBuffer::Staging);
    uint32_t staging =
        staged ? allocScratch(s, shard, ArenaBuffer::Staging) : 0;
    for (auto part = parts.begin() + 1; part != parts.end(); ++part) {
      uint32_t source = staging;
      if (grid.deviceOf(part->source) == device)
        source = stripe(step.operand, part->source);
      else
        bring(s, *part, staging);
      commands.accumulate(input.steps[s].combiner, source, sum, part->box);
    }
    if (narrow)
      commands.convert(sum, output, parts.front().box);
    freeScratch();
  }
}

void DeviceScheduler::store(int s) {
  const Step &step = program.steps[s];
  if (program.values[step.operand].streamed)
    return; // it has been returned block by block
  const TensorLayout &layout = program.values[step.operand].layout;
  for (int64_t shard : shards) {
    Box box = layout.owned(grid, shard);
    if (!box.empty() && isFirstReplica(grid, layout, shard))
      commands.gather(stripe(step.operand, shard), box,
                      input.steps[s].argument);
  }
}
