//===- TimeOracle.h - the time model, shard by shard ------------*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_PLANNER_TIMEORACLE_H
#define DCONV_TEST_UNIT_PLANNER_TIMEORACLE_H

#include "dconv/Planner/TimeModel.h"

namespace dconv::test {

/// The seconds of docs/planner.md for a machine of levels without overlap, from
/// every shard of the split and every box that moves.
PlanSeconds timeByShards(const Convolution &convolution, const Split &split,
                         const Machine &machine, const TimeQuery &query);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_PLANNER_TIMEORACLE_H
