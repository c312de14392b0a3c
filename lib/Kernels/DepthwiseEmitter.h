//===- DepthwiseEmitter.h - code of a depthwise nest ------------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_DEPTHWISEEMITTER_H
#define DCONV_LIB_KERNELS_DEPTHWISEEMITTER_H

#include "DepthwiseTiling.h"
#include "LaneStep.h"

namespace dconv::kernels {

/// Emits `nest`, read from `op`, at the insertion point of `builder`. Results
/// start from `initial`, or from what the output holds where that is null. The
/// caller erases `op`.
void emitDepthwise(mlir::OpBuilder &builder, mlir::linalg::GenericOp op,
                   const Nest &nest, const Depthwise &roles,
                   const LaneStep &step, const DepthwiseTiling &tiling,
                   mlir::TypedAttr initial);

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_DEPTHWISEEMITTER_H
