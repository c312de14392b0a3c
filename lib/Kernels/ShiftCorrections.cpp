//===- ShiftCorrections.cpp - sums without their zero points --------------===//

#include "ShiftCorrections.h"
#include "EmitLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace dconv::kernels;

ShiftCorrections::ShiftCorrections(const Nest &nest,
                                   const Contraction &contraction,
                                   const MultiplyAdd &step,
                                   const ContractionTiling &tiling,
                                   const FlatBuffer &a,
                                   const ColumnLoads &loads)
    : nest(nest), contraction(contraction), step(step), tiling(tiling), a(a),
      loads(loads), steps(nest.loops.size(), 0) {
  steps[contraction.columns] = 1;
  accessSums.numElements = nest.loops[contraction.columns].extent;
  accessSums.elementBits = 32;
  for (unsigned loop : contraction.taps) {
    if (!isBounded(nest, contraction, loop))
      continue;
    steps[loop] = accessSums.numElements;
    accessSums.numElements *= nest.loops[loop].extent;
  }
}

void ShiftCorrections::allocate(OpBuilder &builder, Location loc) {
  if (!keepsSums())
    return;
  auto type = MemRefType::get({accessSums.numElements}, builder.getI32Type());
  Value room = memref::AllocaOp::create(builder, loc, type,
                                        builder.getI64IntegerAttr(64));
  sums.emplace(builder, loc, room, accessSums);
}

Value ShiftCorrections::zeros(OpBuilder &builder, Location loc) const {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getZeroAttr(step.accumulatorType()));
}

void ShiftCorrections::emitTapSums(OpBuilder &builder, Location loc,
                                   const TileColumns &columns, Value index) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  // Taps with a sum of their own around those without.
  SmallVector<TapRange> own, common;
  for (unsigned loop : contraction.taps)
    (steps[loop] ? own : common)
        .push_back({constant(0), constant(nest.loops[loop].extent), 0,
                    loads.stepOf(loop, columns), steps[loop]});
  Value first =
      arith::AddIOp::create(builder, loc, columns.panelBegin, columns.begin);
  Value ones = step.emitOnes(builder, loc);
  int64_t extent = nest.loops[contraction.run].extent;
  int64_t unit = loads.unit();
  auto sumUnit = [&](Value at, int64_t count, SmallVector<Value> carried) {
    for (int64_t vector = 0; vector < columns.vectors; ++vector)
      for (Value part :
           loads.load(builder, loc, at, columns, vector, tiling.lanes, count))
        carried[vector] =
            step.emitCombine(builder, loc, carried[vector], ones, part);
    return carried;
  };
  auto sumRun = [&](const TapPlace &place, SmallVector<Value> carried) {
    int64_t distance = loads.stepOf(contraction.run, columns);
    if (extent >= unit)
      carried = emitLoop(builder, loc, extent / unit, std::move(carried),
                         [&](Value iv, SmallVector<Value> inner) {
                           return sumUnit(addProduct(builder, loc, place.b,
                                                     unit * distance, iv),
                                          unit, std::move(inner));
                         });
    if (extent % unit)
      carried = sumUnit(
          addOffset(builder, loc, place.b, extent / unit * unit * distance),
          extent % unit, std::move(carried));
    return carried;
  };
  emitTaps(builder, loc, own, {Value(), index, first}, {},
           [&](const TapPlace &place, SmallVector<Value>) {
             SmallVector<Value> none(columns.vectors, zeros(builder, loc));
             SmallVector<Value> result =
                 emitTaps(builder, loc, common, place, none, sumRun);
             for (auto [vector, sum] : llvm::enumerate(result))
               sums->storeVector(
                   builder, loc, sum,
                   addOffset(builder, loc, place.sums, vector * tiling.lanes),
                   activeLanes(columns, vector));
             return SmallVector<Value>();
           });
}

SmallVector<Value> ShiftCorrections::columnSums(OpBuilder &builder,
                                                Location loc,
                                                const TileColumns &columns,
                                                Value firstColumn,
                                                ArrayRef<TapRange> ranges) {
  SmallVector<TapRange> own;
  for (const TapRange &range : ranges)
    if (range.stepSums)
      own.push_back(range);
  SmallVector<Value> none(columns.vectors, zeros(builder, loc));
  return emitTaps(
      builder, loc, own, {Value(), Value(), firstColumn}, none,
      [&](const TapPlace &place, SmallVector<Value> carried) {
        for (auto [vector, sum] : llvm::enumerate(carried)) {
          Value tap = sums->loadVector(
              builder, loc,
              addOffset(builder, loc, place.sums, vector * tiling.lanes),
              tiling.lanes, activeLanes(columns, vector));
          sum = arith::AddIOp::create(builder, loc, sum, tap);
        }
        return carried;
      });
}

