//===- Prediction.cpp - bytes and memory of a distributed program ---------===//

#include "dconv/Geometry/Streaming.h"
#include "dconv/Geometry/StripeWindows.h"

#include <algorithm>
#include <limits>
#include <map>

using namespace dconv;

/// Adds `bytes` to `sum`, at most to the greatest number: each tensor fits 64
/// bits (checkSizes), its replicas together need not.
static void addBytes(int64_t &sum, int64_t bytes) {
  if (__builtin_add_overflow(sum, bytes, &sum))
    sum = std::numeric_limits<int64_t>::max();
}

/// The product of numbers that are not negative, likewise.
static int64_t product(int64_t a, int64_t b) {
  return __builtin_mul_overflow(a, b, &a) ? std::numeric_limits<int64_t>::max()
                                          : a;
}

bool dconv::isFirstReplica(const Grid &grid, const TensorLayout &layout,
                           int64_t shard) {
  std::vector<int64_t> at = grid.coordinates(shard);
  for (unsigned axis = 0; axis < at.size(); ++axis)
    if (at[axis] != 0 && !layout.cuts(axis))
      return false;
  return true;
}

bool dconv::receivesValue(const Grid &grid, const TensorLayout &layout,
                          int64_t shard) {
  std::vector<int64_t> at = grid.coordinates(shard);
  return std::all_of(layout.partialAxes.begin(), layout.partialAxes.end(),
                     [&](unsigned axis) { return at[axis] == 0; });
}

std::vector<Transfer> dconv::reduceTransfersTo(const Grid &grid,
                                               const TensorLayout &from,
                                               const TensorLayout &to,
                                               int64_t destination) {
  std::vector<Transfer> transfers;
  Box piece = to.owned(grid, destination);
  if (piece.empty())
    return transfers;
  for (int64_t source : grid.group(destination, from.partialAxes))
    transfers.push_back({source, destination, piece});
  return transfers;
}

std::vector<Transfer> dconv::transfersOf(const DistributedProgram &program,
                                         const Step &step) {
  if (step.kind != StepKind::Redistribute &&
      step.kind != StepKind::ReduceScatter)
    return {};
  const Grid &grid = program.grid;
  const TensorLayout &from = program.values[step.operand].layout;
  const TensorLayout &to = program.values[step.result].layout;
  if (step.kind == StepKind::Redistribute)
    return redistribution(grid, from, to, step.algorithm);
  std::vector<Transfer> transfers;
  for (int64_t shard = 0, e = grid.numShards(); shard < e; ++shard) {
    std::vector<Transfer> found = reduceTransfersTo(grid, from, to, shard);
    transfers.insert(transfers.end(), found.begin(), found.end());
  }
  return transfers;
}

namespace {
/// Lays out the arena of one device, step by step.
class ArenaPlanner {
public:
  ArenaPlanner(const DistributedProgram &program, const StripeWindows &windows,
               int64_t device)
      : program(program), windows(windows), grid(program.grid),
        shards(grid.shardsOf(device)) {}

  Arena run() {
    for (size_t v = 0; v < program.values.size(); ++v)
      addStripes(v);
    int64_t stripes = top;
    arena.bytes = stripes;
    for (size_t s = 0; s < program.steps.size(); ++s) {
      top = stripes;
      if (program.steps[s].kind == StepKind::SubKernel)
        addSlots(s, program.steps[s]);
      int64_t slots = top;
      arena.bytes = std::max(arena.bytes, slots);
      for (int64_t shard : shards) {
        top = slots;
        addScratch(s, shard);
        arena.bytes = std::max(arena.bytes, top);
      }
    }
    return std::move(arena);
  }

private:
  void add(ArenaBuffer buffer) {
    if (buffer.window.empty())
      return;
    buffer.offset = top;
    int64_t bytes = buffer.window.volume() * buffer.elementBytes;
    addBytes(top, bytes);
    addBytes(top, (arenaAlignment - bytes % arenaAlignment) % arenaAlignment);
    arena.buffers.push_back(std::move(buffer));
  }

