//===- DotProducts.h - instructions over adjacent elements ------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_DOTPRODUCTS_H
#define DCONV_LIB_KERNELS_DOTPRODUCTS_H

#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace dconv::kernels {

/// Each lane of `accumulator`, of 32 bits, and the products of the elements of
/// `x` and `y` that lie in it: two of bf16, four of bytes, unsigned in x and
/// signed in y, and two of i16. Sums of integers wrap.
mlir::Value emitDotBf16(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value accumulator, mlir::Value x, mlir::Value y);
mlir::Value emitDotI8(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value accumulator, mlir::Value x, mlir::Value y);
mlir::Value emitDotI16(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value accumulator, mlir::Value x, mlir::Value y);

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_DOTPRODUCTS_H