SmallVector<Value> ShiftCorrections::rowSums(OpBuilder &builder, Location loc,
                                             Value indexA,
                                             ArrayRef<int64_t> rows,
                                             ArrayRef<TapRange> ranges,
                                             Value shift) {
  int64_t extent = nest.loops[contraction.run].extent;
  int64_t most = step.elementsPerSum();
  auto addElements = [&](Value at, int64_t count, SmallVector<Value> carried) {
    for (auto [sum, offset] : llvm::zip_equal(carried, rows))
      sum = step.emitElementSums(
          builder, loc, a, addOffset(builder, loc, at, offset), count, sum);
    return carried;
  };
  Value none =
      arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(0));
  Value shifted = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                        shift, none);
  SmallVector<Type> types(rows.size(), builder.getI32Type());
  auto branch = scf::IfOp::create(builder, loc, types, shifted, true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  SmallVector<Value> sums(rows.size(), zeros(builder, loc));
  sums = emitTaps(
      builder, loc, ranges, {indexA, Value(), Value()}, std::move(sums),
      [&](const TapPlace &place, SmallVector<Value> carried) {
        if (extent >= most)
          carried = emitLoop(builder, loc, extent / most, std::move(carried),
                             [&](Value iv, SmallVector<Value> inner) {
                               return addElements(
                                   addProduct(builder, loc, place.a, most, iv),
                                   most, std::move(inner));
                             });
        if (extent % most)
          carried = addElements(
              addOffset(builder, loc, place.a, extent / most * most),
              extent % most, std::move(carried));
        return carried;
      });
  for (Value &sum : sums)
    sum = vector::ReductionOp::create(builder, loc, vector::CombiningKind::ADD,
                                      sum);
  scf::YieldOp::create(builder, loc, sums);
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, loc, SmallVector<Value>(rows.size(), none));
  return llvm::to_vector_of<Value>(branch.getResults());
}

void ShiftCorrections::apply(OpBuilder &builder, Location loc,
                             const TileColumns &columns, Value firstColumn,
                             Value indexA, ArrayRef<int64_t> rows,
                             ArrayRef<TapRange> ranges,
                             SmallVectorImpl<Value> &accumulators) {
  auto broadcast = [&](Value value) -> Value {
    return vector::BroadcastOp::create(builder, loc, step.accumulatorType(),
                                       value);
  };
  auto multiply = [&](Value x, Value y) -> Value {
    return arith::MulIOp::create(builder, loc, x, y);
  };
  auto forEach = [&](function_ref<void(Value &, size_t row, size_t vector)> f) {
    for (auto [position, accumulator] : llvm::enumerate(accumulators))
      f(accumulator, position / columns.vectors, position % columns.vectors);
  };
  if (step.hasShiftA()) {
    Value shift = broadcast(step.shiftA(builder, loc));
    SmallVector<Value> lacking =
        columnSums(builder, loc, columns, firstColumn, ranges);
    for (Value &sum : lacking)
      sum = multiply(shift, sum);
    forEach([&](Value &accumulator, size_t, size_t vector) {
      accumulator =
          arith::SubIOp::create(builder, loc, accumulator, lacking[vector]);
    });
  }
  if (!step.hasShiftB())
    return;
  Value shift = step.shiftB(builder, loc);
  SmallVector<Value> lacking =
      rowSums(builder, loc, indexA, rows, ranges, shift);
  // What each position adds where both are shifted.
  Value both;
  if (step.hasShiftA()) {
    Value count = arith::ConstantIndexOp::create(
        builder, loc, nest.loops[contraction.run].extent);
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    for (const TapRange &range : ranges) {
      Value length =
          arith::SubIOp::create(builder, loc, range.end, range.begin);
      count =
          multiply(count, arith::MaxSIOp::create(builder, loc, length, zero));
    }
    both = multiply(
        step.shiftA(builder, loc),
        arith::IndexCastOp::create(builder, loc, builder.getI32Type(), count));
  }
  for (Value &sum : lacking) {
    if (both)
      sum = arith::SubIOp::create(builder, loc, sum, both);
    sum = broadcast(multiply(shift, sum));
  }
  forEach([&](Value &accumulator, size_t row, size_t) {
    accumulator =
        arith::SubIOp::create(builder, loc, accumulator, lacking[row]);
  });
}
