//===- SplitTimer.h - the time model on cell tables -------------*- C++ -*-===//

#ifndef DCONV_LIB_PLANNER_SPLITTIMER_H
#define DCONV_LIB_PLANNER_SPLITTIMER_H

#include "CellTable.h"
#include "ComputeModel.h"
#include "LinkRates.h"

#include "dconv/Planner/TimeModel.h"

namespace dconv {

/// The lengths in which a loop is divided, and how many parts have each.
struct LoopParts {
  explicit LoopParts(const Stripes &stripes);

  int64_t parts = 1, longest = 1;
  std::vector<std::pair<int64_t, int64_t>> kinds; ///< length, count; descending
};

/// A split, as the time model looks at it.
struct SplitView {
  std::vector<const CellTable *> tables; ///< per component
  std::vector<const LoopParts *> loops;  ///< per loop
  std::vector<unsigned> order; ///< the loops with axes, in the order of those
  int64_t shards = 1;
};

/// Seconds, and what was chosen to reach them.
struct SplitTiming {
  PlanSeconds seconds;
  PerOperand<Replication> inputs{Replication::Copied, Replication::Copied,
                                 Replication::Copied};
  double busiestBytes = 0; ///< sum over the tensors, of who receives most of it
};

/// What is received over a level.
struct LevelTraffic {
  double messages = 0, bytes = 0;
};

/// The seconds of splits of one convolution on a machine of levels whose
/// devices are alike. docs/planner.md derives every term.
class SplitTimer {
public:
  /// All outlive the timer.
  SplitTimer(const Convolution &convolution,
             const std::vector<Component> &components, const Machine &machine,
             const TimeQuery &query);

  SplitTiming time(const SplitView &split);

  /// `time` with the seconds of the sub-kernels given.
  SplitTiming timeWithCompute(const SplitView &split, double compute);

  Residence residenceOf(unsigned input) const {
    return input < query.inputs.size() ? query.inputs[input] : Residence::Host;
  }
  unsigned numInputs() const { return convolution.inputs.size(); }
  const KernelTime &kernel() const { return kernelTime; }
  LinkRates &rates() { return links; }

  /// Where the axes of `split` lie; of loops without one the innermost.
  void place(const SplitView &split);
  const std::vector<AxisPlace> &places() const { return placed; }
  /// Per component, the outermost level of the axes that cut operand `t`.
  unsigned levelOf(const SplitView &split, unsigned component,
                   unsigned t) const;
  /// Shards that own the same of operand `t`; of the output, that add to it.
  int64_t replicas(const SplitView &split, unsigned t) const;
  /// Those along axes of `level`: the replicas are their product.
  int64_t replicasAt(const SplitView &split, unsigned t, unsigned level) const;

private:
  double computeSeconds(const SplitView &split);
  double exchangeSeconds(const SplitView &split, unsigned t);
  double gatherSeconds(const SplitView &split, unsigned t, int64_t owned);
  double reduceSeconds(const SplitView &split, const PiecesDim &divided);
  double onProcessors(double each, int64_t shards) const;
  void levelCosts(const SplitView &split, unsigned t);

  const Convolution &convolution;
  const std::vector<Component> &components;
  const Machine &machine;
  const TimeQuery &query;
  LinkRates links;
  KernelTime kernelTime;
  double slowestMemory = 0, slowestCopy = 0; ///< seconds per byte
  double copyLatency = 0, sumRowLatency = 0;
  std::vector<PerOperand<bool>> cuts; ///< per loop, the operands it cuts

  // Of the split being timed.
  std::vector<AxisPlace> placed; ///< per loop
  const LinkRates::Groups *groups = nullptr;
  std::vector<LinkCost> haloCosts; ///< per level, of the operand looked at
  std::vector<LinkCost> collectiveCosts; ///< per level, all devices at once
  double received = 0;
};

} // namespace dconv

#endif // DCONV_LIB_PLANNER_SPLITTIMER_H
