//===- BellTest.cpp - waiting without locks -------------------------------===//

#include "dconv/Runtime/Bell.h"
#include "dconv/Runtime/Processors.h"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

using namespace dconv::runtime;
using namespace std::chrono_literals;

namespace {

std::vector<Waiting> waysToWait() {
  return {{}, {50us, 0}, {0us, 3}, {1us, 1}};
}

// Two threads that take turns: a ring that gets lost is a test that hangs.
TEST(Bell, NoRingIsLost) {
  for (const Waiting &waiting : waysToWait()) {
    constexpr int turns = 3000;
    Bell bells[2];
    std::atomic<int> turn{0};
    auto play = [&](int me) {
      for (int i = me; i < turns; i += 2) {
        bells[me].await(7, waiting, [&] { return turn == i; });
        turn = i + 1;
        bells[1 - me].ring(7);
      }
    };
    std::thread other([&] { play(1); });
    play(0);
    other.join();
    EXPECT_EQ(turn, turns);
  }
}

TEST(Bell, ReturnsFalseAtTheTimeAndNotBefore) {
  for (const Waiting &waiting : waysToWait()) {
    Bell bell;
    const Bell::Clock::time_point until = Bell::Clock::now() + 3ms;
    EXPECT_FALSE(bell.await(
        1, waiting, [] { return false; }, until));
    EXPECT_GE(Bell::Clock::now(), until);
    EXPECT_TRUE(bell.await(
        1, waiting, [] { return true; }, until));
  }
}

TEST(Bell, RingForAllWakesWhateverIsWaitedFor) {
  Bell bell;
  std::atomic<bool> met{false};
  std::thread sleeper([&] { bell.await(5, {}, [&] { return met.load(); }); });
  bell.ring(6);
  std::this_thread::sleep_for(5ms);
  met = true;
  bell.ringForAll();
  sleeper.join();
}

// Spins only where nobody else needs the processor.
TEST(Bell, WaitsAsTheProcessorsAllow) {
  const int64_t processors = availableProcessors();
  EXPECT_GT(Waiting::among(processors).spin.count(), 0);
  EXPECT_EQ(Waiting::among(processors + 1).spin.count(), 0);
}

} // namespace
