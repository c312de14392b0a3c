//===- DeviceTimer.cpp - the time model, device by device -----------------===//

#include "DeviceTimer.h"
#include "ComputeModel.h"

#include "dconv/Geometry/StripeWindows.h"

#include <algorithm>
#include <cmath>

using namespace dconv;

/// Whether `axes` cut the innermost of several dims of `layout`: then what a
/// shard owns is made of short rows.
static bool cutRows(const TensorLayout &layout,
                    const std::vector<unsigned> &axes) {
  if (axes.empty() || layout.dims.size() < 2)
    return false;
  const std::vector<unsigned> &cut = layout.dims.back().axes;
  return std::find(cut.begin(), cut.end(), axes.front()) != cut.end();
}

double dconv::slowestOf(const std::vector<double> &seconds,
                        const Machine &machine, int64_t active) {
  if (active == 0)
    active = int64_t(seconds.size());
  double slowest = 0, sum = 0;
  for (double each : seconds) {
    slowest = std::max(slowest, each);
    sum += each;
  }
  return std::max(slowest, sum / double(active) *
                               turnsOf(active, machine.processors.value_or(0)));
}

DeviceTimer::DeviceTimer(const Convolution &convolution, const Machine &machine,
                         const TimeQuery &query)
    : convolution(convolution), machine(machine), query(query),
      devices(machine.numDevices()), links(devices * devices) {
  for (int64_t a = 0; a < devices; ++a)
    for (int64_t b = 0; b < devices; ++b)
      if (a != b)
        links[a * devices + b] = machine.linkBetween(a, b);
}

void DeviceTimer::addMoves(const std::vector<Transfer> &transfers,
                           int64_t elementBytes, const Grid &grid,
                           std::vector<double> &to) {
  for (const Transfer &transfer : transfers) {
    int64_t source = grid.deviceOf(transfer.source);
    int64_t destination = grid.deviceOf(transfer.destination);
    if (source == destination)
      continue;
    const Link &link = links[source * devices + destination];
    int64_t bytes = transfer.box.volume() * elementBytes;
    to[destination] += link.latency + bytes / link.bandwidth;
    received[destination] += bytes;
    sent[source] += bytes;
  }
}

/// What the host moves: each device over its link, all over what the host has.
double DeviceTimer::hostSeconds(const std::vector<int64_t> &bytes) const {
  double slowest = 0, sum = 0;
  for (int64_t each : bytes) {
    sum += each;
    if (each)
      slowest = std::max(slowest, machine.hostLink.latency +
                                      each / machine.hostLink.bandwidth);
  }
  return machine.hostBandwidth ? std::max(slowest, sum / *machine.hostBandwidth)
                               : slowest;
}

/// The replicas of `layout` pass their pieces around a ring, or each sends its
/// piece to all others.
double DeviceTimer::gatherSeconds(const Grid &grid, const TensorLayout &layout,
                                  int64_t elementBytes) {
  std::vector<unsigned> shared;
  for (unsigned axis = 0; axis < grid.shape.size(); ++axis)
    if (!layout.cuts(axis))
      shared.push_back(axis);
  const int64_t copies = grid.sizeAlong(shared);
  double slowest = 0;
  std::vector<double> work(devices, 0);
  for (int64_t shard = 0, e = grid.numShards(); shard < e; ++shard) {
    std::vector<int64_t> group = grid.group(shard, shared);
    double bytes =
        double((layout.owned(grid, shard).volume() + copies - 1) / copies) *
        elementBytes;
    auto step = [&](int64_t from, int64_t to) {
      int64_t source = grid.deviceOf(from), destination = grid.deviceOf(to);
      if (source == destination)
        return 0.0;
      const Link &link = links[source * devices + destination];
      return link.latency + bytes / link.bandwidth;
    };
    double ring = 0, direct = 0;
    for (size_t i = 0; i < group.size(); ++i) {
      ring = std::max(ring, step(group[i], group[(i + 1) % group.size()]));
      if (group[i] != shard)
        direct += step(group[i], shard);
    }
    double own = std::min(ring * (copies - 1), direct);
    work[grid.deviceOf(shard)] += own;
    slowest = std::max(slowest, own);
  }
  return slowestOf(work, machine, std::min(grid.numShards(), devices));
}

/// Shards that share a device may have no room for windows around their
/// stripes; these are then put together one shard at a time.
void DeviceTimer::addWindows(const Split &split, std::vector<double> &seconds) {
  const DistributedProgram program =
      distribute(convolution, split, devices, query.fillsOutput);
  const StripeWindows windows(program);
  for (const Step &step : program.steps)
    for (unsigned t = 0; t < step.inputs.size(); ++t)
      for (int64_t s = 0, e = program.grid.numShards(); s < e; ++s) {
        const int64_t device = program.grid.deviceOf(s);
        if (windows.residentFor(step.inputs[t], s) < 0)
          seconds[device] += windowSeconds(convolution, convolution.inputs[t],
                                           step.inputs[t].footprints[s].sizes(),
                                           machine.devices[device]);
      }
}

