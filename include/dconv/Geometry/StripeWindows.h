//===- StripeWindows.h - stripes with room for what is read -----*- C++ -*-===//
//
// Where a sub-kernel reads more of a value than a shard owns of it, halo or
// local padding, the buffer of the stripe can have room for that: halos are
// received beside the stripe, and the stripe is not copied.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_GEOMETRY_STRIPEWINDOWS_H
#define DCONV_GEOMETRY_STRIPEWINDOWS_H

#include "dconv/Geometry/Prediction.h"

namespace dconv {

/// Which inputs of sub-kernels are read in place, in the buffers of stripes.
///
/// A value is read in place where
/// - its stripes have memory of their own, which the host or a redistribution
///   fills, and are not partial;
/// - one input of one sub-kernel is all that reads it, itself or as the result
///   of a redistribution that is fetched on use;
/// - on no device the windows, each the hull of what a shard holds of the value
///   and what it reads, take more memory than the stripes and the largest
///   footprint that one of its shards would need beside them. All are counted
///   in whole blocks of the arena.
class StripeWindows {
public:
  /// `program` outlives this.
  explicit StripeWindows(const DistributedProgram &program);

  /// The input that reads the stripes of `value` in place, or null.
  const KernelInput *readerOf(int value) const;
  /// That input's number, and its step.
  unsigned inputOf(int value) const { return readers[value].input; }
  int stepOf(int value) const { return readers[value].step; }

  /// The positions that the stripe of `shard` has room for.
  Box bufferOf(int value, int64_t shard) const;
  /// The value in whose stripe the kernel of `shard` reads `input`, in place or
  /// because the stripe is exactly that, or -1 where it needs a footprint.
  int residentFor(const KernelInput &input, int64_t shard) const;
  /// The positions of the buffer in which the kernel of `shard` reads `input`.
  Box windowOf(const KernelInput &input, int64_t shard) const;

private:
  struct Reader {
    int step = -1;
    unsigned input = 0;
  };

  Reader findReader(int value) const;
  bool fits(int value, const KernelInput &input) const;

  const DistributedProgram &program;
  std::vector<Reader> readers; ///< per value
  /// Per value: the one that it is fetched from where that is done on use,
  /// otherwise itself.
  std::vector<int> sources;
};

} // namespace dconv

#endif // DCONV_GEOMETRY_STRIPEWINDOWS_H
