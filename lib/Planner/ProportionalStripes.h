//===- ProportionalStripes.h - stripes for devices that differ --*- C++ -*-===//

#ifndef DCONV_LIB_PLANNER_PROPORTIONALSTRIPES_H
#define DCONV_LIB_PLANNER_PROPORTIONALSTRIPES_H

#include "PlanSpace.h"

namespace dconv {

/// `split` with the lengths of its axes, but for those that are fixed, changed
/// so that the slowest device computes for the least time; and again so that
/// each device also has the memory, where that differs. For one axis no lengths
/// are better; for several, none that differ along one of them.
std::vector<Split> proportionalSplits(const PlanSpace &space,
                                      const Split &split);

} // namespace dconv

#endif // DCONV_LIB_PLANNER_PROPORTIONALSTRIPES_H
