//===- Lowering.cpp - emitted kernels to the LLVM dialect -----------------===//

#include "dconv/Kernels/Lowering.h"
#include "dconv/Kernels/Emitter.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace {

class ExportKernelsPass
    : public PassWrapper<ExportKernelsPass, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExportKernelsPass)

  StringRef getArgument() const override { return "dconv-export-kernels"; }
  StringRef getDescription() const override {
    return "gives every kernel its C entry point";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<LLVM::LLVMDialect>();
  }
  void runOnOperation() override;

private:
  void exportKernel(LLVM::LLVMFuncOp kernel);
};

} // namespace

void ExportKernelsPass::runOnOperation() {
  SmallVector<LLVM::LLVMFuncOp> kernels;
  for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>())
    if (function->hasAttr(dconv::kKernelAttrName))
      kernels.push_back(function);
  for (LLVM::LLVMFuncOp kernel : kernels)
    exportKernel(kernel);
}

void ExportKernelsPass::exportKernel(LLVM::LLVMFuncOp kernel) {
  OpBuilder builder(kernel);
  Location loc = kernel.getLoc();
  auto pointer = LLVM::LLVMPointerType::get(&getContext());

  kernel->removeAttr(dconv::kKernelAttrName);
  kernel->removeAttr(dconv::kInsideAttrName);
  kernel.setLinkage(LLVM::Linkage::Internal);
  kernel.setPreferVectorWidth("512");
  // Inlined into its entry point it would be optimised a second time.
  kernel.setNoInline(true);
  for (auto [position, type] : llvm::enumerate(kernel.getArgumentTypes())) {
    kernel.removeArgAttr(position,
                         builder.getStringAttr(dconv::kInitialAttrName));
    if (isa<LLVM::LLVMPointerType>(type))
      kernel.setArgAttr(position, LLVM::LLVMDialect::getNoAliasAttrName(),
                        builder.getUnitAttr());
  }

  builder.setInsertionPointAfter(kernel);
  auto entry = LLVM::LLVMFuncOp::create(
      builder, loc, (dconv::kKernelEntryPrefix + kernel.getName()).str(),
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()),
                                  {pointer}));
  Block *block = entry.addEntryBlock(builder);
  builder.setInsertionPointToStart(block);
  SmallVector<Value> arguments;
  for (auto [position, type] : llvm::enumerate(kernel.getArgumentTypes())) {
    Value slot = LLVM::GEPOp::create(builder, loc, pointer, pointer,
                                     block->getArgument(0),
                                     LLVM::GEPArg(int32_t(position)));
    Value argument = LLVM::LoadOp::create(builder, loc, pointer, slot);
    if (!isa<LLVM::LLVMPointerType>(type))
      argument = LLVM::LoadOp::create(builder, loc, type, argument);
    arguments.push_back(argument);
  }
  LLVM::CallOp::create(builder, loc, kernel, arguments);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

std::unique_ptr<Pass> dconv::createExportKernelsPass() {
  return std::make_unique<ExportKernelsPass>();
}

void dconv::buildKernelLoweringPipeline(OpPassManager &pm) {
  pm.addPass(createLowerAffinePass());
  pm.addPass(createCSEPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  ConvertFuncToLLVMPassOptions functions;
  functions.useBarePtrCallConv = true;
  pm.addPass(createConvertFuncToLLVMPass(functions));
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createExportKernelsPass());
}
