//===- Gathering.h - which inputs the devices gather, and how ---*- C++ -*-===//

#ifndef DCONV_PLANNER_GATHERING_H
#define DCONV_PLANNER_GATHERING_H

#include "dconv/Planner/PlanSearch.h"

namespace dconv {

/// Seconds of `transfers` in rounds, one after the other, each as long as the
/// device takes that has most to send, or to receive: latency and bytes over
/// bandwidth for each message, and copies within a device.
double transferSeconds(const Grid &grid, const std::vector<Transfer> &transfers,
                       int64_t elementBytes, const Machine &machine);

/// The algorithm that changes `from` into what `to` holds in the fewest seconds;
/// of equal ones the direct, then the ring. Where there are more than 2^14
/// transfers, the direct one: every device then sends and receives as many
/// bytes and messages as by the others.
CollectiveAlgorithm fastestAlgorithm(const Grid &grid, const TensorLayout &from,
                                     const TensorLayout &to,
                                     int64_t elementBytes,
                                     const Machine &machine);

/// The inputs that `cost` says are cheaper gathered, each by the algorithm that
/// is fastest.
std::vector<GatheredInput> chooseGathered(const Convolution &convolution,
                                          const Split &split,
                                          const Machine &machine,
                                          const TimeQuery &query,
                                          const PlanCost &cost);

/// Gathers what `request` asks of `plan`, or, where it does not say, what its
/// cost says and the memory of the devices lets it; changes what is predicted.
/// What the split does not replicate is not gathered (checkGathered).
void addGathered(const Convolution &convolution, const Machine &machine,
                 const PlanRequest &request, RankedPlan &plan);

} // namespace dconv

#endif // DCONV_PLANNER_GATHERING_H
