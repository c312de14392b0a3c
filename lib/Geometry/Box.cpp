//===- Box.cpp - intervals and boxes of integers --------------------------===//

#include "dconv/Geometry/Box.h"

#include <algorithm>

using namespace dconv;

Interval Interval::intersect(Interval other) const {
  return {std::max(begin, other.begin), std::min(end, other.end)};
}

Interval Interval::hull(Interval other) const {
  if (empty())
    return other;
  if (other.empty())
    return *this;
  return {std::min(begin, other.begin), std::max(end, other.end)};
}

Box Box::whole(const std::vector<int64_t> &extents) {
  Box box;
  for (int64_t extent : extents)
    box.dims.push_back({0, extent});
  return box;
}

bool Box::empty() const {
  return std::any_of(dims.begin(), dims.end(),
                     [](Interval i) { return i.empty(); });
}

int64_t Box::volume() const {
  int64_t volume = 1;
  for (Interval i : dims)
    volume *= i.size();
  return volume;
}

std::vector<int64_t> Box::sizes() const {
  std::vector<int64_t> sizes;
  for (Interval i : dims)
    sizes.push_back(i.size());
  return sizes;
}

bool Box::contains(const Box &other) const {
  if (other.empty())
    return true;
  for (unsigned d = 0; d < rank(); ++d)
    if (!dims[d].contains(other[d]))
      return false;
  return true;
}

Box Box::intersect(const Box &other) const {
  Box result;
  for (unsigned d = 0; d < rank(); ++d)
    result.dims.push_back(dims[d].intersect(other[d]));
  return result;
}

Box Box::shifted(const std::vector<int64_t> &by) const {
  Box result;
  for (unsigned d = 0; d < rank(); ++d)
    result.dims.push_back(dims[d].shifted(by[d]));
  return result;
}

Box Box::relativeTo(const Box &outer) const {
  Box result;
  for (unsigned d = 0; d < rank(); ++d)
    result.dims.push_back(dims[d].shifted(-outer[d].begin));
  return result;
}

std::vector<Box> dconv::subtract(const Box &from, const Box &hole) {
  if (from.empty())
    return {};
  if (from.intersect(hole).empty())
    return {from};
  std::vector<Box> pieces;
  Box rest = from;
  for (unsigned d = 0; d < from.rank(); ++d) {
    Interval whole = rest[d];
    Interval cut = whole.intersect(hole[d]);
    for (Interval side : {Interval{whole.begin, cut.begin},
                          Interval{cut.end, whole.end}}) {
      if (side.empty())
        continue;
      pieces.push_back(rest);
      pieces.back()[d] = side;
    }
    rest[d] = cut;
  }
  return pieces;
}

Result<int64_t> dconv::checkedVolume(const std::vector<int64_t> &extents) {
  int64_t volume = 1;
  bool overflow = false;
  for (int64_t extent : extents) {
    if (extent == 0)
      return int64_t(0);
    overflow |= __builtin_mul_overflow(volume, extent, &volume);
  }
  if (overflow)
    return Error{"the volume of " + toString(Box::whole(extents)) +
                 " does not fit 64 bits"};
  return volume;
}

std::string dconv::toString(Interval interval) {
  return "[" + std::to_string(interval.begin) + ", " +
         std::to_string(interval.end) + ")";
}

std::string dconv::toString(const Box &box) {
  if (box.dims.empty())
    return "the scalar";
  std::string text;
  for (Interval interval : box.dims)
    text += (text.empty() ? "" : " x ") + toString(interval);
  return text;
}
