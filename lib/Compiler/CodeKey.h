//===- CodeKey.h - what the code of a module depends on ---------*- C++ -*-===//

#ifndef DCONV_LIB_COMPILER_CODEKEY_H
#define DCONV_LIB_COMPILER_CODEKEY_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace dconv {

/// A hash of all that the shared object of `module`, at level 3, depends on: its
/// functions, the order of its programs, this compiler and this CPU. Letters and
/// digits.
std::string codeKeyOf(mlir::ModuleOp module);

} // namespace dconv

#endif // DCONV_LIB_COMPILER_CODEKEY_H
