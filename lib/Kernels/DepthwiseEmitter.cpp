//===- DepthwiseEmitter.cpp - code of a depthwise nest --------------------===//

#include "DepthwiseEmitter.h"
#include "EmitLoops.h"
#include "TapBounds.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"
#include <array>
#include <map>

using namespace mlir;
using namespace dconv::kernels;

/// Of a line of the caches.
constexpr int64_t kLineBits = 512;

namespace {
class DepthwiseEmitter {
public:
  DepthwiseEmitter(OpBuilder &builder, linalg::GenericOp op, const Nest &nest,
                   const Depthwise &roles, const LaneStep &step,
                   const DepthwiseTiling &tiling, TypedAttr initial);

  void emit();

private:
  using Emit = function_ref<void()>;
  void emitOuter(ArrayRef<unsigned> loops, Emit inner);
  /// Tiles of at most `most` iterations of `loop`, if there is one.
  void emitTiles(std::optional<unsigned> loop, int64_t most, Emit inner);
  void emitChannels(Emit inner);
  void emitTile();
  /// Asks for what the tile below reads of a beyond what this one does: the
  /// channels of a tile are too few for the hardware to see them coming.
  void emitPrefetch(Value indexA);
  /// All rows of taps at the place of the other taps.
  SmallVector<Value> emitRows(const TapPlace &place,
                              SmallVector<Value> accumulators);
  /// The column taps of one row of a, for the rows of `phase`.
  SmallVector<Value> emitColumnTaps(const TapPlace &place,
                                    const RowPhase &phase,
                                    SmallVector<Value> accumulators);
  /// `count` column taps.
  SmallVector<Value> emitBody(const TapPlace &place, const RowPhase &phase,
                              int64_t count, SmallVector<Value> accumulators);

  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  /// The element that `access` reaches at the begin of the part.
  Value indexOf(const Access &access);
  int64_t sizeOf(std::optional<unsigned> loop) const {
    return loop ? part.size[*loop] : 1;
  }
  static int64_t coefOf(const Access &access, std::optional<unsigned> loop) {
    return loop ? access.coefs[*loop] : 0;
  }
  int64_t activeLanes(int64_t vector) const {
    return vector + 1 == channels.vectors ? channels.lastLanes : tiling.lanes;
  }
  int64_t stepB(std::optional<unsigned> loop) const {
    return roles.b ? coefOf(nest.inputs[*roles.b], loop) : 0;
  }
  /// The column taps that the tile needs.
  Value numNeeded() {
    return arith::MaxSIOp::create(
        builder, loc, arith::SubIOp::create(builder, loc, endTap, firstTap),
        constant(0));
  }
  /// `place` after `steps` steps of a loop over taps.
  TapPlace moved(const TapPlace &place, std::optional<unsigned> loop,
                 Value steps, int64_t factor = 1);
  /// Calls `visit` with the number and the place in y of each accumulator.
  void forEachOutput(function_ref<void(int64_t offset, int64_t vector)> visit);

  OpBuilder &builder;
  Location loc;
  const Nest &nest;
  const Depthwise &roles;
  const LaneStep &step;
  const DepthwiseTiling &tiling;
  TypedAttr initial;
  FlatBuffer a, output;
  std::optional<FlatBuffer> b;
  /// What is being emitted.
  Part part;
  ColumnSpan channels = {};
  /// The first row of a and the last but one that the tile needs, counted in
  /// row taps, and the column taps.
  Value firstRow, endRow, firstTap, endTap;
};
} // namespace

static FlatBuffer bufferOf(OpBuilder &builder, linalg::GenericOp op,
                           const Nest &nest, unsigned input) {
  return FlatBuffer(builder, op.getLoc(),
                    op->getOperand(nest.values[input].operand),
                    nest.inputs[input]);
}

DepthwiseEmitter::DepthwiseEmitter(OpBuilder &builder, linalg::GenericOp op,
                                   const Nest &nest, const Depthwise &roles,
                                   const LaneStep &step,
                                   const DepthwiseTiling &tiling,
                                   TypedAttr initial)
    : builder(builder), loc(op.getLoc()), nest(nest), roles(roles), step(step),
      tiling(tiling), initial(initial), a(bufferOf(builder, op, nest, roles.a)),
      output(builder, loc, op.getDpsInits()[0], nest.output) {
  if (roles.b)
    b = bufferOf(builder, op, nest, *roles.b);
  part.begin.assign(nest.loops.size(), Value());
  part.size.assign(nest.loops.size(), 1);
}

