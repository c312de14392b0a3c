//===- StreamEstimate.h - cost of a streamed split in closed form -*- C++ -*-=//

#ifndef DCONV_LIB_PLANNER_STREAMESTIMATE_H
#define DCONV_LIB_PLANNER_STREAMESTIMATE_H

#include "dconv/Planner/StreamSearch.h"

#include <deque>
#include <map>
#include <memory>

namespace dconv {

class KernelTime;

/// The links between a machine's host and its devices.
struct HostLinks {
  double latency = 0;   ///< of a transfer, which delays the next of the device
  double bandwidth = 0; ///< of each device
  double total = 0;     ///< of all devices together; infinite where only they
                        ///< limit

  explicit HostLinks(const Machine &machine);
  /// Seconds for `total` bytes, `most` of them and `transfers` transfers with
  /// the busiest device.
  double seconds(double total, double most, double transfers) const;
};

/// Seconds in which device `number` of `machine`, as crowded as it is, computes
/// each of its shards of `split`.
std::vector<double> shardSeconds(const Convolution &convolution,
                                 const Split &split, const Grid &grid,
                                 int64_t number, const Machine &machine,
                                 const std::string &elementType);

/// How many times longer each device of `machine` computes than alone.
double crowding(const Machine &machine);

/// `streamCost` but for the bound, which does not depend on the split.
StreamPlan costWithoutBound(const Convolution &convolution, const Split &split,
                            const Machine &machine, const TimeQuery &query);

/// Loops in so many balanced parts each, in no order yet.
struct DividedLoops {
  std::vector<int64_t> parts; ///< per loop
  int64_t shards = 1;
  double computeSeconds = 0;
  /// Per operand, the output last: elements in all of its windows together,
  /// padding excluded, and in the longest, padding included.
  std::vector<double> moved, longest;
  /// What no order of the axes goes below.
  double secondsAtLeast = 0, bytesAtLeast = 0;
  int64_t memoryAtLeast = 0;
};

/// What a split costs, without a look at its shards. Memory is never less than
/// the prediction, and differs by no more than uneven windows do; bytes differ
/// where two windows clip to the same box.
struct StreamEstimate {
  bool valid = false; ///< sums stay on a device
  double seconds = 0;
  double bytes = 0;
  int64_t memory = 0; ///< of the device that needs most
};

/// Estimates the splits of one convolution on one machine.
class StreamEstimator {
public:
  StreamEstimator(const Convolution &convolution, const Machine &machine,
                  const TimeQuery &query);
  ~StreamEstimator();

  DividedLoops divide(const std::vector<int64_t> &parts);
  /// `order`: the loops with several parts, the outermost first, reductions
  /// last.
  StreamEstimate estimate(const DividedLoops &loops,
                          const std::vector<unsigned> &order) const;

private:
  /// One operand; the output comes last.
  struct Tensor {
    AccessMap map; ///< to positions of the unpadded tensor
    std::vector<int64_t> shape;
    std::vector<bool> uses; ///< per loop
    int64_t elementBytes = 0;
    double ways = 1; ///< how often each element travels
  };
  /// One dim of an operand under given parts of its loops.
  struct DimCost {
    double moved = 0, longest = 0;
  };

  const DimCost &costOf(unsigned tensor, unsigned dim,
                        const std::vector<int64_t> &parts);
  double computeSeconds(const DividedLoops &loops) const;
  double memoryOf(unsigned tensor, double longest, unsigned slots) const;

  const Convolution &convolution;
  const TimeQuery &query;
  const int64_t devices;
  const HostLinks links;
  const double crowded;
  std::deque<DeviceDescription> kinds; ///< that compute differently
  std::vector<std::unique_ptr<KernelTime>> kernels; ///< per kind
  std::vector<Tensor> tensors;
  /// Per operand and dim, by the parts of the loops in its expression.
  std::vector<std::vector<std::map<std::vector<int64_t>, DimCost>>> dimCosts;
};

} // namespace dconv

#endif // DCONV_LIB_PLANNER_STREAMESTIMATE_H
