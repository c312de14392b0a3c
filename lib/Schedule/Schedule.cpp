//===- Schedule.cpp - from sharded values to command lists ----------------===//

#include "dconv/Schedule/Schedule.h"

#include "DeviceScheduler.h"

using namespace dconv;
using namespace dconv::runtime;

static StepTransfers findTransfers(const DistributedProgram &program) {
  StepTransfers transfers(program.steps.size());
  for (size_t s = 0; s < program.steps.size(); ++s) {
    const Step &step = program.steps[s];
    if (step.kind != StepKind::Redistribute &&
        step.kind != StepKind::ReduceScatter)
      continue;
    const TensorLayout &from = program.values[step.operand].layout;
    const TensorLayout &to = program.values[step.result].layout;
    for (int64_t shard = 0; shard < program.grid.numShards(); ++shard) {
      std::vector<Transfer> found =
          step.kind == StepKind::Redistribute
              ? transfersTo(program.grid, from, to, shard)
              : reduceTransfersTo(program.grid, from, to, shard);
      transfers[s].insert(transfers[s].end(), found.begin(), found.end());
    }
  }
  return transfers;
}

Program dconv::schedule(const ScheduleInput &input) {
  Program program;
  program.name = input.name;
  program.tensors = input.tensors;
  program.arguments = input.arguments;
  program.results = input.results;
  program.kernels = input.kernels;
  StepTransfers transfers = findTransfers(input.program);
  int64_t devices = input.program.grid.devices;
  program.devices.resize(devices);
  program.timed.resize(devices);
  for (int64_t device = 0; device < devices; ++device)
    DeviceScheduler(input, transfers, device, program.devices[device],
                    program.timed[device])
        .run();
  Prediction prediction = predict(input.program);
  program.predicted = Counters(devices);
  program.predicted.bytesReceived = prediction.bytesReceived;
  program.predicted.bytesSent = prediction.bytesSent;
  program.predicted.scatterBytes = prediction.scatterBytes;
  program.predicted.gatherBytes = prediction.gatherBytes;
  program.predicted.peakBytes = prediction.peakBytes;
  return program;
}