void DepthwiseEmitter::emit() {
  emitOuter(roles.outer, [&] {
    emitTiles(roles.row, tiling.rows, [&] {
      emitChannels([&] {
        emitTiles(roles.column, tiling.columns, [&] { emitTile(); });
      });
    });
  });
}

//===----------------------------------------------------------------------===//
// Around the tile
//===----------------------------------------------------------------------===//

void DepthwiseEmitter::emitOuter(ArrayRef<unsigned> loops, Emit inner) {
  if (loops.empty())
    return inner();
  emitTiles(loops.front(), 1, [&] { emitOuter(loops.drop_front(), inner); });
}

void DepthwiseEmitter::emitTiles(std::optional<unsigned> loop, int64_t most,
                                 Emit inner) {
  if (!loop)
    return inner();
  for (const TileSpan &span : evenSpans(nest.loops[*loop].extent, most)) {
    part.size[*loop] = span.size;
    emitLoop(builder, loc, span.count, {}, [&](Value iv, SmallVector<Value>) {
      part.begin[*loop] =
          addProduct(builder, loc, constant(span.begin), span.size, iv);
      inner();
      return SmallVector<Value>();
    });
  }
}

void DepthwiseEmitter::emitChannels(Emit inner) {
  for (const ColumnSpan &span : vectorSpans(nest.loops[roles.channels].extent,
                                            tiling.lanes, tiling.vectors)) {
    channels = span;
    int64_t width = span.vectors * tiling.lanes;
    // Channels may be any loop that all buffers walk: columns with bounds too.
    part.size[roles.channels] = width - tiling.lanes + span.lastLanes;
    emitLoop(builder, loc, span.count, {}, [&](Value iv, SmallVector<Value>) {
      part.begin[roles.channels] =
          addProduct(builder, loc, constant(span.begin), width, iv);
      inner();
      return SmallVector<Value>();
    });
  }
}

//===----------------------------------------------------------------------===//
// The register tile
//===----------------------------------------------------------------------===//

Value DepthwiseEmitter::indexOf(const Access &access) {
  Value index = constant(access.offset);
  for (auto [begin, coef] : llvm::zip_equal(part.begin, access.coefs))
    if (begin)
      index = addProduct(builder, loc, index, coef, begin);
  return index;
}

TapPlace DepthwiseEmitter::moved(const TapPlace &place,
                                 std::optional<unsigned> loop, Value steps,
                                 int64_t factor) {
  return {addProduct(builder, loc, place.a,
                     factor * coefOf(nest.inputs[roles.a], loop), steps),
          place.b
              ? addProduct(builder, loc, place.b, factor * stepB(loop), steps)
              : Value(),
          Value()};
}

void DepthwiseEmitter::forEachOutput(
    function_ref<void(int64_t, int64_t)> visit) {
  for (int64_t row = 0; row < sizeOf(roles.row); ++row)
    for (int64_t column = 0; column < sizeOf(roles.column); ++column)
      for (int64_t vector = 0; vector < channels.vectors; ++vector)
        visit(row * coefOf(nest.output, roles.row) +
                  column * coefOf(nest.output, roles.column) +
                  vector * tiling.lanes,
              vector);
}

