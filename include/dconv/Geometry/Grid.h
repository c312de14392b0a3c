//===- Grid.h - the grid of shards and the devices that run them -*- C++ -*-===//

#ifndef DCONV_GEOMETRY_GRID_H
#define DCONV_GEOMETRY_GRID_H

#include <cstdint>
#include <vector>

namespace dconv {

/// The shards of a plan: a row-major grid, one axis per split loop, and the
/// placement of its S shards on D devices: shard i runs on floor(i * D / S).
/// A grid without axes has one shard.
struct Grid {
  /// No grid has more shards or devices than this: lists of them lie in memory.
  static constexpr int64_t most = int64_t(1) << 16;

  std::vector<int64_t> shape; ///< number of parts per axis, each >= 1
  int64_t devices = 1;        ///< D >= 1; those beyond the last shard idle

  int64_t numShards() const;
  int64_t deviceOf(int64_t shard) const;
  /// The shards of `device`, ascending.
  std::vector<int64_t> shardsOf(int64_t device) const;

  std::vector<int64_t> coordinates(int64_t shard) const;
  int64_t shardAt(const std::vector<int64_t> &coordinates) const;

  /// Row-major number of `coordinates` among the combinations of `axes`.
  int64_t indexAlong(const std::vector<unsigned> &axes,
                     const std::vector<int64_t> &coordinates) const;
  /// Number of combinations of `axes`.
  int64_t sizeAlong(const std::vector<unsigned> &axes) const;

  /// The shards whose coordinates equal those of `shard` but for `axes`,
  /// ascending.
  std::vector<int64_t> group(int64_t shard,
                             const std::vector<unsigned> &axes) const;

  bool operator==(const Grid &o) const {
    return shape == o.shape && devices == o.devices;
  }
};

} // namespace dconv

#endif // DCONV_GEOMETRY_GRID_H
