//===- Support.h - reading, transforming and running programs --*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_INTERPRETER_SUPPORT_H
#define DCONV_TEST_UNIT_INTERPRETER_SUPPORT_H

#include "Interpreter.h"

#include "mlir/IR/OwningOpRef.h"

namespace dconv::test {

/// A module, null where the text does not parse or, unless `verify` is false,
/// does not verify. `why` gets the first error.
mlir::OwningOpRef<mlir::ModuleOp>
parse(const std::string &text, std::string *why = nullptr, bool verify = true);

/// Runs a textual pipeline, "dconv-plan{split=o0=2},dconv-partition". Returns
/// the first error, or "".
std::string runPasses(mlir::ModuleOp module, const std::string &passes);

/// A well mixed number.
uint64_t hash(uint64_t x);

/// Small integers for the arguments of @main, exact in every type and of a
/// scale that changes along each dim, so that an element from a wrong place
/// shows. Those of i32 and i64 are large: their products wrap.
std::vector<Tensor> argumentsFor(mlir::ModuleOp module, uint64_t seed);

/// The one result of @main.
Result<Tensor> runMain(Interpreter &interpreter,
                       const std::vector<Tensor> &arguments);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_INTERPRETER_SUPPORT_H
