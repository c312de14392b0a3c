//===- ContractionEmitter.cpp - code of a contraction ---------------------===//

#include "ContractionEmitter.h"
#include "ColumnLoads.h"
#include "EmitLoops.h"
#include "ShiftCorrections.h"
#include "TapBounds.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace dconv::kernels;

namespace {
class ContractionEmitter {
public:
  ContractionEmitter(OpBuilder &builder, linalg::GenericOp op, const Nest &nest,
                     const Contraction &contraction, const MultiplyAdd &step,
                     const ContractionTiling &tiling, TypedAttr initial);

  void emit();

private:
  using Emit = function_ref<void()>;
  void emitGroups(ArrayRef<unsigned> loops, Emit inner);
  void emitRows(size_t position, Emit inner);
  void emitColumns(Emit inner);
  void emitPanel(Emit inner);
  void emitTile();
  SmallVector<Value> emitRun(const TapPlace &place,
                             SmallVector<Value> accumulators);
  /// The steps of `count` positions of the run.
  SmallVector<Value> emitBody(const TapPlace &place, int64_t count,
                              SmallVector<Value> accumulators);

  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  /// The element that `access` reaches at the begin of the part.
  Value indexOf(const Access &access);
  /// For each row of the tile, how far it is from the first in `access`.
  SmallVector<int64_t> rowOffsets(const Access &access) const;
  int64_t activeLanes(int64_t vector) const {
    return vector + 1 == columns.vectors ? columns.lastLanes : tiling.lanes;
  }
  const Access &accessA() const { return nest.inputs[contraction.a]; }
  /// Asks for a part of what the next tile reads of a, where tiles read one
  /// after the other what lies one after the other: short rows are too short
  /// for the hardware to see them coming. `position` of the run is reached.
  void emitPrefetch(Value indexA, Value position);

  OpBuilder &builder;
  Location loc;
  const Nest &nest;
  const Contraction &contraction;
  const MultiplyAdd &step;
  const ContractionTiling &tiling;
  TypedAttr initial;
  FlatBuffer a, b, output;
  ColumnLoads loads;
  ShiftCorrections corrections;
  /// What is being emitted.
  Part part;
  TileColumns columns;
};
} // namespace

static FlatBuffer bufferOf(OpBuilder &builder, linalg::GenericOp op,
                           const Nest &nest, unsigned input) {
  return FlatBuffer(builder, op.getLoc(),
                    op->getOperand(nest.values[input].operand),
                    nest.inputs[input]);
}

ContractionEmitter::ContractionEmitter(OpBuilder &builder, linalg::GenericOp op,
                                       const Nest &nest,
                                       const Contraction &contraction,
                                       const MultiplyAdd &step,
                                       const ContractionTiling &tiling,
                                       TypedAttr initial)
    : builder(builder), loc(op.getLoc()), nest(nest), contraction(contraction),
      step(step), tiling(tiling), initial(initial),
      a(bufferOf(builder, op, nest, contraction.a)),
      b(bufferOf(builder, op, nest, contraction.b)),
      output(builder, loc, op.getDpsInits()[0], nest.output),
      loads(nest, contraction, step, b),
      corrections(nest, contraction, step, tiling, a, loads) {
  part.begin.assign(nest.loops.size(), Value());
  part.size.assign(nest.loops.size(), 1);
}

void ContractionEmitter::emit() {
  corrections.allocate(builder, loc);
  emitGroups(contraction.groups, [&] {
    if (corrections.keepsSums())
      emitColumns([&] {
        corrections.emitTapSums(builder, loc, columns, indexOf(b.access()));
      });
    if (tiling.columnsOutside)
      emitColumns([&] { emitRows(0, [&] { emitTile(); }); });
    else
      emitRows(0, [&] { emitColumns([&] { emitTile(); }); });
  });
}

//===----------------------------------------------------------------------===//
// Around the tile
//===----------------------------------------------------------------------===//

void ContractionEmitter::emitGroups(ArrayRef<unsigned> loops, Emit inner) {
  if (loops.empty())
    return inner();
  unsigned loop = loops.front();
  emitLoop(builder, loc, nest.loops[loop].extent, {},
           [&](Value iv, SmallVector<Value>) {
             part.begin[loop] = iv;
             emitGroups(loops.drop_front(), inner);
             return SmallVector<Value>();
           });
}