void DepthwiseEmitter::emitTile() {
  TapPlace place = {indexOf(nest.inputs[roles.a]),
                    roles.b ? indexOf(nest.inputs[*roles.b]) : Value(),
                    Value()};
  Value outputIndex = indexOf(nest.output);
  SmallVector<TapRange> ranges;
  for (unsigned loop : roles.taps) {
    auto [begin, end] = emitTapBounds(builder, loc, nest, part, loop);
    ranges.push_back({begin, end, nest.inputs[roles.a].coefs[loop], stepB(loop),
                      /*stepSums=*/0});
  }
  if (roles.columnTap)
    std::tie(firstTap, endTap) =
        emitTapBounds(builder, loc, nest, part, *roles.columnTap);
  if (roles.row) {
    // The rows of a are those that one row with as many taps would read.
    Nest oneRow = nest;
    Part first = part;
    oneRow.loops[*roles.rowTap].extent +=
        roles.rowStep * (sizeOf(roles.row) - 1);
    first.size[*roles.row] = 1;
    std::tie(firstRow, endRow) =
        emitTapBounds(builder, loc, oneRow, first, *roles.rowTap);
  }

  emitPrefetch(place.a);

  auto vectorType = VectorType::get(tiling.lanes, nest.type);
  SmallVector<Value> accumulators;
  forEachOutput([&](int64_t offset, int64_t vector) {
    if (initial)
      accumulators.push_back(arith::ConstantOp::create(
          builder, loc,
          DenseElementsAttr::get(vectorType, Attribute(initial))));
    else
      accumulators.push_back(output.loadVector(
          builder, loc, addOffset(builder, loc, outputIndex, offset),
          tiling.lanes, activeLanes(vector)));
  });
  accumulators = emitTaps(builder, loc, ranges, place, std::move(accumulators),
                          [&](const TapPlace &tap, SmallVector<Value> carried) {
                            return emitRows(tap, std::move(carried));
                          });
  size_t next = 0;
  forEachOutput([&](int64_t offset, int64_t vector) {
    output.storeVector(builder, loc, accumulators[next++],
                       addOffset(builder, loc, outputIndex, offset),
                       activeLanes(vector));
  });
}

void DepthwiseEmitter::emitPrefetch(Value indexA) {
  // Narrower vectors share lines with the tiles beside them.
  const Access &accessA = nest.inputs[roles.a];
  if (!roles.row || tiling.lanes * accessA.elementBits < kLineBits)
    return;
  int64_t newRows = sizeOf(roles.row) * roles.rowStep;
  int64_t firstNew = nest.loops[*roles.rowTap].extent +
                     roles.rowStep * (sizeOf(roles.row) - 1);
  for (int64_t row = firstNew; row < firstNew + newRows; ++row)
    for (int64_t column = 0; column < sizeOf(roles.column); ++column)
      a.prefetch(builder, loc,
                 addOffset(builder, loc, indexA,
                           row * accessA.coefs[*roles.rowTap] +
                               column * coefOf(accessA, roles.column)));
}

SmallVector<Value> DepthwiseEmitter::emitRows(const TapPlace &place,
                                              SmallVector<Value> accumulators) {
  if (!roles.row)
    return emitColumnTaps(place, {0, 1, 0, 1}, std::move(accumulators));
  for (const RowPhase &phase :
       rowPhases(sizeOf(roles.row), nest.loops[*roles.rowTap].extent,
                 roles.rowStep)) {
    Value begin =
        arith::MaxSIOp::create(builder, loc, firstRow, constant(phase.begin));
    Value end =
        arith::MinSIOp::create(builder, loc, endRow, constant(phase.end));
    accumulators =
        emitLoop(builder, loc, begin, end, std::move(accumulators),
                 [&](Value row, SmallVector<Value> carried) {
                   return emitColumnTaps(moved(place, roles.rowTap, row), phase,
                                         std::move(carried));
                 });
  }
  return accumulators;
}

