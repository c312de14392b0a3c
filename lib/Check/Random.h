//===- Random.h - numbers from a seed ---------------------------*- C++ -*-===//

#ifndef DCONV_LIB_CHECK_RANDOM_H
#define DCONV_LIB_CHECK_RANDOM_H

#include <cstdint>

namespace dconv {

/// All bits of the result depend on all bits of `x` (the finaliser of
/// splitmix64), so that hashing a counter makes a random sequence.
inline uint64_t hashed(uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

} // namespace dconv

#endif // DCONV_LIB_CHECK_RANDOM_H
