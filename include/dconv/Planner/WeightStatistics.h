//===- WeightStatistics.h - where the values of a filter are zero -*- C++
//-*-===//
//
// What the planner asks of weights that are known. Everything is per loop, so
// filters of any layout, mirrored and dilated ones included, are the same.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_PLANNER_WEIGHTSTATISTICS_H
#define DCONV_PLANNER_WEIGHTSTATISTICS_H

#include "dconv/Geometry/Convolution.h"
#include "dconv/Geometry/Stripes.h"

#include <optional>

namespace dconv {

/// The elements of a tensor, row-major, each exactly: as integers, or floats of
/// any type as doubles. Where the filter has a zero point it is subtracted.
struct FilterValues {
  std::vector<int64_t> shape;
  bool isFloat = false;
  std::vector<int64_t> integers; ///< empty where isFloat
  std::vector<double> floats;    ///< empty unless isFloat

  int64_t size() const { return isFloat ? floats.size() : integers.size(); }
  /// True of 0 and -0.0, never of NaN.
  bool isZero(int64_t i) const {
    return isFloat ? floats[i] == 0 : integers[i] == 0;
  }
};

/// The loops that an operand is read by, and how far each moves in its
/// elements, row-major.
struct LoopStrides {
  std::vector<unsigned> loops;  ///< ascending
  std::vector<int64_t> extents; ///< of `loops`
  std::vector<int64_t> strides; ///< of `loops`, in elements, maybe negative
  int64_t offset = 0;           ///< of the element where all loops are 0

  static LoopStrides of(const Convolution &convolution, const Operand &operand);
};

/// How many values are not zero for each combination of values of `loops`,
/// row-major in the order of `loops`. Each is one that the operand is read by.
std::vector<int64_t> countNonZeros(const LoopStrides &access,
                                   const FilterValues &values,
                                   const std::vector<unsigned> &loops);

/// The values first, first + step, ... of a loop; `count` of them.
struct Progression {
  int64_t first = 0, step = 1, count = 0;

  int64_t last() const { return first + (count - 1) * step; }
  bool operator==(const Progression &o) const {
    return first == o.first && step == o.step && count == o.count;
  }
};

/// The shortest progression that has all values whose count is not 0; its step
/// is 1 where there is only one. Empty where there is none.
Progression progressionOf(const std::vector<int64_t> &counts);

/// The runs of consecutive values whose count is 0 (`zero`) or is not.
Stripes runsOf(const std::vector<int64_t> &counts, bool zero);

/// What is known of a filter. Counts are of non-zero values.
struct WeightStatistics {
  int64_t values = 0;
  int64_t nonZeros = 0;
  /// Per loop and value of it; empty for a loop that the filter is not read by.
  /// The weight of a slice for `stripesByWeight` where zeros cost nothing.
  std::vector<std::vector<int64_t>> perLoop;
  std::vector<int64_t> perTap;     ///< all tap loops, row-major
  std::vector<int64_t> perChannel; ///< groups and input channels, row-major
  std::vector<int64_t> perFilter;  ///< groups and output channels, row-major
};

/// Statistics of `values` as the filter `operand` of `convolution`; an error
/// where the shapes differ.
Result<WeightStatistics> weightStatistics(const Convolution &convolution,
                                          const Operand &operand,
                                          const FilterValues &values);

} // namespace dconv

#endif // DCONV_PLANNER_WEIGHTSTATISTICS_H
