//===- StreamTest.cpp - loads, arithmetic and stores side by side ---------===//
//
// y[o] = init[o] + the sum over k of x[o + k - 1], zero outside, for k < 3:
// programs of dconv's own schedule on kernels written here.
//
//===----------------------------------------------------------------------===//

#include "Programs.h"
#include "dconv/Geometry/Streaming.h"
#include "dconv/Runtime/Checker.h"
#include "dconv/Schedule/Schedule.h"

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <unistd.h>
#include <utility>

using namespace dconv;
using namespace dconv::runtime;
using namespace dconv::runtime::test;
using testing::HasSubstr;

namespace {

constexpr int64_t extent = 23;
constexpr int maxOutputs = extent, maxTaps = 3;

template <int outputs, int taps> void window(void **arguments) {
  auto *x = static_cast<const float *>(arguments[0]);
  auto *y = static_cast<float *>(arguments[1]);
  for (int o = 0; o < outputs; ++o)
    for (int k = 0; k < taps; ++k)
      y[o] += x[o + k];
}

template <int... numbers>
std::vector<dconv_kernel_fn>
kernelTable(std::integer_sequence<int, numbers...>) {
  return {window<numbers / maxTaps + 1, numbers % maxTaps + 1>...};
}

/// The kernel "OUTPUTS TAPS".
class WindowKernels : public KernelSource {
public:
  dconv_kernel_fn find(const std::string &symbol) const override {
    static const auto table =
        kernelTable(std::make_integer_sequence<int, maxOutputs * maxTaps>());
    const int outputs = std::stoi(symbol);
    const int taps = std::stoi(symbol.substr(symbol.find(' ')));
    return table[(outputs - 1) * maxTaps + taps - 1];
  }
};

Convolution windowSum() {
  Convolution c;
  c.extents = {extent, 3};
  c.roles = {Role::Output, Role::Tap};
  Operand x;
  x.map = {{{{0, 1}, {1, 1}}, 0}};
  x.shape = {extent};
  x.padLow = x.padHigh = {1};
  c.inputs = {x};
  c.output.map = {{{{0, 1}}, 0}};
  c.output.shape = {extent};
  c.output.padLow = c.output.padHigh = {0};
  return c;
}

/// What is streamed.
enum class Streams { Both, Output };

struct Setting {
  std::string spec;
  int64_t devices = 1;
  bool fillsOutput = false;
  ElementType output = ElementType::F32;
  Streams streams = Streams::Both;
};

/// The program of windowSum; argument 0 is x, argument 1 the initial output.
Program programOf(const Setting &setting) {
  Convolution c = windowSum();
  c.output.elementBytes = bytesOf(setting.output);
  Split split = *parseSplit(setting.spec, c);
  EXPECT_TRUE(bool(checkStreamed(c, split, setting.devices)));
  DistributedProgram program =
      distributeStreamed(c, split, setting.devices, setting.fillsOutput);
  if (setting.streams == Streams::Output) {
    // The input lies on the devices and the halo travels between them.
    program = distribute(c, split, setting.devices, setting.fillsOutput);
    for (Step &step : program.steps)
      if (step.kind == StepKind::SubKernel) {
        step.outputs = outputBlocks(c, split);
        for (int value : {step.operand, step.result}) {
          program.values[value].streamed = true;
          program.values[value].inPlaceOf = -1;
        }
      }
  }

  ScheduleInput input;
  input.name = "window";
  input.tensors = {{"x", {extent}}, {"y", {extent}}};
  input.arguments = {{ElementType::F32, {extent}, false},
                     {setting.output, {extent}, false}};
  input.results = {{setting.output, {extent}, false}};
  const int output = program.values.size() - 1;
  for (int value = 0; value <= output; ++value) {
    const bool isOutput = value >= output - 1;
    const ElementType type = isOutput ? setting.output : ElementType::F32;
    input.values.push_back({type, type, isOutput});
  }
  for (const Step &step : program.steps) {
    StepDetail detail;
    if (step.kind == StepKind::Shard && step.result == output - 1)
      detail.argument = 1;
    if (step.kind == StepKind::SubKernel) {
      detail.padding = {0};
      const int64_t shards = program.grid.numShards();
      for (int64_t shard = 0; shard < shards; ++shard) {
        Box box = split.iterations(c, program.grid.coordinates(shard));
        detail.kernels.push_back(input.kernels.size());
        input.kernels.push_back(std::to_string(box[0].size()) + " " +
                                std::to_string(box[1].size()));
      }
    }
    input.steps.push_back(detail);
  }
  input.program = std::move(program);
  return schedule(input);
}

Session::Options optionsFor(const Program &program,
                            HostDevice::Links links = {},
                            std::shared_ptr<FaultInjector> faults = {}) {
  LocalTransport::Options transport;
  transport.faults = faults;
  Session::Options options =
      hostOptions({program}, program.devices.size(), transport);
  options.makeDevice = [links](int64_t) {
    return std::make_unique<HostDevice>(std::make_shared<WindowKernels>(),
                                        links);
  };
  return options;
}

/// Opens a session and runs its program once, on small integers.
struct Outcome {
  std::unique_ptr<Session> session;
  Status status;
  Counters counters;
  std::vector<float> got, expected;

