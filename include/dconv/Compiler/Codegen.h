//===- Codegen.h - from the LLVM dialect to a shared object -----*- C++ -*-===//

#ifndef DCONV_COMPILER_CODEGEN_H
#define DCONV_COMPILER_CODEGEN_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace dconv {

/// Translates `module`, all of it in the LLVM dialect, to machine code for this
/// computer and links it with lld into the shared object `path`. The error says
/// which step failed and why.
llvm::Error emitSharedObject(mlir::ModuleOp module, llvm::StringRef path);

} // namespace dconv

#endif // DCONV_COMPILER_CODEGEN_H
