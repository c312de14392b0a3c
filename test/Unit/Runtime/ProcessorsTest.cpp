//===- ProcessorsTest.cpp -------------------------------------------------===//

#include "dconv/Runtime/Processors.h"

#include "gtest/gtest.h"

#include <thread>

#ifdef __linux__
#include <sched.h>

using namespace dconv::runtime;

// A device may be moved later, so it has to keep all processors it had.
TEST(Processors, AThreadThatMovesIsNotBound) {
  std::thread([] {
    cpu_set_t before, after;
    ASSERT_EQ(sched_getaffinity(0, sizeof(before), &before), 0);
    for (int64_t devices : {1, 2, 3, 64})
      for (int64_t device = 0; device < devices; ++device) {
        moveToOwnProcessor(device, devices);
        ASSERT_EQ(sched_getaffinity(0, sizeof(after), &after), 0);
        ASSERT_TRUE(CPU_EQUAL(&before, &after)) << device << " of " << devices;
      }
  }).join();
}

// Where the process may use one processor alone there is nowhere to move.
TEST(Processors, StaysWithinWhatTheProcessMayUse) {
  std::thread([] {
    cpu_set_t one, after;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    moveToOwnProcessor(1, 2);
    EXPECT_EQ(availableProcessors(), 1);
    ASSERT_EQ(sched_getaffinity(0, sizeof(after), &after), 0);
    EXPECT_TRUE(CPU_EQUAL(&one, &after));
  }).join();
}
#endif