SmallVector<Value>
DepthwiseEmitter::emitColumnTaps(const TapPlace &place, const RowPhase &phase,
                                 SmallVector<Value> accumulators) {
  if (!roles.columnTap)
    return emitBody(place, phase, 1, std::move(accumulators));
  int64_t numTaps = nest.loops[*roles.columnTap].extent, group = step.group();
  if (tiling.allTaps) {
    for (const TileSpan &span :
         evenSpans(llvm::divideCeil(numTaps, group), tiling.unroll)) {
      for (int64_t i = 0; i < span.count; ++i) {
        int64_t begin = (span.begin + i * span.size) * group;
        accumulators =
            emitBody(moved(place, roles.columnTap, constant(begin)), phase,
                     std::min(span.size * group, numTaps - begin),
                     std::move(accumulators));
      }
    }
    return accumulators;
  }
  // Whole steps, if need be of a tap more than is needed; what is left, where
  // all taps are needed, comes after them.
  Value steps = arith::DivUIOp::create(
      builder, loc, addOffset(builder, loc, numNeeded(), group - 1),
      constant(group));
  steps =
      arith::MinSIOp::create(builder, loc, steps, constant(numTaps / group));
  Value taps = addProduct(builder, loc, constant(0), group, steps);
  Value begin = arith::MinSIOp::create(
      builder, loc, firstTap,
      arith::SubIOp::create(builder, loc, constant(numTaps), taps));
  TapPlace first = moved(place, roles.columnTap, begin);
  auto emitSteps = [&](Value from, Value to, int64_t size, int64_t distance) {
    accumulators =
        emitLoop(builder, loc, from, to, std::move(accumulators),
                 [&](Value i, SmallVector<Value> carried) {
                   return emitBody(moved(first, roles.columnTap, i, distance),
                                   phase, size, std::move(carried));
                 });
  };
  Value bodies =
      arith::DivUIOp::create(builder, loc, steps, constant(tiling.unroll));
  emitSteps(constant(0), bodies, tiling.unroll * group, tiling.unroll * group);
  if (tiling.unroll > 1)
    emitSteps(addProduct(builder, loc, constant(0), tiling.unroll, bodies),
              steps, group, group);
  if (numTaps % group != 0)
    emitSteps(taps, arith::SubIOp::create(builder, loc, endTap, begin), 1, 1);
  return accumulators;
}

SmallVector<Value> DepthwiseEmitter::emitBody(const TapPlace &place,
                                              const RowPhase &phase,
                                              int64_t count,
                                              SmallVector<Value> accumulators) {
  const Access &accessA = nest.inputs[roles.a];
  int64_t group = step.group();
  auto groupAt = [&](const FlatBuffer &buffer, unsigned input, Value index,
                     int64_t distance, int64_t vector, int64_t size) {
    SmallVector<Value, 2> taps;
    for (int64_t tap = 0; tap < size; ++tap)
      taps.push_back(
          step.emitInput(builder, loc, input, buffer,
                         addOffset(builder, loc, index, tap * distance),
                         tiling.lanes, activeLanes(vector)));
    return step.emitGroup(builder, loc, taps);
  };
  // What meets each group of a, in the order of their places and sizes.
  struct Use {
    int64_t column, tap;
  };
  std::map<std::pair<int64_t, int64_t>, SmallVector<Use>> uses;
  for (int64_t column = 0; column < sizeOf(roles.column); ++column)
    for (int64_t tap = 0; tap < count; tap += group)
      uses[{column * coefOf(accessA, roles.column) +
                tap * coefOf(accessA, roles.columnTap),
            std::min(group, count - tap)}]
          .push_back({column, tap});
  std::map<std::array<int64_t, 3>, Value> loadedB;
  auto valueOfB = [&](int64_t row, int64_t tap, int64_t vector) {
    if (!roles.b)
      return Value();
    Value &value = loadedB[{row, tap, vector}];
    if (!value)
      value = groupAt(
          *b, *roles.b,
          addOffset(builder, loc, place.b,
                    vector * tiling.lanes + tap * stepB(roles.columnTap) -
                        row * roles.rowStep * stepB(roles.rowTap)),
          stepB(roles.columnTap), vector, std::min(group, count - tap));
    return value;
  };
  for (int64_t vector = 0; vector < channels.vectors; ++vector) {
    for (const auto &[where, meets] : uses) {
      auto [offset, size] = where;
      Value value = groupAt(
          a, roles.a,
          addOffset(builder, loc, place.a, offset + vector * tiling.lanes),
          coefOf(accessA, roles.columnTap), vector, size);
      for (const Use &use : meets) {
        for (int64_t row = phase.firstRow; row < phase.lastRow; ++row) {
          Value &accumulator =
              accumulators[(row * sizeOf(roles.column) + use.column) *
                               channels.vectors +
                           vector];
          accumulator = step.emitCombine(builder, loc, accumulator, value,
                                         valueOfB(row, use.tap, vector));
        }
      }
    }
  }
  return accumulators;
}

void dconv::kernels::emitDepthwise(OpBuilder &builder, linalg::GenericOp op,
                                   const Nest &nest, const Depthwise &roles,
                                   const LaneStep &step,
                                   const DepthwiseTiling &tiling,
                                   TypedAttr initial) {
  DepthwiseEmitter(builder, op, nest, roles, step, tiling, initial).emit();
}
