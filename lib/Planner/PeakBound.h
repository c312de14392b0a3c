//===- PeakBound.h - memory that no split of a class is below ---*- C++ -*-===//

#ifndef DCONV_LIB_PLANNER_PEAKBOUND_H
#define DCONV_LIB_PLANNER_PEAKBOUND_H

#include "TimeClasses.h"

namespace dconv {

/// A lower bound of the peak of the busiest device, from what many splits have
/// in common: the mean over the shards of what each holds.
class PeakBound {
public:
  explicit PeakBound(const Convolution &convolution);

  /// In bytes.
  double atLeast(const TimeClass &of) const;
  /// Of splits that divide those of `of` further, in at most `mostShards`
  /// shards: as TimeBound::atLeast.
  double atLeast(const TimeClass &of, double mostShards) const {
    return atLeast(of) * of.key.shards / mostShards;
  }

private:
  PerOperand<double> elements{1, 1, 1}, elementBytes{4, 4, 4};
  double accumulatorBytes;
  unsigned numInputs;
};

} // namespace dconv

#endif // DCONV_LIB_PLANNER_PEAKBOUND_H
