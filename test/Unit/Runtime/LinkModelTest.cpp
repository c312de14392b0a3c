//===- LinkModelTest.cpp - messages that take time ------------------------===//
//
// No upper bounds: nobody knows how late a machine runs a thread.
//
//===----------------------------------------------------------------------===//

#include "Programs.h"

#include <gmock/gmock.h>
#include <numeric>
#include <thread>

using namespace dconv;
using namespace dconv::runtime;
using namespace dconv::runtime::test;
using namespace std::chrono_literals;

namespace {

using Clock = LinkModel::Clock;
const Clock::time_point start{1h};

TEST(LinkModel, ServesOneMessageAfterTheOther) {
  LinkModel links(3, 0.25, 1e6); // 250 ms, 1 MB/s
  auto arrival = [&](int64_t from, int64_t to, int64_t bytes,
                     std::chrono::milliseconds at) {
    return links.arrival(from, to, bytes, start + at) - start;
  };
  EXPECT_EQ(arrival(0, 1, 1000000, 0ms), 1250ms);
  EXPECT_EQ(arrival(0, 1, 500000, 100ms), 1750ms);
  // Every other pair, and the other direction, have links of their own.
  EXPECT_EQ(arrival(1, 0, 1000000, 100ms), 1350ms);
  EXPECT_EQ(arrival(0, 2, 1000, 100ms), 351ms);
  // The link is free again; the latency does not occupy it.
  EXPECT_EQ(arrival(0, 1, 0, 1500ms), 1750ms);
  EXPECT_EQ(arrival(0, 1, 1000, 9000ms), 9251ms);
}

TEST(LinkModel, WithoutBandwidthHasLatencyAlone) {
  LinkModel links(2, 5e-6, std::nullopt);
  for (int64_t bytes : {int64_t(0), int64_t(1) << 40})
    EXPECT_EQ(links.arrival(0, 1, bytes, start) - start, 5us);
}

// However many put messages under way at once, the link has each of them.
TEST(LinkModel, LosesNothingBetweenThreads) {
  LinkModel links(2, 0, 1e9);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i)
        links.arrival(0, 1, 1000, start);
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(links.arrival(0, 1, 0, start) - start, 4000us);
}

TEST(LinkModel, ReadsSeconds) {
  EXPECT_DOUBLE_EQ(*parseSeconds("5us"), 5e-6);
  EXPECT_DOUBLE_EQ(*parseSeconds("0.1ms"), 1e-4);
  EXPECT_DOUBLE_EQ(*parseSeconds("3ns"), 3e-9);
  EXPECT_DOUBLE_EQ(*parseSeconds("2e-6"), 2e-6);
  EXPECT_DOUBLE_EQ(*parseSeconds("2s"), 2);
  EXPECT_EQ(*parseSeconds("0"), 0);
  for (const char *bad : {"", "us", "-1us", "5 us", "5m", "inf", "nan", "1e8"})
    EXPECT_EQ(parseSeconds(bad).error(),
              "time '" + std::string(bad) +
                  "' needs a number of seconds from 0 to 3e7, or one with s, "
                  "ms, us or ns");
}

/// Runs of the halo program on 4 devices.
struct Outcome {
  Status status;
  std::vector<float> y = std::vector<float>(12, -1);
  std::vector<Execution> executions;

  Outcome(double latency, std::optional<double> bandwidth,
          std::shared_ptr<FaultInjector> faults = {}, int repetitions = 1) {
    LocalTransport::Options transport;
    transport.links = std::make_shared<LinkModel>(4, latency, bandwidth);
    transport.patience = 5ms;
    transport.faults = std::move(faults);
    std::unique_ptr<Session> session;
    EXPECT_EQ(
        Session::open(hostOptions({haloProgram(4)}, 4, transport), session)
            .message(),
        "");
    std::vector<float> x(12);
    std::iota(x.begin(), x.end(), 1.f);
    float scale = 1;
    void *arguments[] = {x.data(), &scale};
    void *results[] = {y.data()};
    for (int r = 0; r < repetitions && !status.failed(); ++r)
      status = session->execute(0, arguments, results);
    executions = session->takeExecutions();
  }

  void expectRight() const {
    EXPECT_EQ(status.message(), "");
    EXPECT_EQ(
        y, (std::vector<float>{3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 23}));
    for (const Execution &execution : executions) {
      EXPECT_THAT(execution.counters.bytesReceived,
                  testing::ElementsAre(4, 8, 8, 4));
      EXPECT_THAT(execution.counters.bytesSent,
                  testing::ElementsAre(4, 8, 8, 4));
    }
  }
};

TEST(LinkModel, MessagesTakeTheLatency) {
  Outcome outcome(0.02, std::nullopt, {}, 3);
  outcome.expectRight();
  ASSERT_EQ(outcome.executions.size(), 3u);
  for (const Execution &execution : outcome.executions)
    EXPECT_GE(execution.seconds, 0.02);
}

TEST(LinkModel, MessagesTakeTheirBytes) {
  Outcome outcome(0, 200.); // 4 bytes in 20 ms
  outcome.expectRight();
  EXPECT_GE(outcome.executions[0].seconds, 0.02);
}

// A device that has nothing else to do waits for all of the latency but for how
// much later than its neighbour it starts to receive. Together, the last to
// send waits all of it.
TEST(LinkModel, WaitingIsExposed) {
  Outcome outcome(0.05, std::nullopt);
  outcome.expectRight();
  const std::vector<double> &exposed = outcome.executions[0].exposedSeconds;
  ASSERT_EQ(exposed.size(), 4u);
  EXPECT_GT(*std::max_element(exposed.begin(), exposed.end()), 0.);
  for (double seconds : exposed)
    EXPECT_LE(seconds, outcome.executions[0].seconds);
}

// Patience begins when a message should have arrived: one that is slow is not
// lost.
TEST(LinkModel, SlowIsNotLost) {
  Outcome outcome(0.06, std::nullopt); // patience is 5 ms
  outcome.expectRight();
  for (const TransferCounters &counters : outcome.executions[0].transfers) {
    EXPECT_EQ(counters.askedAgain, 0);
    EXPECT_EQ(counters.repeated, 0);
  }
}

class FirstDrop : public FaultInjector {
  Fault next(const MessageId &, int64_t attempt, int64_t) const override {
    Fault fault;
    fault.drop = attempt == 0;
    return fault;
  }
};

// What is asked for again takes the latency again, after the patience.
TEST(LinkModel, LostMessagesTakeTheTimeTwice) {
  Outcome outcome(0.03, std::nullopt, std::make_shared<FirstDrop>());
  outcome.expectRight();
  EXPECT_GE(outcome.executions[0].seconds, 0.03 + 0.005 + 0.03);
}

TEST(LinkModel, FaultsEndRightAndNeverEarly) {
  int right = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    FaultRates rates;
    rates.flip = rates.drop = rates.repeat = rates.reorder = 20;
    rates.seed = seed;
    Outcome outcome(0.004, 4000., makeFaultInjector(rates), 2);
    if (outcome.status.failed()) {
      EXPECT_EQ(outcome.status.code(), StatusCode::TransferFailed);
      continue;
    }
    ++right;
    outcome.expectRight();
    for (const Execution &execution : outcome.executions)
      EXPECT_GE(execution.seconds, 0.004 + 0.001);
  }
  EXPECT_GT(right, 0);
}

} // namespace
