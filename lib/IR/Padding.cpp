//===- Padding.cpp - constants around and under a convolution -------------===//

#include "dconv/IR/Recognize.h"

#include "mlir/IR/Matchers.h"

using namespace dconv;
using namespace mlir;

/// The constant that `value` is, or null.
static TypedAttr constantOf(Value value) {
  Attribute attribute;
  if (!matchPattern(value, m_Constant(&attribute)))
    return {};
  return dyn_cast<TypedAttr>(attribute);
}

TypedAttr dconv::padValue(tensor::PadOp pad) {
  auto yield = cast<tensor::YieldOp>(pad.getBody()->getTerminator());
  return constantOf(yield.getValue());
}

/// That `pad` adds a known, non-negative number of elements on each side of a
/// tensor of known shape.
static bool isStaticPad(tensor::PadOp pad) {
  auto known = [](int64_t width) { return width >= 0; }; // dynamic is negative
  return pad.getSourceType().hasStaticShape() &&
         !pad.getSourceType().getEncoding() &&
         llvm::all_of(pad.getStaticLow(), known) &&
         llvm::all_of(pad.getStaticHigh(), known);
}

tensor::PadOp dconv::fusiblePad(RecognizedConvolution &convolution,
                                unsigned i) {
  if (i != convolution.input)
    return {};
  auto pad = convolution.inputValue(i).getDefiningOp<tensor::PadOp>();
  if (!pad || !isStaticPad(pad) || !padValue(pad))
    return {};
  return pad;
}

Convolution dconv::geometryWithPadding(RecognizedConvolution &convolution) {
  Convolution geometry = convolution.geometry;
  for (unsigned i = 0; i < geometry.inputs.size(); ++i) {
    tensor::PadOp pad = fusiblePad(convolution, i);
    if (!pad)
      continue;
    Operand &input = geometry.inputs[i];
    input.shape = pad.getSourceType().getShape().vec();
    input.padLow = pad.getStaticLow().vec();
    input.padHigh = pad.getStaticHigh().vec();
  }
  return geometry;
}

/// The scalar that `value` is filled with where an op does that, or null.
static Value fillValue(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    return fill.value();
  if (auto splat = value.getDefiningOp<tensor::SplatOp>())
    return splat.getInput();
  if (auto generic = value.getDefiningOp<linalg::GenericOp>())
    if (std::optional<Value> scalar = linalg::isaFillOpInterface(generic))
      return *scalar;
  return {};
}

TypedAttr dconv::constantFill(Value value) {
  if (Value scalar = fillValue(value))
    return constantOf(scalar);
  auto elements = dyn_cast_or_null<DenseElementsAttr>(constantOf(value));
  if (!elements || !elements.isSplat())
    return {};
  return cast<TypedAttr>(elements.getSplatValue<Attribute>());
}