  Outcome(Session::Options options, const Setting &setting) {
    status = Session::open(std::move(options), session);
    if (status.failed())
      return;
    std::vector<float> x(extent), init(extent);
    std::vector<uint16_t> narrowInit, narrow(extent);
    for (int64_t i = 0; i < extent; ++i) {
      x[i] = 1 + i % 7;
      init[i] = setting.fillsOutput ? 0 : 10 * i;
    }
    got.assign(extent, -1);
    const bool isNarrow = setting.output == ElementType::BF16;
    for (float value : init)
      narrowInit.push_back(bits(value) >> 16); // exact for these
    void *arguments[] = {x.data(), isNarrow
                                       ? static_cast<void *>(narrowInit.data())
                                       : init.data()};
    void *results[] = {isNarrow ? static_cast<void *>(narrow.data())
                                : got.data()};
    status = session->execute(0, arguments, results);
    if (status.failed())
      return;
    counters = session->takeExecutions()[0].counters;
    for (int64_t o = 0; o < extent; ++o) {
      float sum = init[o];
      for (int64_t k = 0; k < 3; ++k)
        if (o + k >= 1 && o + k - 1 < extent)
          sum += x[o + k - 1];
      expected.push_back(sum);
      if (isNarrow)
        got[o] = bitsAsFloat(uint32_t(narrow[o]) << 16);
    }
  }

  static uint32_t bits(float value) {
    uint32_t result;
    std::memcpy(&result, &value, sizeof(result));
    return result;
  }
  static float bitsAsFloat(uint32_t value) {
    float result;
    std::memcpy(&result, &value, sizeof(result));
    return result;
  }
};

void expectRight(const Setting &setting, HostDevice::Links links = {}) {
  SCOPED_TRACE(setting.spec + " on " + std::to_string(setting.devices));
  Program program = programOf(setting);
  ASSERT_EQ(check(program).message(), "");
  Outcome outcome(optionsFor(program, std::move(links)), setting);
  ASSERT_EQ(outcome.status.message(), "");
  EXPECT_EQ(outcome.got, outcome.expected);
  EXPECT_TRUE(outcome.counters == program.predicted);
}

} // namespace

TEST(Stream, GivesTheUndividedResult) {
  for (int64_t devices : {1, 2, 3})
    for (const char *spec : {"o0=1", "o0=2", "o0=6", "o0=[1,9,2,11]", "o0=23"})
      for (bool fills : {false, true})
        expectRight({spec, devices, fills});
}

TEST(Stream, AddsSerialReductionsInPlace) {
  for (bool fills : {false, true}) {
    expectRight({"o0=3,k0=3", 1, fills});
    expectRight({"o0=4,k0=2", 2, fills});
    expectRight({"o0=6,k0=3", 3, fills});
  }
}

