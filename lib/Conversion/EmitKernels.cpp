//===- EmitKernels.cpp - kernels of programs to the LLVM dialect ----------===//

#include "dconv/Conversion/PlainLoops.h"
#include "dconv/IR/Dconv.h"
#include "dconv/Kernels/Emitter.h"
#include "dconv/Kernels/Lowering.h"
#include "dconv/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/Pass/PassManager.h"

namespace dconv {
#define GEN_PASS_DEF_EMITKERNELSPASS
#include "dconv/Transforms/Passes.h.inc"
} // namespace dconv

using namespace mlir;
using namespace dconv;

namespace {
class EmitKernels : public dconv::impl::EmitKernelsPassBase<EmitKernels> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> kernels;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(kKernelAttrName))
        kernels.push_back(function);
    if (kernels.empty())
      return;
    llvm::StringMap<EmittedKernel> outcomes;
    KernelTarget target = KernelTarget::host();
    for (func::FuncOp kernel : kernels) {
      FailureOr<EmittedKernel> emitted = emitKernel(kernel, target);
      if (failed(emitted))
        return signalPassFailure();
      bool isVector = emitted->path == KernelPath::Vector;
      if (!isVector)
        remarkPlainLoops(kernel, emitted->reason);
      ++(isVector ? numVector : numLoops);
      outcomes[kernel.getName()] = std::move(*emitted);
    }
    if (failed(lower(kernels)))
      return signalPassFailure();
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>())
      if (auto found = outcomes.find(function.getName());
          found != outcomes.end())
        setOutcome(function, found->second);
  }

  void setOutcome(LLVM::LLVMFuncOp function, const EmittedKernel &outcome) {
    Builder builder(&getContext());
    bool isVector = outcome.path == KernelPath::Vector;
    function->setAttr("dconv.path",
                      builder.getStringAttr(isVector ? "vector" : "loops"));
    if (!isVector)
      function->setAttr("dconv.reason", builder.getStringAttr(outcome.reason));
  }

  /// Lowers the kernels in a module of their own: the host's functions keep
  /// their level.
  LogicalResult lower(ArrayRef<func::FuncOp> kernels) {
    auto builder = OpBuilder::atBlockEnd(getOperation().getBody());
    ModuleOp apart = ModuleOp::create(builder, getOperation().getLoc());
    for (func::FuncOp kernel : kernels)
      kernel->moveBefore(apart.getBody(), apart.getBody()->end());
    OpPassManager pipeline(ModuleOp::getOperationName());
    buildKernelLoweringPipeline(pipeline);
    if (failed(runPipeline(pipeline, apart)))
      return failure();
    for (Operation &op : llvm::make_early_inc_range(*apart.getBody()))
      op.moveBefore(apart);
    apart.erase();
    return success();
  }
};
} // namespace
