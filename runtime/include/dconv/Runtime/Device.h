//===- Device.h - what runs the commands of one device ----------*- C++ -*-===//

#ifndef DCONV_RUNTIME_DEVICE_H
#define DCONV_RUNTIME_DEVICE_H

#include "dconv/Runtime/Arena.h"
#include "dconv/Runtime/BoxView.h"

namespace dconv::runtime {

/// The memory and the arithmetic of one device. A backend implements it; it
/// owns no payload memory but the arena.
///
/// Threading: before the first command, one thread at a time. Commands come
/// from up to three threads, one for each of loads, arithmetic and stores; what
/// they touch together is memory that none writes.
class Device {
public:
  virtual ~Device() = default;

  /// What a backend knows a kernel by.
  using Kernel = const void *;

  /// Makes the arena, once.
  virtual Status allocate(int64_t bytes) = 0;
  virtual Arena &arena() = 0;

  /// The kernel of a symbol; MissingSymbol where there is none.
  virtual Status findKernel(const std::string &symbol, Kernel &kernel) = 0;

  /// All views have equal sizes; `value` holds the bits of one element.
  virtual void fill(const BoxView &box, uint64_t value) = 0;
  virtual void copy(const BoxView &to, const BoxView &from) = 0;
  /// From memory of the host, and back; returns when the transfer is over.
  virtual void load(const BoxView &to, const BoxView &host) = 0;
  virtual void store(const BoxView &host, const BoxView &from) = 0;
  /// Between two float types: to the nearest, ties to even, NaN kept.
  virtual void convert(const BoxView &to, const BoxView &from) = 0;
  /// to = combiner(to, from): integers wrap, of floats the maximum and minimum
  /// of a NaN is NaN, and -0 is less than +0.
  virtual void accumulate(const BoxView &to, const BoxView &from,
                          Combiner combiner) = 0;
  /// `arguments` as in Abi.h.
  virtual void launch(Kernel kernel, void **arguments) = 0;
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_DEVICE_H