void ContractionEmitter::emitRows(size_t position, Emit inner) {
  if (position == contraction.rows.size())
    return inner();
  unsigned loop = contraction.rows[position];
  for (const TileSpan &span :
       evenSpans(nest.loops[loop].extent, tiling.rows[position])) {
    part.size[loop] = span.size;
    emitLoop(builder, loc, span.count, {}, [&](Value iv, SmallVector<Value>) {
      part.begin[loop] =
          addProduct(builder, loc, constant(span.begin), span.size, iv);
      emitRows(position + 1, inner);
      return SmallVector<Value>();
    });
  }
}

void ContractionEmitter::emitColumns(Emit inner) {
  int64_t extent = nest.loops[contraction.columns].extent;
  int64_t block = std::min(contraction.panelBlock(nest), extent);
  columns.width = block;
  emitLoop(builder, loc, extent / block, {}, [&](Value iv, SmallVector<Value>) {
    columns.panelBegin = addProduct(builder, loc, constant(0), block, iv);
    emitPanel(inner);
    return SmallVector<Value>();
  });
  if (extent % block == 0)
    return;
  columns.width = extent % block;
  columns.panelBegin = constant(extent / block * block);
  emitPanel(inner);
}

void ContractionEmitter::emitPanel(Emit inner) {
  for (const ColumnSpan &span : tiling.columnSpans(columns.width)) {
    columns.vectors = span.vectors;
    columns.lastLanes = span.lastLanes;
    int64_t width = span.vectors * tiling.lanes;
    emitLoop(builder, loc, span.count, {}, [&](Value iv, SmallVector<Value>) {
      columns.begin = addProduct(builder, loc, constant(span.begin), width, iv);
      part.begin[contraction.columns] = arith::AddIOp::create(
          builder, loc, columns.panelBegin, columns.begin);
      part.size[contraction.columns] = width - tiling.lanes + columns.lastLanes;
      inner();
      return SmallVector<Value>();
    });
  }
}

//===----------------------------------------------------------------------===//
// The register tile
//===----------------------------------------------------------------------===//

Value ContractionEmitter::indexOf(const Access &access) {
  // Panels of b know their columns themselves.
  bool isB = &access == &b.access();
  Value index =
      isB ? loads.panelIndex(builder, loc, columns) : constant(access.offset);
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop)
    if (part.begin[loop] && !(isB && loop == contraction.columns))
      index = addProduct(builder, loc, index,
                         isB ? loads.stepOf(loop, columns) : access.coefs[loop],
                         part.begin[loop]);
  return index;
}

SmallVector<int64_t>
ContractionEmitter::rowOffsets(const Access &access) const {
  SmallVector<int64_t> offsets = {0};
  for (unsigned loop : contraction.rows) {
    SmallVector<int64_t> next;
    for (int64_t offset : offsets)
      for (int64_t i = 0; i < part.size[loop]; ++i)
        next.push_back(offset + i * access.coefs[loop]);
    offsets = std::move(next);
  }
  return offsets;
}

void ContractionEmitter::emitTile() {
  TapPlace place = {indexOf(accessA()), indexOf(b.access()), Value()};
  Value outputIndex = indexOf(nest.output);
  SmallVector<TapRange> ranges;
  for (unsigned loop : contraction.taps) {
    auto [begin, end] = emitTapBounds(builder, loc, nest, part, loop);
    ranges.push_back({begin, end, accessA().coefs[loop],
                      loads.stepOf(loop, columns),
                      corrections.stepOfSums(loop)});
  }

  SmallVector<Value> accumulators;
  SmallVector<int64_t> offsets = rowOffsets(nest.output);
  for (int64_t offset : offsets) {
    for (int64_t vector = 0; vector < columns.vectors; ++vector) {
      Value start;
      if (initial)
        start = arith::ConstantOp::create(
            builder, loc,
            DenseElementsAttr::get(step.accumulatorType(), Attribute(initial)));
      else
        start = output.loadVector(builder, loc,
                                  addOffset(builder, loc, outputIndex,
                                            offset + vector * tiling.lanes),
                                  tiling.lanes, activeLanes(vector));
      accumulators.push_back(start);
    }
  }
  corrections.apply(builder, loc, columns, part.begin[contraction.columns],
                    place.a, rowOffsets(accessA()), ranges, accumulators);
  accumulators = emitTaps(builder, loc, ranges, place, std::move(accumulators),
                          [&](const TapPlace &tap, SmallVector<Value> carried) {
                            return emitRun(tap, std::move(carried));
                          });
  for (auto [row, offset] : llvm::enumerate(offsets))
    for (int64_t vector = 0; vector < columns.vectors; ++vector)
      output.storeVector(
          builder, loc, accumulators[row * columns.vectors + vector],
          addOffset(builder, loc, outputIndex, offset + vector * tiling.lanes),
          activeLanes(vector));
}

