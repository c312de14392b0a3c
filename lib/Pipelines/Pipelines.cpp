//===- Pipelines.cpp - the named pipelines of dconv -----------------------===//

#include "dconv/Pipelines/Pipelines.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace dconv;

void dconv::buildSchedulePipeline(
    OpPassManager &pm, const PlanPassOptions &options,
    std::optional<ChannelsLastPassOptions> layout) {
  if (layout)
    pm.addPass(createChannelsLastPass(*layout));
  pm.addPass(createPlanPass(options));
  pm.addPass(createPartitionPass());
  pm.addPass(createSchedulePass());
  pm.addPass(createLayOutBuffersPass());
}

void dconv::buildDconvPipeline(OpPassManager &pm,
                               const PlanPassOptions &options,
                               std::optional<ChannelsLastPassOptions> layout) {
  buildSchedulePipeline(pm, options, layout);
  pm.addPass(createEmitKernelsPass());
}

void dconv::buildHostPipeline(OpPassManager &pm) {
  // Tensors to buffers.
  pm.addPass(createDropAnnotationsPass());
  pm.addPass(createProtectArgumentsPass());
  pm.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.allowReturnAllocsFromLoops = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(bufferize));
  bufferization::BufferResultsToOutParamsPassOptions outParams;
  outParams.modifyPublicFunctions = true;
  outParams.hoistStaticAllocs = true;
  pm.addPass(bufferization::createBufferResultsToOutParamsPass(outParams));
  bufferization::buildBufferDeallocationPipeline(pm);
  pm.addPass(createConvertBufferizationToMemRefPass());

  // Buffers to loops. A copy between strided buffers would need MLIR's runtime.
  pm.addPass(createExpandCopiesPass());
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  pm.addPass(createLowerExecutePass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());

  // Loops to the LLVM dialect.
  pm.addPass(arith::createArithExpandOpsPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}

namespace {
/// The options of `dconv-plan`, for the whole pipeline.
struct PipelineOptions : PassPipelineOptions<PipelineOptions> {
  Option<std::string> split{*this, "split",
                            llvm::cl::desc("as in dconv-plan")};
  Option<int64_t> devices{*this, "devices", llvm::cl::desc("as in dconv-plan"),
                          llvm::cl::init(0)};
  Option<std::string> deviceMemory{*this, "device-memory",
                                   llvm::cl::desc("as in dconv-plan")};
  Option<bool> stream{*this, "stream", llvm::cl::desc("as in dconv-plan"),
                      llvm::cl::init(false)};
  Option<bool> keepLayout{*this, "keep-layout",
                          llvm::cl::desc("without dconv-channels-last"),
                          llvm::cl::init(false)};
};
} // namespace

void dconv::registerPipelines() {
  PassPipelineRegistration<PipelineOptions>(
      "dconv-pipeline",
      "puts channels last, plans, partitions, schedules and emits kernels "
      "(level 0 to 3)",
      [](OpPassManager &pm, const PipelineOptions &options) {
        PlanPassOptions plan;
        plan.split = options.split;
        plan.devices = options.devices;
        plan.deviceMemory = options.deviceMemory;
        plan.stream = options.stream;
        std::optional<ChannelsLastPassOptions> layout;
        if (!options.keepLayout)
          layout.emplace();
        buildDconvPipeline(pm, plan, layout);
      });
  PassPipelineRegistration<>(
      "dconv-lower-host",
      "takes the host's functions of a scheduled module to the LLVM dialect",
      buildHostPipeline);
}
