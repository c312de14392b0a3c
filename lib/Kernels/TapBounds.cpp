//===- TapBounds.cpp - the taps that a tile needs -------------------------===//

#include "TapBounds.h"
#include "EmitLoops.h"
#include "VectorLoads.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace dconv::kernels;

SmallVector<Value> dconv::kernels::emitTaps(
    OpBuilder &builder, Location loc, ArrayRef<TapRange> ranges, TapPlace place,
    SmallVector<Value> carried,
    function_ref<SmallVector<Value>(const TapPlace &, SmallVector<Value>)>
        body) {
  if (ranges.empty())
    return body(place, std::move(carried));
  const TapRange &range = ranges.front();
  return emitLoop(builder, loc, range.begin, range.end, std::move(carried),
                  [&](Value tap, SmallVector<Value> inner) {
                    auto move = [&](Value index, int64_t step) {
                      return index ? addProduct(builder, loc, index, step, tap)
                                   : index;
                    };
                    TapPlace moved = {move(place.a, range.stepA),
                                      move(place.b, range.stepB),
                                      move(place.sums, range.stepSums)};
                    return emitTaps(builder, loc, ranges.drop_front(), moved,
                                    std::move(inner), body);
                  });
}

/// Whether `loop` is the only reduction loop that moves `position`.
static bool bounds(const Nest &nest, const BoundedPosition &position,
                   unsigned loop) {
  for (unsigned other = 0; other < nest.loops.size(); ++other)
    if (nest.loops[other].reduction &&
        (position.coefs[other] != 0) != (other == loop))
      return false;
  return true;
}

bool dconv::kernels::isBounded(const Nest &nest, const Contraction &contraction,
                               unsigned loop) {
  return loop != contraction.run &&
         llvm::any_of(nest.bounds, [&](const BoundedPosition &position) {
           return bounds(nest, position, loop);
         });
}

std::pair<Value, Value> dconv::kernels::emitTapBounds(OpBuilder &builder,
                                                      Location loc,
                                                      const Nest &nest,
                                                      const Part &part,
                                                      unsigned loop) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  Value begin = constant(0), end = constant(nest.loops[loop].extent);
  for (const BoundedPosition &position : nest.bounds) {
    if (!bounds(nest, position, loop))
      continue;
    // Positions of tap 0 are between first + low and first + high.
    Value first = constant(position.offset);
    int64_t low = 0, high = 0;
    for (unsigned other = 0; other < nest.loops.size(); ++other) {
      int64_t coef = position.coefs[other];
      if (coef == 0 || nest.loops[other].reduction)
        continue;
      if (part.begin[other])
        first = addProduct(builder, loc, first, coef, part.begin[other]);
      (coef > 0 ? high : low) += coef * (part.size[other] - 1);
    }
    Value lowest = addOffset(builder, loc, first, low);
    Value highest = addOffset(builder, loc, first, high);
    // The taps before the first and those from the last on are `before` and
    // `last` steps away: positions go up, or down, with the tap.
    int64_t step = position.coefs[loop];
    Value before, until;
    if (step > 0) {
      before = arith::SubIOp::create(builder, loc, position.low, highest);
      until = arith::SubIOp::create(builder, loc, position.high, lowest);
    } else {
      step = -step;
      before = addOffset(
          builder, loc,
          arith::SubIOp::create(builder, loc, lowest, position.high), 1);
      until = addOffset(
          builder, loc,
          arith::SubIOp::create(builder, loc, highest, position.low), 1);
    }
    auto roundUp = [&](Value distance) -> Value {
      distance = arith::MaxSIOp::create(builder, loc, distance, constant(0));
      if (step == 1)
        return distance;
      return arith::DivUIOp::create(builder, loc,
                                    addOffset(builder, loc, distance, step - 1),
                                    constant(step));
    };
    begin = arith::MaxSIOp::create(builder, loc, begin, roundUp(before));
    end = arith::MinSIOp::create(builder, loc, end, roundUp(until));
  }
  return {begin, end};
}
