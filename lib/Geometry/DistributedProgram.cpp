//===- DistributedProgram.cpp - the steps of one convolution ----------------===//

#include "dconv/Geometry/Prediction.h"

#include <algorithm>

using namespace dconv;

Result<int64_t>
dconv::checkGathered(const Convolution &convolution, const Split &split,
                     const std::vector<GatheredInput> &gathered) {
  Grid grid = split.grid(/*devices=*/1);
  std::vector<bool> seen(convolution.inputs.size());
  for (const GatheredInput &entry : gathered) {
    std::string name = "input " + std::to_string(entry.input);
    if (entry.input >= seen.size())
      return Error{name + " is to be gathered, but there are " +
                   std::to_string(seen.size())};
    if (seen[entry.input])
      return Error{name + " is to be gathered twice"};
    seen[entry.input] = true;
    TensorLayout layout =
        inputLayout(convolution, split, convolution.inputs[entry.input]);
    if (replicatedAxes(grid, layout).empty())
      return Error{name + " is to be gathered, but split '" +
                   toString(split, convolution) +
                   "' makes no copies of it: each of the " +
                   std::to_string(grid.numShards()) +
                   " shards has its own part"};
  }
  return grid.numShards();
}

DistributedProgram
dconv::distribute(const Convolution &convolution, const Split &split,
                  int64_t devices, bool fillsOutput,
                  const std::vector<GatheredInput> &gathered) {
  DistributedProgram program;
  program.grid = split.grid(devices);
  auto addValue = [&](ShardedValue value, Step step) {
    program.values.push_back(std::move(value));
    step.result = program.values.size() - 1;
    program.steps.push_back(std::move(step));
    return step.result;
  };

  Step kernel;
  kernel.kind = StepKind::SubKernel;
  kernel.accumulatorBytes = convolution.accumulatorBytes;
  for (unsigned i = 0; i < convolution.inputs.size(); ++i) {
    const Operand &input = convolution.inputs[i];
    ShardedValue value;
    value.layout = inputLayout(convolution, split, input);
    value.shape = input.shape;
    value.elementBytes = value.storageBytes = input.elementBytes;
    ShardedValue read = value; // what the sub-kernel reads
    Step exchange;
    exchange.kind = StepKind::Redistribute;
    auto entry =
        std::find_if(gathered.begin(), gathered.end(),
                     [&](const GatheredInput &one) { return one.input == i; });
    if (entry != gathered.end()) {
      exchange.algorithm = entry->algorithm;
      value.layout = piecesLayout(program.grid, value.layout, value.shape);
    } else {
      for (DimLayout &dim : value.layout.dims)
        dim.held = dim.owned;
    }
    bool moves = !(value.layout == read.layout);
    int source = addValue(std::move(value), Step());
    if (moves) {
      // Who passes it on must keep it.
      read.fetchedOnUse = exchange.algorithm == CollectiveAlgorithm::Direct;
      exchange.operand = source;
      source = addValue(std::move(read), exchange);
    }
    KernelInput operand{source, {}};
    for (int64_t s = 0, e = program.grid.numShards(); s < e; ++s)
      operand.footprints.push_back(
          shardFootprint(convolution, split, input, s));
    kernel.inputs.push_back(std::move(operand));
  }

  ShardedValue output;
  output.layout = outputLayout(convolution, split);
  output.shape = convolution.output.shape;
  output.elementBytes = convolution.output.elementBytes;
  bool partial = !output.layout.partialAxes.empty();
  output.storageBytes =
      partial ? convolution.accumulatorBytes : output.elementBytes;
  Step init;
  init.kind = fillsOutput ? StepKind::Fill : StepKind::Shard;
  kernel.operand = addValue(output, init);
  output.inPlaceOf = kernel.operand;
  int result = addValue(output, std::move(kernel));
  if (partial) {
    output.inPlaceOf = -1;
    output.layout = scatteredLayout(program.grid, output.layout, output.shape);
    output.storageBytes = output.elementBytes;
    Step reduce;
    reduce.kind = StepKind::ReduceScatter;
    reduce.operand = result;
    result = addValue(output, reduce);
  }
  Step unshard;
  unshard.kind = StepKind::Unshard;
  unshard.operand = result;
  program.steps.push_back(unshard);
  return program;
}
