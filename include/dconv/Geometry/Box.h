//===- Box.h - intervals and boxes of integers ------------------*- C++ -*-===//
//
// Everything dconv owns, needs, sends or computes is a box: one half-open
// interval per dim. Sizes are 64-bit; `checkedVolume` tells when they do not
// suffice.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_GEOMETRY_BOX_H
#define DCONV_GEOMETRY_BOX_H

#include "dconv/Geometry/Result.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace dconv {

/// The integers i with begin <= i < end. Empty where end <= begin; every empty
/// interval is equal to every other in meaning, not in `==`.
struct Interval {
  int64_t begin = 0;
  int64_t end = 0;

  int64_t size() const { return end > begin ? end - begin : 0; }
  bool empty() const { return end <= begin; }
  bool contains(int64_t i) const { return begin <= i && i < end; }
  /// True where every element of `other` is one of this interval.
  bool contains(Interval other) const {
    return other.empty() || (begin <= other.begin && other.end <= end);
  }
  Interval intersect(Interval other) const;
  /// The least interval that contains both; an empty one adds nothing.
  Interval hull(Interval other) const;
  Interval shifted(int64_t by) const { return {begin + by, end + by}; }

  bool operator==(const Interval &o) const {
    return begin == o.begin && end == o.end;
  }
  bool operator!=(const Interval &o) const { return !(*this == o); }
};

/// A product of intervals, one per dim. The box without dims has one element.
struct Box {
  std::vector<Interval> dims;

  Box() = default;
  explicit Box(std::vector<Interval> dims) : dims(std::move(dims)) {}
  Box(std::initializer_list<Interval> dims) : dims(dims) {}
  /// [0, extent) in each dim.
  static Box whole(const std::vector<int64_t> &extents);

  unsigned rank() const { return dims.size(); }
  Interval &operator[](unsigned d) { return dims[d]; }
  const Interval &operator[](unsigned d) const { return dims[d]; }

  bool empty() const;
  /// Number of elements. The box lies in a tensor that `checkedVolume` took.
  int64_t volume() const;
  std::vector<int64_t> sizes() const;
  bool contains(const Box &other) const;
  Box intersect(const Box &other) const;
  Box shifted(const std::vector<int64_t> &by) const;
  /// The position of this box inside `outer`, whose corner becomes the origin.
  Box relativeTo(const Box &outer) const;

  bool operator==(const Box &o) const { return dims == o.dims; }
  bool operator!=(const Box &o) const { return dims != o.dims; }
};

/// The elements of `from` outside `hole`, as disjoint boxes: at most two per
/// dim, in dim order, low side first.
std::vector<Box> subtract(const Box &from, const Box &hole);

/// The product of `extents` (each >= 0), or an error where it passes 2^63 - 1.
Result<int64_t> checkedVolume(const std::vector<int64_t> &extents);

/// "[2, 5)" and "[0, 3) x [2, 5)".
std::string toString(Interval interval);
std::string toString(const Box &box);

} // namespace dconv

#endif // DCONV_GEOMETRY_BOX_H
