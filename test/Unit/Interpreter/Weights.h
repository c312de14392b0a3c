//===- Weights.h - programs whose weights are constants ---------*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_INTERPRETER_WEIGHTS_H
#define DCONV_TEST_UNIT_INTERPRETER_WEIGHTS_H

#include "Interpreter.h"

#include "dconv/IR/Recognize.h"

namespace dconv::test {

/// Where the filter of a convolution of @main is read: the position in it of
/// each value of the loops, by the map alone.
struct FilterAccess {
  unsigned operand; ///< of the op
  Convolution geometry;
  AccessMap map;
  std::vector<unsigned> loops; ///< that the filter is read by, ascending
  /// What counts as zero: the zero point.
  int64_t zero = 0;
};

/// The access of the one convolution of `module`; nothing for a pooling.
std::optional<FilterAccess> filterAccess(mlir::ModuleOp module);

/// Visits every value of `access.loops`, with the position in the filter.
void forEachWeight(
    const FilterAccess &access,
    llvm::function_ref<void(const Position &loops, const Position &at)> visit);

/// Makes operand `number` of the convolution of `module` the constant `values`,
/// and zero points of the weights the constant `zero`.
void setWeights(mlir::ModuleOp module, const Tensor &values, int64_t zero);

/// Expects that `passes` leave `module` as it is.
void expectUntouched(mlir::ModuleOp module, const std::string &passes);

/// Passes that divide each convolution of `module` along its longest loop over
/// two devices.
std::string passesThatSplit(mlir::ModuleOp module);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_INTERPRETER_WEIGHTS_H
