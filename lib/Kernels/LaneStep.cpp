//===- LaneStep.cpp - one step of a depthwise nest ------------------------===//

#include "LaneStep.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace dconv::kernels;

LaneStep::LaneStep(const Nest &nest, const Depthwise &roles)
    : nest(nest), roles(roles) {}

LaneCost LaneStep::cost() const {
  auto widen = [&](unsigned input) -> double {
    const InputValue &value = nest.values[input];
    bool shifts = value.cast && value.cast->getOperand(0).getType().isBF16();
    return (value.cast ? 1 : 0) + (shifts ? 1 : 0) + (value.zeroPoint ? 1 : 0);
  };
  LaneCost cost;
  if (roles.b && !isa<FloatType>(nest.type))
    cost.perAccumulator = 2;
  cost.perA = widen(roles.a);
  cost.perB = roles.b ? widen(*roles.b) : 0;
  return cost;
}

Value LaneStep::emitInput(OpBuilder &builder, Location loc, unsigned input,
                          const FlatBuffer &buffer, Value index, int64_t lanes,
                          int64_t active) const {
  const InputValue &kind = nest.values[input];
  auto type = VectorType::get(lanes, nest.type);
  Value value = buffer.loadVector(builder, loc, index, lanes, active);
  if (kind.cast)
    value =
        builder.create(loc, kind.cast->getName().getIdentifier(), value, type)
            ->getResult(0);
  if (kind.zeroPoint)
    value = arith::SubIOp::create(
        builder, loc, value,
        vector::BroadcastOp::create(builder, loc, type, kind.zeroPoint));
  return value;
}

Value LaneStep::emitCombine(OpBuilder &builder, Location loc, Value accumulator,
                            Value a, Value b) const {
  if (!b)
    return vector::makeArithReduction(builder, loc, nest.combiner, a,
                                      accumulator);
  if (isa<FloatType>(nest.type))
    return vector::FMAOp::create(builder, loc, a, b, accumulator);
  Value product = arith::MulIOp::create(builder, loc, a, b);
  return arith::AddIOp::create(builder, loc, product, accumulator);
}
