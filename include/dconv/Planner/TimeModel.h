//===- TimeModel.h - predicted seconds of a split ---------------*- C++ -*-===//

#ifndef DCONV_PLANNER_TIMEMODEL_H
#define DCONV_PLANNER_TIMEMODEL_H

#include "dconv/Geometry/Prediction.h"
#include "dconv/Planner/Machine.h"

namespace dconv {

/// Where a tensor lies before, or after, the convolution.
enum class Residence {
  Host,    ///< whole, on the host
  Sharded, ///< in one copy, its stripes divided among the shards that share one
  Resident, ///< already on every shard that reads it
};

/// What the time of a convolution depends on beside its geometry and split.
struct TimeQuery {
  std::string elementType = "f32";    ///< of the inputs
  std::vector<Residence> inputs;      ///< per input
  Residence output = Residence::Host; ///< Host or Sharded
  bool fillsOutput = true;            ///< the initial output is a constant
};

/// Per operand that the split replicates: how its copies come about.
enum class Replication {
  Copied,   ///< the host sends each shard its copy
  Gathered, ///< each shard gets a piece, and the others' from the devices
};

/// The phases of a plan, each the seconds of its slowest device. `exchange`
/// and `reduce` are what communication takes; `hidden` of it runs under
/// `compute`.
struct PlanSeconds {
  double load = 0;     ///< host to devices
  double exchange = 0; ///< halos and gathered operands
  double compute = 0;  ///< windows, kernels
  double reduce = 0;   ///< partial sums
  double store = 0;    ///< devices to host
  double hidden = 0;

  double exposed() const { return exchange + reduce - hidden; }
  /// What dconv-run calls `seconds`: inputs lie on the devices, and so does the
  /// result.
  double onDevices() const { return exposed() + compute; }
  double total() const { return load + onDevices() + store; }
};

/// What a plan moves over the links, of its busiest device.
struct LevelBytes {
  std::string level; ///< name of the LinkLevel, "pairs", or "host"
  int64_t received = 0, sent = 0;
};

struct PlanCost {
  PlanSeconds seconds;
  std::vector<LevelBytes> links;
  std::vector<Replication> inputs;    ///< the cheaper one, per input
  std::vector<double> computeSeconds; ///< per device
};

/// Predicts `split` with shard i of S on device floor(i D / S) of `machine`.
/// docs/planner.md derives the model; every term is there.
PlanCost planCost(const Convolution &convolution, const Split &split,
                  const Machine &machine, const TimeQuery &query);

/// Seconds to move a tensor from one layout on a grid to another, for whoever
/// wants the result of a convolution in a sharding of its own: the device that
/// needs longest to receive what it does not have. Neither layout is partial.
/// What a shard is to have is its `held` in `to`.
double reshardSeconds(const Grid &grid, const TensorLayout &from,
                      const TensorLayout &to, int64_t elementBytes,
                      const Machine &machine);

/// Which kernel computes the shards of `convolution`.
KernelClass kernelClassOf(const Convolution &convolution);

/// The rate of that class in `elementType`, or of its general class; or null.
const KernelRate *rateOf(const Convolution &convolution,
                         const DeviceDescription &device,
                         const std::string &elementType);

/// Seconds in which a device computes one shard whose iterations have
/// `lengths`, window and launch included.
double kernelSeconds(const Convolution &convolution,
                     const std::vector<int64_t> &lengths,
                     const DeviceDescription &device,
                     const std::string &elementType);

} // namespace dconv

#endif // DCONV_PLANNER_TIMEMODEL_H
