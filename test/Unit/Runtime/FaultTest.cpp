//===- FaultTest.cpp - right, or an error, in bounded time ----------------===//

#include "Programs.h"

#include <cstdlib>
#include <gmock/gmock.h>
#include <numeric>

using namespace dconv;
using namespace dconv::runtime;
using namespace dconv::runtime::test;
using testing::HasSubstr;

namespace {

using namespace std::chrono_literals;

/// The same fault for the first `count` deliveries of every message.
class FixedFault : public FaultInjector {
public:
  FixedFault(Fault fault, int64_t count) : fault(fault), count(count) {}
  Fault next(const MessageId &, int64_t attempt, int64_t bits) const override {
    if (attempt >= count)
      return {};
    Fault result = fault;
    if (result.flippedBit >= 0)
      result.flippedBit %= bits;
    return result;
  }

private:
  const Fault fault;
  const int64_t count;
};

struct Outcome {
  Status status;
  std::vector<float> y = std::vector<float>(12, -1);
  std::vector<Execution> executions;
  TransferCounters total; ///< of all devices and repetitions
};

/// `repetitions` of the halo program on 4 devices.
Outcome run(std::shared_ptr<FaultInjector> faults, int repetitions = 1) {
  LocalTransport::Options transport;
  transport.patience = 5ms;
  transport.faults = std::move(faults);
  std::unique_ptr<Session> session;
  Status opened =
      Session::open(hostOptions({haloProgram(4)}, 4, transport), session);
  EXPECT_EQ(opened.message(), "");
  Outcome outcome;
  std::vector<float> x(12);
  std::iota(x.begin(), x.end(), 1.f);
  float scale = 1;
  void *arguments[] = {x.data(), &scale};
  void *results[] = {outcome.y.data()};
  for (int r = 0; r < repetitions && !outcome.status.failed(); ++r)
    outcome.status = session->execute(0, arguments, results);
  outcome.executions = session->takeExecutions();
  for (const Execution &execution : outcome.executions)
    for (const TransferCounters &counters : execution.transfers) {
      outcome.total.corrupt += counters.corrupt;
      outcome.total.repeated += counters.repeated;
      outcome.total.askedAgain += counters.askedAgain;
    }
  return outcome;
}

void expectRight(const Outcome &outcome) {
  EXPECT_EQ(outcome.status.message(), "");
  EXPECT_EQ(outcome.y,
            (std::vector<float>{3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 23}));
  // Counted once, whatever was repeated.
  for (const Execution &execution : outcome.executions)
    EXPECT_EQ(execution.counters.bytesReceived,
              (std::vector<int64_t>{4, 8, 8, 4}));
}

std::shared_ptr<FaultInjector> always(Fault fault, int64_t count) {
  return std::make_shared<FixedFault>(fault, count);
}

constexpr int64_t headerBits = (80 + 16) * 8;
constexpr int messages = 6; // of the halo program on 4 devices

TEST(Faults, FlippedPayloadIsAskedForAgain) {
  Fault flip;
  flip.flippedBit = headerBits + 9;
  Outcome result = run(always(flip, 1));
  expectRight(result);
  // One asked for early arrives good before the flipped one, which is dropped.
  EXPECT_GE(result.total.corrupt + result.total.repeated, messages);
  EXPECT_GE(result.total.askedAgain, messages);
}

TEST(Faults, FlippedHeaderIsAskedForAgain) {
  for (int64_t bit : {0, 40, 70, 200, 500, int(headerBits) - 1}) {
    Fault flip;
    flip.flippedBit = bit;
    Outcome result = run(always(flip, 1));
    expectRight(result);
    EXPECT_EQ(result.total.corrupt, messages);
  }
}

TEST(Faults, DroppedIsAskedForAgain) {
  Fault drop;
  drop.drop = true;
  Outcome result = run(always(drop, 2));
  expectRight(result);
  EXPECT_GE(result.total.askedAgain, 2 * messages);
}

TEST(Faults, RepeatedIsDropped) {
  Fault repeat;
  repeat.repeat = true;
  Outcome result = run(always(repeat, 1));
  expectRight(result);
  EXPECT_GE(result.total.repeated, messages);
}

TEST(Faults, ReorderedIsHarmless) {
  Fault late;
  late.reorder = true;
  expectRight(run(always(late, 100)));
}

TEST(Faults, PermanentLossIsAnErrorThatNamesBothEnds) {
  Fault drop;
  drop.drop = true;
  auto begin = std::chrono::steady_clock::now();
  Outcome result = run(always(drop, INT64_MAX));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  EXPECT_EQ(result.status.code(), StatusCode::TransferFailed);
  for (const char *part :
       {"program 'halo'", "'x'", "message from device ", " to device ",
        "step 0", "lost, asked for again 5 times"})
    EXPECT_THAT(result.status.message(), HasSubstr(part));
}

TEST(Faults, PermanentCorruptionIsAnError) {
  Fault flip;
  flip.flippedBit = headerBits;
  Outcome result = run(always(flip, INT64_MAX));
  EXPECT_EQ(result.status.code(), StatusCode::TransferFailed);
  EXPECT_THAT(result.status.message(), HasSubstr("corrupt"));
}

// A device that fails alone stops all others, wherever they wait.
TEST(Faults, OneLostMessageStopsEveryDevice) {
  class OneLost : public FaultInjector {
    Fault next(const MessageId &id, int64_t, int64_t) const override {
      Fault fault;
      fault.drop = id.source.device == 2 && id.destination.device == 3;
      return fault;
    }
  };
  Outcome result = run(std::make_shared<OneLost>());
  EXPECT_THAT(result.status.message(),
              HasSubstr("message from device 2 (shard 2) to device 3 (shard "
                        "3), step 0, tensor 0 [8, 9): lost"));
}

TEST(Faults, MixedFaultsEndRightOrWithTheError) {
  int right = 0;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    FaultRates rates;
    rates.flip = rates.drop = rates.repeat = rates.reorder = 25;
    rates.seed = seed;
    Outcome result = run(makeFaultInjector(rates), 3);
    if (result.status.failed()) {
      EXPECT_EQ(result.status.code(), StatusCode::TransferFailed);
    } else {
      expectRight(result);
      ++right;
    }
  }
  EXPECT_GT(right, 0);
}

