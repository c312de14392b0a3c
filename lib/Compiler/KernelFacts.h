//===- KernelFacts.h - what became of the kernels of a module ---*- C++ -*-===//

#ifndef DCONV_LIB_COMPILER_KERNELFACTS_H
#define DCONV_LIB_COMPILER_KERNELFACTS_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include <optional>
#include <string>

namespace dconv {

/// What dconv-emit-kernels says of one kernel.
struct KernelFact {
  std::string path;   ///< "vector" or "loops"
  std::string reason; ///< of loops
};

/// By the name of the kernel.
using KernelFacts = llvm::StringMap<KernelFact>;

/// What the attributes of emitted kernels say.
KernelFacts factsOf(mlir::ModuleOp module);

/// As text, and back; nothing for what is no such text.
std::string toText(const KernelFacts &facts);
std::optional<KernelFacts> parseFacts(llvm::StringRef text);

} // namespace dconv

#endif // DCONV_LIB_COMPILER_KERNELFACTS_H
