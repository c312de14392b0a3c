//===- Checksum.h - CRC32C of bytes and boxes -------------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_CHECKSUM_H
#define DCONV_RUNTIME_CHECKSUM_H

#include "dconv/Runtime/BoxCopy.h"

namespace dconv::runtime {

/// CRC32C (Castagnoli) of `size` bytes: 0xE3069283 for "123456789".
uint32_t checksum(const void *data, int64_t size);

/// CRC32C of the elements of `box` in row-major order, read where they lie.
uint32_t checksum(const BoxView &box);

/// copyBox, and the CRC32C of what `to` then holds, in one pass through memory.
uint32_t copyWithChecksum(const BoxView &to, const BoxView &from);

/// The two above with how to walk the boxes worked out once; to run it
/// allocates nothing.
class CheckedCopy {
public:
  CheckedCopy() = default;
  /// Sums `from`, and copies nothing.
  explicit CheckedCopy(const BoxView &from);
  CheckedCopy(const BoxView &to, const BoxView &from);

  /// The CRC32C of the elements in row-major order.
  uint32_t run() const;

private:
  /// Elements that follow each other in row-major order, brought together
  /// before they are summed.
  struct Slab {
    BoxCopy in, out;
    std::byte *source = nullptr, *target = nullptr;
  };

  void cutSlabs(const BoxView *to, const BoxView &from);

  bool strided = true, copies = false;
  int64_t elementBytes = 1;
  BoxRuns<1> one;          ///< of strided views
  BoxRuns<2> both;         ///< likewise
  std::vector<Slab> slabs; ///< of others
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_CHECKSUM_H
