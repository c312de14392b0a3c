//===- Target.h - the machine a kernel is emitted for -----------*- C++ -*-===//

#ifndef DCONV_KERNELS_TARGET_H
#define DCONV_KERNELS_TARGET_H

#include <cstdint>
#include <string>

namespace dconv {

/// What the emitter needs to know about the vector unit and the caches of one
/// core. The numbers decide how fast the code is; it is correct on every
/// machine that has the instructions named.
struct KernelTarget {
  /// Bits of a vector register: 128, 256 or 512.
  unsigned vectorBits = 128;
  /// Number of vector registers.
  unsigned numRegisters = 16;
  /// Bytes of the first and the second level data cache.
  int64_t l1Bytes = 32 * 1024;
  int64_t l2Bytes = 1024 * 1024;

  /// Instructions that multiply and add over adjacent elements: pairs of bf16
  /// to f32, fours of unsigned times signed bytes to i32, and pairs of i16 to
  /// i32. Where one is missing, elements are widened first. Code that uses one
  /// runs on machines that have it only.
  bool dotBf16 = false;
  bool dotI8 = false;
  bool dotI16 = false;
  /// What the instructions are called together, for reports.
  std::string instructionSet = "portable";

  /// The machine this program runs on.
  static KernelTarget host();
};

} // namespace dconv

#endif // DCONV_KERNELS_TARGET_H
