//===- MultiplyAdd.cpp - one step of a contraction ------------------------===//

#include "MultiplyAdd.h"
#include "DotProducts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace dconv;
using namespace dconv::kernels;

static bool isUnsigned(const InputValue &input) {
  return isa_and_nonnull<arith::ExtUIOp>(input.cast);
}

/// The type of the elements that `input` reads.
static Type elementOf(const InputValue &input, Type type) {
  return input.cast ? input.cast->getOperand(0).getType() : type;
}

MultiplyAdd::MultiplyAdd(const Nest &nest, const Contraction &contraction,
                         const KernelTarget &target)
    : inputA(nest.values[contraction.a]), inputB(nest.values[contraction.b]),
      type(nest.type), elementA(elementOf(inputA, type)),
      elementB(elementOf(inputB, type)), zeroPointA(inputA.zeroPoint),
      zeroPointB(inputB.zeroPoint) {
  const std::optional<Panels> &panels = nest.inputs[contraction.b].panels;
  bool adjacent = nest.inputs[contraction.a].coefs[contraction.run] == 1 &&
                  nest.loops[contraction.run].extent > 1;
  if (adjacent && chooseDot(nest, target)) {
    stepCost.minLanes = 128 / 32;
    stepCost.perColumns =
        panels && panels->group == group() ? 0 : double(group());
    stepCost.registers = panels && panels->group == group() ? 0 : 1;
    if (kind == Kind::DotI8) {
      stepCost.perRow = flipA ? 0.25 : 0;
      stepCost.registers += flipA;
    } else if (kind == Kind::DotI16) {
      stepCost.perAccumulator = 2;
      stepCost.perColumns += 1;
      stepCost.perRow = 1;
      stepCost.registers += 1;
    }
    return;
  }
  bool fused = isa<FloatType>(type);
  stepCost.perAccumulator = fused ? 1 : 2;
  stepCost.perColumns = (inputB.cast ? 1 : 0) + (zeroPointB ? 1 : 0);
  stepCost.perRow = (inputA.cast ? 2 : 0) + (zeroPointA ? 1 : 0);
  stepCost.registers = (fused ? 0 : 1) + (zeroPointB ? 1 : 0);
}

bool MultiplyAdd::chooseDot(const Nest &nest, const KernelTarget &target) {
  if (elementA.isBF16() && elementB.isBF16() && type.isF32()) {
    if (target.dotBf16) {
      kind = Kind::DotBf16;
      stepCost.group = 2;
    }
    return target.dotBf16;
  }
  if (!type.isInteger(32) || !isa<IntegerType>(elementA) ||
      !isa<IntegerType>(elementB))
    return false;
  bool bytes = elementA.isInteger(8) && elementB.isInteger(8);
  if (bytes && target.dotI8) {
    kind = Kind::DotI8;
    stepCost.group = 4;
    flipA = !isUnsigned(inputA);
    flipB = isUnsigned(inputB);
    return shifts = true;
  }
  auto fits = [](Type element, const InputValue &input) {
    unsigned bits = element.getIntOrFloatBitWidth();
    return bits < 16 || (bits == 16 && !isUnsigned(input));
  };
  if (!target.dotI16 || !fits(elementA, inputA) || !fits(elementB, inputB))
    return false;
  kind = Kind::DotI16;
  stepCost.group = 2;
  return shifts = true;
}

VectorType MultiplyAdd::accumulatorType() const {
  return VectorType::get(lanes, type);
}

static Value constantI32(OpBuilder &builder, Location loc, int64_t value) {
  return arith::ConstantOp::create(builder, loc,
                                   builder.getI32IntegerAttr(value));
}

static Value splat(OpBuilder &builder, Location loc, VectorType type,
                   int64_t value) {
  Attribute element = builder.getIntegerAttr(
      type.getElementType(),
      APInt(type.getElementTypeBitWidth(), value, false, true));
  return arith::ConstantOp::create(builder, loc,
                                   DenseElementsAttr::get(type, element));
}

Value MultiplyAdd::shiftA(OpBuilder &builder, Location loc) const {
  Value flipped = constantI32(builder, loc, flipA ? 128 : 0);
  return zeroPointA ? arith::AddIOp::create(builder, loc, zeroPointA, flipped)
                    : flipped;
}

