//===- Emitter.cpp - code for the convolution of one shard ----------------===//

#include "dconv/Kernels/Emitter.h"
#include "Nest.h"
#include "Tiling.h"
#include "VectorEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace dconv;
using namespace dconv::kernels;

/// The linalg op of `kernel`, or an error if the function is not a kernel.
static FailureOr<linalg::GenericOp> findOp(func::FuncOp kernel) {
  if (!llvm::hasSingleElement(kernel.getBody()))
    return kernel.emitError("expected a kernel of one block");
  linalg::GenericOp found;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (isa<ub::PoisonOp>(op))
      continue;
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic)
      return op.emitError("expected nothing but a linalg.generic in a kernel");
    if (found)
      return op.emitError("expected one linalg.generic in a kernel");
    found = generic;
  }
  if (!found)
    return kernel.emitError("expected a linalg.generic in a kernel");
  if (!found.hasPureBufferSemantics() || found.getNumDpsInits() != 1)
    return found.emitError("expected one output, a memref");
  for (Value operand : found->getOperands()) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    if (!type)
      continue;
    if (!type.hasStaticShape() || !type.getLayout().isIdentity())
      return found.emitError("expected memrefs of static shape and identity "
                             "layout, got ")
             << type;
  }
  return found;
}

/// Fills the output of `op` with the constant that its results start from, if
/// `kernel` names one.
static LogicalResult fillOutput(RewriterBase &rewriter, func::FuncOp kernel,
                                linalg::GenericOp op) {
  auto output = dyn_cast<BlockArgument>(op.getDpsInits()[0]);
  auto initial = output ? kernel.getArgAttrOfType<TypedAttr>(
                              output.getArgNumber(), kInitialAttrName)
                        : TypedAttr();
  if (!initial)
    return success();
  Value value = arith::ConstantOp::create(rewriter, op.getLoc(), initial);
  auto fill = linalg::FillOp::create(rewriter, op.getLoc(), value,
                                     ValueRange{output});
  if (failed(linalg::linalgOpToLoops(rewriter, fill)))
    return op.emitError("cannot fill its output");
  rewriter.eraseOp(fill);
  return success();
}

/// Removes what nobody uses: shape-only operands, and their loads, which would
/// be undefined behaviour.
static void eraseDeadOps(func::FuncOp kernel) {
  SmallVector<Operation *> ops;
  kernel.walk([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : llvm::reverse(ops))
    if (isOpTriviallyDead(op))
      op->erase();
}

FailureOr<EmittedKernel> dconv::emitKernel(func::FuncOp kernel,
                                           const KernelTarget &target) {
  FailureOr<linalg::GenericOp> op = findOp(kernel);
  if (failed(op))
    return failure();
  EmittedKernel emitted = {KernelPath::Vector, ""};
  std::optional<Tiling> tiling;
  std::optional<Nest> nest = readNest(*op, emitted.reason);
  if (nest)
    tiling = chooseTiling(*nest, target, emitted.reason);

  IRRewriter rewriter(*op);
  if (failed(fillOutput(rewriter, kernel, *op)))
    return failure();
  if (tiling) {
    emitVectorNest(rewriter, *op, *nest, *tiling);
  } else {
    emitted.path = KernelPath::Loops;
    if (failed(linalg::linalgOpToLoops(rewriter, *op)))
      return op->emitError("cannot be lowered to loops");
  }
  rewriter.eraseOp(*op);
  eraseDeadOps(kernel);
  return emitted;
}
