//===- TimeModel.cpp - predicted seconds of a split -----------------------===//

#include "dconv/Planner/TimeModel.h"
#include "DeviceTimer.h"
#include "TabledSplit.h"

#include <algorithm>

using namespace dconv;

/// What each level of links carries, of the device that has most of it.
static std::vector<LevelBytes>
levelBytes(const Convolution &convolution, const Machine &machine,
           const TimeQuery &query, SplitTimer &timer, const TabledSplit &split,
           const SplitTiming &timing) {
  std::vector<LevelBytes> links;
  for (const LinkLevel &level : machine.levels)
    links.push_back({level.name, 0, 0});
  LevelBytes host{"host", 0, 0};
  timer.place(split.view);
  const unsigned output = convolution.inputs.size();
  const PiecesDim divided(convolution, split.view.tables,
                          timer.replicas(split.view, output));
  ShardWalk walk(split.components, split.view);
  do {
    std::vector<LevelBytes> own(links.size());
    LevelBytes ownHost;
    for (unsigned t = 0; t < output; ++t) {
      const Residence residence = timer.residenceOf(t);
      if (residence == Residence::Resident)
        continue;
      const int64_t bytes = convolution.inputs[t].elementBytes;
      int64_t received = walk.product(&CellCounts::common, t), sent = received;
      for (unsigned level = 0; level < own.size(); ++level) {
        int64_t held = 1, served = 1;
        for (unsigned c = 0; c < split.components.size(); ++c) {
          bool inside = timer.levelOf(split.view, c, t) <= level;
          const CellCounts &cell = walk.cell(c);
          held *= inside ? cell.held[t] : cell.common[t];
          served *= inside ? cell.served[t] : cell.common[t];
        }
        own[level].received += (held - received) * bytes;
        own[level].sent += (served - sent) * bytes;
        received = held;
        sent = served;
      }
      int64_t owned = walk.product(&CellCounts::owned, t);
      int64_t copies = timer.replicas(split.view, t);
      bool gathered = timing.inputs[t] == Replication::Gathered && copies > 1;
      int64_t piece = gathered ? (owned + copies - 1) / copies : owned;
      if (residence == Residence::Host)
        ownHost.received += piece * bytes;
      for (unsigned level = own.size(); gathered && level-- > 0;) {
        int64_t size = timer.replicasAt(split.view, t, level);
        own[level].received += (size - 1) * piece * bytes;
        own[level].sent += (size - 1) * piece * bytes;
        piece *= size;
      }
    }
    int64_t owned = walk.product(&CellCounts::owned, output);
    int64_t reduced = walk.lengthOf(divided);
    int64_t piece = owned / reduced * divided.longestPiece(reduced);
    int64_t inside = 1;
    for (unsigned level = 0; level < own.size(); ++level) {
      int64_t within = inside * timer.replicasAt(split.view, output, level);
      int64_t moved = (within - inside) * piece * convolution.accumulatorBytes;
      own[level].received += moved;
      own[level].sent += moved;
      inside = within;
    }
    if (query.output == Residence::Host) {
      ownHost.sent += piece * convolution.output.elementBytes;
      if (!query.fillsOutput)
        ownHost.received += owned * convolution.output.elementBytes;
    }
    auto raise = [](LevelBytes &to, const LevelBytes &from) {
      to.received = std::max(to.received, from.received);
      to.sent = std::max(to.sent, from.sent);
    };
    for (size_t level = 0; level < links.size(); ++level)
      raise(links[level], own[level]);
    raise(host, ownHost);
  } while (walk.advance());
  links.push_back(host);
  return links;
}

/// Per device, the seconds of the sub-kernels of its shard.
static std::vector<double> kernelsOf(const Convolution &convolution,
                                     const Machine &machine,
                                     const TimeQuery &query,
                                     const TabledSplit &split) {
  const bool uniform = machine.uniform();
  std::vector<KernelTime> kernels;
  for (const DeviceDescription &device : machine.devices) {
    kernels.emplace_back(convolution, device, query.elementType);
    if (uniform)
      break;
  }
  std::vector<double> seconds(machine.numDevices(), 0);
  std::map<std::vector<int64_t>, double> known; // of a uniform machine
  std::vector<int64_t> lengths = convolution.extents;
  ShardWalk walk(split.components, split.view);
  do {
    int64_t device = walk.shard() * machine.numDevices() / split.view.shards;
    for (unsigned loop : split.view.order)
      lengths[loop] = split.stripes[loop][walk.at(loop)].size();
    if (!uniform) {
      seconds[device] += kernels[device].seconds(lengths);
      continue;
    }
    auto [place, isNew] = known.try_emplace(lengths, 0);
    if (isNew)
      place->second = kernels.front().seconds(lengths);
    seconds[device] += place->second;
  } while (walk.advance());
  return seconds;
}

PlanCost dconv::planCost(const Convolution &convolution, const Split &split,
                         const Machine &machine, const TimeQuery &query) {
  PlanCost cost;
  cost.inputs.assign(convolution.inputs.size(), Replication::Copied);
  TabledSplit tabled(convolution, split);
  if (!tabled.valid()) {
    // No device could compute it: see findComponents.
    cost.seconds.compute = std::numeric_limits<double>::infinity();
    return cost;
  }
  if (machine.levels.empty() || tabled.view.shards > machine.numDevices())
    return DeviceTimer(convolution, machine, query).cost(split);

  SplitTimer timer(convolution, tabled.components, machine, query);
  cost.computeSeconds = kernelsOf(convolution, machine, query, tabled);
  SplitTiming timing =
      machine.uniform()
          ? timer.time(tabled.view)
          : timer.timeWithCompute(
                tabled.view,
                slowestOf(cost.computeSeconds, machine, tabled.view.shards));
  cost.seconds = timing.seconds;
  cost.inputs.assign(timing.inputs.begin(),
                     timing.inputs.begin() + convolution.inputs.size());
  cost.links = levelBytes(convolution, machine, query, timer, tabled, timing);
  return cost;
}

//===----------------------------------------------------------------------===//
// Resharding
//===----------------------------------------------------------------------===//

double dconv::reshardSeconds(const Grid &grid, const TensorLayout &from,
                             const TensorLayout &to, int64_t elementBytes,
                             const Machine &machine) {
  std::vector<double> seconds(grid.devices, 0);
  for (int64_t shard = 0, e = grid.numShards(); shard < e; ++shard) {
    int64_t device = grid.deviceOf(shard);
    for (const Transfer &transfer : transfersTo(grid, from, to, shard)) {
      int64_t source = grid.deviceOf(transfer.source);
      if (source == device)
        continue;
      Link link = machine.linkBetween(source, device);
      seconds[device] += link.latency + double(transfer.box.volume()) *
                                            elementBytes / link.bandwidth;
    }
  }
  return slowestOf(seconds, machine, std::min(grid.numShards(), grid.devices));
}
