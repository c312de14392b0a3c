//===- BufferLayout.cpp - in which order a buffer keeps elements ----------===//

#include "dconv/Geometry/BufferLayout.h"

#include <algorithm>

using namespace dconv;

int64_t BufferLayout::offsetOf(std::vector<int64_t> position,
                               std::vector<int64_t> extents) const {
  int64_t offset = 0;
  if (isRowMajor()) {
    for (size_t d = 0; d < extents.size(); ++d)
      offset = offset * extents[d] + position[d];
    return offset;
  }
  for (Level level : levels) {
    const int64_t begin = position[level.dim] / level.block * level.block;
    // What lies in the blocks before: `begin` positions of this dim, times all
    // that is left of the others.
    int64_t before = begin;
    for (size_t d = 0; d < extents.size(); ++d)
      if (d != level.dim)
        before *= extents[d];
    offset += before;
    position[level.dim] -= begin;
    extents[level.dim] = std::min(level.block, extents[level.dim] - begin);
  }
  return offset;
}

static std::string textOf(BufferLayout::Level level) {
  std::string text = "d" + std::to_string(level.dim);
  return level.block == 1 ? text : text + " by " + std::to_string(level.block);
}

Result<BufferLayout>
dconv::checkedLayout(std::vector<BufferLayout::Level> levels, unsigned rank) {
  std::vector<int64_t> innermost(rank, 0); // block of each dim, 0 before any
  bool ascend = true;
  for (size_t i = 0; i < levels.size(); ++i) {
    const BufferLayout::Level level = levels[i];
    const std::string text = textOf(level);
    if (level.dim >= rank)
      return Error{"layout orders d" + std::to_string(level.dim) +
                   " but the buffer has " + std::to_string(rank) + " dims"};
    int64_t &outer = innermost[level.dim];
    if (level.block < 1)
      return Error{"layout has " + text + ", needed at least 1"};
    if (outer != 0 && (level.block >= outer || outer % level.block != 0))
      return Error{"layout has " + text + " within " +
                   textOf({level.dim, outer}) +
                   "; a block must be a smaller part of the one around it"};
    ascend &= level == BufferLayout::Level{static_cast<unsigned>(i), 1};
    outer = level.block;
  }
  for (unsigned d = 0; d < rank; ++d) {
    const std::string dim = "d" + std::to_string(d);
    if (innermost[d] == 0)
      return Error{"layout has no place for " + dim + " of " +
                   std::to_string(rank) + " dims"};
    if (innermost[d] != 1)
      return Error{"layout does not order the positions within " +
                   textOf({d, innermost[d]}) + "; needed " + dim +
                   " once more"};
  }
  if (ascend)
    return Error{"layout is row-major; leave it away"};
  return BufferLayout{std::move(levels)};
}

std::string dconv::toString(const BufferLayout &layout) {
  if (layout.isRowMajor())
    return "row-major";
  std::string text;
  for (BufferLayout::Level level : layout.levels)
    text += (text.empty() ? "" : ", ") + textOf(level);
  return text;
}
