//===- Collective.h - how a tensor moves from one layout to another -*- C++ -*-//
//
// Who sends which box to whom, in which round. A box that several shards need
// goes to each of them straight from its owner, or is passed on.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_GEOMETRY_COLLECTIVE_H
#define DCONV_GEOMETRY_COLLECTIVE_H

#include "dconv/Geometry/Layout.h"

namespace dconv {

/// How a box that one shard owns reaches those that need it. But for `Direct` it
/// reaches each device once, in the first of its shards that need that box, from
/// which the others copy. These devices are numbered 1, 2, ... from the owner's
/// device, 0, in ascending order, cyclically.
enum class CollectiveAlgorithm {
  Direct, ///< to each shard from the owner
  /// Device k gets it from device k - 1. Boxes that go to the same shards, where
  /// they are fewer than the devices, are divided along their longest dim, so
  /// that there is a piece for each device and all pass one on at a time.
  Ring,
  /// Device k gets it from device k - 2^r, in round r, where 2^r is the largest
  /// power of 2 that is not more than k. What goes between two shards in a round
  /// is one message where it is one box.
  Tree,
};

/// "direct", "ring", "tree".
const char *toString(CollectiveAlgorithm algorithm);

/// All transfers that change `from`, as its owners hold it, into what `to` says
/// is held: ascending by round, destination and source. A round needs nothing
/// but what earlier ones have brought. In `Direct` there is one round, of what
/// `transfersTo` says. Neither layout is partial.
std::vector<Transfer> redistribution(const Grid &grid, const TensorLayout &from,
                                     const TensorLayout &to,
                                     CollectiveAlgorithm algorithm);

} // namespace dconv

#endif // DCONV_GEOMETRY_COLLECTIVE_H
