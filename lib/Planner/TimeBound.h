//===- TimeBound.h - seconds that no split of a class is below --*- C++ -*-===//

#ifndef DCONV_LIB_PLANNER_TIMEBOUND_H
#define DCONV_LIB_PLANNER_TIMEBOUND_H

#include "SplitTimer.h"
#include "TimeClasses.h"

namespace dconv {

/// A lower bound of the time model, on a machine of levels with devices alike,
/// from what many splits have in common.
class TimeBound {
public:
  TimeBound(const Convolution &convolution, const Machine &machine,
            const TimeQuery &query, SplitTimer &timer);

  /// No split of `of` takes less.
  double atLeast(const TimeClass &of) const {
    return atLeast(of, of.key.shards);
  }
  /// Nor does any that divides the splits of `of` further, in at most
  /// `mostShards` shards, if `of` has of the components still to be divided
  /// what `undivided` says.
  double atLeast(const TimeClass &of, double mostShards) const;

private:
  /// What further division may change in the seconds of a shard: what is
  /// divided by the shards, and what each of them has to do.
  struct Room {
    double work = 1, turns = 1;

    LinkCost of(LinkCost cost) const {
      return {cost.latency * turns, cost.perByte * work};
    }
  };

  double compute(const TimeClass &of, double mostShards) const;
  double halo(const TimeClass &of, unsigned t, const Room &room) const;
  double gather(double copies, double bytes, const TimeKey &key,
                const Room &room) const;
  double reduce(double parts, double bytes, const TimeKey &key,
                const Room &room) const;
  double fromHost(double largest, double all) const;
  /// Of the fullest group of `level`, at least.
  double membersAtLeast(unsigned level, double shards) const;
  LinkCost cost(unsigned level, double shards, LinkCost inside,
                const Room &room) const;

  const Machine &machine;
  const TimeQuery &query;
  SplitTimer &timer;
  double macs = 1, outputs = 1; ///< of the iteration space
  PerOperand<double> elements{1, 1, 1}, elementBytes{4, 4, 4};
  double accumulatorBytes = 4;
  unsigned numInputs;
  double slowestMemory = 0, slowestCopy = 0, copyLatency = 0, emptyKernel = 0;
  std::vector<double> groupCount; ///< per level
  std::vector<double> groupSize;  ///< per level, of a full group
};

} // namespace dconv

#endif // DCONV_LIB_PLANNER_TIMEBOUND_H
