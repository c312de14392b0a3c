//===- LinalgOps.cpp - a linalg op over a box of its iterations -----------===//

#include "LinalgOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace dconv::test {

InputView InputView::of(const Tensor &tensor) {
  return {&tensor, tensor.box, Position(tensor.box.rank(), 0), tensor.box, {}};
}

const Scalar *InputView::find(ArrayRef<int64_t> position) const {
  Position inTensor(position);
  bool isPadding = false;
  for (unsigned d = 0; d < inTensor.size(); ++d) {
    if (!padded[d].contains(inTensor[d]))
      return nullptr;
    inTensor[d] -= low[d];
    isPadding |= !whole[d].contains(inTensor[d]);
  }
  if (isPadding)
    return padding ? &*padding : nullptr;
  return held->find(inTensor);
}

static int64_t evaluate(AffineExpr expr, ArrayRef<int64_t> loops) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return loops[dim.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  int64_t lhs = evaluate(binary.getLHS(), loops);
  int64_t rhs = evaluate(binary.getRHS(), loops);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return lhs + rhs;
  case AffineExprKind::Mul:
    return lhs * rhs;
  case AffineExprKind::Mod:
    return llvm::mod(lhs, rhs);
  case AffineExprKind::FloorDiv:
    return llvm::divideFloorSigned(lhs, rhs);
  case AffineExprKind::CeilDiv:
    return llvm::divideCeilSigned(lhs, rhs);
  default:
    llvm_unreachable("linalg maps have no symbols");
  }
}

static void evaluate(AffineMap map, ArrayRef<int64_t> loops, Position &at) {
  at.clear();
  for (AffineExpr expr : map.getResults())
    at.push_back(evaluate(expr, loops));
}

/// Whether `op` sums up in f16 or bf16, which is to be done in f32.
static bool sumsNarrow(linalg::LinalgOp op) {
  if (op.getNumReductionLoops() == 0 || op.getNumDpsInits() != 1)
    return false;
  Block *block = op.getBlock();
  auto sum =
      block->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  Value output = block->getArguments().back();
  if (!sum || (sum.getLhs() != output && sum.getRhs() != output))
    return false;
  return output.getType().isF16() || output.getType().isBF16();
}

static Error accessError(const char *what, linalg::LinalgOp op,
                         const Position &at, unsigned operand,
                         const Position &loops, const std::string &has) {
  return {std::string(what) + toString(at) + " of operand #" +
          std::to_string(operand) + " of '" +
          op->getName().getStringRef().str() + "' in iteration " +
          toString(loops) + " but has only " + has};
}

static std::string textOf(const InputView &view) {
  std::string text = dconv::toString(view.held->box);
  if (view.padded != view.whole)
    text += " of a tensor widened by " + toString(view.low);
  return text;
}

std::optional<Error> runLinalgOp(linalg::LinalgOp op, const Box &iterations,
                                 ArrayRef<InputView> inputs,
                                 MutableArrayRef<Tensor> outputs,
                                 Captured captured) {
  bool wide = sumsNarrow(op);
  Block *block = op.getBlock();
  Result<ScalarBody> body = ScalarBody::prepare(*block, wide, captured);
  if (!body)
    return Error{body.error()};
  std::vector<Tensor> sums;
  for (const Tensor &output : outputs)
    sums.push_back(
        output.converted(wide ? output.type.widened() : output.type));

  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  Position at;
  SmallVector<Scalar *> written(sums.size());
  for (const Position &loops : Positions(iterations)) {
    MutableArrayRef<Scalar> arguments = body->arguments();
    for (unsigned i = 0; i < inputs.size(); ++i) {
      if (block->getArgument(i).use_empty())
        continue; // of interest for its shape alone
      evaluate(maps[i], loops, at);
      const Scalar *element = inputs[i].find(at);
      if (!element)
        return accessError("reads ", op, at, i, loops, textOf(inputs[i]));
      arguments[i] = *element;
    }
    for (unsigned i = 0; i < sums.size(); ++i) {
      unsigned operand = inputs.size() + i;
      evaluate(maps[operand], loops, at);
      written[i] = sums[i].find(at);
      if (!written[i])
        return accessError("writes ", op, at, operand, loops,
                           dconv::toString(sums[i].box));
      arguments[operand] = *written[i];
    }
    body->run(loops);
    for (unsigned i = 0; i < sums.size(); ++i)
      *written[i] = body->yielded(i);
  }
  for (unsigned i = 0; i < sums.size(); ++i)
    outputs[i] = sums[i].converted(outputs[i].type);
  return std::nullopt;
}

} // namespace dconv::test
