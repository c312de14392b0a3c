//===- Convert.cpp - between float types ----------------------------------===//

#include "Floats.h"
#include "dconv/Runtime/HostDevice.h"

namespace dconv::runtime {

template <typename To, typename From>
static void convertRuns(const BoxView &to, const BoxView &from) {
  forEachRun<2>({&to, &from}, [](const auto &at, int64_t count) {
    auto *target = reinterpret_cast<To *>(at[0]);
    auto *source = reinterpret_cast<const From *>(at[1]);
    for (int64_t i = 0; i < count; ++i)
      narrow(widen(source[i]), target[i]);
  });
}

template <typename From>
static void convertFrom(const BoxView &to, const BoxView &from) {
  switch (to.type) {
  case ElementType::F16:
    return convertRuns<F16, From>(to, from);
  case ElementType::BF16:
    return convertRuns<BF16, From>(to, from);
  case ElementType::F32:
    return convertRuns<float, From>(to, from);
  case ElementType::F64:
    return convertRuns<double, From>(to, from);
  default: // the checker lets only float types through
    return;
  }
}

void HostDevice::convert(const BoxView &to, const BoxView &from) {
  switch (from.type) {
  case ElementType::F16:
    return convertFrom<F16>(to, from);
  case ElementType::BF16:
    return convertFrom<BF16>(to, from);
  case ElementType::F32:
    return convertFrom<float>(to, from);
  case ElementType::F64:
    return convertFrom<double>(to, from);
  default:
    return;
  }
}

} // namespace dconv::runtime
