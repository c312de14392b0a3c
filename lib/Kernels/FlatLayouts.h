//===- FlatLayouts.h - buffers with layouts as flat memory ------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_FLATLAYOUTS_H
#define DCONV_LIB_KERNELS_FLATLAYOUTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace dconv::kernels {

/// Makes every argument with a `#dconv.layout` a memref of one dim over the
/// same memory. Loads and stores of single elements become such of where the
/// elements lie; no other op may use them by then, but for ops on the flat
/// memory.
void flattenLayouts(mlir::func::FuncOp kernel);

/// Sets all elements of `memref`, which is row-major, to `value`.
void emitFill(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value memref,
              mlir::TypedAttr value);

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_FLATLAYOUTS_H
