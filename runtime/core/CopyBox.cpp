//===- CopyBox.cpp - from one order of elements to another ----------------===//

#include "dconv/Runtime/BoxView.h"

#include <algorithm>

namespace dconv::runtime {

namespace {

using Dim = JointDim<2>; ///< strides of the target, then of the source
using Pointers = std::array<std::byte *, 2>;

/// Copies `ways` units that lie `distance` apart in the source to one place.
template <int64_t unit, int64_t ways>
inline void copyGroup(std::byte *to, const std::byte *from, int64_t distance) {
  if constexpr (unit == 1 && ways == 4) {
    // As one word, of which the compiler makes vectors.
    uint32_t word = 0;
    for (int i = 0; i < 4; ++i)
      word |= std::to_integer<uint32_t>(from[i * distance]) << (8 * i);
    std::memcpy(to, &word, sizeof(word));
  } else {
    for (int64_t i = 0; i < ways; ++i)
      std::memcpy(to + i * unit, from + i * distance, unit);
  }
}

/// `count` groups; strides of units and constant ones let them be vectors.
template <int64_t unit, int64_t ways>
void copyGroups(const Pointers &at, int64_t count, const Dim &groups,
                int64_t distance) {
  std::byte *__restrict to = at[0];
  const std::byte *__restrict from = at[1];
  if (groups.strides[0] == unit * ways && groups.strides[1] == unit) {
    for (int64_t i = 0; i < count; ++i)
      copyGroup<unit, ways>(to + i * unit * ways, from + i * unit, distance);
    return;
  }
  for (int64_t i = 0; i < count; ++i)
    copyGroup<unit, ways>(to + i * groups.strides[0],
                          from + i * groups.strides[1], distance);
}

/// Dims of the source that lie together in cache lines, and those around them.
struct Blocked {
  std::vector<Dim> outer, inner;
};

/// Splits `dims`, which descend in the source, so that the inner ones span at
/// most `bytes` there. The dim between is cut; its last, smaller part is the
/// second of the two, if there is one, and begins at `rest`.
std::vector<Blocked> splitForCache(std::vector<Dim> dims, int64_t bytes,
                                   Pointers &rest) {
  Blocked blocks;
  while (!dims.empty() && dims.back().strides[1] < bytes) {
    const Dim dim = dims.back();
    dims.pop_back();
    const int64_t count = bytes / dim.strides[1];
    if (dim.size <= count) {
      blocks.inner.insert(blocks.inner.begin(), dim);
      continue;
    }
    Blocked last{dims, blocks.inner};
    last.inner.insert(last.inner.begin(), {dim.size % count, dim.strides});
    for (size_t i = 0; i < rest.size(); ++i)
      rest[i] += dim.size / count * count * dim.strides[i];
    blocks.inner.insert(blocks.inner.begin(), {count, dim.strides});
    dims.push_back({dim.size / count,
                    {count * dim.strides[0], count * dim.strides[1]}});
    blocks.outer = std::move(dims);
    if (dim.size % count == 0)
      return {std::move(blocks)};
    return {std::move(blocks), std::move(last)};
  }
  blocks.outer = std::move(dims);
  return {std::move(blocks)};
}

/// Elements of which the two views have no long run in common: goes along what
/// the target has close together, `ways` units at a time where it has so many
/// side by side (what is packed for dot products).
///
/// Where the source does not have the groups side by side, only few of them are
/// taken at once: their cache lines stay in the cache, although a stride of the
/// source may map all to one place of it, until all of a line has been read.
template <int64_t unit, int64_t ways>
void copyScattered(std::vector<Dim> dims, const Pointers &at, const Dim &groups,
                   int64_t distance) {
  if (groups.strides[1] == unit)
    return walk(dims, at, [&](const Pointers &at) {
      copyGroups<unit, ways>(at, groups.size, groups, distance);
    });
  constexpr int64_t tile = 8, bytes = 512;
  Pointers begins[2] = {at, at};
  std::vector<Blocked> parts =
      splitForCache(std::move(dims), bytes, begins[1]);
  for (size_t part = 0; part < parts.size(); ++part)
    walk(parts[part].outer, begins[part], [&](const Pointers &at) {
      for (int64_t begin = 0; begin < groups.size; begin += tile) {
        const int64_t count = std::min(tile, groups.size - begin);
        const Pointers first{at[0] + begin * groups.strides[0],
                             at[1] + begin * groups.strides[1]};
        walk(parts[part].inner, first, [&](const Pointers &at) {
          copyGroups<unit, ways>(at, count, groups, distance);
        });
      }
    });
}

/// The dim along which the target has its elements `distance` bytes apart.
std::vector<Dim>::iterator dimOf(std::vector<Dim> &dims, int64_t distance) {
  return std::find_if(dims.begin(), dims.end(), [&](const Dim &dim) {
    return dim.strides[0] == distance;
  });
}

template <int64_t unit>
void copyUnits(std::vector<Dim> dims, const Pointers &at) {
  auto side = dimOf(dims, unit);
  if (side != dims.end() && (side->size == 2 || side->size == 4))
    if (auto next = dimOf(dims, side->size * unit); next != dims.end()) {
      const Dim ways = *side, groups = *next;
      dims.erase(std::max(side, next));
      dims.erase(std::min(side, next));
      return ways.size == 2
                 ? copyScattered<unit, 2>(std::move(dims), at, groups, ways.strides[1])
                 : copyScattered<unit, 4>(std::move(dims), at, groups, ways.strides[1]);
    }
  auto closest = std::min_element(dims.begin(), dims.end(),
                                  [](const Dim &a, const Dim &b) {
                                    return a.strides[0] < b.strides[0];
                                  });
  const Dim groups = *closest;
  dims.erase(closest);
  copyScattered<unit, 1>(std::move(dims), at, groups, 0);
}

void copyStrided(const BoxView &to, const BoxView &from) {
  std::vector<Dim> dims = jointDims<2>({&to, &from});
  if (dims.empty())
    return;
  const int64_t run = dims.back().size * bytesOf(to.type);
  dims.pop_back();
  // Reading in order pays more than writing in order.
  std::stable_sort(dims.begin(), dims.end(), [](const Dim &a, const Dim &b) {
    return a.strides[1] > b.strides[1];
  });
  const Pointers at{to.data, from.data};
  if (!dims.empty())
    switch (run) {
    case 1:
      return copyUnits<1>(std::move(dims), at);
    case 2:
      return copyUnits<2>(std::move(dims), at);
    case 4:
      return copyUnits<4>(std::move(dims), at);
    case 8:
      return copyUnits<8>(std::move(dims), at);
    case 16:
      return copyUnits<16>(std::move(dims), at);
    }
  walk(dims, at, [&](const Pointers &at) { copyRun(at[0], at[1], run); });
}

} // namespace

void copyBox(const BoxView &to, const BoxView &from) {
  if (to.isStrided() && from.isStrided())
    return copyStrided(to, from);
  for (const std::vector<BoxView> &piece : stridedPieces({&to, &from}))
    copyStrided(piece[0], piece[1]);
}

} // namespace dconv::runtime
