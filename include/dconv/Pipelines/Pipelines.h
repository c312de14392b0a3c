//===- Pipelines.h - the named pipelines of dconv ---------------*- C++ -*-===//

#ifndef DCONV_PIPELINES_PIPELINES_H
#define DCONV_PIPELINES_PIPELINES_H

#include "dconv/Transforms/Passes.h"

#include "mlir/Pass/PassManager.h"

#include <optional>

namespace dconv {

/// Put channels last, plan, partition, schedule; level 0 or 1 to level 3. Without
/// `layout`, the dims of all operands stay as they are.
void buildSchedulePipeline(
    mlir::OpPassManager &pm, const PlanPassOptions &options,
    std::optional<ChannelsLastPassOptions> layout = ChannelsLastPassOptions());

/// `dconv-pipeline`: the same, then emit-kernels: level 3 with kernels in the
/// LLVM dialect.
void buildDconvPipeline(
    mlir::OpPassManager &pm, const PlanPassOptions &options,
    std::optional<ChannelsLastPassOptions> layout = ChannelsLastPassOptions());

/// `dconv-lower-host`: the functions of the host, on tensors, to the LLVM
/// dialect. Results become arguments that the caller allocates; calls of
/// programs become calls of the runtime.
void buildHostPipeline(mlir::OpPassManager &pm);

/// Makes both known to tools by name.
void registerPipelines();

} // namespace dconv

#endif // DCONV_PIPELINES_PIPELINES_H
