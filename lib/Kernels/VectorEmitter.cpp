//===- VectorEmitter.cpp - vector code of a tiled nest --------------------===//

#include "VectorEmitter.h"
#include "CostModel.h"
#include "EmitLoops.h"
#include "VectorLoads.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace dconv::kernels;
using vector::CombiningKind;

namespace {

/// Positions in the flat buffers, the inputs' first, then the output's.
using Indices = SmallVector<Value, 3>;

/// A register tile, or the part of it that is left at the end of its loops.
struct Tile {
  int64_t m = 1, n = 1;
  /// The last vector of the n loop is incomplete.
  bool partial = false;
};

/// One step of the innermost body: how far it is from the body's position in
/// each input, and its active lanes.
struct Step {
  SmallVector<int64_t, 2> offsets;
  int64_t lanes;
};

class VectorEmitter {
public:
  VectorEmitter(OpBuilder &builder, linalg::GenericOp op, const Nest &nest,
                const Tiling &tiling);

  void emit();

private:
  void emitOuterLoops(ArrayRef<unsigned> loops, Indices indices, Tile tile);
  void emitTile(const Indices &indices, const Tile &tile);
  SmallVector<Value> emitReduction(size_t depth, const Indices &indices,
                                   const Tile &tile, ArrayRef<Step> steps,
                                   SmallVector<Value> accumulators);
  SmallVector<Value> emitBody(const Indices &indices, const Tile &tile,
                              ArrayRef<Step> steps,
                              SmallVector<Value> accumulators);

  Value emitInitial(Value index, int64_t lanes);
  void emitFinal(Value accumulator, Value index, int64_t lanes);
  Value emitInput(unsigned input, Value index, int64_t lanes);
  Value emitCombine(Value accumulator, ArrayRef<Value> inputs);

  /// `indices` after `iv` times `steps` steps of `loop`.
  Indices advance(const Indices &indices, unsigned loop, Value iv,
                  int64_t steps);
  /// `indices` after `steps` steps of `loop`.
  Indices advance(const Indices &indices, unsigned loop, int64_t steps);
  /// The steps of `steps`, each followed by `count` steps of `loop`, of which
  /// the last has `lastLanes`.
  SmallVector<Step> unrolled(ArrayRef<Step> steps, unsigned loop, int64_t count,
                             int64_t lastLanes) const;
  /// How far accumulator (i, j) is from the tile's position in `access`.
  int64_t tileOffset(const Access &access, int64_t i, int64_t j) const;
  /// Active lanes of the accumulators in column `j` of the tile.
  int64_t lanesOf(const Tile &tile, int64_t j) const;
  const FlatBuffer &output() const { return buffers.back(); }
  bool reducesLanes() const { return nest.loops[tiling.vectorLoop].reduction; }

  OpBuilder &builder;
  Location loc;
  const Nest &nest;
  const Tiling &tiling;
  VectorType vectorType;
  SmallVector<FlatBuffer, 3> buffers;
};

} // namespace

VectorEmitter::VectorEmitter(OpBuilder &builder, linalg::GenericOp op,
                             const Nest &nest, const Tiling &tiling)
    : builder(builder), loc(op.getLoc()), nest(nest), tiling(tiling),
      vectorType(VectorType::get(tiling.lanes, nest.type)) {
  for (auto [value, access] : llvm::zip_equal(nest.values, nest.inputs))
    buffers.emplace_back(builder, loc, op->getOperand(value.operand), access);
  buffers.emplace_back(builder, loc, op.getDpsInits()[0], nest.output);
}

void VectorEmitter::emit() {
  Indices indices;
  for (const FlatBuffer &buffer : buffers)
    indices.push_back(
        arith::ConstantIndexOp::create(builder, loc, buffer.access().offset));
  emitOuterLoops(tiling.outerLoops, std::move(indices), Tile());
}

//===----------------------------------------------------------------------===//
// Loops and positions
//===----------------------------------------------------------------------===//

Indices VectorEmitter::advance(const Indices &indices, unsigned loop, Value iv,
                               int64_t steps) {
  Indices moved;
  for (auto [index, buffer] : llvm::zip_equal(indices, buffers)) {
    int64_t distance = steps * tiling.stepOf(buffer.access(), loop);
    moved.push_back(addProduct(builder, loc, index, distance, iv));
  }
  return moved;
}

Indices VectorEmitter::advance(const Indices &indices, unsigned loop,
                               int64_t steps) {
  Indices moved;
  for (auto [index, buffer] : llvm::zip_equal(indices, buffers))
    moved.push_back(addOffset(builder, loc, index,
                              steps * tiling.stepOf(buffer.access(), loop)));
  return moved;
}

int64_t VectorEmitter::tileOffset(const Access &access, int64_t i,
                                  int64_t j) const {
  return (tiling.mLoop ? i * tiling.stepOf(access, *tiling.mLoop) : 0) +
         (tiling.nLoop ? j * tiling.stepOf(access, *tiling.nLoop) : 0);
}

