//===- Convert.cpp - between float types ----------------------------------===//

#include "Floats.h"
#include "dconv/Runtime/HostDevice.h"

namespace dconv::runtime {

template <typename To, typename From>
static void convertRuns(const BoxRuns<2> &boxes) {
  boxes.forEach([](const auto &at, int64_t count) {
    auto *target = reinterpret_cast<To *>(at[0]);
    auto *source = reinterpret_cast<const From *>(at[1]);
    for (int64_t i = 0; i < count; ++i)
      narrow(widen(source[i]), target[i]);
  });
}

template <typename From> static void convertFrom(const BoxRuns<2> &boxes) {
  switch (boxes.type(0)) {
  case ElementType::F16:
    return convertRuns<F16, From>(boxes);
  case ElementType::BF16:
    return convertRuns<BF16, From>(boxes);
  case ElementType::F32:
    return convertRuns<float, From>(boxes);
  case ElementType::F64:
    return convertRuns<double, From>(boxes);
  default: // the checker lets only float types through
    return;
  }
}

void HostDevice::convert(const BoxRuns<2> &boxes) {
  switch (boxes.type(1)) {
  case ElementType::F16:
    return convertFrom<F16>(boxes);
  case ElementType::BF16:
    return convertFrom<BF16>(boxes);
  case ElementType::F32:
    return convertFrom<float>(boxes);
  case ElementType::F64:
    return convertFrom<double>(boxes);
  default:
    return;
  }
}

} // namespace dconv::runtime