  void addStripes(int v) {
    const ShardedValue &value = program.values[v];
    if (value.fetchedOnUse || value.inPlaceOf >= 0 || value.streamed)
      return;
    for (int64_t shard : shards)
      add({ArenaBuffer::Stripe, -1, v, 0, shard, windows.bufferOf(v, shard),
           value.storageBytes, 0});
  }

  void addScratch(int s, int64_t shard) {
    const Step &step = program.steps[s];
    if (step.kind == StepKind::Shard) {
      const ShardedValue &result = program.values[step.result];
      if (!result.streamed && result.storageBytes != result.elementBytes &&
          receivesValue(grid, result.layout, shard))
        add({ArenaBuffer::Staging, s, step.result, 0, shard,
             result.layout.owned(grid, shard), result.elementBytes, 0});
    } else if (step.kind == StepKind::SubKernel) {
      addKernelScratch(s, step, shard);
    } else if (step.kind == StepKind::ReduceScatter) {
      addReduceScratch(s, step, shard);
    }
  }

  void addSlots(int s, const Step &step) {
    for (unsigned i = 0; i < step.inputs.size(); ++i) {
      const ShardedValue &value = program.values[step.inputs[i].value];
      if (value.streamed)
        addSlots({ArenaBuffer::Slot, s, step.inputs[i].value, i, 0, {},
                  value.storageBytes, 0},
                 step.inputs[i].footprints, /*slots=*/2);
    }
    const ShardedValue &result = program.values[step.result];
    if (!result.streamed)
      return;
    addSlots({ArenaBuffer::OutputSlot, s, step.result, 0, 0, {},
              result.storageBytes, 0},
             step.outputs, /*slots=*/2);
    if (step.accumulatorBytes != result.storageBytes)
      addSlots({ArenaBuffer::Accumulator, s, step.result, 0, 0, {},
                step.accumulatorBytes, 0},
               step.outputs, /*slots=*/1);
  }

  /// Adds a buffer like `one` for each residency of an operand of which the
  /// shards use `boxes`, in `slots` places by turns.
  void addSlots(ArenaBuffer one, const std::vector<Box> &boxes,
                unsigned slots) {
    std::vector<Residency> found = residenciesOf(boxes, shards);
    for (unsigned slot = 0; slot < slots; ++slot) {
      int64_t begin = top, end = top;
      for (const Residency &residency : found) {
        if (residency.number % slots != slot)
          continue;
        top = begin;
        one.shard = shards[residency.first];
        one.window = residency.window;
        add(one);
        end = std::max(end, top);
      }
      top = end;
    }
  }

  void addKernelScratch(int s, const Step &step, int64_t shard) {
    for (unsigned i = 0; i < step.inputs.size(); ++i) {
      const KernelInput &input = step.inputs[i];
      if (!program.values[input.value].streamed &&
          windows.residentFor(input, shard) < 0)
        add({ArenaBuffer::Footprint, s, input.value, i, shard,
             input.footprints[shard],
             program.values[input.value].storageBytes, 0});
    }
    const ShardedValue &result = program.values[step.result];
    if (!result.streamed && step.accumulatorBytes != result.storageBytes)
      add({ArenaBuffer::Accumulator, s, step.result, 0, shard,
           result.layout.owned(grid, shard), step.accumulatorBytes, 0});
  }

  void addReduceScratch(int s, const Step &step, int64_t shard) {
    const ShardedValue &from = program.values[step.operand];
    const ShardedValue &to = program.values[step.result];
    Box piece = to.layout.owned(grid, shard);
    if (from.storageBytes != to.storageBytes)
      add({ArenaBuffer::Accumulator, s, step.result, 0, shard, piece,
           from.storageBytes, 0});
    // The first partial sum is received where the sum will be; one more place
    // serves all others.
    std::vector<Transfer> transfers =
        reduceTransfersTo(grid, from.layout, to.layout, shard);
    bool anyRemote =
        std::any_of(transfers.begin(), transfers.end(), [&](const Transfer &t) {
          return &t != &transfers.front() &&
                 grid.deviceOf(t.source) != grid.deviceOf(shard);
        });
    if (anyRemote)
      add({ArenaBuffer::Staging, s, step.result, 0, shard, piece,
           from.storageBytes, 0});
  }

