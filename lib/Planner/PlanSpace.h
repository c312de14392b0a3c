//===- PlanSpace.h - the plans that a search may choose ---------*- C++ -*-===//

#ifndef DCONV_LIB_PLANNER_PLANSPACE_H
#define DCONV_LIB_PLANNER_PLANSPACE_H

#include "Components.h"

#include "dconv/Planner/PlanSearch.h"

namespace dconv {

/// What is searched, and within which limits.
struct PlanSpace {
  const Convolution &convolution;
  const Machine &machine;
  const PlanRequest &request;
  std::vector<Component> components;
  int64_t devices = 1;
  std::vector<Stripes>
      fixed; ///< per loop; empty where it may be divided freely

  /// The most parts that `loop` may have, and the fewest.
  int64_t mostParts(unsigned loop) const;
  int64_t leastParts(unsigned loop) const {
    return fixed[loop].empty() ? 1 : fixed[loop].size();
  }
  /// `loop` in so many parts: balanced, unless it is fixed.
  Stripes stripes(unsigned loop, int64_t parts) const;
  /// The split with these numbers of parts, an axis for each loop of `order`.
  Split split(const std::vector<int64_t> &parts,
              const std::vector<unsigned> &order) const;
  /// What device `d` may allocate.
  MemoryBudget memoryOf(int64_t d) const;
  /// The same of the device that may least, or of all alike.
  MemoryBudget leastMemory() const;
};

/// Checks a request. The errors name what does not fit.
Result<PlanSpace> makePlanSpace(const Convolution &convolution,
                                const Machine &machine,
                                const PlanRequest &request);

} // namespace dconv

#endif // DCONV_LIB_PLANNER_PLANSPACE_H
