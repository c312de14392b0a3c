//===- TransposeBox.h - between channels first and last ---------*- C++ -*-===//

#ifndef DCONV_RUNTIME_CORE_TRANSPOSEBOX_H
#define DCONV_RUNTIME_CORE_TRANSPOSEBOX_H

#include "dconv/Runtime/BoxCopy.h"

#include <optional>

namespace dconv::runtime {

/// How to copy units of `unit` bytes along `dims`, whose strides are of the
/// target, then of the source, beginning at `offsets`, by tiles in registers.
/// Nothing where no two dims of at least a tile are dense, one in the target and
/// the other in the source, or a unit is not 1, 2, 4 or 8 bytes.
std::optional<BoxCopy::Part> planTranspose(std::vector<JointDim<2>> dims,
                                           std::array<int64_t, 2> offsets,
                                           int64_t unit);

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_CORE_TRANSPOSEBOX_H
