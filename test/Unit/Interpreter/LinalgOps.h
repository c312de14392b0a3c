//===- LinalgOps.h - a linalg op over a box of its iterations ---*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_INTERPRETER_LINALGOPS_H
#define DCONV_TEST_UNIT_INTERPRETER_LINALGOPS_H

#include "ScalarBody.h"

#include <optional>

namespace dconv::test {

/// What a linalg op may read as one of its inputs: `held`, a part of a tensor,
/// widened by local padding.
struct InputView {
  const Tensor *held = nullptr;
  Box whole;    ///< the tensor, without padding
  Position low; ///< how far it is widened on the low sides
  Box padded;   ///< the widened tensor, from 0
  std::optional<Scalar> padding;

  /// All of `tensor`, not widened.
  static InputView of(const Tensor &tensor);
  /// The element at `position` of the widened tensor, or null.
  const Scalar *find(llvm::ArrayRef<int64_t> position) const;
};

/// Runs `op` over `iterations`, in order, the last loop innermost. Each element
/// is read and written where the indexing maps say; a position that an input
/// view or an output does not have is an error. Outputs hold their initial
/// values before and the results after.
///
/// An op with reductions that adds to an f16 or bf16 output computes in f32 and
/// rounds once, to the type of `outputs`.
std::optional<Error> runLinalgOp(mlir::linalg::LinalgOp op,
                                 const Box &iterations,
                                 llvm::ArrayRef<InputView> inputs,
                                 llvm::MutableArrayRef<Tensor> outputs,
                                 Captured captured);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_INTERPRETER_LINALGOPS_H
