//===- Grid.cpp - the grid of shards and the devices that run them --------===//

#include "dconv/Geometry/Grid.h"

#include <algorithm>

using namespace dconv;

int64_t Grid::numShards() const {
  int64_t count = 1;
  for (int64_t parts : shape)
    count *= parts;
  return count;
}

int64_t Grid::deviceOf(int64_t shard) const {
  return static_cast<__int128>(shard) * devices / numShards();
}

std::vector<int64_t> Grid::shardsOf(int64_t device) const {
  // deviceOf is monotone: the first shard of device d is ceil(d * S / D).
  __int128 shards = numShards();
  auto firstOf = [&](int64_t d) -> int64_t {
    return (d * shards + devices - 1) / devices;
  };
  std::vector<int64_t> result;
  for (int64_t s = firstOf(device), end = firstOf(device + 1); s < end; ++s)
    result.push_back(s);
  return result;
}

std::vector<int64_t> Grid::coordinates(int64_t shard) const {
  std::vector<int64_t> result(shape.size());
  for (size_t axis = shape.size(); axis-- > 0; shard /= shape[axis])
    result[axis] = shard % shape[axis];
  return result;
}

int64_t Grid::shardAt(const std::vector<int64_t> &coordinates) const {
  int64_t shard = 0;
  for (size_t axis = 0; axis < shape.size(); ++axis)
    shard = shard * shape[axis] + coordinates[axis];
  return shard;
}

int64_t Grid::indexAlong(const std::vector<unsigned> &axes,
                         const std::vector<int64_t> &coordinates) const {
  int64_t index = 0;
  for (unsigned axis : axes)
    index = index * shape[axis] + coordinates[axis];
  return index;
}

int64_t Grid::sizeAlong(const std::vector<unsigned> &axes) const {
  int64_t size = 1;
  for (unsigned axis : axes)
    size *= shape[axis];
  return size;
}

std::vector<int64_t> Grid::group(int64_t shard,
                                 const std::vector<unsigned> &axes) const {
  std::vector<int64_t> at = coordinates(shard);
  std::vector<int64_t> result;
  int64_t size = sizeAlong(axes);
  for (int64_t i = 0; i < size; ++i) {
    int64_t rest = i;
    for (size_t a = axes.size(); a-- > 0; rest /= shape[axes[a]])
      at[axes[a]] = rest % shape[axes[a]];
    result.push_back(shardAt(at));
  }
  std::sort(result.begin(), result.end());
  return result;
}
