//===- StreamCost.cpp - what a streamed split takes -----------------------===//

#include "StreamEstimate.h"

#include "dconv/Planner/StreamBound.h"

using namespace dconv;

MemoryBudget dconv::leastMemory(const Machine &machine, MemoryBudget budget) {
  MemoryBudget memory = budget;
  for (const DeviceDescription &device : machine.devices)
    if (device.memoryBytes)
      memory =
          std::min(memory.value_or(*device.memoryBytes), *device.memoryBytes);
  return memory;
}

std::vector<double> dconv::shardSeconds(const Convolution &convolution,
                                        const Split &split, const Grid &grid,
                                        int64_t number, const Machine &machine,
                                        const std::string &elementType) {
  const DeviceDescription &device = machine.devices[number];
  const double crowded = crowding(machine);
  std::vector<double> seconds;
  std::map<std::vector<int64_t>, double> known; // by lengths
  std::vector<int64_t> lengths = convolution.extents;
  for (int64_t shard : grid.shardsOf(number)) {
    std::vector<int64_t> at = grid.coordinates(shard);
    for (size_t axis = 0; axis < at.size(); ++axis)
      lengths[split.axes[axis].loop] = split.axes[axis].lengths[at[axis]];
    auto [entry, isNew] = known.try_emplace(lengths);
    if (isNew)
      entry->second =
          crowded * kernelSeconds(convolution, lengths, device, elementType);
    seconds.push_back(entry->second);
  }
  return seconds;
}

StreamPlan dconv::costWithoutBound(const Convolution &convolution,
                                   const Split &split, const Machine &machine,
                                   const TimeQuery &query) {
  const int64_t devices = machine.numDevices();
  DistributedProgram program =
      distributeStreamed(convolution, split, devices, query.fillsOutput);
  const Grid &grid = program.grid;
  StreamPlan plan;
  plan.split = split;
  plan.predicted = predict(program);
  const Step &kernel = *std::find_if(
      program.steps.begin(), program.steps.end(),
      [](const Step &step) { return step.kind == StepKind::SubKernel; });
  const HostLinks links(machine);
  double most = 0, transfers = 0, ends = 0, endsOfAll = 0;
  for (int64_t device = 0; device < devices; ++device) {
    std::vector<int64_t> shards = grid.shardsOf(device);
    if (shards.empty())
      continue;
    double bytes = double(plan.predicted.scatterBytes[device]) +
                   plan.predicted.gatherBytes[device];
    plan.bytes += bytes;
    most = std::max(most, bytes);
    double count = 0, first = 0;
    for (size_t i = 0; i < kernel.inputs.size(); ++i) {
      const std::vector<Box> &boxes = kernel.inputs[i].footprints;
      count += residenciesOf(boxes, shards).size();
      first += boxes[shards.front()]
                   .intersect(convolution.inputs[i].extent())
                   .volume() *
               convolution.inputs[i].elementBytes;
    }
    const double ways = query.fillsOutput ? 1 : 2;
    count += ways * residenciesOf(kernel.outputs, shards).size();
    const int64_t elementBytes = convolution.output.elementBytes;
    first +=
        (ways - 1) * kernel.outputs[shards.front()].volume() * elementBytes;
    double last = kernel.outputs[shards.back()].volume() * elementBytes;
    transfers = std::max(transfers, count);
    ends = std::max(ends, first + last);
    endsOfAll += first + last;
    double compute = 0;
    for (double seconds : shardSeconds(convolution, split, grid, device,
                                       machine, query.elementType))
      compute += seconds;
    plan.computeSeconds = std::max(plan.computeSeconds, compute);
  }
  plan.linkSeconds = links.seconds(plan.bytes, most, transfers);
  plan.fillSeconds = links.seconds(endsOfAll, ends, 2);
  return plan;
}

StreamPlan dconv::streamCost(const Convolution &convolution, const Split &split,
                             const Machine &machine, const TimeQuery &query,
                             MemoryBudget budget) {
  StreamPlan plan = costWithoutBound(convolution, split, machine, query);
  plan.boundBytes = streamBound(convolution, machine.numDevices(),
                                query.fillsOutput, leastMemory(machine, budget))
                        .bytes;
  return plan;
}
