//===- SessionTest.cpp - programs on several devices ----------------------===//

#include "Programs.h"
#include "dconv/Runtime/Abi.h"

#include <cmath>
#include <fstream>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

using namespace dconv;
using namespace dconv::runtime;
using namespace dconv::runtime::test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

const std::vector<float> x{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048};

std::unique_ptr<Session> open(Session::Options options) {
  std::unique_ptr<Session> session;
  EXPECT_EQ(Session::open(std::move(options), session).message(), "");
  return session;
}

/// Runs haloProgram number `number` on `x`.
Status runHalo(Session &session, std::vector<float> &y, float scale = 1,
               int64_t number = 0) {
  y.assign(12, -1);
  void *arguments[] = {const_cast<float *>(x.data()), &scale};
  void *results[] = {y.data()};
  return session.execute(number, arguments, results);
}

std::vector<float> expectedHalo(float scale = 1) {
  std::vector<float> y(12);
  for (int i = 0; i < 12; ++i)
    y[i] = scale * ((i ? x[i - 1] : 0) + x[i] + (i < 11 ? x[i + 1] : 0));
  return y;
}

TEST(Session, ExchangesHalos) {
  for (int64_t devices : {2, 3, 4}) {
    auto session = open(hostOptions({haloProgram(devices)}, devices));
    std::vector<float> y;
    EXPECT_EQ(runHalo(*session, y, 3).message(), "");
    EXPECT_EQ(y, expectedHalo(3)) << devices << " devices";
  }
}

TEST(Session, ReducesInOrder) {
  for (int64_t devices : {2, 3, 4}) {
    auto session = open(hostOptions({reduceProgram(devices)}, devices));
    std::vector<std::vector<float>> partial;
    std::vector<void *> arguments;
    for (int64_t d = 0; d < devices; ++d)
      partial.emplace_back(8, std::pow(10.f, d));
    for (std::vector<float> &values : partial)
      arguments.push_back(values.data());
    std::vector<float> y(8);
    void *results[] = {y.data()};
    EXPECT_EQ(session->execute(0, arguments.data(), results).message(), "");
    const float sum = devices == 2 ? 11 : devices == 3 ? 111 : 1111;
    EXPECT_EQ(y, std::vector<float>(8, sum));
  }
}

// Many more threads than cores, everyone sending to everyone.
TEST(Session, RunsOnManyDevices) {
  constexpr int64_t devices = 64;
  LocalTransport::Options transport;
  transport.patience = std::chrono::milliseconds(5);
  FaultRates rates;
  rates.drop = rates.flip = rates.repeat = rates.reorder = 2;
  transport.faults = makeFaultInjector(rates);
  auto session =
      open(hostOptions({reduceProgram(devices, devices)}, devices, transport));
  std::vector<float> ones(devices, 1), sum(devices);
  std::vector<void *> arguments(devices, ones.data());
  void *results[] = {sum.data()};
  EXPECT_EQ(session->execute(0, arguments.data(), results).message(), "");
  EXPECT_EQ(sum, std::vector<float>(devices, devices));
  const Counters counters = session->takeExecutions()[0].counters;
  EXPECT_EQ(counters.bytesReceived, std::vector<int64_t>(devices, 63 * 4));
  EXPECT_EQ(counters.bytesSent, std::vector<int64_t>(devices, 63 * 4));
}

TEST(Session, CountsBytesAndPeak) {
  auto session = open(hostOptions({haloProgram(3)}, 3));
  std::vector<float> y;
  for (int repetition = 0; repetition < 2; ++repetition)
    ASSERT_FALSE(runHalo(*session, y).failed());
  std::vector<Execution> executions = session->takeExecutions();
  ASSERT_EQ(executions.size(), 2u);
  for (const Execution &execution : executions) {
    const Counters &counters = execution.counters;
    EXPECT_THAT(counters.bytesReceived, ElementsAre(4, 8, 4));
    EXPECT_THAT(counters.bytesSent, ElementsAre(4, 8, 4));
    EXPECT_THAT(counters.scatterBytes, ElementsAre(16, 16, 16));
    EXPECT_THAT(counters.gatherBytes, ElementsAre(16, 16, 16));
    EXPECT_THAT(counters.peakBytes, ElementsAre(128, 128, 128));
    EXPECT_GT(execution.seconds, 0);
    EXPECT_GE(execution.secondsEndToEnd, execution.seconds);
  }
  EXPECT_TRUE(session->takeExecutions().empty());
}

// A message more than planned shows in the counters.
TEST(Session, AnAlteredProgramMovesOtherBytes) {
  Program program = haloProgram(2);
  for (DeviceProgram &device : program.devices)
    for (Command &command : device.commands)
      if (command.peer == 0 && command.kind == CommandKind::Send)
        command.box = Box{{6, 8}};
      else if (command.peer == 1 && command.kind == CommandKind::Receive)
        command.box = Box{{6, 8}};
  program.devices[0].buffers[0].window = Box{{-1, 8}};
  Session::Options options = hostOptions({program}, 2);
  auto session = open(std::move(options));
  std::vector<float> y;
  ASSERT_FALSE(runHalo(*session, y).failed());
  EXPECT_THAT(session->takeExecutions()[0].counters.bytesReceived,
              ElementsAre(8, 4));
}

