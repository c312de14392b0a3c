//===- Checksum.h - CRC32C of bytes and boxes -------------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_CHECKSUM_H
#define DCONV_RUNTIME_CHECKSUM_H

#include "dconv/Runtime/BoxView.h"

namespace dconv::runtime {

/// CRC32C (Castagnoli) of `size` bytes: 0xE3069283 for "123456789".
uint32_t checksum(const void *data, int64_t size);

/// CRC32C of the elements of `box` in row-major order, read where they lie.
uint32_t checksum(const BoxView &box);

/// copyBox, and the CRC32C of what `to` then holds, in one pass through memory.
uint32_t copyWithChecksum(const BoxView &to, const BoxView &from);

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_CHECKSUM_H
