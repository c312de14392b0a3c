//===- ProgramText.h - programs as ops and as data --------------*- C++ -*-===//

#ifndef DCONV_LIB_CONVERSION_PROGRAMTEXT_H
#define DCONV_LIB_CONVERSION_PROGRAMTEXT_H

#include "dconv/Conversion/ReadProgram.h"

namespace dconv {

mlir::Type typeOf(runtime::ElementType type, mlir::MLIRContext *context);

/// The type of a buffer with its elements in the order of `layout`.
mlir::MemRefType bufferType(llvm::ArrayRef<int64_t> shape, mlir::Type element,
                            const BufferLayout &layout);

/// The bits of a scalar attribute, in the low bytes.
uint64_t bitsOf(mlir::TypedAttr value);

/// The attribute of `type` whose bits are `bits`.
mlir::TypedAttr attributeOf(uint64_t bits, mlir::Type type);

/// Writes `program` as a dconv.program at the builder's position.
ProgramOp writeProgram(mlir::OpBuilder &builder, mlir::Location loc,
                       const runtime::Program &program);

} // namespace dconv

#endif // DCONV_LIB_CONVERSION_PROGRAMTEXT_H
