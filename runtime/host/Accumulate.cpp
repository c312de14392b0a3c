//===- Accumulate.cpp - partial sums --------------------------------------===//

#include "Floats.h"
#include "dconv/Runtime/HostDevice.h"

#include <type_traits>

namespace dconv::runtime {

namespace {

struct Add {
  template <typename T> static T combine(T a, T b) {
    if constexpr (std::is_integral_v<T>) {
      // Through the unsigned type, where overflow wraps.
      using U = std::make_unsigned_t<T>;
      return static_cast<T>(
          static_cast<U>(static_cast<U>(a) + static_cast<U>(b)));
    } else {
      return a + b;
    }
  }
};

template <typename T>
using BitsOf = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;

/// The greater, or the lesser. Of equal floats, whose bits differ for zeros
/// alone, +0 is the maximum and -0 the minimum; of a NaN, NaN is both.
template <bool isMax> struct Extreme {
  template <typename T> static T combine(T a, T b) {
    T picked = (isMax ? a > b : a < b) ? a : b;
    if constexpr (std::is_floating_point_v<T>) {
      using Bits = BitsOf<T>;
      const Bits x = bitsAs<Bits>(a), y = bitsAs<Bits>(b);
      const T equal = bitsAs<T>(static_cast<Bits>(isMax ? x & y : x | y));
      picked = a == b ? equal : picked;
      picked = a != a ? a : picked;
    }
    return picked;
  }
};

template <bool isMax> struct UnsignedExtreme {
  template <typename T> static T combine(T a, T b) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(
        Extreme<isMax>::combine(static_cast<U>(a), static_cast<U>(b)));
  }
};

template <typename T, typename Op> void combineRuns(const BoxRuns<2> &boxes) {
  boxes.forEach([](const auto &at, int64_t count) {
    auto *target = reinterpret_cast<T *>(at[0]);
    auto *source = reinterpret_cast<const T *>(at[1]);
    for (int64_t i = 0; i < count; ++i) {
      if constexpr (std::is_integral_v<T>)
        target[i] = Op::combine(target[i], source[i]);
      else
        narrow(Op::combine(widen(target[i]), widen(source[i])), target[i]);
    }
  });
}

template <typename T> void combine(const BoxRuns<2> &boxes, Combiner combiner) {
  switch (combiner) {
  case Combiner::Add:
    return combineRuns<T, Add>(boxes);
  case Combiner::Max:
    return combineRuns<T, Extreme<true>>(boxes);
  case Combiner::Min:
    return combineRuns<T, Extreme<false>>(boxes);
  case Combiner::MaxUnsigned:
    if constexpr (std::is_integral_v<T>)
      combineRuns<T, UnsignedExtreme<true>>(boxes);
    return; // the checker lets no float through
  case Combiner::MinUnsigned:
    if constexpr (std::is_integral_v<T>)
      combineRuns<T, UnsignedExtreme<false>>(boxes);
    return;
  }
}

} // namespace

void HostDevice::accumulate(const BoxRuns<2> &boxes, Combiner combiner) {
  switch (boxes.type(0)) {
  case ElementType::F16:
    return runtime::combine<F16>(boxes, combiner);
  case ElementType::BF16:
    return runtime::combine<BF16>(boxes, combiner);
  case ElementType::F32:
    return runtime::combine<float>(boxes, combiner);
  case ElementType::F64:
    return runtime::combine<double>(boxes, combiner);
  case ElementType::I8:
    return runtime::combine<int8_t>(boxes, combiner);
  case ElementType::I16:
    return runtime::combine<int16_t>(boxes, combiner);
  case ElementType::I32:
    return runtime::combine<int32_t>(boxes, combiner);
  case ElementType::I64:
    return runtime::combine<int64_t>(boxes, combiner);
  }
}

} // namespace dconv::runtime