  const DistributedProgram &program;
  const StripeWindows &windows;
  const Grid &grid;
  std::vector<int64_t> shards;
  Arena arena;
  int64_t top = 0;
};
} // namespace

Arena dconv::planArena(const DistributedProgram &program, int64_t device) {
  return planArena(program, StripeWindows(program), device);
}

Arena dconv::planArena(const DistributedProgram &program,
                       const StripeWindows &windows, int64_t device) {
  return ArenaPlanner(program, windows, device).run();
}

/// Adds what `transfers` move between devices.
static void countTransfers(const Grid &grid,
                           const std::vector<Transfer> &transfers,
                           int64_t elementBytes, Prediction &prediction) {
  for (const Transfer &transfer : transfers) {
    int64_t source = grid.deviceOf(transfer.source);
    int64_t destination = grid.deviceOf(transfer.destination);
    if (source == destination)
      continue;
    int64_t bytes = transfer.box.volume() * elementBytes;
    addBytes(prediction.bytesSent[source], bytes);
    addBytes(prediction.bytesReceived[destination], bytes);
  }
}

namespace {
/// What a direct redistribution moves where each shard has a device of its own,
/// without looking at every pair of shards: dims are independent.
class DirectCounts {
public:
  DirectCounts(const Grid &grid, const TensorLayout &from,
               const TensorLayout &to)
      : grid(grid), from(from), to(to), known(to.dims.size()) {
    for (unsigned axis = 0; axis < grid.shape.size(); ++axis) {
      bool isCut = from.cuts(axis);
      fixed.push_back(!isCut);
      if (isCut && !to.cuts(axis))
        copies *= grid.shape[axis];
    }
  }

  int64_t received(int64_t shard) const {
    return to.held(grid, shard).volume() - kept(shard);
  }

  /// To the shards with the same coordinates on the axes that do not cut `from`.
  int64_t sent(int64_t shard) {
    std::vector<int64_t> at = grid.coordinates(shard);
    Box owned = from.owned(grid, shard);
    int64_t elements = copies;
    for (unsigned d = 0; d < to.dims.size(); ++d) {
      const std::vector<unsigned> &axes = to.dims[d].axes;
      std::vector<int64_t> key{owned[d].begin, owned[d].end};
      for (unsigned axis : axes)
        key.push_back(fixed[axis] ? at[axis] : -1);
      auto [entry, isNew] = known[d].try_emplace(std::move(key), 0);
      if (isNew)
        for (size_t i = 0; i < to.dims[d].held.size(); ++i)
          if (matches(axes, i, at))
            entry->second += owned[d].intersect(to.dims[d].held[i]).size();
      elements = product(elements, entry->second);
    }
    return elements - kept(shard);
  }

private:
  /// What `shard` has itself of what it is to hold.
  int64_t kept(int64_t shard) const {
    return to.held(grid, shard).intersect(from.owned(grid, shard)).volume();
  }

  /// Whether combination `i` of `axes` has the coordinates `at` on those that
  /// are fixed.
  bool matches(const std::vector<unsigned> &axes, size_t i,
               const std::vector<int64_t> &at) const {
    for (size_t a = axes.size(); a-- > 0; i /= grid.shape[axes[a]])
      if (fixed[axes[a]] && int64_t(i % grid.shape[axes[a]]) != at[axes[a]])
        return false;
    return true;
  }

  const Grid &grid;
  const TensorLayout &from, &to;
  std::vector<bool> fixed; ///< per axis: it does not cut `from`
  int64_t copies = 1;      ///< shards that hold the same for each that owns
  std::vector<std::map<std::vector<int64_t>, int64_t>> known; ///< per dim
};
} // namespace

