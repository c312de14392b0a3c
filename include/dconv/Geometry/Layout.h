//===- Layout.h - how a tensor lies on the grid -----------------*- C++ -*-===//
//
// The integers of the type `!dconv.sharded`: which box of a tensor each shard
// owns, which it holds beyond that, and which boxes must move to change it.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_GEOMETRY_LAYOUT_H
#define DCONV_GEOMETRY_LAYOUT_H

#include "dconv/Geometry/Grid.h"
#include "dconv/Geometry/Stripes.h"

namespace dconv {

/// How one tensor dim is cut. Entry i of `owned` and `held` belongs to the
/// i-th combination (row-major) of the coordinates on `axes`.
///
/// The owned stripes are disjoint and cover [0, extent); they may be empty and
/// need not ascend with i (a negative coefficient reverses them). A held
/// interval is what the shard has at hand: its stripe as it was sharded, the
/// footprint inside the tensor after a halo exchange, which need not contain
/// the stripe.
struct DimLayout {
  std::vector<unsigned> axes;
  Stripes owned;
  Stripes held;

  bool operator==(const DimLayout &o) const {
    return axes == o.axes && owned == o.owned && held == o.held;
  }
};

/// How a tensor lies on a grid. Along axes that cut no dim it is replicated,
/// or, where they are `partialAxes`, the shards hold partial sums of it.
struct TensorLayout {
  std::vector<DimLayout> dims;
  std::vector<unsigned> partialAxes; ///< ascending

  /// Uncut, in one copy per shard.
  static TensorLayout replicated(const std::vector<int64_t> &shape);

  Box owned(const Grid &grid, int64_t shard) const;
  Box held(const Grid &grid, int64_t shard) const;
  bool cuts(unsigned axis) const;
  /// The axes that cut a dim, ascending.
  std::vector<unsigned> cutAxes() const;

  bool operator==(const TensorLayout &o) const {
    return dims == o.dims && partialAxes == o.partialAxes;
  }
};

/// `box` of a tensor moves from a shard that has it to one that is to hold it.
struct Transfer {
  int64_t source = 0;
  int64_t destination = 0;
  Box box;
  int round = 0; ///< it may use what earlier rounds have brought
  /// The source gives what it was brought, not what it owned before.
  bool relayed = false;

  bool operator==(const Transfer &o) const {
    return source == o.source && destination == o.destination && box == o.box &&
           round == o.round && relayed == o.relayed;
  }
};

/// The boxes that shard `destination` needs so that it holds what `to` says, of
/// a tensor that its owners in `from` hold: ascending by source, disjoint,
/// without empty ones, its own part (source == destination) included. Of
/// several replicas, the source is the one with the destination's own
/// coordinates. Neither layout is partial.
std::vector<Transfer> transfersTo(const Grid &grid, const TensorLayout &from,
                                  const TensorLayout &to, int64_t destination);

} // namespace dconv

#endif // DCONV_GEOMETRY_LAYOUT_H
