//===- KernelArguments.h - what a kernel says of its arguments --*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_KERNELARGUMENTS_H
#define DCONV_LIB_KERNELS_KERNELARGUMENTS_H

#include "Nest.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace dconv::kernels {

/// The linalg op of `kernel`, or an error if the function is not a kernel.
mlir::FailureOr<mlir::linalg::GenericOp>
findKernelOp(mlir::func::FuncOp kernel);

/// The bounds that `dconv.inside` of `kernel` gives, or an error if it is not
/// of the form that belongs to the attribute.
mlir::FailureOr<llvm::SmallVector<BoundedPosition>>
readInside(mlir::func::FuncOp kernel);

/// The value of `dconv.initial` of the output of `op`; null without one.
mlir::FailureOr<mlir::TypedAttr> readInitial(mlir::func::FuncOp kernel,
                                             mlir::linalg::GenericOp op);

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_KERNELARGUMENTS_H
