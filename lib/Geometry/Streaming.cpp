//===- Streaming.cpp - tensors that stay on the host ----------------------===//

#include "dconv/Geometry/Streaming.h"

#include <algorithm>

using namespace dconv;

std::vector<Residency>
dconv::residenciesOf(const std::vector<Box> &boxes,
                     const std::vector<int64_t> &shards) {
  std::vector<Residency> found;
  for (size_t i = 0; i < shards.size(); ++i) {
    const Box &box = boxes[shards[i]];
    if (!found.empty() && found.back().window == box)
      found.back().last = i;
    else
      found.push_back({box, i, i, found.size()});
  }
  return found;
}

/// The footprint of each shard in an operand, there may be many.
static std::vector<Box> footprintsOf(const Convolution &convolution,
                                     const Split &split, const AccessMap &map) {
  std::vector<Stripes> stripes;
  for (const AxisSplit &axis : split.axes)
    stripes.push_back(stripesOf(axis.lengths));
  std::vector<Box> boxes;
  Grid grid = split.grid(/*devices=*/1);
  Box iterations = convolution.iterations();
  for (int64_t shard = 0, e = grid.numShards(); shard < e; ++shard) {
    std::vector<int64_t> at = grid.coordinates(shard);
    for (size_t axis = 0; axis < at.size(); ++axis)
      iterations[split.axes[axis].loop] = stripes[axis][at[axis]];
    boxes.push_back(footprint(map, iterations));
  }
  return boxes;
}

std::vector<Box> dconv::outputBlocks(const Convolution &convolution,
                                     const Split &split) {
  return footprintsOf(convolution, split, convolution.output.map);
}

DistributedProgram dconv::distributeStreamed(const Convolution &convolution,
                                             const Split &split,
                                             int64_t devices,
                                             bool fillsOutput) {
  DistributedProgram program;
  program.grid = split.grid(devices);
  auto addValue = [&](const Operand &operand, Step step) {
    ShardedValue value;
    value.layout = TensorLayout::replicated(operand.shape);
    value.shape = operand.shape;
    value.elementBytes = value.storageBytes = operand.elementBytes;
    value.streamed = true;
    program.values.push_back(std::move(value));
    step.result = program.values.size() - 1;
    program.steps.push_back(std::move(step));
    return program.steps.back().result;
  };

  Step kernel;
  kernel.kind = StepKind::SubKernel;
  kernel.accumulatorBytes = convolution.accumulatorBytes;
  kernel.outputs = outputBlocks(convolution, split);
  for (const Operand &input : convolution.inputs) {
    kernel.inputs.push_back(
        {addValue(input, Step()),
         footprintsOf(convolution, split, input.unpaddedMap())});
  }
  Step init;
  init.kind = fillsOutput ? StepKind::Fill : StepKind::Shard;
  kernel.operand = addValue(convolution.output, init);
  Step unshard;
  unshard.kind = StepKind::Unshard;
  unshard.operand = addValue(convolution.output, std::move(kernel));
  program.steps.push_back(unshard);
  return program;
}

/// How to run the shards of `split` that add up one after the other.
static std::string remedyFor(const Convolution &convolution, const Split &split,
                             int64_t devices) {
  std::vector<std::string> names = convolution.loopNames();
  std::string reductions;
  bool anyInside = false; // a parallel loop after a reduction
  for (const AxisSplit &axis : split.axes) {
    if (convolution.isReduction(axis.loop))
      reductions += (reductions.empty() ? "" : ", ") + names[axis.loop];
    else
      anyInside |= !reductions.empty() && axis.lengths.size() > 1;
  }
  if (anyInside)
    return "name " + reductions + " last in the split";
  return "divide the dims before " + reductions + " in a multiple of " +
         std::to_string(devices) + " parts, or " + reductions + " in one";
}

Result<int64_t> dconv::checkStreamed(const Convolution &convolution,
                                     const Split &split, int64_t devices) {
  Grid grid = split.grid(devices);
  std::vector<unsigned> parallel;
  for (unsigned axis = 0; axis < split.axes.size(); ++axis)
    if (!convolution.isReduction(split.axes[axis].loop))
      parallel.push_back(axis);
  // Per block of the output, the last shard that added to it.
  std::vector<int64_t> last(grid.sizeAlong(parallel), -1);
  const int64_t shards = grid.numShards();
  for (int64_t shard = 0; shard < shards; ++shard) {
    std::vector<int64_t> at = grid.coordinates(shard);
    int64_t other = std::exchange(last[grid.indexAlong(parallel, at)], shard);
    bool together =
        other == shard - 1 && grid.deviceOf(other) == grid.deviceOf(shard);
    if (other < 0 || together)
      continue;
    Box block =
        footprint(convolution.output.map, split.iterations(convolution, at));
    std::string text = "shards " + std::to_string(other) + " and " +
                       std::to_string(shard) + " add to the same output " +
                       toString(block) + " but run ";
    if (grid.deviceOf(other) != grid.deviceOf(shard))
      text += "on devices " + std::to_string(grid.deviceOf(other)) + " and " +
              std::to_string(grid.deviceOf(shard));
    else
      text += "with others between them";
    return Error{text +
                 "; streamed, they must run one after the other on one "
                 "device: " +
                 remedyFor(convolution, split, devices)};
  }
  return shards;
}
