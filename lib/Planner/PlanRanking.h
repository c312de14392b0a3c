//===- PlanRanking.h - the best plans found so far --------------*- C++ -*-===//

#ifndef DCONV_LIB_PLANNER_PLANRANKING_H
#define DCONV_LIB_PLANNER_PLANRANKING_H

#include "PlanSpace.h"
#include "ShardWalk.h"

namespace dconv {

/// A plan that a search looks at.
struct Candidate {
  std::vector<int64_t> parts; ///< per loop
  Split split;
  double value = 0;   ///< of the objective: seconds, or words
  double bytes = 0;   ///< that its busiest device receives
  int64_t peak = -1;  ///< greatest of the devices; -1 where not known yet
  std::string whyNot; ///< of one that is rejected

  /// Seconds that differ by less than a picosecond are equal.
  int64_t rounded() const;
};

/// The best of the plans offered that fit in memory, and the better ones that
/// do not.
class PlanRanking {
public:
  PlanRanking(const PlanSpace &space, unsigned top,
              bool limited = true); ///< whether memory limits count

  /// Whether a plan of `value` or more comes too late.
  bool cannotImprove(double value) const {
    return ranked.size() == top && value > worst;
  }
  /// Takes a candidate, which `view` shows, unless it comes too late. False
  /// where it does not fit.
  bool offer(Candidate candidate, const SplitView &view);

  const unsigned top;
  std::vector<Candidate> ranked; ///< best first
  /// Best first: those that need more than a device has.
  std::vector<Candidate> rejected;

  /// Why some device has not the memory that it needs; empty where all have.
  std::string whyNot(const SplitView &view) const;
  void reject(Candidate candidate, std::string why);

private:
  void insert(Candidate candidate, std::vector<Candidate> &list) const;
  int64_t peakOf(Candidate &candidate) const;
  bool isBetter(Candidate &a, Candidate &b) const;

  const PlanSpace &space;
  MemoryBudget leastMemory;
  double worst = 0; ///< value of the last ranked, and a picosecond
};

} // namespace dconv

#endif // DCONV_LIB_PLANNER_PLANRANKING_H
