//===- Neutral.cpp - constants that change no result ----------------------===//

#include "Neutral.h"

#include "ProgramText.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace dconv;

uint64_t dconv::identityOf(Combiner combiner, Type type) {
  if (auto floatType = dyn_cast<FloatType>(type)) {
    const llvm::fltSemantics &semantics = floatType.getFloatSemantics();
    if (combiner == Combiner::Add)
      return 0;
    return APFloat::getInf(semantics, /*Negative=*/combiner == Combiner::Max)
        .bitcastToAPInt()
        .getZExtValue();
  }
  unsigned width = type.getIntOrFloatBitWidth();
  switch (combiner) {
  case Combiner::Add:
  case Combiner::MaxUnsigned:
    return 0;
  case Combiner::Max:
    return APInt::getSignedMinValue(width).getZExtValue();
  case Combiner::Min:
    return APInt::getSignedMaxValue(width).getZExtValue();
  case Combiner::MinUnsigned:
    return APInt::getMaxValue(width).getZExtValue();
  }
  llvm_unreachable("unknown combiner");
}

uint64_t dconv::widenedBits(TypedAttr value, Type storage) {
  auto number = dyn_cast<FloatAttr>(value);
  if (!number || number.getType() == storage)
    return bitsOf(value);
  APFloat wide = number.getValue();
  bool losesInfo;
  wide.convert(cast<FloatType>(storage).getFloatSemantics(),
               APFloat::rmNearestTiesToEven, &losesInfo);
  return wide.bitcastToAPInt().getZExtValue();
}

/// The constant that scalar operand `number` of `op` is, or null.
static IntegerAttr constantScalar(linalg::LinalgOp op, unsigned number) {
  Value value = op->getOperand(number);
  if (auto tensor = value.getDefiningOp<tensor::FromElementsOp>())
    value = tensor.getElements().front();
  IntegerAttr constant;
  matchPattern(value, m_Constant(&constant));
  return constant;
}

static APInt widened(APInt value, CastKind cast, unsigned width) {
  return cast == CastKind::ExtUI ? value.zextOrTrunc(width)
                                 : value.sextOrTrunc(width);
}

bool dconv::isNeutral(RecognizedConvolution &recognized, const Factor &factor,
                      TypedAttr value) {
  const Body &body = recognized.body;
  if (body.combiner == CombinerKind::Add) {
    if (auto number = dyn_cast<FloatAttr>(value))
      return number.getValue().isZero();
    const unsigned width = body.accumulator.getIntOrFloatBitWidth();
    APInt term =
        widened(cast<IntegerAttr>(value).getValue(), factor.cast, width);
    if (!factor.zeroPoint)
      return term.isZero();
    IntegerAttr zeroPoint = constantScalar(recognized.op, *factor.zeroPoint);
    return zeroPoint && term == widened(zeroPoint.getValue(),
                                        factor.zeroPointCast, width);
  }
  // A NaN that is ignored is lost to the identity.
  return !body.ignoresNaN && !factor.zeroPoint &&
         value.getType() == body.accumulator &&
         bitsOf(value) == identityOf(static_cast<Combiner>(body.combiner),
                                     body.accumulator);
}