int64_t VectorEmitter::lanesOf(const Tile &tile, int64_t j) const {
  return tile.partial && j + 1 == tile.n ? tiling.partialLanes(nest)
                                         : tiling.lanes;
}

void VectorEmitter::emitOuterLoops(ArrayRef<unsigned> loops, Indices indices,
                                   Tile tile) {
  if (loops.empty())
    return emitTile(indices, tile);
  unsigned loop = loops.front();
  SmallVector<TileRun, 3> runs = {{0, nest.loops[loop].extent, 1, false}};
  if (loop == tiling.mLoop || loop == tiling.nLoop)
    runs = tiling.tileRuns(nest, loop);
  for (const TileRun &run : runs) {
    Tile inner = tile;
    if (loop == tiling.mLoop)
      inner.m = run.size;
    if (loop == tiling.nLoop) {
      inner.n = run.size;
      inner.partial = run.partial;
    }
    Indices begin = advance(indices, loop, run.begin);
    emitLoop(builder, loc, run.count, {}, [&](Value iv, SmallVector<Value>) {
      Indices moved =
          run.count == 1 ? begin : advance(begin, loop, iv, run.size);
      emitOuterLoops(loops.drop_front(), std::move(moved), inner);
      return SmallVector<Value>();
    });
  }
}

//===----------------------------------------------------------------------===//
// The register tile
//===----------------------------------------------------------------------===//

void VectorEmitter::emitTile(const Indices &indices, const Tile &tile) {
  auto outputIndex = [&](int64_t i, int64_t j) {
    return addOffset(builder, loc, indices.back(),
                     tileOffset(nest.output, i, j));
  };
  SmallVector<Value> accumulators;
  for (int64_t i = 0; i < tile.m; ++i)
    for (int64_t j = 0; j < tile.n; ++j)
      accumulators.push_back(emitInitial(outputIndex(i, j), lanesOf(tile, j)));

  Step first = {SmallVector<int64_t, 2>(nest.inputs.size(), 0), tiling.lanes};
  accumulators =
      emitReduction(0, indices, tile, first, std::move(accumulators));

  for (int64_t i = 0; i < tile.m; ++i)
    for (int64_t j = 0; j < tile.n; ++j)
      emitFinal(accumulators[i * tile.n + j], outputIndex(i, j),
                lanesOf(tile, j));
}

Value VectorEmitter::emitInitial(Value index, int64_t lanes) {
  if (!reducesLanes())
    return output().loadVector(builder, loc, index, tiling.lanes, lanes);
  // The initial value may enter a sum once, but a maximum in every lane.
  Value initial = output().loadScalar(builder, loc, index);
  if (nest.combiner != CombiningKind::ADD)
    return vector::BroadcastOp::create(builder, loc, vectorType, initial);
  Value zeros =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(vectorType));
  return vector::InsertOp::create(builder, loc, initial, zeros, int64_t(0));
}

void VectorEmitter::emitFinal(Value accumulator, Value index, int64_t lanes) {
  if (!reducesLanes())
    return output().storeVector(builder, loc, accumulator, index, lanes);
  // Without reassoc a sum would go from lane to lane.
  Value result = vector::ReductionOp::create(
      builder, loc, nest.combiner, accumulator, arith::FastMathFlags::reassoc);
  output().storeScalar(builder, loc, result, index);
}

SmallVector<Step> VectorEmitter::unrolled(ArrayRef<Step> steps, unsigned loop,
                                          int64_t count,
                                          int64_t lastLanes) const {
  SmallVector<Step> result;
  for (const Step &step : steps) {
    for (int64_t position = 0; position < count; ++position) {
      Step &next = result.emplace_back(step);
      for (auto [offset, access] : llvm::zip_equal(next.offsets, nest.inputs))
        offset += position * tiling.stepOf(access, loop);
      if (position + 1 == count && loop == tiling.vectorLoop)
        next.lanes = lastLanes;
    }
  }
  return result;
}

SmallVector<Value>
VectorEmitter::emitReduction(size_t depth, const Indices &indices,
                             const Tile &tile, ArrayRef<Step> steps,
                             SmallVector<Value> accumulators) {
  if (depth == tiling.reductionLoops.size())
    return emitBody(indices, tile, steps, std::move(accumulators));
  unsigned loop = tiling.reductionLoops[depth];
  int64_t unroll = tiling.unroll[depth];
  int64_t numSteps = tiling.numSteps(nest, loop);
  int64_t partialLanes =
      loop == tiling.vectorLoop ? tiling.partialLanes(nest) : 0;

  // Whole bodies, then the steps that are left; an incomplete vector is among
  // the latter.
  int64_t whole = (partialLanes ? numSteps - 1 : numSteps) / unroll;
  int64_t left = numSteps - whole * unroll;
  if (whole > 0)
    accumulators = emitLoop(
        builder, loc, whole, std::move(accumulators),
        [&](Value iv, SmallVector<Value> carried) {
          Indices moved =
              whole == 1 ? indices : advance(indices, loop, iv, unroll);
          return emitReduction(depth + 1, moved, tile,
                               unrolled(steps, loop, unroll, tiling.lanes),
                               std::move(carried));
        });
  if (left > 0)
    accumulators = emitReduction(
        depth + 1, advance(indices, loop, whole * unroll), tile,
        unrolled(steps, loop, left, partialLanes ? partialLanes : tiling.lanes),
        std::move(accumulators));
  return accumulators;
}