// Also of a launch whose output nothing has filled.
TEST(Session, PassesBoundsBehindScalars) {
  const Box whole = Box::whole({4});
  Program program;
  program.name = "bounds";
  program.tensors = {{"y", {4}}};
  program.arguments = {{ElementType::F32, {}, true}};
  program.results = {{ElementType::F32, {4}, false}};
  program.kernels = {"dconv_kernel_scaled_bounds"};
  program.devices.resize(1);
  program.timed.resize(1);
  ListBuilder list(program.devices[0]);
  const uint32_t y = list.alloc(0, whole);
  program.timed[0].begin = list.size();
  const uint32_t launch = list.launch(0, {}, y, {0});
  program.timed[0].end = list.size();
  list.gather(y, whole, 0);
  list.free(y);
  Command &command = program.devices[0].commands[launch];
  command.bounds = {1, 6, 0, 9};
  command.overwrites = true;

  auto session = open(hostOptions({program}, 1));
  float scale = 0.5f;
  std::vector<float> result(4, -1);
  void *arguments[] = {&scale};
  void *results[] = {result.data()};
  ASSERT_EQ(session->execute(0, arguments, results).message(), "");
  EXPECT_EQ(result, (std::vector<float>{0.5f, 3, 0, 4.5f}));
}

TEST(Session, SeveralProgramsShareTheArenas) {
  auto session = open(hostOptions({haloProgram(4), reduceProgram(4)}, 4));
  std::vector<float> y, ones(8, 1), sum(8);
  std::vector<void *> arguments(4, ones.data());
  void *results[] = {sum.data()};
  for (int repetition = 0; repetition < 3; ++repetition) {
    ASSERT_FALSE(runHalo(*session, y).failed());
    EXPECT_EQ(y, expectedHalo());
    ASSERT_FALSE(session->execute(1, arguments.data(), results).failed());
    EXPECT_EQ(sum, std::vector<float>(8, 4));
  }
}

TEST(Session, RefusesWhatDoesNotFitTheBudget) {
  Session::Options options = hostOptions({haloProgram(2)}, 2);
  options.budget = 100;
  std::unique_ptr<Session> session;
  Status status = Session::open(std::move(options), session);
  EXPECT_EQ(status.code(), StatusCode::OutOfBudget);
  EXPECT_EQ(status.message(), "the memory of a device is 100 bytes; device 0 "
                              "needs 128, device 1 needs 128");
  options = hostOptions({haloProgram(2)}, 2);
  options.budget = 128;
  EXPECT_FALSE(Session::open(std::move(options), session).failed());
}

TEST(Session, RefusesProgramsThatDoNotCheck) {
  Program program = haloProgram(2);
  program.devices[1].commands[2].box = Box{{7, 12}};
  std::unique_ptr<Session> session;
  EXPECT_EQ(Session::open(hostOptions({program}, 2), session).code(),
            StatusCode::InvalidProgram);
  EXPECT_THAT(
      Session::open(hostOptions({haloProgram(2)}, 3), session).message(),
      HasSubstr("is for 2 devices, needed 3"));
}

TEST(Session, CompiledCodeGetsTheCodeOfTheFirstError) {
  auto session = open(hostOptions({haloProgram(2)}, 2));
  EXPECT_EQ(dconv_runtime_execute(session.get(), 1, nullptr, nullptr),
            static_cast<int32_t>(StatusCode::InvalidInput));
  std::vector<float> y;
  EXPECT_EQ(runHalo(*session, y).message(), "program 1 of 1");
  EXPECT_EQ(session->status().message(), "program 1 of 1");
}

TEST(Session, TracesEveryCommand) {
  Session::Options options = hostOptions({haloProgram(2)}, 2);
  options.trace = true;
  auto session = open(std::move(options));
  std::vector<float> y;
  ASSERT_FALSE(runHalo(*session, y).failed());
  const std::string path =
      testing::TempDir() + "trace" + std::to_string(getpid()) + ".json";
  ASSERT_EQ(session->writeTrace(path).message(), "");
  auto trace = nlohmann::json::parse(std::ifstream(path));
  std::remove(path.c_str());

  size_t commands = 0, rows = 0;
  for (const auto &event : trace["traceEvents"]) {
    rows += event["name"] == "thread_name";
    if (event["ph"] != "X")
      continue;
    ++commands;
    EXPECT_GE(event["ts"], 0);
    EXPECT_GE(event["dur"], 0);
    if (event["name"] == "receive" && event["tid"] == 1) {
      EXPECT_EQ(event["args"]["tensor"], "x");
      EXPECT_EQ(event["args"]["box"], "[5, 6)");
      EXPECT_EQ(event["args"]["bytes"], 4);
      EXPECT_EQ(event["args"]["peer"], 0);
    }
  }
  EXPECT_EQ(rows, 2u);
  EXPECT_EQ(commands, 22u);
}

} // namespace
