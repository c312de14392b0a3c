//===- AttributeText.h - lists of integers in attributes --------*- C++ -*-===//

#ifndef DCONV_LIB_IR_ATTRIBUTETEXT_H
#define DCONV_LIB_IR_ATTRIBUTETEXT_H

#include "dconv/Geometry/Grid.h"
#include "mlir/IR/OpImplementation.h"

namespace dconv {

/// `[` integer (`,` integer)* `]`
inline mlir::ParseResult parseIntegers(mlir::AsmParser &parser,
                                 llvm::SmallVectorImpl<int64_t> &values) {
  return parser.parseCommaSeparatedList(
      mlir::AsmParser::Delimiter::Square,
      [&] { return parser.parseInteger(values.emplace_back()); });
}

inline void printIntegers(mlir::AsmPrinter &printer, llvm::ArrayRef<int64_t> values) {
  printer << '[';
  llvm::interleaveComma(values, printer);
  printer << ']';
}

/// The shards of a grid of this shape that nothing has verified yet: 0 where
/// they are no positive number that a grid takes.
static int64_t countShards(llvm::ArrayRef<int64_t> shape) {
  int64_t shards = 1;
  for (int64_t parts : shape)
    if (parts < 1 || __builtin_mul_overflow(shards, parts, &shards) ||
        shards > Grid::most)
      return 0;
  return shards;
}

} // namespace dconv

#endif // DCONV_LIB_IR_ATTRIBUTETEXT_H
