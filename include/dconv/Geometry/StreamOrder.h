//===- StreamOrder.h - when what is streamed comes and goes -----*- C++ -*-===//

#ifndef DCONV_GEOMETRY_STREAMORDER_H
#define DCONV_GEOMETRY_STREAMORDER_H

#include "dconv/Geometry/Streaming.h"

namespace dconv {

/// What one device does, in order, for the streamed operands of a sub-kernel.
/// Operands are numbered as the inputs; the output comes after them.
struct StreamStep {
  enum Kind {
    Bring,  ///< residency `number` of `operand` takes its slot
    Launch, ///< shard number `number` of the device computes
    Return, ///< residency `number` of the output is complete
  };
  Kind kind = Launch;
  unsigned operand = 0;
  size_t number = 0;
};

/// The order for `shards` shards. Each residency is brought as soon as its slot
/// has nothing that a later launch or return needs, of several the one that is
/// needed first: then a queue of loads that follows this order never waits for
/// a slot while the next thing to load has one.
///
/// `loadsOutput` is whether the initial output comes from the host. Then it is
/// brought when the block before it begins to be computed, by when the one
/// before that has left; otherwise just before it is needed, since whoever
/// fills it also computes. Inputs without residencies are not streamed.
std::vector<StreamStep>
streamOrder(const std::vector<std::vector<Residency>> &inputs,
            const std::vector<Residency> &output, bool loadsOutput,
            size_t shards);

} // namespace dconv

#endif // DCONV_GEOMETRY_STREAMORDER_H
