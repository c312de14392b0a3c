//===- ReadProgram.h - a dconv.program as data ------------------*- C++ -*-===//

#ifndef DCONV_CONVERSION_READPROGRAM_H
#define DCONV_CONVERSION_READPROGRAM_H

#include "dconv/IR/Dconv.h"
#include "dconv/Runtime/Program.h"

namespace dconv {

/// The runtime's name of a type, or nothing where dconv has none.
std::optional<runtime::ElementType> elementTypeOf(mlir::Type type);

/// What `op`, which verifies, says, for the checker and the runtime. Whether the
/// lists are right is the checker's question.
runtime::Program readProgram(ProgramOp op);

} // namespace dconv

#endif // DCONV_CONVERSION_READPROGRAM_H
