//===- Gathering.cpp - which inputs the devices gather, and how -----------===//

#include "dconv/Planner/Gathering.h"
#include "DeviceTimer.h"

#include <algorithm>

using namespace dconv;

/// Above so many transfers only the direct algorithm is looked at: to list them
/// would take longer than the search.
static constexpr int64_t mostTransfers = int64_t(1) << 14;

double dconv::transferSeconds(const Grid &grid,
                              const std::vector<Transfer> &transfers,
                              int64_t elementBytes, const Machine &machine) {
  double sum = 0;
  for (auto begin = transfers.begin(); begin != transfers.end();) {
    std::vector<double> sends(grid.devices, 0), receives(grid.devices, 0);
    auto end = begin;
    for (; end != transfers.end() && end->round == begin->round; ++end) {
      const int64_t source = grid.deviceOf(end->source);
      const int64_t destination = grid.deviceOf(end->destination);
      const double bytes = double(end->box.volume()) * elementBytes;
      if (source == destination) {
        const DeviceDescription &device = machine.devices[source];
        receives[source] += device.copyLatency + bytes / device.copyBandwidth;
        continue;
      }
      const Link link = machine.linkBetween(source, destination);
      const double seconds = link.latency + bytes / link.bandwidth;
      sends[source] += seconds;
      receives[destination] += seconds;
    }
    sum += std::max(slowestOf(sends, machine), slowestOf(receives, machine));
    begin = end;
  }
  return sum;
}

CollectiveAlgorithm dconv::fastestAlgorithm(const Grid &grid,
                                            const TensorLayout &from,
                                            const TensorLayout &to,
                                            int64_t elementBytes,
                                            const Machine &machine) {
  // Each of the shards that a box goes to is a transfer.
  int64_t copies = 1;
  for (unsigned axis = 0; axis < grid.shape.size(); ++axis)
    if (from.cuts(axis) && !to.cuts(axis))
      copies *= grid.shape[axis];
  if (copies > mostTransfers / grid.numShards())
    return CollectiveAlgorithm::Direct;

  CollectiveAlgorithm best = CollectiveAlgorithm::Direct;
  double least = 0;
  for (CollectiveAlgorithm algorithm :
       {CollectiveAlgorithm::Direct, CollectiveAlgorithm::Ring,
        CollectiveAlgorithm::Tree}) {
    double seconds =
        transferSeconds(grid, redistribution(grid, from, to, algorithm),
                        elementBytes, machine);
    // A picosecond is no reason to change.
    if (algorithm != CollectiveAlgorithm::Direct && seconds > least - 1e-12)
      continue;
    best = algorithm;
    least = seconds;
  }
  return best;
}

std::vector<GatheredInput>
dconv::chooseGathered(const Convolution &convolution, const Split &split,
                      const Machine &machine, const TimeQuery &query,
                      const PlanCost &cost) {
  std::vector<GatheredInput> gathered;
  Grid grid = split.grid(machine.numDevices());
  for (unsigned i = 0; i < convolution.inputs.size(); ++i) {
    bool isResident =
        i < query.inputs.size() && query.inputs[i] == Residence::Resident;
    if (isResident || cost.inputs[i] != Replication::Gathered)
      continue;
    const Operand &input = convolution.inputs[i];
    TensorLayout layout = inputLayout(convolution, split, input);
    TensorLayout pieces = piecesLayout(grid, layout, input.shape);
    if (!replicatedAxes(grid, layout).empty())
      gathered.push_back({i, fastestAlgorithm(grid, pieces, layout,
                                              input.elementBytes, machine)});
  }
  return gathered;
}

/// Whether every device has the memory that `predicted` says it needs.
static bool fits(const Prediction &predicted, const Machine &machine,
                 MemoryBudget budget) {
  for (int64_t d = 0; d < machine.numDevices(); ++d) {
    const int64_t peak = predicted.peakBytes[d];
    const MemoryBudget &own = machine.devices[d].memoryBytes;
    if ((budget && peak > *budget) || (own && peak > *own))
      return false;
  }
  return true;
}

void dconv::addGathered(const Convolution &convolution, const Machine &machine,
                        const PlanRequest &request, RankedPlan &plan) {
  const bool asked = request.gathered.has_value();
  std::vector<GatheredInput> gathered =
      asked ? *request.gathered
            : chooseGathered(convolution, plan.split, machine, request.query,
                             plan.cost);
  if (gathered.empty() || !checkGathered(convolution, plan.split, gathered))
    return;
  Prediction predicted =
      predict(distribute(convolution, plan.split, machine.numDevices(),
                         request.query.fillsOutput, gathered));
  // With a shard per device a copy and its piece need more than the copy.
  if (!asked && !fits(predicted, machine, request.budget))
    return;
  plan.gathered = std::move(gathered);
  plan.predicted = std::move(predicted);
}
