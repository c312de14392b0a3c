//===- Streaming.h - tensors that stay on the host --------------*- C++ -*-===//
//
// A streamed value lies whole on the host. A device brings the part that a
// shard reads when it needs it and returns the part that a shard computes when
// it is done, so that tensors larger than the memory of all devices pass
// through. Source: docs/streaming.md.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_GEOMETRY_STREAMING_H
#define DCONV_GEOMETRY_STREAMING_H

#include "dconv/Geometry/Prediction.h"

namespace dconv {

/// A box of a streamed operand that lies on a device while some of its shards,
/// one after the other, use it.
struct Residency {
  Box window;
  size_t first = 0; ///< the first of these shards, by position in the list
  size_t last = 0;
  /// Residencies of one operand take two slots by turns: one is filled, or
  /// emptied, while the other is computed with. What never changes has one.
  unsigned slot() const { return number % 2; }
  size_t number = 0; ///< among those of the operand on the device
};

/// The residencies of an operand of which shard s uses `boxes[s]`, on a device
/// that runs `shards` in their order: a box equal to the one before stays.
std::vector<Residency> residenciesOf(const std::vector<Box> &boxes,
                                     const std::vector<int64_t> &shards);

/// Per shard of `split`, the box of the output that it combines into.
std::vector<Box> outputBlocks(const Convolution &convolution,
                              const Split &split);

/// The steps of one convolution whose tensors are streamed. Reductions add up
/// in the memory of the device, in ascending order of shards: `split` passes
/// `checkStreamed`.
DistributedProgram distributeStreamed(const Convolution &convolution,
                                      const Split &split, int64_t devices,
                                      bool fillsOutput);

/// The number of shards, or an error with the remedy where those that add to
/// the same block of the output do not run one after the other on one device.
Result<int64_t> checkStreamed(const Convolution &convolution,
                              const Split &split, int64_t devices);

} // namespace dconv

#endif // DCONV_GEOMETRY_STREAMING_H
