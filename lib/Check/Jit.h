//===- Jit.h - compiled code in this process --------------------*- C++ -*-===//

#ifndef DCONV_LIB_CHECK_JIT_H
#define DCONV_LIB_CHECK_JIT_H

#include "dconv/Geometry/Result.h"

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/BuiltinOps.h"

#include <memory>

namespace dconv {

/// The functions of a module in the LLVM dialect, optimised for this computer.
class Jit {
public:
  static Result<std::unique_ptr<Jit>> compile(mlir::ModuleOp module);

  /// The address of a function or global of the module, or null.
  void *address(llvm::StringRef name) const;

private:
  std::unique_ptr<mlir::ExecutionEngine> engine;
};

} // namespace dconv

#endif // DCONV_LIB_CHECK_JIT_H
