//===- Layouts.h - how kernels like their arguments to lie ------*- C++ -*-===//

#ifndef DCONV_KERNELS_LAYOUTS_H
#define DCONV_KERNELS_LAYOUTS_H

#include "dconv/Geometry/BufferLayout.h"
#include "dconv/Kernels/Target.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SmallVector.h"

namespace dconv {

/// For each memref argument of `kernel`, a function that `emitKernel` takes
/// with row-major arguments, the layout it is computed fastest with. Row-major
/// where another one would gain nothing. Kernels that differ in how much of the
/// output they compute like the same layouts of a filter, or take each other's.
llvm::SmallVector<BufferLayout> preferredLayouts(mlir::func::FuncOp kernel,
                                                 const KernelTarget &target);

} // namespace dconv

#endif // DCONV_KERNELS_LAYOUTS_H
