//===- Split.h - which loops are divided over which axes --------*- C++ -*-===//

#ifndef DCONV_GEOMETRY_SPLIT_H
#define DCONV_GEOMETRY_SPLIT_H

#include "dconv/Geometry/Convolution.h"
#include "dconv/Geometry/Grid.h"
#include "dconv/Geometry/Stripes.h"

namespace dconv {

/// One axis of the grid: the loop it divides and the length of each part.
struct AxisSplit {
  unsigned loop = 0;
  std::vector<int64_t> lengths; ///< each >= 1; their sum is the loop's extent

  bool operator==(const AxisSplit &o) const {
    return loop == o.loop && lengths == o.lengths;
  }
  bool operator!=(const AxisSplit &o) const { return !(*this == o); }
};

/// The split of an iteration space: entry a is axis a of the grid. A loop is
/// divided by one axis at most.
struct Split {
  std::vector<AxisSplit> axes;

  /// The grid of this split on `devices` devices.
  Grid grid(int64_t devices) const;
  /// The axis that divides `loop`, or -1.
  int axisOf(unsigned loop) const;
  /// The iterations of the shard at `coordinates`; never empty.
  Box iterations(const Convolution &convolution,
                 const std::vector<int64_t> &coordinates) const;

  bool operator==(const Split &o) const { return axes == o.axes; }
};

/// The split of `loop` of `extent` in `parts` balanced parts.
AxisSplit balancedSplit(unsigned loop, int64_t extent, int64_t parts);

/// Reads `dim=parts` and `dim=[len,len,...]`, comma-separated, with the names
/// of Convolution::loopNames or `d0`, `d1`, ... Makes at most Grid::most shards.
/// The error names the dims and extents of the convolution.
Result<Split> parseSplit(const std::string &spec,
                         const Convolution &convolution);

/// The shortest SPEC that `parseSplit` reads back: "o0=2,oc=[22,21,21]".
std::string toString(const Split &split, const Convolution &convolution);

/// An error where an axis divides a loop that does not exist or twice, or where
/// its lengths are not positive or do not add up to the extent.
Result<int64_t> checkSplit(const Split &split, const Convolution &convolution);

} // namespace dconv

#endif // DCONV_GEOMETRY_SPLIT_H
