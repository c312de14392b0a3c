//===- Floats.h - narrow floating-point numbers -----------------*- C++ -*-===//
//
// Branch-free where a loop over them should become vector code.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_RUNTIME_HOST_FLOATS_H
#define DCONV_RUNTIME_HOST_FLOATS_H

#include <cstdint>
#include <cstring>

namespace dconv::runtime {

template <typename To, typename From> To bitsAs(From from) {
  static_assert(sizeof(To) == sizeof(From), "reinterprets all bits");
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

/// Stored f16 and bf16.
struct F16 {
  uint16_t bits;
};
struct BF16 {
  uint16_t bits;
};

inline float widen(float x) { return x; }
inline double widen(double x) { return x; }

inline float widen(BF16 x) {
  return bitsAs<float>(static_cast<uint32_t>(x.bits) << 16);
}

inline float widen(F16 x) {
  const uint32_t sign = static_cast<uint32_t>(x.bits & 0x8000) << 16;
  const uint32_t magnitude = static_cast<uint32_t>(x.bits & 0x7FFF) << 13;
  // Read with the exponent of f32, the number is 2^-112 of its value; the
  // product is exact, for subnormal numbers too.
  const uint32_t finite = bitsAs<uint32_t>(bitsAs<float>(magnitude) * 0x1p112f);
  const uint32_t special = magnitude | 0x7F800000;
  return bitsAs<float>(sign | (magnitude >= 0x0F800000 ? special : finite));
}

/// To the nearest, ties to even; a NaN stays a (quiet) NaN with its sign.
inline void narrow(float x, float &to) { to = x; }
inline void narrow(double x, double &to) { to = x; }
inline void narrow(float x, double &to) { to = x; }
inline void narrow(double x, float &to) { to = static_cast<float>(x); }

inline void narrow(float x, BF16 &to) {
  const uint32_t bits = bitsAs<uint32_t>(x);
  const uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  const uint32_t quiet = (bits >> 16) | 0x40;
  const bool isNaN = (bits & 0x7FFFFFFF) > 0x7F800000;
  to.bits = static_cast<uint16_t>(isNaN ? quiet : rounded);
}

inline void narrow(float x, F16 &to) {
  const uint32_t bits = bitsAs<uint32_t>(x);
  const uint32_t sign = (bits >> 16) & 0x8000;
  const uint32_t magnitude = bits & 0x7FFFFFFF;

  // Below 2^-14 the last place is 2^-24, that of f32 numbers in [0.5, 1):
  // adding 0.5 rounds there.
  const uint32_t subnormal = bitsAs<uint32_t>(bitsAs<float>(magnitude) + 0.5f) -
                             bitsAs<uint32_t>(0.5f);
  const uint32_t normal =
      (magnitude - (112u << 23) + 0xFFF + ((magnitude >> 13) & 1)) >> 13;
  const uint32_t nan = 0x7E00 | ((magnitude >> 13) & 0x3FF);

  uint32_t result = magnitude < (113u << 23) ? subnormal : normal;
  result = magnitude >= 0x477FF000 ? 0x7C00 : result; // rounds to 2^16
  result = magnitude > 0x7F800000 ? nan : result;
  to.bits = static_cast<uint16_t>(sign | result);
}

/// A double rounded to odd: rounding the result again to a format with fewer
/// places gives what rounding `x` once would.
inline float roundToOdd(double x) {
  float f = static_cast<float>(x);
  if (!(f != x) || x != x) // exact, or a NaN
    return f;
  uint32_t bits = bitsAs<uint32_t>(f);
  const bool away = (x > 0) ? f > x : f < x;
  return bitsAs<float>((bits - (away ? 1 : 0)) | 1);
}

inline void narrow(double x, BF16 &to) { narrow(roundToOdd(x), to); }
inline void narrow(double x, F16 &to) { narrow(roundToOdd(x), to); }

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_HOST_FLOATS_H
