//===- Session.cpp - devices that run programs ----------------------------===//

#include "dconv/Runtime/Session.h"
#include "Executor.h"
#include "dconv/Runtime/Checker.h"
#include "dconv/Runtime/Processors.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace dconv::runtime {

using Clock = std::chrono::steady_clock;

/// The device threads. Each runs its part of one call, then waits for the next.
class Session::Impl {
public:
  Impl(Transport &transport, const std::vector<Program> &programs)
      : transport(transport), programs(programs), executors(programs.size()) {}
  ~Impl();

  void start();

  /// Runs `call` of a program on all devices; the first error of a device.
  Status run(int64_t number, const Call &call, Execution &execution);

  std::vector<std::unique_ptr<Device>> devices;
  Transport &transport;
  const std::vector<Program> &programs;
  std::vector<std::deque<Executor>> executors; ///< [program][device]
  uint64_t epoch = 0;                          ///< of the last call
  std::atomic<bool> stopped{false};

private:
  void serve(size_t device);
  void runDevice(size_t device);
  bool meet(size_t device, Clock::time_point &when);
  void fail(Status status);

  std::mutex mutex; ///< guards all below
  std::condition_variable changed;
  uint64_t generation = 0; ///< number of the current call
  bool closing = false;
  int64_t program = 0;
  Call call;
  size_t running = 0; ///< devices that have not ended the call
  Status error;

  // Not guarded: where the devices meet before and after the timed part.
  Waiting waiting;
  std::deque<Bell> bells;                 ///< per device
  std::atomic<size_t> meeting{0};         ///< devices that wait in `meet`
  std::atomic<uint64_t> meetings{0};      ///< how many were complete
  Clock::time_point timedBegin, timedEnd; ///< by the last to come

  std::vector<std::thread> threads;
};

Session::Impl::~Impl() {
  {
    std::lock_guard lock(mutex);
    closing = true;
  }
  changed.notify_all();
  for (std::thread &thread : threads)
    thread.join();
}

void Session::Impl::start() {
  waiting = Waiting::among(devices.size());
  bells.resize(devices.size());
  for (size_t device = 0; device < devices.size(); ++device)
    threads.emplace_back([this, device] { serve(device); });
}

void Session::Impl::serve(size_t device) {
  wakeUpPunctually();
  for (uint64_t seen = 0;;) {
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return generation != seen || closing; });
      if (closing)
        return;
      seen = generation;
    }
    moveToOwnProcessor(device, devices.size());
    runDevice(device);
    std::lock_guard lock(mutex);
    if (--running == 0)
      changed.notify_all();
  }
}

void Session::Impl::runDevice(size_t device) {
  Executor &executor = executors[program][device];
  auto succeeds = [&](Status status) {
    const bool failed = status.failed();
    if (failed)
      fail(std::move(status));
    return !failed;
  };

  executor.begin(call);
  if (!succeeds(executor.runBefore()) || !meet(device, timedBegin))
    return;
  if (!succeeds(executor.runTimed()) || !meet(device, timedEnd))
    return;
  if (succeeds(executor.runAfter()))
    succeeds(executor.finish());
}

/// Waits until all devices are here; `when` is the time the last came. False
/// where one of them failed instead.
bool Session::Impl::meet(size_t device, Clock::time_point &when) {
  constexpr uint32_t complete = 1;
  const uint64_t mine = meetings;
  if (++meeting == devices.size()) {
    meeting = 0;
    when = Clock::now();
    ++meetings;
    for (Bell &bell : bells)
      bell.ring(complete);
    return true;
  }
  bells[device].await(complete, waiting,
                      [&] { return meetings != mine || stopped; });
  return meetings != mine;
}

void Session::Impl::fail(Status status) {
  {
    std::lock_guard lock(mutex);
    if (status.code() != StatusCode::Stopped && !error.failed())
      error = std::move(status);
    stopped = true;
  }
  for (Bell &bell : bells)
    bell.ringForAll();
  transport.stop();
}