Value MultiplyAdd::shiftB(OpBuilder &builder, Location loc) const {
  Value flipped = constantI32(builder, loc, flipB ? -128 : 0);
  return zeroPointB ? arith::AddIOp::create(builder, loc, zeroPointB, flipped)
                    : flipped;
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

Value MultiplyAdd::castElements(OpBuilder &builder, Location loc, Value value,
                                const InputValue &input, Type element) const {
  if (getElementTypeOrSelf(value) == element)
    return value;
  Type to = element;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    to = VectorType::get(vector.getShape(), element);
  return builder.create(loc, input.cast->getName().getIdentifier(), value, to)
      ->getResult(0);
}

/// `count` adjacent elements followed by zeros up to `size`.
static Value loadPadded(OpBuilder &builder, Location loc,
                        const FlatBuffer &buffer, Value index, int64_t count,
                        int64_t size) {
  Value loaded = buffer.loadVector(builder, loc, index, count, count);
  if (count == size)
    return loaded;
  Value zeros = arith::ConstantOp::create(
      builder, loc, builder.getZeroAttr(loaded.getType()));
  SmallVector<int64_t> lanes(size, count);
  for (int64_t lane = 0; lane < count; ++lane)
    lanes[lane] = lane;
  return vector::ShuffleOp::create(builder, loc, loaded, zeros, lanes);
}

/// The bits of `group` in every lane of a vector of `size` such elements.
static Value broadcastGroup(OpBuilder &builder, Location loc, Value group,
                            int64_t size) {
  auto type = cast<VectorType>(group.getType());
  int64_t bits = type.getNumElements() * type.getElementTypeBitWidth();
  Type word = builder.getIntegerType(bits);
  Value whole =
      vector::BitCastOp::create(builder, loc, VectorType::get(1, word), group);
  Value scalar = vector::ExtractOp::create(builder, loc, whole, int64_t(0));
  int64_t copies = size / type.getNumElements();
  Value words = vector::BroadcastOp::create(
      builder, loc, VectorType::get(copies, word), scalar);
  return vector::BitCastOp::create(
      builder, loc, VectorType::get(size, type.getElementType()), words);
}

Value MultiplyAdd::invertSigns(OpBuilder &builder, Location loc, Value bytes,
                               int64_t count, int64_t active) const {
  auto vectorType = cast<VectorType>(bytes.getType());
  SmallVector<APInt> bits;
  for (int64_t lane = 0; lane < vectorType.getNumElements(); ++lane)
    bits.push_back(
        APInt(8, lane < active && lane % group() < count ? 0x80 : 0));
  Value signs = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(vectorType, bits));
  return arith::XOrIOp::create(builder, loc, bytes, signs);
}

Value MultiplyAdd::emitRow(OpBuilder &builder, Location loc,
                           const FlatBuffer &a, Value index,
                           int64_t count) const {
  if (kind == Kind::PerElement) {
    Value value = castElements(builder, loc, a.loadScalar(builder, loc, index),
                               inputA, type);
    if (zeroPointA)
      value = arith::SubIOp::create(builder, loc, value, zeroPointA);
    return vector::BroadcastOp::create(builder, loc, accumulatorType(), value);
  }
  Value few = loadPadded(builder, loc, a, index, count, group());
  Value row = broadcastGroup(builder, loc, few, lanes * group());
  if (kind == Kind::DotI16)
    return castElements(builder, loc, row, inputA, builder.getI16Type());
  // Where a is shorter than a group, b is zero.
  return flipA ? invertSigns(builder, loc, row, group(), lanes * group()) : row;
}

Value MultiplyAdd::emitOnes(OpBuilder &builder, Location loc) const {
  Type element = kind == Kind::DotI16 ? builder.getI16Type() : elementA;
  return splat(builder, loc, VectorType::get(lanes * group(), element), 1);
}

Value MultiplyAdd::emitColumns(OpBuilder &builder, Location loc, Value columns,
                               int64_t count) const {
  switch (kind) {
  case Kind::PerElement:
    columns = castElements(builder, loc, columns, inputB, type);
    if (zeroPointB)
      columns = arith::SubIOp::create(
          builder, loc, columns,
          vector::BroadcastOp::create(builder, loc, accumulatorType(),
                                      zeroPointB));
    return columns;
  case Kind::DotBf16:
    return columns;
  case Kind::DotI8:
    return flipB ? invertSigns(builder, loc, columns, count, lanes * group())
                 : columns;
  case Kind::DotI16:
    return castElements(builder, loc, columns, inputB, builder.getI16Type());
  }
  llvm_unreachable("unknown kind");
}

//===----------------------------------------------------------------------===//
// Multiply and add
//===----------------------------------------------------------------------===//

Value MultiplyAdd::emitCombine(OpBuilder &builder, Location loc,
                               Value accumulator, Value row,
                               Value columns) const {
  switch (kind) {
  case Kind::PerElement: {
    if (isa<FloatType>(type))
      return vector::FMAOp::create(builder, loc, row, columns, accumulator);
    Value product = arith::MulIOp::create(builder, loc, row, columns);
    return arith::AddIOp::create(builder, loc, product, accumulator);
  }
  case Kind::DotBf16:
    return emitDotBf16(builder, loc, accumulator, row, columns);
  case Kind::DotI8:
    return emitDotI8(builder, loc, accumulator, row, columns);
  case Kind::DotI16:
    return emitDotI16(builder, loc, accumulator, row, columns);
  }
  llvm_unreachable("unknown kind");
}

Value MultiplyAdd::emitElementSums(OpBuilder &builder, Location loc,
                                   const FlatBuffer &a, Value index,
                                   int64_t count, Value sums) const {
  Value elements = loadPadded(builder, loc, a, index, count, elementsPerSum());
  if (kind == Kind::DotI16)
    elements =
        castElements(builder, loc, elements, inputA, builder.getI16Type());
  if (flipA)
    elements = invertSigns(builder, loc, elements, group(), count);
  return emitCombine(builder, loc, sums, elements, emitOnes(builder, loc));
}
