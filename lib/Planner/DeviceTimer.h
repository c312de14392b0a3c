//===- DeviceTimer.h - the time model, device by device ---------*- C++ -*-===//

#ifndef DCONV_LIB_PLANNER_DEVICETIMER_H
#define DCONV_LIB_PLANNER_DEVICETIMER_H

#include "dconv/Geometry/Distribution.h"
#include "dconv/Planner/TimeModel.h"

namespace dconv {

/// How many of `active` threads take turns on the fullest of `processors` (0:
/// each has its own). They begin spread evenly, and are hardly ever moved while
/// each has work, so that three on two processors take as long as four.
inline double turnsOf(int64_t active, int64_t processors) {
  return processors ? double((active + processors - 1) / processors) : 1;
}

/// The seconds of the slowest device. Where `active` devices (0: all) share the
/// processors of `machine`, no less than what these need for all.
double slowestOf(const std::vector<double> &seconds, const Machine &machine,
                 int64_t active = 0);

/// The time model for any machine and any number of shards: looks at every
/// shard and every transfer, and prices each by the link between its devices.
class DeviceTimer {
public:
  DeviceTimer(const Convolution &convolution, const Machine &machine,
              const TimeQuery &query);

  PlanCost cost(const Split &split);

private:
  void addMoves(const std::vector<Transfer> &transfers, int64_t elementBytes,
                const Grid &grid, std::vector<double> &to);
  void addWindows(const Split &split, std::vector<double> &seconds);
  double gatherSeconds(const Grid &grid, const TensorLayout &layout,
                       int64_t elementBytes);
  double hostSeconds(const std::vector<int64_t> &bytes) const;

  const Convolution &convolution;
  const Machine &machine;
  const TimeQuery &query;
  int64_t devices;
  std::vector<Link> links;             ///< source * devices + destination
  std::vector<int64_t> received, sent; ///< bytes per device
};

} // namespace dconv

#endif // DCONV_LIB_PLANNER_DEVICETIMER_H
