//===- TimeChoices.h - the ways to divide a component -----------*- C++ -*-===//

#ifndef DCONV_LIB_PLANNER_TIMECHOICES_H
#define DCONV_LIB_PLANNER_TIMECHOICES_H

#include "PlanSpace.h"
#include "TimeClasses.h"

namespace dconv {

/// Per component of a convolution, ways to divide it, ascending by shards.
using TimeChoices = std::vector<std::vector<TimeChoice>>;

/// All ways. Axes within a group have at most `mostInner` parts together; 0:
/// there is one level.
TimeChoices timeChoices(const PlanSpace &space, int64_t mostInner);

/// Of `all`, those of nearly even parts whose number has no prime factor above
/// `mostPrime`, which is at most 7; at least one of each component.
TimeChoices evenChoices(const TimeChoices &all, int64_t mostPrime);

/// What is least, or greatest, among `choices` of a component that is still to
/// be divided; what a shard holds is that of all parts together.
TimeClass undivided(const std::vector<TimeChoice> &choices);

} // namespace dconv

#endif // DCONV_LIB_PLANNER_TIMECHOICES_H
