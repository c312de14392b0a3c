//===- BufferLayout.h - in which order a buffer keeps elements --*- C++ -*-===//
//
// A layout permutes the elements of a buffer and never changes how many bytes it
// has: where an element lies is the business of what computes and copies, not of
// plans and predictions.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_GEOMETRY_BUFFERLAYOUT_H
#define DCONV_GEOMETRY_BUFFERLAYOUT_H

#include "dconv/Geometry/Result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace dconv {

/// Elements in lexicographic order of the levels: first by the block of each
/// dim that the first level names, within it by the second level, and so on.
/// The last block of a dim may be narrower and takes only the room of what it
/// holds, so there are no gaps. Without levels the order is row-major.
///
/// Every dim has a level; the blocks of a dim strictly decrease, each divides
/// the one before, and the last is 1.
struct BufferLayout {
  struct Level {
    unsigned dim = 0;
    int64_t block = 1; ///< positions of the dim per step of this level

    bool operator==(const Level &o) const {
      return dim == o.dim && block == o.block;
    }
    bool operator!=(const Level &o) const { return !(*this == o); }
  };
  std::vector<Level> levels;

  bool isRowMajor() const { return levels.empty(); }

  /// Where the element at `position` lies in a buffer of `extents`, in elements
  /// from the first.
  int64_t offsetOf(std::vector<int64_t> position,
                   std::vector<int64_t> extents) const;

  bool operator==(const BufferLayout &o) const { return levels == o.levels; }
  bool operator!=(const BufferLayout &o) const { return !(*this == o); }
};

/// The layout of these levels for buffers of `rank` dims, or why there is none.
/// Levels that say row-major, each dim once and in order, are an error: a layout
/// has one form. So have none, but for a row-major buffer.
Result<BufferLayout> checkedLayout(std::vector<BufferLayout::Level> levels,
                                   unsigned rank);

/// "d3 by 32, d0, d1, d3", or "row-major".
std::string toString(const BufferLayout &layout);

} // namespace dconv

#endif // DCONV_GEOMETRY_BUFFERLAYOUT_H
