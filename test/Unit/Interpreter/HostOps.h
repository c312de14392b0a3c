//===- HostOps.h - ops on whole tensors -------------------------*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_INTERPRETER_HOSTOPS_H
#define DCONV_TEST_UNIT_INTERPRETER_HOSTOPS_H

#include "LinalgOps.h"

namespace dconv::test {

/// The result of an op on whole tensors and scalars, whose operands are given
/// in order: linalg ops with one result, arith ops (on tensors element by
/// element), tensor.empty, pad, extract, from_elements and splat, constants.
Result<Tensor> runHostOp(mlir::Operation *op,
                         llvm::ArrayRef<const Tensor *> operands,
                         Captured captured);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_INTERPRETER_HOSTOPS_H
