//===- RecognizeBody.h - the body of a convolution --------------*- C++ -*-===//

#ifndef DCONV_LIB_IR_RECOGNIZEBODY_H
#define DCONV_LIB_IR_RECOGNIZEBODY_H

#include "dconv/IR/Recognize.h"

namespace dconv {

/// Matches the body of `op`, which has one result and works on tensors:
///
///     out = combiner(out, f)       a pooling
///     out = out + f * f            a convolution
///     f   = cast(input) | cast(input) - cast(zero point)
///
/// with the operands of commutative ops in any order, and nothing beside.
Result<Body> matchBody(mlir::linalg::LinalgOp op);

} // namespace dconv

#endif // DCONV_LIB_IR_RECOGNIZEBODY_H
