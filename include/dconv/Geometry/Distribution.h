//===- Distribution.h - where the operands of a split lie -------*- C++ -*-===//
//
// Ownership, halos and local padding of a convolution under a split. Source:
// docs/design.md, "Geometry".
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_GEOMETRY_DISTRIBUTION_H
#define DCONV_GEOMETRY_DISTRIBUTION_H

#include "dconv/Geometry/Layout.h"
#include "dconv/Geometry/Split.h"

#include <algorithm>

namespace dconv {

/// How `operand` lies on the grid of `split`: every dim is cut along the axes
/// of every loop in its expression, held is the footprint inside the tensor.
///
/// Between neighbouring shards on the axes of parallel loops, in order of
/// position, the cut is the midpoint of their all-tap footprints, clamped to
/// the tensor; the first stripe starts at 0, the last ends at the extent. The
/// axes of reductions divide each such stripe again, balanced; where an
/// expression has reductions alone, they are cut like parallel loops. A loop in
/// two dims of the operand cuts the first.
TensorLayout inputLayout(const Convolution &convolution, const Split &split,
                         const Operand &operand);

/// How the result of the sub-kernels lies: cut by the parallel loops, partial
/// along the axes that divide reductions in more than one part.
TensorLayout outputLayout(const Convolution &convolution, const Split &split);

/// Whether a stripe of `length` divides well in `pieces`: none is empty, and
/// the longest is at most a sixteenth above the mean.
inline bool dividesEvenly(int64_t length, int64_t pieces) {
  return length >= pieces &&
         (length + pieces - 1) / pieces * pieces <= length + length / 16;
}

/// The dim whose stripes are divided again among shards that have the same of a
/// tensor of `shape`: the outermost of which every stripe divides evenly, so
/// that pieces are few long rows; else the largest dim of the tensor, the first
/// of several. -1 without dims. `isEven(d)`: whether every stripe of dim d
/// does.
template <typename IsEven>
int dividedDim(const std::vector<int64_t> &shape, IsEven isEven) {
  for (unsigned d = 0; d < shape.size(); ++d)
    if (isEven(d))
      return d;
  return shape.empty()
             ? -1
             : std::max_element(shape.begin(), shape.end()) - shape.begin();
}

/// That of a tensor that lies in `layout`, for stripes in `pieces` each.
int dividedDim(const TensorLayout &layout, const std::vector<int64_t> &shape,
               int64_t pieces);

/// `partial` after its reduce-scatter: the stripes of `dividedDim` are divided
/// again, balanced, over the partial axes. Without partial axes it is
/// unchanged.
TensorLayout scatteredLayout(const Grid &grid, const TensorLayout &partial,
                             const std::vector<int64_t> &shape);

/// The axes of more than one part that cut no dim of `layout`: their shards
/// hold copies of the same.
std::vector<unsigned> replicatedAxes(const Grid &grid,
                                     const TensorLayout &layout);

/// `layout` in one copy: the stripes of `dividedDim` are divided again,
/// balanced, over the replicated axes, and each shard holds what it owns.
TensorLayout piecesLayout(const Grid &grid, const TensorLayout &layout,
                          const std::vector<int64_t> &shape);

/// What `shard` reads of `operand`: the footprint of its iterations in
/// positions of the unpadded tensor; what lies outside the tensor is its local
/// padding.
Box shardFootprint(const Convolution &convolution, const Split &split,
                   const Operand &operand, int64_t shard);

} // namespace dconv

#endif // DCONV_GEOMETRY_DISTRIBUTION_H
