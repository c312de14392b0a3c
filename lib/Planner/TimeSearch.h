//===- TimeSearch.h - the fastest splits of a convolution -------*- C++ -*-===//

#ifndef DCONV_LIB_PLANNER_TIMESEARCH_H
#define DCONV_LIB_PLANNER_TIMESEARCH_H

#include "PlanRanking.h"

namespace dconv {

struct TimeSearchResult {
  bool optimal = true; ///< nothing better was left out
  double atLeast = 0;  ///< where it is not optimal: what nothing is below
};

/// Ranks the splits of `space` on a machine of levels with devices alike: all
/// parts of all loops, each with the order of axes that takes least.
TimeSearchResult searchLevels(const PlanSpace &space, PlanRanking &ranking);

/// Ranks the splits of `space`, on any machine, by the greatest peak of their
/// devices, in bytes, with axes in the order of the loops; limits are ignored.
TimeSearchResult searchPeaks(const PlanSpace &space, PlanRanking &ranking);

/// The same as searchLevels on any machine, by looking at every split and every order that a
/// bound does not rule out. Where devices differ, each split is also tried
/// with stripes in proportion to their speed.
TimeSearchResult searchDevices(const PlanSpace &space, PlanRanking &ranking);

/// Ranks the balanced splits by words instead, as searchWords does, each with
/// the order of axes that takes least time.
Result<TimeSearchResult> searchByWords(const PlanSpace &space,
                                       PlanRanking &ranking);

/// The split of `parts`, balanced, with the order of axes that takes least.
Candidate fastestOnLevels(const PlanSpace &space,
                          const std::vector<int64_t> &parts);
Candidate fastestOnDevices(const PlanSpace &space,
                           const std::vector<int64_t> &parts);

} // namespace dconv

#endif // DCONV_LIB_PLANNER_TIMESEARCH_H