//===----------------------------------------------------------------------===//
// The innermost body
//===----------------------------------------------------------------------===//

SmallVector<Value> VectorEmitter::emitBody(const Indices &indices,
                                           const Tile &tile,
                                           ArrayRef<Step> steps,
                                           SmallVector<Value> accumulators) {
  BodyShape shape =
      shapeOfBody(nest, tiling, tiling.m, tiling.n, tiling.unroll);
  // One combination each, in the order in which they need streamed values.
  struct Item {
    int64_t step, accumulator, lanes;
    SmallVector<int64_t, 2> offsets;
  };
  SmallVector<Item> items;
  for (auto [position, step] : llvm::enumerate(steps)) {
    for (int64_t i = 0; i < tile.m; ++i) {
      for (int64_t j = 0; j < tile.n; ++j) {
        Item &item = items.emplace_back();
        item.step = position;
        item.accumulator = i * tile.n + j;
        item.lanes = std::min(step.lanes, lanesOf(tile, j));
        for (auto [access, offset] : llvm::zip_equal(nest.inputs, step.offsets))
          item.offsets.push_back(offset + tileOffset(access, i, j));
      }
    }
  }
  llvm::sort(items, [&](const Item &a, const Item &b) {
    auto key = [&](const Item &item) {
      return std::make_tuple(shape.reuse ? 0 : item.step,
                             item.offsets[shape.streamed], item.step,
                             item.accumulator);
    };
    return key(a) < key(b);
  });

  llvm::DenseMap<std::tuple<unsigned, int64_t, int64_t>, Value> loaded;
  for (const Item &item : items) {
    SmallVector<Value, 2> inputs;
    for (auto [input, offset] : llvm::enumerate(item.offsets)) {
      // A broadcast value is the same for any number of lanes.
      bool broadcast = nest.inputs[input].coefs[tiling.vectorLoop] == 0;
      Value &value =
          loaded[{input, offset, broadcast ? tiling.lanes : item.lanes}];
      if (!value)
        value = emitInput(
            input, addOffset(builder, loc, indices[input], offset), item.lanes);
      inputs.push_back(value);
    }
    Value &accumulator = accumulators[item.accumulator];
    Value combined = emitCombine(accumulator, inputs);
    // Lanes past the end of a reduction must not enter the result.
    if (reducesLanes() && item.lanes < tiling.lanes)
      combined = arith::SelectOp::create(
          builder, loc, laneMask(builder, loc, tiling.lanes, item.lanes),
          combined, accumulator);
    accumulator = combined;
  }
  return accumulators;
}

Value VectorEmitter::emitInput(unsigned input, Value index, int64_t lanes) {
  const FlatBuffer &buffer = buffers[input];
  const InputValue &kind = nest.values[input];
  int64_t distance = nest.inputs[input].coefs[tiling.vectorLoop];
  Value value = distance == 0
                    ? buffer.loadScalar(builder, loc, index)
                    : buffer.loadVector(builder, loc, index, tiling.lanes,
                                        lanes, distance);
  Type type = distance == 0 ? nest.type : Type(vectorType);
  if (kind.cast)
    value =
        builder.create(loc, kind.cast->getName().getIdentifier(), value, type)
            ->getResult(0);
  if (kind.zeroPoint) {
    Value zeroPoint = kind.zeroPoint;
    if (distance != 0)
      zeroPoint =
          vector::BroadcastOp::create(builder, loc, vectorType, zeroPoint);
    value = arith::SubIOp::create(builder, loc, value, zeroPoint);
  }
  if (distance == 0)
    value = vector::BroadcastOp::create(builder, loc, vectorType, value);
  return value;
}

Value VectorEmitter::emitCombine(Value accumulator, ArrayRef<Value> inputs) {
  if (inputs.size() == 1)
    return vector::makeArithReduction(builder, loc, nest.combiner, inputs[0],
                                      accumulator);
  if (isa<FloatType>(nest.type))
    return vector::FMAOp::create(builder, loc, inputs[0], inputs[1],
                                 accumulator);
  Value product = arith::MulIOp::create(builder, loc, inputs[0], inputs[1]);
  return arith::AddIOp::create(builder, loc, product, accumulator);
}

void dconv::kernels::emitVectorNest(OpBuilder &builder, linalg::GenericOp op,
                                    const Nest &nest, const Tiling &tiling) {
  VectorEmitter(builder, op, nest, tiling).emit();
}
