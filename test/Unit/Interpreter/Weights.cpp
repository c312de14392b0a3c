//===- Weights.cpp - programs whose weights are constants -----------------===//

#include "Weights.h"

#include "Support.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <gtest/gtest.h>

using namespace mlir;

namespace dconv::test {

std::optional<FilterAccess> filterAccess(ModuleOp module) {
  auto found = convolutionsOf(module);
  if (found.size() != 1 || found[0].second.body.factors.size() != 2)
    return std::nullopt;
  RecognizedConvolution &convolution = found[0].second;
  const unsigned number = 1 - convolution.input;
  FilterAccess access;
  access.operand = convolution.body.factors[number].operand;
  access.geometry = geometryWithPadding(convolution);
  access.map = access.geometry.inputs[number].map;
  for (unsigned loop = 0; loop < access.geometry.numLoops(); ++loop)
    for (const LinearExpr &expr : access.map)
      if (expr.uses(loop))
        access.loops.push_back(loop);
  return access;
}

void forEachWeight(
    const FilterAccess &access,
    llvm::function_ref<void(const Position &, const Position &)> visit) {
  Box box = Box::whole(access.geometry.extents);
  for (unsigned loop = 0; loop < box.rank(); ++loop)
    if (!llvm::is_contained(access.loops, loop))
      box[loop] = {0, 1};
  Position at;
  for (const Position &loops : Positions(box)) {
    at.clear();
    for (const LinearExpr &expr : access.map)
      at.push_back(expr.evaluate(loops));
    visit(loops, at);
  }
}

static TypedAttr attributeOf(Type type, Scalar value) {
  if (isa<FloatType>(type))
    return FloatAttr::get(type, value.real);
  return IntegerAttr::get(type, value.integer);
}

void setWeights(ModuleOp module, const Tensor &values, int64_t zero) {
  auto found = convolutionsOf(module);
  RecognizedConvolution &convolution = found[0].second;
  linalg::LinalgOp op = convolution.op;
  const Factor &factor = convolution.body.factors[1 - convolution.input];
  OpBuilder builder(op);
  auto set = [&](unsigned operand, llvm::ArrayRef<Scalar> elements) {
    Type type = op->getOperand(operand).getType();
    Type element = getElementTypeOrSelf(type);
    TypedAttr constant = attributeOf(element, elements[0]);
    if (auto tensor = dyn_cast<RankedTensorType>(type)) {
      SmallVector<Attribute> all;
      for (Scalar value : elements)
        all.push_back(attributeOf(element, value));
      constant = DenseElementsAttr::get(tensor, all);
    }
    op->setOperand(operand,
                   arith::ConstantOp::create(builder, op.getLoc(), constant));
  };
  set(factor.operand, values.elements);
  if (factor.zeroPoint)
    set(*factor.zeroPoint, Scalar{zero, 0});
}

/// The text of `module`.
static std::string textOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text;
}

void expectUntouched(ModuleOp module, const std::string &passes) {
  const std::string before = textOf(module);
  EXPECT_EQ(runPasses(module, passes), "");
  EXPECT_EQ(textOf(module), before);
}

std::string passesThatSplit(ModuleOp module) {
  std::string specs;
  for (auto &[name, convolution] : convolutionsOf(module)) {
    const std::vector<int64_t> &extents = convolution.geometry.extents;
    auto longest = std::max_element(extents.begin(), extents.end());
    specs += name + ":d" + std::to_string(longest - extents.begin()) + "=" +
             std::to_string(std::min<int64_t>(*longest, 2)) + ";";
  }
  return "dconv-plan{devices=2 split=" + specs + "},dconv-partition";
}

} // namespace dconv::test