// Sums of up to 235 with an odd rest need more bits than bf16 has: rounding
// after each tap would show. The sum is rounded once, when its block leaves.
TEST(Stream, KeepsNarrowSumsInTheAccumulator) {
  for (bool fills : {false, true}) {
    Setting setting{"o0=5,k0=3", 1, fills, ElementType::BF16};
    Program program = programOf(setting);
    Outcome outcome(optionsFor(program), setting);
    ASSERT_EQ(outcome.status.message(), "");
    EXPECT_TRUE(outcome.counters == program.predicted);
    for (int64_t o = 0; o < extent; ++o) {
      // To the nearest of the numbers with 8 significant bits, ties to even.
      uint32_t bits = Outcome::bits(outcome.expected[o]);
      bits += 0x7FFF + ((bits >> 16) & 1);
      EXPECT_EQ(outcome.got[o], Outcome::bitsAsFloat(bits & 0xFFFF0000)) << o;
    }
    int converts = 0;
    for (const Command &command : program.devices[0].commands)
      converts += command.kind == CommandKind::Convert;
    EXPECT_EQ(converts, 2 * 5); // per block, not per shard
  }
}

// A slow link lets queues run far apart.
TEST(Stream, GivesTheSameResultOverASlowLink) {
  auto link = std::make_shared<HostLink>(200e3, 20e-6);
  for (int64_t devices : {1, 2})
    for (const char *spec : {"o0=8", "o0=8,k0=3"})
      expectRight({spec, devices, false}, {link});
}

TEST(Stream, AnInputMayLieOnTheDevices) {
  for (int64_t devices : {1, 2, 3})
    for (bool fills : {false, true})
      expectRight({"o0=6", devices, fills, ElementType::F32, Streams::Output});
}

TEST(Stream, ALostHaloStopsAllQueues) {
  FaultRates rates;
  rates.drop = 100;
  Setting setting{"o0=6", 2, false, ElementType::F32, Streams::Output};
  LocalTransport::Options transport;
  Session::Options options = optionsFor(programOf(setting));
  transport.patience = std::chrono::milliseconds(5);
  transport.faults = makeFaultInjector(rates);
  options.transport = std::make_unique<LocalTransport>(2, transport);
  Outcome outcome(std::move(options), setting);
  EXPECT_EQ(outcome.status.code(), StatusCode::TransferFailed);
}

namespace {
/// Holds each launch until the next load has begun and each store until the
/// next launch has: it ends where the queues run side by side alone.
class MutualDevice : public HostDevice {
public:
  explicit MutualDevice(int shards)
      : HostDevice(std::make_shared<WindowKernels>()), shards(shards) {}

  void load(const BoxCopy &fromHost) override {
    count(loads);
    HostDevice::load(fromHost);
  }
  void launch(Kernel kernel, void **arguments) override {
    await(loads, std::min(count(launches) + 1, shards));
    HostDevice::launch(kernel, arguments);
  }
  void store(const BoxCopy &toHost) override {
    await(launches, std::min(count(stores) + 1, shards));
    HostDevice::store(toHost);
  }

  bool sideBySide = true;

private:
  int count(int &counter) {
    std::lock_guard lock(mutex);
    changed.notify_all();
    return ++counter;
  }
  void await(const int &counter, int needed) {
    std::unique_lock lock(mutex);
    sideBySide &= changed.wait_for(lock, std::chrono::seconds(60),
                                   [&] { return counter >= needed; });
  }

  const int shards;
  std::mutex mutex;
  std::condition_variable changed;
  int loads = 0, launches = 0, stores = 0;
};
} // namespace

TEST(Stream, LoadsAndStoresRunBesideLaunches) {
  Setting setting{"o0=6", 1, /*fillsOutput=*/true};
  Session::Options options = optionsFor(programOf(setting));
  MutualDevice *device = nullptr;
  options.makeDevice = [&](int64_t) {
    auto made = std::make_unique<MutualDevice>(6);
    device = made.get();
    return made;
  };
  Outcome outcome(std::move(options), setting);
  ASSERT_EQ(outcome.status.message(), "");
  EXPECT_TRUE(device->sideBySide);
  EXPECT_EQ(outcome.got, outcome.expected);
}