/// Adds what `step` moves between devices.
static void countStep(const DistributedProgram &program, const Step &step,
                      Prediction &prediction) {
  const Grid &grid = program.grid;
  if (step.kind != StepKind::Redistribute ||
      step.algorithm != CollectiveAlgorithm::Direct ||
      grid.devices < grid.numShards())
    return countTransfers(grid, transfersOf(program, step),
                          program.values[step.operand].storageBytes,
                          prediction);
  DirectCounts counts(grid, program.values[step.operand].layout,
                      program.values[step.result].layout);
  int64_t bytes = program.values[step.operand].storageBytes;
  for (int64_t shard = 0, e = grid.numShards(); shard < e; ++shard) {
    int64_t device = grid.deviceOf(shard);
    addBytes(prediction.bytesReceived[device],
             product(counts.received(shard), bytes));
    addBytes(prediction.bytesSent[device], product(counts.sent(shard), bytes));
  }
}

/// Adds what `step`, a sub-kernel, brings of streamed inputs and returns of
/// its result, once for each step that unshards it.
static void countStreams(const DistributedProgram &program, const Step &step,
                         int64_t device, Prediction &prediction) {
  std::vector<int64_t> shards = program.grid.shardsOf(device);
  auto count = [&](const std::vector<Box> &boxes, const ShardedValue &value,
                   int64_t &sum) {
    const Box tensor = Box::whole(value.shape);
    for (const Residency &residency : residenciesOf(boxes, shards))
      addBytes(sum, residency.window.intersect(tensor).volume() *
                        value.elementBytes);
  };
  for (const KernelInput &input : step.inputs)
    if (program.values[input.value].streamed)
      count(input.footprints, program.values[input.value],
            prediction.scatterBytes[device]);
  if (!program.values[step.result].streamed)
    return;
  for (const Step &other : program.steps) {
    if (other.kind == StepKind::Shard && other.result == step.operand)
      count(step.outputs, program.values[step.result],
            prediction.scatterBytes[device]);
    if (other.kind == StepKind::Unshard && other.operand == step.result)
      count(step.outputs, program.values[step.result],
            prediction.gatherBytes[device]);
  }
}

Prediction dconv::predict(const DistributedProgram &program) {
  const Grid &grid = program.grid;
  size_t devices = grid.devices;
  Prediction prediction{
      std::vector<int64_t>(devices), std::vector<int64_t>(devices),
      std::vector<int64_t>(devices), std::vector<int64_t>(devices),
      std::vector<int64_t>(devices)};
  for (const Step &step : program.steps) {
    if (step.operand >= 0)
      countStep(program, step, prediction);
    if (step.kind == StepKind::SubKernel)
      for (size_t device = 0; device < devices; ++device)
        countStreams(program, step, device, prediction);
    for (int64_t shard = 0, e = grid.numShards(); shard < e; ++shard) {
      int64_t device = grid.deviceOf(shard);
      switch (step.kind) {
      case StepKind::Shard: {
        const ShardedValue &to = program.values[step.result];
        if (!to.streamed && receivesValue(grid, to.layout, shard))
          addBytes(prediction.scatterBytes[device],
                   to.layout.owned(grid, shard).volume() * to.elementBytes);
        break;
      }
      case StepKind::Unshard: {
        const ShardedValue &from = program.values[step.operand];
        if (!from.streamed && isFirstReplica(grid, from.layout, shard))
          addBytes(prediction.gatherBytes[device],
                   from.layout.owned(grid, shard).volume() * from.elementBytes);
        break;
      }
      case StepKind::Fill:
      case StepKind::Redistribute:
      case StepKind::ReduceScatter:
      case StepKind::SubKernel:
        break;
      }
    }
  }
  const StripeWindows windows(program);
  for (size_t device = 0; device < devices; ++device)
    prediction.peakBytes[device] = planArena(program, windows, device).bytes;
  return prediction;
}
