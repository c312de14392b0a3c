//===- Elements.h - stored elements as C++ types ----------------*- C++ -*-===//

#ifndef DCONV_LIB_CHECK_ELEMENTS_H
#define DCONV_LIB_CHECK_ELEMENTS_H

#include "dconv/Runtime/Program.h"

#include <cmath>
#include <cstring>

namespace dconv {

/// Stored f16 and bf16.
struct F16 {
  uint16_t bits;
};
struct BF16 {
  uint16_t bits;
};

inline float widened(BF16 x) {
  uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
  float result;
  std::memcpy(&result, &bits, sizeof(result));
  return result;
}

inline float widened(F16 x) {
  int exponent = x.bits >> 10 & 31, fraction = x.bits & 1023;
  float result;
  if (exponent == 0) {
    result = static_cast<float>(fraction) * 0x1p-24f;
  } else {
    uint32_t bits = static_cast<uint32_t>(fraction) << 13;
    bits |= (exponent == 31 ? 255u : exponent + 112u) << 23;
    std::memcpy(&result, &bits, sizeof(result));
  }
  return std::copysign(result, x.bits & 0x8000 ? -1.0f : 1.0f);
}

inline float widened(float x) { return x; }
inline double widened(double x) { return x; }

/// Calls `function` with a value of the C++ type of `type`, whose value means
/// nothing: for floats, and for integers.
template <typename Function>
void visitFloat(runtime::ElementType type, Function &&function) {
  switch (type) {
  case runtime::ElementType::F16:
    return function(F16());
  case runtime::ElementType::BF16:
    return function(BF16());
  case runtime::ElementType::F32:
    return function(float());
  case runtime::ElementType::F64:
    return function(double());
  default:
    return;
  }
}
template <typename Function>
void visitInteger(runtime::ElementType type, Function &&function) {
  switch (type) {
  case runtime::ElementType::I8:
    return function(int8_t());
  case runtime::ElementType::I16:
    return function(int16_t());
  case runtime::ElementType::I32:
    return function(int32_t());
  case runtime::ElementType::I64:
    return function(int64_t());
  default:
    return;
  }
}

} // namespace dconv

#endif // DCONV_LIB_CHECK_ELEMENTS_H
