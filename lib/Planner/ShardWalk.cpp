//===- ShardWalk.cpp - the shards of a split, one by one ------------------===//

#include "ShardWalk.h"

#include <algorithm>

using namespace dconv;

ShardWalk::ShardWalk(const std::vector<Component> &components,
                     const SplitView &split)
    : split(split), coordinates(split.loops.size(), 0),
      cellOf(components.size(), 0), strides(split.loops.size()) {
  for (unsigned c = 0; c < components.size(); ++c) {
    int64_t stride = 1;
    for (size_t i = components[c].loops.size(); i-- > 0;) {
      unsigned loop = components[c].loops[i];
      strides[loop] = {c, stride};
      stride *= split.loops[loop]->parts;
    }
  }
}

bool ShardWalk::advance() {
  ++number;
  for (size_t i = split.order.size(); i-- > 0;) {
    unsigned loop = split.order[i];
    auto [component, stride] = strides[loop];
    cellOf[component] += stride;
    if (++coordinates[loop] < split.loops[loop]->parts)
      return true;
    cellOf[component] -= stride * coordinates[loop];
    coordinates[loop] = 0;
  }
  return false;
}

ShardCounts::ShardCounts(const Convolution &convolution,
                         const std::vector<Component> &components,
                         const SplitView &split, bool fillsOutput)
    : convolution(convolution), components(components), split(split),
      fillsOutput(fillsOutput), divided(convolution, split.tables, 1) {
  for (unsigned loop : split.order)
    if (convolution.isReduction(loop)) {
      partial.push_back(loop);
      pieces *= split.loops[loop]->parts;
    }
  divided = PiecesDim(convolution, split.tables, pieces);
  for (unsigned t = 0; t < convolution.inputs.size(); ++t)
    inPlace[t] = readsInPlace(t);
}

/// The number of the shard among those that it adds partial sums with.
int64_t ShardCounts::indexInGroup(const ShardWalk &walk) const {
  int64_t index = 0;
  for (unsigned loop : partial)
    index = index * split.loops[loop]->parts + walk.at(loop);
  return index;
}

/// Elements of the result that the shard owns after the reduction.
int64_t ShardCounts::pieceOf(const ShardWalk &walk) const {
  if (convolution.output.shape.empty())
    return 1; // a scalar is not divided: all own the sum
  const int64_t reduced = walk.lengthOf(divided);
  const int64_t owned =
      walk.product(&CellCounts::owned, convolution.inputs.size());
  bool longer = indexInGroup(walk) < reduced % pieces;
  return owned / reduced * (reduced / pieces + longer);
}

static int64_t plus(int64_t a, int64_t b) {
  int64_t sum;
  return __builtin_add_overflow(a, b, &sum)
             ? std::numeric_limits<int64_t>::max()
             : sum;
}

/// Bytes in whole blocks of the arena.
static int64_t blocks(int64_t elements, int64_t elementBytes) {
  int64_t bytes = elements * elementBytes;
  return plus(bytes,
              (arenaAlignment - bytes % arenaAlignment) % arenaAlignment);
}

/// Whether no shard's window takes more than its stripe and what it reads
/// beside it: the rule of StripeWindows with a shard per device. Every
/// combination of cells is a shard; what has no stripe never takes more.
bool ShardCounts::readsInPlace(unsigned t) const {
  const int64_t bytes = convolution.inputs[t].elementBytes;
  std::vector<RoomCell> sofar(1);
  for (const CellTable *table : split.tables) {
    std::vector<RoomCell> next;
    for (const RoomCell &a : sofar)
      for (const RoomCell &b : table->rooms[t])
        next.push_back(
            {a.owned * b.owned, a.window * b.window, a.hull * b.hull});
    sofar = std::move(next);
  }
  return std::all_of(sofar.begin(), sofar.end(), [&](const RoomCell &room) {
    return blocks(room.hull, bytes) <=
           plus(blocks(room.owned, bytes), blocks(room.window, bytes));
  });
}

