//===- ReferenceKernels.h - linalg ops computed serially --------*- C++ -*-===//

#ifndef DCONV_LIB_CHECK_REFERENCEKERNELS_H
#define DCONV_LIB_CHECK_REFERENCEKERNELS_H

#include "Jit.h"

#include "dconv/Runtime/Program.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/StringMap.h"

namespace dconv {

/// Linalg ops with one result, as plain loops. They are read through the
/// interface of upstream, not by what dconv recognises in them.
///
/// Floats are computed in f64, in long double where asked for; integers in
/// their own type. The functions take f16 and bf16 as f32.
class ReferenceKernels {
public:
  explicit ReferenceKernels(mlir::MLIRContext *context);

  /// The number of a kernel for `op`; equal ops share one. `inLongDouble` is
  /// for sums and products.
  unsigned add(mlir::linalg::LinalgOp op, bool inLongDouble);

  /// Compiles all that were added. An error where that fails.
  Result<int64_t> compile();

  /// Combines the op's value into `output`, which holds the initial output:
  /// doubles, long doubles or integers. `inputs[i]` points to the elements of
  /// input i, a scalar's being one.
  void run(unsigned kernel, llvm::ArrayRef<const void *> inputs,
           void *output) const;

private:
  mlir::OwningOpRef<mlir::ModuleOp> module;
  llvm::StringMap<unsigned> numbers; ///< by the text of the kernel
  unsigned numKernels = 0;
  std::unique_ptr<Jit> jit;
  std::vector<void (*)(void **)> entries;
};

} // namespace dconv

#endif // DCONV_LIB_CHECK_REFERENCEKERNELS_H
