//===- Programs.h - small programs to recognise -----------------*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_IR_PROGRAMS_H
#define DCONV_TEST_UNIT_IR_PROGRAMS_H

#include "dconv/IR/Recognize.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>
#include <vector>

namespace dconv::test {

/// A context with the dialects that programs before dconv use.
mlir::MLIRContext &context();

/// Parses and verifies a module; a test failure and null where that fails.
mlir::OwningOpRef<mlir::ModuleOp> parse(const std::string &text);

/// The last linalg op of `module` in text order that is no linalg.fill.
mlir::Operation *lastLinalgOp(mlir::ModuleOp module);

/// A linalg.generic as text.
struct Generic {
  std::string loops;              ///< "o, k"
  std::vector<std::string> maps;  ///< per operand, "o + k"
  std::string iterators;          ///< per loop 'p' or 'r'
  std::vector<std::string> types; ///< per operand, "tensor<8xf32>"
  /// Of the values %a, %b, ... in operand order; "" for the multiply-add of
  /// %a, %b and %c in f32.
  std::string body = "";
};

/// A module with `generic` in a function @main, its operands as arguments.
std::string moduleOf(const Generic &generic);

/// The loops with their extents, "n=2 o0=4 k0=3", in loop order.
std::string loopsOf(const RecognizedConvolution &found);

/// Combiner, factors and accumulator: "add ext.si(#0)-#2 * #1 in i32".
std::string bodyOf(const RecognizedConvolution &found);

/// `loopsOf` the last linalg op of a module, or why it is refused.
std::string loopsOf(const std::string &module);
std::string bodyOf(const std::string &module);

/// Why the last linalg op of a module is refused; ends in "(no candidate)"
/// where no user would expect it to be taken. "recognized" where it is not.
std::string refusalOf(const std::string &module);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_IR_PROGRAMS_H
