//===- Runner.cpp - runs compiled code on host devices --------------------===//

#include "dconv/Runner/Runner.h"

#include "dconv/Runtime/Abi.h"
#include "dconv/Runtime/HostDevice.h"
#include "dconv/Runtime/LocalTransport.h"

#include <algorithm>

using namespace dconv;
using runtime::Counters;
using runtime::Status;
using runtime::StatusCode;

Status Runner::open(Options options, std::unique_ptr<Runner> &runner) {
  std::shared_ptr<runtime::KernelLibrary> library;
  if (Status s = runtime::KernelLibrary::open(options.library, library);
      s.failed())
    return s;
  auto faults = runtime::faultsFromEnvironment();
  if (!faults)
    return Status(StatusCode::InvalidInput, faults.error());

  runtime::LocalTransport::Options transport;
  transport.faults = *faults;
  if (options.linkLatency || options.linkBandwidth)
    transport.links = std::make_shared<runtime::LinkModel>(
        options.devices, options.linkLatency.value_or(0),
        options.linkBandwidth);
  runtime::Session::Options session;
  session.programs = std::move(options.programs);
  session.transport = std::make_unique<runtime::LocalTransport>(
      options.devices, std::move(transport));
  runtime::HostDevice::Links shared;
  if (options.hostBandwidth)
    shared.push_back(
        std::make_shared<runtime::HostLink>(*options.hostBandwidth));
  session.makeDevice = [library, shared,
                        own = options.deviceBandwidth](int64_t) {
    runtime::HostDevice::Links links = shared;
    if (own)
      links.push_back(std::make_shared<runtime::HostLink>(*own));
    return std::make_unique<runtime::HostDevice>(library, std::move(links));
  };
  session.budget = options.budget;
  session.trace = options.trace;

  std::unique_ptr<Runner> opened(new Runner());
  if (Status s = runtime::Session::open(std::move(session), opened->session);
      s.failed())
    return s;
  std::string symbol = DCONV_ENTRY_PREFIX + options.entry;
  opened->entry =
      reinterpret_cast<dconv_entry_fn>(library->address(symbol));
  if (!opened->entry)
    return Status(StatusCode::MissingSymbol,
                  "the shared object has no '" + symbol + "'");
  if (Status s = library->bind(opened.get(), &Runner::execute); s.failed())
    return s;
  runner = std::move(opened);
  return {};
}

int32_t Runner::execute(void *context, int64_t program, void *const *arguments,
                        void *const *results) {
  auto *runner = static_cast<Runner *>(context);
  Status status = runner->session->execute(program, arguments, results);
  if (!status.failed() && runner->observer)
    runner->observer(program, arguments, results);
  return static_cast<int32_t>(status.code());
}

Status Runner::run(const Signature &signature, std::vector<Bytes> &inputs,
                   int64_t repeat, Observer observe, RunResult &result) {
  const std::vector<runtime::Program> &programs = session->programs();
  std::vector<void *> arguments;
  for (Bytes &input : inputs)
    arguments.push_back(input.data());
  for (const runtime::Argument &type : signature.results) {
    result.outputs.emplace_back(Box::whole(type.shape).volume() *
                                runtime::bytesOf(type.type));
    arguments.push_back(result.outputs.back().data());
  }
  size_t devices = 0;
  for (const runtime::Program &program : programs)
    devices = std::max(devices, program.devices.size());
  result.programSeconds.assign(programs.size(), 0);

  for (int64_t repetition = 0; repetition < repeat; ++repetition) {
    observer = repetition == 0 ? observe : Observer();
    entry(arguments.data());
    if (session->status().failed())
      return session->status();
    Counters predicted(devices), measured(devices);
    double seconds = 0, endToEnd = 0;
    std::vector<double> exposed(devices, 0);
    for (const runtime::Execution &execution : session->takeExecutions()) {
      predicted.merge(programs[execution.program].predicted);
      measured.merge(execution.counters);
      seconds += execution.seconds;
      endToEnd += execution.secondsEndToEnd;
      for (size_t d = 0; d < execution.exposedSeconds.size(); ++d)
        exposed[d] += execution.exposedSeconds[d];
      double &least = result.programSeconds[execution.program];
      if (least == 0 || execution.seconds < least)
        least = execution.seconds;
    }
    if (result.seconds.empty() ||
        seconds < *std::min_element(result.seconds.begin(),
                                    result.seconds.end()))
      result.exposedSeconds = std::move(exposed);
    result.seconds.push_back(seconds);
    result.secondsEndToEnd.push_back(endToEnd);
    bool first = repetition == 0;
    if (!first && !(measured == result.measured))
      return Status(StatusCode::TransferFailed,
                    "repetition " + std::to_string(repetition) +
                        " measured other counters than the first");
    result.predicted = predicted;
    result.measured = measured;
  }
  return {};
}
