//===- Emitter.cpp - code for the convolution of one shard ----------------===//

#include "dconv/Kernels/Emitter.h"
#include "ContractionEmitter.h"
#include "DepthwiseEmitter.h"
#include "FlatLayouts.h"
#include "KernelArguments.h"
#include "Tiling.h"
#include "VectorEmitter.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace dconv;
using namespace dconv::kernels;

/// Removes what nobody uses: shape-only operands, and their loads, which would
/// be undefined behaviour.
static void eraseDeadOps(func::FuncOp kernel) {
  SmallVector<Operation *> ops;
  kernel.walk([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : llvm::reverse(ops))
    if (isOpTriviallyDead(op))
      op->erase();
}

namespace {
/// Emits one kernel.
class KernelEmitter {
public:
  KernelEmitter(func::FuncOp kernel, linalg::GenericOp op, TypedAttr initial,
                const KernelTarget &target)
      : kernel(kernel), op(op), initial(initial), target(target), rewriter(op) {
  }

  FailureOr<EmittedKernel> emit(ArrayRef<BoundedPosition> bounds);

private:
  /// Emits a contraction; false if the kernel is none.
  bool emitAsContraction(ArrayRef<BoundedPosition> bounds);
  /// Emits a nest whose channels stay apart; false if the kernel is none.
  bool emitAsDepthwise(ArrayRef<BoundedPosition> bounds);
  /// Emits vector code of any nest; false, with `reason` set, if it cannot.
  bool emitAsNest(std::string &reason);
  LogicalResult emitAsLoops();
  void fillOutput();

  func::FuncOp kernel;
  linalg::GenericOp op;
  TypedAttr initial;
  const KernelTarget &target;
  IRRewriter rewriter;
};
} // namespace

void KernelEmitter::fillOutput() {
  if (!initial)
    return;
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointToStart(&kernel.getBody().front());
  emitFill(rewriter, op.getLoc(), op.getDpsInits()[0], initial);
}

bool KernelEmitter::emitAsContraction(ArrayRef<BoundedPosition> bounds) {
  std::optional<std::pair<Nest, Contraction>> found =
      readContraction(op, bounds);
  if (!found)
    return false;
  auto &[nest, contraction] = *found;
  MultiplyAdd step(nest, contraction, target);
  ContractionTiling tiling =
      chooseContractionTiling(nest, contraction, step.cost(), target);
  flattenLayouts(kernel);
  emitContraction(rewriter, op, nest, contraction, step, tiling, initial);
  return true;
}

bool KernelEmitter::emitAsDepthwise(ArrayRef<BoundedPosition> bounds) {
  std::string why;
  std::optional<Nest> nest = readNest(op, bounds, why);
  if (!nest)
    return false;
  std::optional<Depthwise> roles = findDepthwise(*nest);
  if (!roles)
    return false;
  LaneStep step(*nest, *roles, target);
  DepthwiseTiling tiling =
      chooseDepthwiseTiling(*nest, *roles, step.cost(), target);
  flattenLayouts(kernel);
  emitDepthwise(rewriter, op, *nest, *roles, step, tiling, initial);
  return true;
}

bool KernelEmitter::emitAsNest(std::string &reason) {
  std::optional<Nest> nest = readNest(op, {}, reason);
  if (!nest)
    return false;
  if (llvm::any_of(nest->inputs,
                   [](const Access &input) { return input.panels; })) {
    reason = "an input lies in panels and there is no contraction over it";
    return false;
  }
  std::optional<Tiling> tiling = chooseTiling(*nest, target, reason);
  if (!tiling)
    return false;
  flattenLayouts(kernel);
  fillOutput();
  emitVectorNest(rewriter, op, *nest, *tiling);
  return true;
}

LogicalResult KernelEmitter::emitAsLoops() {
  if (failed(linalg::linalgOpToLoops(rewriter, op)))
    return op->emitError("cannot be lowered to loops");
  flattenLayouts(kernel);
  fillOutput();
  return success();
}

FailureOr<EmittedKernel> KernelEmitter::emit(ArrayRef<BoundedPosition> bounds) {
  EmittedKernel emitted = {KernelPath::Vector, ""};
  if (!emitAsContraction(bounds) && !emitAsDepthwise(bounds) &&
      !emitAsNest(emitted.reason)) {
    emitted.path = KernelPath::Loops;
    if (failed(emitAsLoops()))
      return failure();
  }
  rewriter.eraseOp(op);
  eraseDeadOps(kernel);
  return emitted;
}

FailureOr<EmittedKernel> dconv::emitKernel(func::FuncOp kernel,
                                           const KernelTarget &target) {
  FailureOr<linalg::GenericOp> op = findKernelOp(kernel);
  if (failed(op))
    return failure();
  FailureOr<SmallVector<BoundedPosition>> bounds = readInside(kernel);
  FailureOr<TypedAttr> initial = readInitial(kernel, *op);
  if (failed(bounds) || failed(initial))
    return failure();
  return KernelEmitter(kernel, *op, *initial, target).emit(*bounds);
}
