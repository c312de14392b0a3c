//===- StreamCost.cpp - what a streamed split takes -----------------------===//

#include "StreamEstimate.h"

#include "dconv/Planner/Bounds.h"

using namespace dconv;

/// Positions of an operand along one dim that some iteration reads; fewer where
/// there are too many iterations to look at.
static double positionsRead(const LinearExpr &expr, const Convolution &c,
                            int64_t extent) {
  constexpr double mostLookedAt = 1 << 24;
  std::vector<int64_t> at{expr.constant};
  for (const Term &term : expr.terms) {
    if (double(at.size()) * c.extents[term.loop] > mostLookedAt)
      break; // those at the first iteration of this loop
    std::vector<int64_t> next;
    for (int64_t begin : at)
      for (int64_t i = 0; i < c.extents[term.loop]; ++i)
        next.push_back(begin + i * term.coefficient);
    std::sort(next.begin(), next.end());
    next.erase(std::unique(next.begin(), next.end()), next.end());
    at = std::move(next);
  }
  return std::count_if(at.begin(), at.end(), [&](int64_t position) {
    return 0 <= position && position < extent;
  });
}

double dconv::boundOfStreams(const Convolution &convolution,
                             const Machine &machine, const TimeQuery &query,
                             std::optional<int64_t> memory) {
  double once = 0;
  std::vector<double> sizes;
  std::vector<Operand> operands = convolution.inputs;
  operands.push_back(convolution.output);
  for (size_t t = 0; t < operands.size(); ++t) {
    const Operand &operand = operands[t];
    AccessMap map = operand.unpaddedMap();
    double bytes = operand.elementBytes;
    for (size_t d = 0; d < map.size(); ++d)
      bytes *= positionsRead(map[d], convolution, operand.shape[d]);
    bool isOutput = t + 1 == operands.size();
    once += bytes * (isOutput && !query.fillsOutput ? 2 : 1);
    sizes.push_back(operand.elementBytes);
  }
  Result<BoundTerms> terms = boundTerms(convolution);
  if (!memory || operands.size() != 3 || !terms)
    return once;
  const int64_t devices = machine.numDevices();
  Result<double> each =
      memoryDependentBound(*terms, devices, double(*memory), sizes);
  return each ? std::max(once, *each * devices) : once;
}

std::optional<int64_t> dconv::leastMemory(const Machine &machine,
                                          MemoryBudget budget) {
  std::optional<int64_t> memory = budget;
  for (const DeviceDescription &device : machine.devices)
    if (device.memoryBytes)
      memory =
          std::min(memory.value_or(*device.memoryBytes), *device.memoryBytes);
  return memory;
}

/// Seconds in which device `number` computes its shards of `split`.
static double computeSeconds(const Convolution &convolution, const Split &split,
                             const Grid &grid, int64_t number,
                             const DeviceDescription &device,
                             const std::string &elementType) {
  double seconds = 0;
  std::map<std::vector<int64_t>, double> known; // by lengths
  std::vector<int64_t> lengths = convolution.extents;
  for (int64_t shard : grid.shardsOf(number)) {
    std::vector<int64_t> at = grid.coordinates(shard);
    for (size_t axis = 0; axis < at.size(); ++axis)
      lengths[split.axes[axis].loop] = split.axes[axis].lengths[at[axis]];
    auto [entry, isNew] = known.try_emplace(lengths);
    if (isNew)
      entry->second = kernelSeconds(convolution, lengths, device, elementType);
    seconds += entry->second;
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
    plan.computeSeconds =
        std::max(plan.computeSeconds,
                 crowding(machine) *
                     computeSeconds(convolution, split, grid, device,
                                    withoutCopies(machine.devices[device]),
                                    query.elementType));
  }
  plan.linkSeconds = links.seconds(plan.bytes, most, transfers);
  plan.fillSeconds = links.seconds(endsOfAll, ends, 2);
  return plan;
}

StreamPlan dconv::streamCost(const Convolution &convolution, const Split &split,
                             const Machine &machine, const TimeQuery &query,
                             MemoryBudget budget) {
  StreamPlan plan = costWithoutBound(convolution, split, machine, query);
  plan.boundBytes =
      boundOfStreams(convolution, machine, query, leastMemory(machine, budget));
  return plan;
}
