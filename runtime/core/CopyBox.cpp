//===- CopyBox.cpp - from one order of elements to another ----------------===//

#include "TransposeBox.h"

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
void copyGroups(const Pointers &at, int64_t count, const Dim groups,
                const int64_t distance) {
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
                                   std::array<int64_t, 2> &rest) {
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
    dims.push_back(
        {dim.size / count, {count * dim.strides[0], count * dim.strides[1]}});
    blocks.outer = std::move(dims);
    if (dim.size % count == 0)
      return {std::move(blocks)};
    return {std::move(blocks), std::move(last)};
  }
  blocks.outer = std::move(dims);
  return {std::move(blocks)};
}

/// One run per position.
void copyRuns(const BoxCopy::Part &part, const Pointers &at) {
  const int64_t run = part.run;
  walk(part.outer, at,
       [=](const Pointers &at) { copyRun(at[0], at[1], run); });
}

/// Elements of which the two views have no long run in common: goes along what
/// the target has close together, `ways` units at a time where it has so many
/// side by side (what is packed for dot products). The source has the groups
/// side by side too.
template <int64_t unit, int64_t ways>
void copyScattered(const BoxCopy::Part &part, const Pointers &at) {
  // Copies, since what is written might else be these.
  const Dim groups = part.groups;
  const int64_t distance = part.distance;
  walk(part.outer, at, [=](const Pointers &at) {
    copyGroups<unit, ways>(at, groups.size, groups, distance);
  });
}

/// The same where the source does not: only few of the groups are taken at
/// once. Their cache lines stay in the cache, although a stride of the source
/// may map all to one place of it, until all of a line has been read.
template <int64_t unit, int64_t ways>
void copyTiled(const BoxCopy::Part &part, const Pointers &at) {
  constexpr int64_t tile = 8;
  const Dim groups = part.groups;
  const int64_t distance = part.distance;
  walk(part.outer, at, [&, groups, distance](const Pointers &at) {
    for (int64_t begin = 0; begin < groups.size; begin += tile) {
      const int64_t count = std::min(tile, groups.size - begin);
      const Pointers first{at[0] + begin * groups.strides[0],
                           at[1] + begin * groups.strides[1]};
      walk(part.inner, first, [=](const Pointers &at) {
        copyGroups<unit, ways>(at, count, groups, distance);
      });
    }
  });
}

/// Prepares what `copyScattered` or `copyTiled` does from `offsets` on.
template <int64_t unit, int64_t ways>
void planScattered(std::vector<Dim> dims, std::array<int64_t, 2> offsets,
                   const Dim &groups, int64_t distance,
                   std::vector<BoxCopy::Part> &parts) {
  BoxCopy::Part part;
  part.groups = groups;
  part.distance = distance;
  part.offsets = offsets;
  if (groups.strides[1] == unit) {
    part.outer = std::move(dims);
    part.copy = copyScattered<unit, ways>;
    parts.push_back(std::move(part));
    return;
  }
  part.copy = copyTiled<unit, ways>;
  constexpr int64_t bytes = 512;
  std::array<int64_t, 2> rest = offsets;
  for (Blocked &blocks : splitForCache(std::move(dims), bytes, rest)) {
    part.outer = std::move(blocks.outer);
    part.inner = std::move(blocks.inner);
    parts.push_back(part);
    part.offsets = rest;
  }
}

/// The dim along which the target has its elements `distance` bytes apart.
std::vector<Dim>::iterator dimOf(std::vector<Dim> &dims, int64_t distance) {
  return std::find_if(dims.begin(), dims.end(), [&](const Dim &dim) {
    return dim.strides[0] == distance;
  });
}

template <int64_t unit>
void planUnits(std::vector<Dim> dims, const std::array<int64_t, 2> &offsets,
               std::vector<BoxCopy::Part> &parts) {
  auto side = dimOf(dims, unit);
  if (side != dims.end() && (side->size == 2 || side->size == 4))
    if (auto next = dimOf(dims, side->size * unit); next != dims.end()) {
      const Dim ways = *side, groups = *next;
      dims.erase(std::max(side, next));
      dims.erase(std::min(side, next));
      return ways.size == 2
                 ? planScattered<unit, 2>(std::move(dims), offsets, groups,
                                          ways.strides[1], parts)
                 : planScattered<unit, 4>(std::move(dims), offsets, groups,
                                          ways.strides[1], parts);
    }
  auto closest = std::min_element(
      dims.begin(), dims.end(),
      [](const Dim &a, const Dim &b) { return a.strides[0] < b.strides[0]; });
  const Dim groups = *closest;
  dims.erase(closest);
  planScattered<unit, 1>(std::move(dims), offsets, groups, 0, parts);
}

void planPiece(JointPiece<2> piece, int64_t elementBytes,
               std::vector<BoxCopy::Part> &parts) {
  std::vector<Dim> dims = std::move(piece.dims);
  const int64_t run = dims.back().size * elementBytes;
  dims.pop_back();
  // Reading in order pays more than writing in order.
  std::stable_sort(dims.begin(), dims.end(), [](const Dim &a, const Dim &b) {
    return a.strides[1] > b.strides[1];
  });
  if (std::optional<BoxCopy::Part> part =
          planTranspose(dims, piece.offsets, run)) {
    parts.push_back(std::move(*part));
    return;
  }
  if (!dims.empty())
    switch (run) {
    case 1:
      return planUnits<1>(std::move(dims), piece.offsets, parts);
    case 2:
      return planUnits<2>(std::move(dims), piece.offsets, parts);
    case 4:
      return planUnits<4>(std::move(dims), piece.offsets, parts);
    case 8:
      return planUnits<8>(std::move(dims), piece.offsets, parts);
    case 16:
      return planUnits<16>(std::move(dims), piece.offsets, parts);
    }
  BoxCopy::Part part;
  part.copy = copyRuns;
  part.offsets = piece.offsets;
  part.outer = std::move(dims);
  part.run = run;
  parts.push_back(std::move(part));
}

} // namespace

BoxCopy::BoxCopy(const BoxView &to, const BoxView &from)
    : to(to.data), from(from.data), size(to.bytes()) {
  for (JointPiece<2> &piece : jointPieces<2>({&to, &from}))
    planPiece(std::move(piece), bytesOf(to.type), parts);
}

void BoxCopy::run(std::byte *to, std::byte *from) const {
  for (const Part &part : parts)
    part.copy(part, {to + part.offsets[0], from + part.offsets[1]});
}

void copyBox(const BoxView &to, const BoxView &from) {
  BoxCopy(to, from).run();
}

} // namespace dconv::runtime