Status Session::Impl::run(int64_t number, const Call &newCall,
                          Execution &execution) {
  const Clock::time_point begin = Clock::now();
  {
    std::unique_lock lock(mutex);
    program = number;
    call = newCall;
    running = devices.size();
    ++generation;
    changed.notify_all();
    changed.wait(lock, [&] { return running == 0; });
    if (error.failed())
      return error;
  }
  auto seconds = [](Clock::duration time) {
    return std::chrono::duration<double>(time).count();
  };
  execution.program = number;
  execution.seconds = seconds(timedEnd - timedBegin);
  execution.secondsEndToEnd = seconds(Clock::now() - begin);

  Counters &counters = execution.counters;
  for (size_t d = 0; d < devices.size(); ++d) {
    const TransferCounters transfer = transport.counters(d);
    counters.bytesReceived[d] = transfer.bytesReceived;
    counters.bytesSent[d] = transfer.bytesSent;
    counters.scatterBytes[d] = executors[number][d].scatterBytes();
    counters.gatherBytes[d] = executors[number][d].gatherBytes();
    counters.peakBytes[d] = devices[d]->arena().peakBytes();
    execution.transfers[d] = transfer;
    execution.exposedSeconds[d] = seconds(executors[number][d].exposed());
  }
  return {};
}

Session::Session(Options given)
    : options(std::move(given)),
      impl(std::make_unique<Impl>(*options.transport, options.programs)) {
  if (options.trace)
    trace = std::make_unique<TraceLog>(options.transport->devices());
}

Session::~Session() = default;

Status Session::open(Options options, std::unique_ptr<Session> &session) {
  std::unique_ptr<Session> opened(new Session(std::move(options)));
  if (Status s = opened->prepare(); s.failed())
    return s;
  session = std::move(opened);
  return {};
}

Status Session::prepare() {
  const int64_t numDevices = options.transport->devices();
  std::vector<int64_t> arenas(numDevices, 0);
  for (const Program &program : options.programs) {
    if (static_cast<int64_t>(program.devices.size()) != numDevices)
      return {StatusCode::InvalidProgram,
              "program '" + program.name + "' is for " +
                  std::to_string(program.devices.size()) + " devices, needed " +
                  std::to_string(numDevices)};
    if (Status s = check(program); s.failed())
      return s;
    for (int64_t d = 0; d < numDevices; ++d)
      arenas[d] = std::max(arenas[d], program.devices[d].arenaBytes);
  }
  if (options.budget)
    if (Status s = checkBudget(arenas, *options.budget); s.failed())
      return s;

  for (int64_t d = 0; d < numDevices; ++d) {
    impl->devices.push_back(options.makeDevice(d));
    if (Status s = impl->devices.back()->allocate(arenas[d]); s.failed())
      return s;
  }
  for (size_t p = 0; p < options.programs.size(); ++p) {
    const uint64_t planHash = fingerprint(options.programs[p]);
    for (int64_t d = 0; d < numDevices; ++d) {
      Executor &executor = impl->executors[p].emplace_back(
          options.programs[p], p, d, *impl->devices[d], *options.transport,
          trace.get());
      if (Status s = executor.prepare(planHash); s.failed())
        return s;
    }
    if (Status s = options.transport->connect(); s.failed())
      return s;
  }
  growExecutions(64);
  impl->start();
  return {};
}

Status Session::execute(int64_t number, void *const *arguments,
                        void *const *results) {
  if (firstError.failed())
    return firstError;
  if (number < 0 || number >= static_cast<int64_t>(options.programs.size()))
    return firstError = {StatusCode::InvalidInput,
                         "program " + std::to_string(number) + " of " +
                             std::to_string(options.programs.size())};
  Call call;
  call.epoch = ++impl->epoch;
  call.arguments = arguments;
  call.results = results;
  call.stopped = &impl->stopped;
  options.transport->begin(call.epoch);
  if (numExecutions == executions.size())
    growExecutions(2 * numExecutions);
  firstError = impl->run(number, call, executions[numExecutions]);
  numExecutions += !firstError.failed();
  return firstError;
}

void Session::growExecutions(size_t count) {
  const size_t devices = options.transport->devices();
  Execution empty;
  empty.counters = Counters(devices);
  empty.transfers.resize(devices);
  empty.exposedSeconds.resize(devices);
  executions.resize(count, empty);
}

std::vector<Execution> Session::takeExecutions() {
  return {executions.begin(),
          executions.begin() + std::exchange(numExecutions, 0)};
}

Status Session::writeTrace(const std::string &path) const {
  return trace->write(path, options.programs);
}

} // namespace dconv::runtime