TEST(Stream, TracesARowPerQueue) {
  Setting setting{"o0=4", 2};
  Session::Options options = optionsFor(programOf(setting));
  options.trace = true;
  Outcome outcome(std::move(options), setting);
  const std::string path =
      testing::TempDir() + "stream" + std::to_string(getpid()) + ".json";
  ASSERT_EQ(outcome.session->writeTrace(path).message(), "");
  auto trace = nlohmann::json::parse(std::ifstream(path));
  std::remove(path.c_str());
  std::map<int, std::string> rows;
  std::map<std::string, std::map<std::string, int>> seen;
  for (const auto &event : trace["traceEvents"])
    if (event["name"] == "thread_name")
      rows[event["tid"]] = event["args"]["name"];
    else if (event["ph"] == "X")
      ++seen[rows.at(event["tid"])][event["name"]];
  EXPECT_EQ(rows.size(), 6u);
  for (const std::string device : {"device 0", "device 1"}) {
    EXPECT_EQ(seen[device]["launch"], 2);
    EXPECT_EQ(seen[device + " loads"]["scatter"], 4);
    EXPECT_EQ(seen[device + " stores"]["gather"], 2);
    EXPECT_EQ(seen[device].count("scatter"), 0u);
  }
}

// Every wait of a streamed program that crosses to another queue, or leads
// there, matters: the checker misses none of those that nothing else implies.
TEST(Stream, TheCheckerNeedsTheWaits) {
  const Program program = programOf({"o0=6,k0=3", 1});
  const DeviceProgram &list = program.devices[0];
  int refused = 0, implied = 0;
  for (uint32_t c = 0; c < list.commands.size(); ++c)
    for (size_t w = 0; w < list.commands[c].waits.size(); ++w) {
      Program altered = program;
      std::vector<uint32_t> &waits = altered.devices[0].commands[c].waits;
      const uint32_t wait = waits[w];
      waits.erase(waits.begin() + w);
      // Whether another path of waits leads from `c` to `wait`.
      std::vector<bool> reached(c + 1);
      reached[c] = true;
      for (uint32_t from = c + 1; from-- > 0;)
        if (reached[from])
          for (uint32_t next : altered.devices[0].commands[from].waits)
            reached[next] = true;
      EXPECT_EQ(check(altered).failed(), !reached[wait])
          << "command " << c << " without its wait for " << wait;
      ++(reached[wait] ? implied : refused);
    }
  EXPECT_GT(refused, 50);
}

TEST(HostLink, ServesOneTransferAfterTheOther) {
  using std::chrono::milliseconds;
  HostLink link(1e6, 0.25); // 1 MB/s, 250 ms
  const HostLink::Clock::time_point start{std::chrono::hours(1)};
  auto over = [&](int64_t bytes, milliseconds at) {
    return link.begin(bytes, start + at) - start;
  };
  const auto early = HostLink::credit; // the link was free before
  EXPECT_EQ(over(1000000, milliseconds(0)), milliseconds(1250) - early);
  EXPECT_EQ(over(500000, milliseconds(100)), milliseconds(1750) - early);
  // The link has been free since 1.5 s, less the credit.
  EXPECT_EQ(over(1000, milliseconds(9000)), milliseconds(9251) - early);
  // A thread that wakes late loses nothing.
  EXPECT_EQ(over(1000, milliseconds(9001)), milliseconds(9252) - early);
}

TEST(HostLink, ReadsBandwidths) {
  EXPECT_EQ(*parseBandwidth("4GB/s"), 4e9);
  EXPECT_EQ(*parseBandwidth("0.5MB/s"), 5e5);
  EXPECT_EQ(*parseBandwidth("16e9"), 16e9);
  EXPECT_EQ(*parseBandwidth("7B/s"), 7);
  for (const char *bad :
       {"", "GB/s", "-4GB/s", "0", "4GiB/s", "4GB/s ", "inf", "nan", "1e400"})
    EXPECT_EQ(parseBandwidth(bad).error(),
              "bandwidth '" + std::string(bad) +
                  "' needs a positive number of bytes per second, or one with "
                  "kB/s, MB/s, GB/s or TB/s");
}
