//===- Inputs.h - data that show a wrong contribution -----------*- C++ -*-===//

#ifndef DCONV_CHECK_INPUTS_H
#define DCONV_CHECK_INPUTS_H

#include "dconv/Runtime/Program.h"

namespace dconv {

/// Fills `data`, the dense row-major elements of an argument of `type` and
/// `shape` (none for a scalar), with small integers that are never 0, so that a
/// contribution lost, doubled or taken from elsewhere changes the result. Each
/// dim is cut into at most 16 blocks; neighbouring blocks have different
/// scales. Values lie within [-6, 6]; within [-2, 2] for f16 and bf16, so that
/// most sums of a few hundred products can be represented.
///
/// Depends on nothing but its arguments: `number` is the argument's position.
void fillInput(runtime::ElementType type, const std::vector<int64_t> &shape,
               uint64_t seed, uint64_t number, void *data);

} // namespace dconv

#endif // DCONV_CHECK_INPUTS_H
