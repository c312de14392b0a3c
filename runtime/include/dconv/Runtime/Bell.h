//===- Bell.h - one thread waits until others have done something -*- C++
//-*-==//

#ifndef DCONV_RUNTIME_BELL_H
#define DCONV_RUNTIME_BELL_H

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace dconv::runtime {

/// What a thread that waits does before it sleeps, which takes long to wake
/// from.
struct Waiting {
  std::chrono::nanoseconds spin{0}; ///< looks again and again for so long
  int yields = 0; ///< then so often lets others have the processor, and looks

  /// Where each of so many threads has a processor of its own, to spin costs
  /// nobody anything. Where they share processors it is in the way of others;
  /// to yield some times is not, and is how one of them gets to do what another
  /// waits for without either having slept.
  static Waiting among(int64_t threads);
};

/// Lets one thread at a time wait for what others write into atomics: first it
/// looks, then it sleeps. Takes no lock, and nobody waits to ring.
///
/// What is waited for is written, and read by the condition, in sequentially
/// consistent order: then either the ringer sees the sleeper or the sleeper
/// what was written.
class Bell {
public:
  using Clock = std::chrono::steady_clock;
  static constexpr Clock::time_point never = Clock::time_point::max();

  /// Returns true when `met()` is, or false when it is not and `until` has
  /// come. Only who rings for `reason`, not 0, or for everything, wakes a
  /// sleeper.
  template <typename Condition>
  bool await(uint32_t reason, const Waiting &waiting, Condition met,
             Clock::time_point until = never) {
    if (met())
      return true;
    if (waiting.spin.count() > 0) {
      const Clock::time_point end =
          std::min(Clock::now() + waiting.spin, until);
      do
        for (int i = 0; i < 32; ++i) {
          if (met())
            return true;
          relax();
        }
      while (Clock::now() < end);
    }
    for (int i = 0; i < waiting.yields; ++i) {
      yield();
      if (met())
        return true;
    }
    for (;;) {
      sleeper.store(reason);
      if (met() || Clock::now() >= until) {
        sleeper.store(0, std::memory_order_relaxed);
        return met();
      }
      sleep(reason, until);
    }
  }

  /// Wakes the thread that waits for `reason`, if it sleeps.
  void ring(uint32_t reason) {
    if (sleeper.load() == reason)
      wake(reason);
  }
  /// Wakes it whatever it waits for.
  void ringForAll() {
    if (uint32_t reason = sleeper.load())
      wake(reason);
  }

private:
  /// Tells the processor that this is a loop that waits.
  static void relax();
  static void yield();
  void sleep(uint32_t reason, Clock::time_point until);
  void wake(uint32_t reason);

  /// What the sleeper waits for; 0 while there is none. In a line of its own.
  alignas(64) std::atomic<uint32_t> sleeper{0};
};

inline void Bell::relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_BELL_H