/// The arena of a shard, as planArena lays it out. `stripes`: with the room
/// that they have for windows. `windows`: 0 where the stripe is read where it
/// lies. `piece`: of the reduced result.
int64_t ShardCounts::arena(const PerOperand<int64_t> &stripes,
                           const PerOperand<int64_t> &windows, int64_t piece,
                           int64_t indexInGroup) const {
  unsigned output = convolution.inputs.size();
  int64_t accumulator = convolution.accumulatorBytes;
  int64_t element = convolution.output.elementBytes;
  bool isPartial = pieces > 1;
  int64_t bytes = blocks(stripes[output], isPartial ? accumulator : element);
  int64_t kernel = 0;
  for (unsigned t = 0; t < output; ++t) {
    int64_t each = convolution.inputs[t].elementBytes;
    bytes = plus(bytes, blocks(stripes[t], each));
    kernel = plus(kernel, blocks(windows[t], each));
  }
  if (!isPartial) {
    if (accumulator != element)
      kernel = plus(kernel, blocks(stripes[output], accumulator));
    return plus(bytes, kernel);
  }
  bytes = plus(bytes, blocks(piece, element));
  int64_t reduction = 0, initial = 0;
  // Received where it is not the first, nor the shard's own.
  if (pieces > 2 || indexInGroup == 0)
    reduction = blocks(piece, accumulator);
  if (accumulator != element) {
    reduction = plus(reduction, blocks(piece, accumulator));
    if (!fillsOutput && indexInGroup == 0)
      initial = blocks(stripes[output], element);
  }
  return plus(bytes, std::max({kernel, reduction, initial}));
}

int64_t ShardCounts::peakOf(const ShardWalk &walk) const {
  PerOperand<int64_t> stripes{0, 0, 0}, windows{0, 0, 0};
  unsigned output = convolution.inputs.size();
  for (unsigned t = 0; t <= output; ++t)
    stripes[t] = walk.product(&CellCounts::owned, t);
  for (unsigned t = 0; t < output; ++t) {
    if (inPlace[t]) {
      stripes[t] =
          walk.product(stripes[t] ? &CellCounts::hull : &CellCounts::window, t);
      continue;
    }
    bool lies = true;
    for (unsigned c = 0; c < components.size(); ++c)
      lies &= walk.cell(c).lies[t];
    windows[t] = lies ? 0 : walk.product(&CellCounts::window, t);
  }
  return arena(stripes, windows, pieceOf(walk), indexInGroup(walk));
}

std::pair<int64_t, int64_t> ShardCounts::peak(int64_t limit) const {
  std::pair<int64_t, int64_t> most{0, 0};
  ShardWalk walk(components, split);
  do {
    int64_t peak = peakOf(walk);
    if (peak > most.first)
      most = {peak, walk.shard()};
  } while (most.first <= limit && walk.advance());
  return most;
}

int64_t ShardCounts::peakAtMost() const {
  unsigned output = convolution.inputs.size();
  PerOperand<int64_t> stripes{1, 1, 1}, windows{1, 1, 1};
  for (const CellTable *table : split.tables) {
    for (unsigned t = 0; t < mostOperands; ++t) {
      stripes[t] *= inPlace[t] ? table->mostHull[t] : table->mostOwned[t];
      windows[t] *= inPlace[t] ? 0 : table->mostWindow[t];
    }
  }
  const int64_t reduced = divided.longest();
  int64_t piece = stripes[output] / reduced * divided.longestPiece(reduced);
  return arena(stripes, windows, piece, 0);
}

Prediction ShardCounts::predict(int64_t devices) const {
  std::vector<int64_t> none(devices, 0);
  Prediction prediction{none, none, none, none, none};
  unsigned output = convolution.inputs.size();
  const Operand &result = convolution.output;
  const bool isScalar = result.shape.empty();
  ShardWalk walk(components, split);
  do {
    int64_t device = walk.shard() * devices / split.shards;
    auto add = [device](std::vector<int64_t> &to, int64_t elements,
                        int64_t bytes) {
      to[device] = plus(to[device], elements * bytes);
    };
    for (unsigned t = 0; t < output; ++t) {
      int64_t bytes = convolution.inputs[t].elementBytes;
      int64_t common = walk.product(&CellCounts::common, t);
      add(prediction.bytesReceived, walk.product(&CellCounts::held, t) - common,
          bytes);
      add(prediction.bytesSent, walk.product(&CellCounts::served, t) - common,
          bytes);
      add(prediction.scatterBytes, walk.product(&CellCounts::owned, t), bytes);
    }
    int64_t owned = walk.product(&CellCounts::owned, output);
    int64_t piece = pieceOf(walk);
    if (!fillsOutput && indexInGroup(walk) == 0)
      add(prediction.scatterBytes, owned, result.elementBytes);
    if (pieces > 1) {
      add(prediction.bytesReceived, (pieces - 1) * piece,
          convolution.accumulatorBytes);
      add(prediction.bytesSent, isScalar ? pieces - 1 : owned - piece,
          convolution.accumulatorBytes);
    }
    if (!isScalar || indexInGroup(walk) == 0)
      add(prediction.gatherBytes, piece, result.elementBytes);
    prediction.peakBytes[device] = peakOf(walk);
  } while (walk.advance());
  return prediction;
}
