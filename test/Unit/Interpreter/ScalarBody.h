//===- ScalarBody.h - the body of an op, scalar by scalar -------*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_INTERPRETER_SCALARBODY_H
#define DCONV_TEST_UNIT_INTERPRETER_SCALARBODY_H

#include "Tensor.h"

namespace dconv::test {

/// The scalar that a value defined outside of a body has, or an error.
using Captured = llvm::function_ref<Result<Scalar>(mlir::Value)>;

/// A block of ops on scalars, prepared once and run for each iteration.
class ScalarBody {
public:
  /// `wide`: f16 and bf16 values of the body are kept in f32.
  static Result<ScalarBody> prepare(mlir::Block &block, bool wide,
                                    Captured captured);

  /// The values of the block's arguments, to be set before each run.
  llvm::MutableArrayRef<Scalar> arguments() {
    return llvm::MutableArrayRef(values).take_front(numArguments);
  }
  /// Computes the block; `iteration` is what linalg.index reads.
  void run(llvm::ArrayRef<int64_t> iteration);
  Scalar yielded(unsigned i) const { return values[results[i]]; }

private:
  struct Step {
    ScalarFunction function;
    llvm::SmallVector<unsigned, 3> operands;
    unsigned result;
    ElementType type;
  };
  struct Index {
    unsigned loop, result;
  };

  unsigned numArguments = 0;
  std::vector<Scalar> values; ///< arguments, captured values, results of steps
  std::vector<Index> indices;
  std::vector<Step> steps;
  llvm::SmallVector<unsigned> results;
};

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_INTERPRETER_SCALARBODY_H
