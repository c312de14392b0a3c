//===- ContractionEmitter.h - code of a contraction -------------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_CONTRACTIONEMITTER_H
#define DCONV_LIB_KERNELS_CONTRACTIONEMITTER_H

#include "ContractionTiling.h"
#include "MultiplyAdd.h"

namespace dconv::kernels {

/// Emits `nest`, read from `op`, at the insertion point of `builder`. Sums
/// start from `initial`, or from what the output holds where that is null. The
/// caller erases `op`.
void emitContraction(mlir::OpBuilder &builder, mlir::linalg::GenericOp op,
                     const Nest &nest, const Contraction &contraction,
                     MultiplyAdd step, const ContractionTiling &tiling,
                     mlir::TypedAttr initial);

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_CONTRACTIONEMITTER_H