PlanCost DeviceTimer::cost(const Split &split) {
  PlanCost cost;
  PlanSeconds &seconds = cost.seconds;
  Grid grid = split.grid(devices);
  const int64_t shards = grid.numShards();
  received.assign(devices, 0);
  sent.assign(devices, 0);
  std::vector<int64_t> loaded(devices, 0), stored(devices, 0);
  double halos = 0;
  for (unsigned t = 0; t < convolution.inputs.size(); ++t) {
    const Operand &operand = convolution.inputs[t];
    Residence residence =
        t < query.inputs.size() ? query.inputs[t] : Residence::Host;
    cost.inputs.push_back(Replication::Copied);
    if (residence == Residence::Resident)
      continue;
    TensorLayout layout = inputLayout(convolution, split, operand);
    TensorLayout stripes = layout;
    int64_t cut = 1;
    for (DimLayout &dim : stripes.dims) {
      dim.held = dim.owned;
      cut *= dim.owned.size();
    }
    std::vector<double> halo(devices, 0);
    std::vector<int64_t> whole(devices, 0), pieces(devices, 0);
    int64_t copies = shards / cut;
    for (int64_t shard = 0; shard < shards; ++shard) {
      addMoves(transfersTo(grid, stripes, layout, shard), operand.elementBytes,
               grid, halo);
      int64_t owned = layout.owned(grid, shard).volume();
      int64_t device = grid.deviceOf(shard);
      whole[device] += owned * operand.elementBytes;
      pieces[device] += (owned + copies - 1) / copies * operand.elementBytes;
    }
    halos += slowestOf(halo, machine, std::min(shards, devices));
    const std::vector<int64_t> *load = &whole;
    if (copies > 1) {
      double gather = gatherSeconds(grid, layout, operand.elementBytes);
      bool copied = residence == Residence::Host &&
                    hostSeconds(whole) <= hostSeconds(pieces) + gather;
      if (!copied) {
        cost.inputs.back() = Replication::Gathered;
        seconds.exchange += gather;
        load = &pieces;
        for (int64_t d = 0; d < devices; ++d) {
          received[d] += whole[d] - pieces[d];
          sent[d] += whole[d] - pieces[d];
        }
      }
    }
    if (residence == Residence::Host) {
      seconds.load += hostSeconds(*load);
      for (int64_t d = 0; d < devices; ++d)
        loaded[d] += (*load)[d];
    }
  }
  seconds.exchange += halos;

  cost.computeSeconds.assign(devices, 0);
  for (int64_t shard = 0; shard < shards; ++shard) {
    int64_t device = grid.deviceOf(shard);
    std::vector<int64_t> lengths =
        split.iterations(convolution, grid.coordinates(shard)).sizes();
    cost.computeSeconds[device] += kernelSeconds(
        convolution, lengths, machine.devices[device], query.elementType);
  }
  if (shards > devices)
    addWindows(split, cost.computeSeconds);
  seconds.compute =
      slowestOf(cost.computeSeconds, machine, std::min(shards, devices));

  const Operand &output = convolution.output;
  TensorLayout partial = outputLayout(convolution, split);
  TensorLayout result = scatteredLayout(grid, partial, output.shape);
  int64_t parts = grid.sizeAlong(partial.partialAxes);
  std::vector<double> reduce(devices, 0);
  std::vector<int64_t> initial(devices, 0);
  for (int64_t shard = 0; shard < shards; ++shard) {
    int64_t device = grid.deviceOf(shard);
    int64_t piece = result.owned(grid, shard).volume();
    if (query.output == Residence::Host) {
      if (isFirstReplica(grid, result, shard))
        stored[device] += piece * output.elementBytes;
      if (receivesValue(grid, partial, shard))
        initial[device] +=
            partial.owned(grid, shard).volume() * output.elementBytes;
    }
    if (parts == 1)
      continue;
    addMoves(reduceTransfersTo(grid, partial, result, shard),
             convolution.accumulatorBytes, grid, reduce);
    const DeviceDescription &adder = machine.devices[device];
    if (!piece)
      continue;
    const double rows =
        cutRows(result, partial.partialAxes)
            ? double(piece / result.owned(grid, shard).sizes().back())
            : 0;
    reduce[device] +=
        (parts - 1) *
        (adder.copyLatency + rows * adder.sumRowLatency +
         3.0 * piece * convolution.accumulatorBytes / adder.memoryBandwidth);
  }
  seconds.reduce = slowestOf(reduce, machine, std::min(shards, devices));
  if (query.output == Residence::Host) {
    seconds.store = hostSeconds(stored);
    if (!query.fillsOutput) {
      seconds.load += hostSeconds(initial);
      for (int64_t d = 0; d < devices; ++d)
        loaded[d] += initial[d];
    }
  }
  auto most = [](const std::vector<int64_t> &of) {
    return *std::max_element(of.begin(), of.end());
  };
  cost.links.push_back({machine.levels.empty() ? "pairs" : "all levels",
                        most(received), most(sent)});
  cost.links.push_back({"host", most(loaded), most(stored)});
  // Nothing hides behind what a device computes shard by shard.
  return cost;
}
