//===- RowMajor.h - elements of a box, counted in order ---------*- C++ -*-===//

#ifndef DCONV_LIB_PLANNER_ROWMAJOR_H
#define DCONV_LIB_PLANNER_ROWMAJOR_H

#include "dconv/Geometry/Box.h"

namespace dconv {

/// Elements before number `end`, row-major, of a box of `sizes` that lie in
/// `part` of it.
inline int64_t countBefore(const std::vector<int64_t> &sizes,
                           const std::vector<Interval> &part, int64_t end) {
  int64_t inner = 1, innerPart = 1;
  for (size_t d = 0; d < sizes.size(); ++d) {
    inner *= sizes[d];
    innerPart *= part[d].size();
  }
  if (innerPart == 0)
    return 0;
  int64_t count = 0;
  for (size_t d = 0; d < sizes.size(); ++d) {
    inner /= sizes[d];
    innerPart /= part[d].size();
    int64_t position = end / inner;
    end %= inner;
    count += part[d].intersect({0, position}).size() * innerPart;
    if (!part[d].contains(position))
      return count;
  }
  return count;
}

} // namespace dconv

#endif // DCONV_LIB_PLANNER_ROWMAJOR_H