TEST(Faults, ReadsRates) {
  Result<FaultRates> rates =
      parseFaultRates("flip=3,drop=2,repeat=100,reorder=0,seed=12");
  ASSERT_TRUE(rates);
  EXPECT_EQ(rates->flip, 3);
  EXPECT_EQ(rates->drop, 2);
  EXPECT_EQ(rates->repeat, 100);
  EXPECT_EQ(rates->reorder, 0);
  EXPECT_EQ(rates->seed, 12u);
  EXPECT_EQ(parseFaultRates("flip").error(),
            "fault 'flip', needed name=number");
  EXPECT_EQ(parseFaultRates("drop=101").error(),
            "fault rate 101 of 'drop', needed 0 to 100 per cent");
  EXPECT_EQ(parseFaultRates("burn=1").error(),
            "fault 'burn', needed flip, drop, repeat, reorder or seed");
  EXPECT_FALSE(parseFaultRates("drop=-1"));
}

TEST(Faults, ComeFromTheEnvironment) {
  unsetenv("DCONV_FAULTS");
  EXPECT_EQ(*faultsFromEnvironment(), nullptr);
  setenv("DCONV_FAULTS", "drop=100", 1);
  EXPECT_TRUE((*faultsFromEnvironment())->next({}, 0, 8).drop);
  setenv("DCONV_FAULTS", "nonsense", 1);
  EXPECT_EQ(faultsFromEnvironment().error(),
            "DCONV_FAULTS: fault 'nonsense', needed name=number");
  unsetenv("DCONV_FAULTS");
}

} // namespace
