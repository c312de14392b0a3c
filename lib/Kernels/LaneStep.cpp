//===- LaneStep.cpp - one step of a depthwise nest ------------------------===//

#include "LaneStep.h"
#include "DotProducts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace dconv::kernels;

/// The type of the elements that `input` reads.
static Type elementOf(const InputValue &input, Type type) {
  return input.cast ? input.cast->getOperand(0).getType() : type;
}

LaneStep::LaneStep(const Nest &nest, const Depthwise &roles,
                   const KernelTarget &target)
    : nest(nest), roles(roles), kind(chooseKind(target)) {
  if (kind != Kind::PerElement) {
    // Two vectors become one, and bytes become i16.
    laneCost.group = 2;
    laneCost.minLanes = 4;
    laneCost.perA = laneCost.perB = kind == Kind::DotI16 ? 3 : 2;
    laneCost.perAccumulator = kind == Kind::DotI16 && !target.dotI8 ? 2 : 1;
    return;
  }
  auto widen = [&](unsigned input) -> double {
    const InputValue &value = nest.values[input];
    bool shifted = elementOf(value, nest.type).isBF16();
    return (value.cast ? 1 : 0) + shifted + (value.zeroPoint ? 1 : 0);
  };
  if (roles.b && !isa<FloatType>(nest.type))
    laneCost.perAccumulator = 2;
  laneCost.perA = widen(roles.a);
  laneCost.perB = roles.b ? widen(*roles.b) : 0;
}

LaneStep::Kind LaneStep::chooseKind(const KernelTarget &target) const {
  // A single tap has nothing to be multiplied with.
  if (!roles.b || Depthwise::extentOf(nest, roles.columnTap) < 2)
    return Kind::PerElement;
  const InputValue &a = nest.values[roles.a], &b = nest.values[*roles.b];
  Type elementA = elementOf(a, nest.type), elementB = elementOf(b, nest.type);
  if (target.dotBf16 && elementA.isBF16() && elementB.isBF16() &&
      nest.type.isF32())
    return Kind::DotBf16;
  auto fits = [](const InputValue &input, Type element) {
    unsigned bits = element.getIntOrFloatBitWidth();
    return isa<IntegerType>(element) && !input.zeroPoint &&
           (bits < 16 ||
            (bits == 16 && isa_and_nonnull<arith::ExtSIOp>(input.cast)));
  };
  if (target.dotI16 && nest.type.isInteger(32) && fits(a, elementA) &&
      fits(b, elementB))
    return Kind::DotI16;
  return Kind::PerElement;
}

Type LaneStep::stepType() const {
  switch (kind) {
  case Kind::PerElement:
    return nest.type;
  case Kind::DotBf16:
    return BFloat16Type::get(nest.type.getContext());
  case Kind::DotI16:
    return IntegerType::get(nest.type.getContext(), 16);
  }
  llvm_unreachable("unknown kind");
}

Value LaneStep::emitInput(OpBuilder &builder, Location loc, unsigned input,
                          const FlatBuffer &buffer, Value index, int64_t lanes,
                          int64_t active) const {
  const InputValue &value = nest.values[input];
  auto type = VectorType::get(lanes, stepType());
  Value loaded = buffer.loadVector(builder, loc, index, lanes, active);
  if (loaded.getType() != type)
    loaded =
        builder
            .create(loc, value.cast->getName().getIdentifier(), loaded, type)
            ->getResult(0);
  if (value.zeroPoint)
    loaded = arith::SubIOp::create(
        builder, loc, loaded,
        vector::BroadcastOp::create(builder, loc, type, value.zeroPoint));
  return loaded;
}

Value LaneStep::emitGroup(OpBuilder &builder, Location loc,
                          ArrayRef<Value> taps) const {
  Value first = taps.front();
  if (group() == 1)
    return first;
  Value second = taps.size() > 1
                     ? taps[1]
                     : Value(arith::ConstantOp::create(
                           builder, loc, builder.getZeroAttr(first.getType())));
  int64_t lanes = cast<VectorType>(first.getType()).getNumElements();
  SmallVector<int64_t> pairs;
  for (int64_t lane = 0; lane < lanes; ++lane)
    pairs.append({lane, lanes + lane});
  return vector::ShuffleOp::create(builder, loc, first, second, pairs);
}

Value LaneStep::emitCombine(OpBuilder &builder, Location loc, Value accumulator,
                            Value a, Value b) const {
  if (!b)
    return vector::makeArithReduction(builder, loc, nest.combiner, a,
                                      accumulator);
  if (kind == Kind::DotBf16)
    return emitDotBf16(builder, loc, accumulator, a, b);
  if (kind == Kind::DotI16)
    return emitDotI16(builder, loc, accumulator, a, b);
  if (isa<FloatType>(nest.type))
    return vector::FMAOp::create(builder, loc, a, b, accumulator);
  Value product = arith::MulIOp::create(builder, loc, a, b);
  return arith::AddIOp::create(builder, loc, product, accumulator);
}