SmallVector<Value>
ContractionEmitter::emitRun(const TapPlace &place,
                            SmallVector<Value> accumulators) {
  unsigned loop = contraction.run;
  int64_t extent = nest.loops[loop].extent;
  // A body is a number of whole units; what is left comes after the loop.
  int64_t unit = loads.unit();
  int64_t body =
      std::max<int64_t>(tiling.unroll * step.group() / unit, 1) * unit;
  int64_t whole = extent / body;
  auto placeAt = [&](Value position) -> TapPlace {
    return {addProduct(builder, loc, place.a, accessA().coefs[loop], position),
            addProduct(builder, loc, place.b, loads.stepOf(loop, columns),
                       position),
            Value()};
  };
  if (whole > 0)
    accumulators =
        emitLoop(builder, loc, whole, std::move(accumulators),
                 [&](Value iv, SmallVector<Value> carried) {
                   Value position =
                       addProduct(builder, loc, constant(0), body, iv);
                   return emitBody(placeAt(position), body, std::move(carried));
                 });
  if (extent % body != 0)
    accumulators = emitBody(placeAt(constant(whole * body)), extent % body,
                            std::move(accumulators));
  return accumulators;
}

void ContractionEmitter::emitPrefetch(Value indexA, Value position) {
  int64_t extent = nest.loops[contraction.run].extent;
  bool adjacent = contraction.taps.empty() && !contraction.rows.empty() &&
                  accessA().coefs[contraction.run] == 1 &&
                  accessA().coefs[contraction.rows.back()] == extent &&
                  part.size[contraction.rows.back()] == tiling.numRows();
  if (!adjacent || tiling.columnsOutside)
    return;
  int64_t rows = tiling.numRows();
  Value ahead =
      addProduct(builder, loc, addOffset(builder, loc, indexA, rows * extent),
                 rows, position);
  a.prefetch(builder, loc, ahead);
}

SmallVector<Value>
ContractionEmitter::emitBody(const TapPlace &place, int64_t count,
                             SmallVector<Value> accumulators) {
  SmallVector<int64_t> offsets = rowOffsets(accessA());
  int64_t coef = accessA().coefs[contraction.run];
  for (int64_t unit = 0; unit < count; unit += loads.unit()) {
    int64_t unitSize = std::min(loads.unit(), count - unit);
    Value unitB = addOffset(builder, loc, place.b,
                            unit * loads.stepOf(contraction.run, columns));
    SmallVector<SmallVector<Value, 4>> vectors;
    for (int64_t vector = 0; vector < columns.vectors; ++vector)
      vectors.push_back(loads.load(builder, loc, unitB, columns, vector,
                                   tiling.lanes, unitSize));
    for (size_t s = 0; s < vectors.front().size(); ++s) {
      int64_t position = unit + s * step.group();
      int64_t size = std::min(step.group(), count - position);
      for (auto [row, offset] : llvm::enumerate(offsets)) {
        Value value = step.emitRow(
            builder, loc, a,
            addOffset(builder, loc, place.a, offset + position * coef), size);
        for (int64_t vector = 0; vector < columns.vectors; ++vector) {
          Value &accumulator = accumulators[row * columns.vectors + vector];
          accumulator = step.emitCombine(builder, loc, accumulator, value,
                                         vectors[vector][s]);
        }
      }
    }
  }
  return accumulators;
}

void dconv::kernels::emitContraction(OpBuilder &builder, linalg::GenericOp op,
                                     const Nest &nest,
                                     const Contraction &contraction,
                                     MultiplyAdd step,
                                     const ContractionTiling &tiling,
                                     TypedAttr initial) {
  step.setLanes(tiling.lanes);
  ContractionEmitter(builder, op, nest, contraction, step, tiling, initial)
      .emit();
}
