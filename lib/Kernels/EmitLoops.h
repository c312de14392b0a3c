//===- EmitLoops.h - loops of a kernel --------------------------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_EMITLOOPS_H
#define DCONV_LIB_KERNELS_EMITLOOPS_H

#include "mlir/IR/Builders.h"

namespace dconv::kernels {

using LoopBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::Value, llvm::SmallVector<mlir::Value>)>;

/// A loop over [begin, end) that carries `carried` and is not unrolled further.
llvm::SmallVector<mlir::Value> emitLoop(mlir::OpBuilder &builder,
                                        mlir::Location loc, mlir::Value begin,
                                        mlir::Value end,
                                        llvm::SmallVector<mlir::Value> carried,
                                        LoopBody body);

/// A loop of `trips` iterations; none for one trip.
llvm::SmallVector<mlir::Value> emitLoop(mlir::OpBuilder &builder,
                                        mlir::Location loc, int64_t trips,
                                        llvm::SmallVector<mlir::Value> carried,
                                        LoopBody body);

/// `index + factor * iv`.
mlir::Value addProduct(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value index, int64_t factor, mlir::Value iv);

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_EMITLOOPS_H
