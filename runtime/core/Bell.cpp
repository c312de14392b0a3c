//===- Bell.cpp - one thread waits until others have done something -------===//

#include "dconv/Runtime/Bell.h"
#include "dconv/Runtime/Processors.h"

#ifdef __linux__
#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <thread>

namespace dconv::runtime {

Waiting Waiting::among(int64_t threads) {
  Waiting waiting;
  // Many times what it takes to sleep and be woken, and to switch threads.
  if (threads <= availableProcessors())
    waiting.spin = std::chrono::microseconds(200);
  else
    waiting.yields = 16;
  return waiting;
}

void Bell::yield() { std::this_thread::yield(); }

#ifdef __linux__

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));

/// Sleeps while nobody has rung; may return early. steady_clock is the clock of
/// FUTEX_WAIT_BITSET.
void Bell::sleep(uint32_t reason, Clock::time_point until) {
  using namespace std::chrono;
  timespec time{};
  const int64_t since =
      duration_cast<nanoseconds>(until.time_since_epoch()).count();
  time.tv_sec = since / 1000000000;
  time.tv_nsec = since % 1000000000;
  syscall(SYS_futex, &sleeper, FUTEX_WAIT_BITSET_PRIVATE, reason,
          until == never ? nullptr : &time, nullptr, FUTEX_BITSET_MATCH_ANY);
}

void Bell::wake(uint32_t reason) {
  // Who takes the reason away wakes the sleeper: once, whoever else rings.
  if (sleeper.compare_exchange_strong(reason, 0))
    syscall(SYS_futex, &sleeper, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

#else

// Without futexes, a sleeper looks again every 50 us.
void Bell::sleep(uint32_t reason, Clock::time_point until) {
  if (sleeper.load() == reason)
    std::this_thread::sleep_until(
        std::min(until, Clock::now() + std::chrono::microseconds(50)));
}

void Bell::wake(uint32_t reason) { sleeper.compare_exchange_strong(reason, 0); }

#endif

} // namespace dconv::runtime
