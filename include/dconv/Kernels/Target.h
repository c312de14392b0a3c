//===- Target.h - the machine a kernel is emitted for -----------*- C++ -*-===//

#ifndef DCONV_KERNELS_TARGET_H
#define DCONV_KERNELS_TARGET_H

#include <cstdint>

namespace dconv {

/// What the emitter needs to know about the vector unit and the caches of one
/// core. The code that comes out is correct on every machine; these numbers
/// decide how fast it is.
struct KernelTarget {
  /// Bits of a vector register: 128, 256 or 512.
  unsigned vectorBits = 128;
  /// Number of vector registers.
  unsigned numRegisters = 16;
  /// Bytes of the first and the second level data cache.
  int64_t l1Bytes = 32 * 1024;
  int64_t l2Bytes = 1024 * 1024;

  /// The machine this program runs on.
  static KernelTarget host();
};

} // namespace dconv

#endif // DCONV_KERNELS_TARGET_H
