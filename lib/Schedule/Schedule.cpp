//===- Schedule.cpp - from sharded values to command lists ----------------===//

#include "dconv/Schedule/Schedule.h"

#include "DeviceScheduler.h"

using namespace dconv;
using namespace dconv::runtime;

static StepTransfers findTransfers(const DistributedProgram &program) {
  StepTransfers transfers;
  for (const Step &step : program.steps)
    transfers.push_back(transfersOf(program, step));
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
  const StripeWindows windows(input.program);
  int64_t devices = input.program.grid.devices;
  program.devices.resize(devices);
  program.timed.resize(devices);
  for (int64_t device = 0; device < devices; ++device)
    DeviceScheduler(input, transfers, windows, device, program.devices[device],
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
