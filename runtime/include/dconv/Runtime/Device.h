//===- Device.h - what runs the commands of one device ----------*- C++ -*-===//

#ifndef DCONV_RUNTIME_DEVICE_H
#define DCONV_RUNTIME_DEVICE_H

#include "dconv/Runtime/Arena.h"
#include "dconv/Runtime/BoxCopy.h"

namespace dconv::runtime {

/// The memory and the arithmetic of one device. A backend implements it; it
/// owns no payload memory but the arena.
///
/// Threading: before the first command, one thread at a time. Commands come
/// from up to three threads, one for each of loads, arithmetic and stores; what
/// they touch together is memory that none writes. A command allocates nothing.
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

  /// `value` holds the bits of one element.
  virtual void fill(const BoxRuns<1> &box, uint64_t value) = 0;
  virtual void copy(const BoxCopy &boxes) = 0;
  /// From memory of the host, and back; returns when the transfer is over.
  virtual void load(const BoxCopy &fromHost) = 0;
  virtual void store(const BoxCopy &toHost) = 0;
  /// The second box into the first, between two float types: to the nearest,
  /// ties to even, NaN kept.
  virtual void convert(const BoxRuns<2> &boxes) = 0;
  /// The first box becomes combiner(first, second): integers wrap, of floats
  /// the maximum and minimum of a NaN is NaN, and -0 is less than +0.
  virtual void accumulate(const BoxRuns<2> &boxes, Combiner combiner) = 0;
  /// `arguments` as in Abi.h.
  virtual void launch(Kernel kernel, void **arguments) = 0;
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_DEVICE_H
