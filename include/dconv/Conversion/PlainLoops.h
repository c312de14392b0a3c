//===- PlainLoops.h - kernels that have no fast path ------------*- C++ -*-===//

#ifndef DCONV_CONVERSION_PLAINLOOPS_H
#define DCONV_CONVERSION_PLAINLOOPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringRef.h"

namespace dconv {

/// Tells the user that `kernel` is computed by plain loops, and why.
inline void remarkPlainLoops(mlir::func::FuncOp kernel,
                             llvm::StringRef reason) {
  kernel.emitRemark("computed by plain loops: ") << reason;
}

} // namespace dconv

#endif // DCONV_CONVERSION_PLAINLOOPS_H
