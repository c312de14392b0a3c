//===- TimeBound.h - seconds that no split of a class is below --*- C++ -*-===//

#ifndef DCONV_LIB_PLANNER_TIMEBOUND_H
#define DCONV_LIB_PLANNER_TIMEBOUND_H

#include "SplitTimer.h"

namespace dconv {

/// A lower bound of the time model, on a machine of levels with devices alike,
/// from what many splits have in common.
class TimeBound {
public:
  TimeBound(const Convolution &convolution, const Machine &machine,
            const TimeQuery &query, SplitTimer &timer);

  /// No split takes less that has `shards` shards and cuts operand t in
  /// `cut[t]` parts, whose shards hold `held[t]` elements of it, or more, in
  /// the mean, and whose longest parts have `imbalance` times the mean, or
  /// more, of the iterations.
  double atLeast(int64_t shards, const PerOperand<int64_t> &cut,
                 const PerOperand<double> &held, double imbalance) const;

  /// The most imbalance with which a split may take `seconds`.
  double mostImbalance(double seconds) const;

private:
  double gather(double copies, double bytes, double shards) const;
  double reduce(double parts, double bytes, double shards) const;
  double fromHost(double largest, double all) const;
  /// Of the fullest group of `level`, at least.
  double membersAtLeast(unsigned level, double shards) const;
  LinkCost cost(unsigned level, double shards, LinkCost inside) const;

  const Machine &machine;
  const TimeQuery &query;
  SplitTimer &timer;
  double macs = 1, outputs = 1; ///< of the iteration space
  PerOperand<double> elements{1, 1, 1}, elementBytes{4, 4, 4};
  double accumulatorBytes = 4;
  unsigned numInputs;
  double slowestMemory = 0, slowestCopy = 0, copyLatency = 0;
  std::vector<double> groupCount; ///< per level
  std::vector<double> groupSize;  ///< per level, of a full group
};

} // namespace dconv

#endif // DCONV_LIB_PLANNER_TIMEBOUND_H
