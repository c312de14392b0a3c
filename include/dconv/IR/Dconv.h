//===- Dconv.h - the dconv dialect ------------------------------*- C++ -*-===//

#ifndef DCONV_IR_DCONV_H
#define DCONV_IR_DCONV_H

#include "dconv/Geometry/BufferLayout.h"
#include "dconv/Geometry/Prediction.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dconv/IR/DconvEnums.h.inc"

namespace dconv {
// Of parameters of attributes.
inline llvm::hash_code hash_value(const GatheredInput &gathered) {
  return llvm::hash_combine(gathered.input, gathered.algorithm);
}
inline llvm::hash_code hash_value(BufferLayout::Level level) {
  return llvm::hash_combine(level.dim, level.block);
}
} // namespace dconv

#include "dconv/IR/DconvDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dconv/IR/DconvAttributes.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dconv/IR/DconvTypes.h.inc"

#define GET_OP_CLASSES
#include "dconv/IR/DconvOps.h.inc"

#define GET_OP_CLASSES
#include "dconv/IR/DconvProgramOps.h.inc"

#endif // DCONV_IR_DCONV_H
