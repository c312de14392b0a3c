//===- VectorEmitter.h - vector code of a tiled nest ------------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_VECTOREMITTER_H
#define DCONV_LIB_KERNELS_VECTOREMITTER_H

#include "Tiling.h"

namespace dconv::kernels {

/// Emits `nest`, read from `op`, at the insertion point of `builder`. The
/// caller erases `op`.
void emitVectorNest(mlir::OpBuilder &builder, mlir::linalg::GenericOp op,
                    const Nest &nest, const Tiling &tiling);

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_VECTOREMITTER_H
