//===- Processors.cpp - where the threads of devices run ------------------===//

#include "dconv/Runtime/Processors.h"

#include <algorithm>
#include <thread>

#ifdef __linux__
#include <sched.h>
#include <sys/prctl.h>
#endif

namespace dconv::runtime {

#ifdef __linux__
int64_t availableProcessors() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0)
    return std::max(1, CPU_COUNT(&allowed));
  return std::max(1u, std::thread::hardware_concurrency());
}

void wakeUpPunctually() { prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }

void moveToOwnProcessor(int64_t device, int64_t devices) {
  // More processors than a cpu_set_t holds: then this does nothing.
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
    return;
  const int64_t processors = CPU_COUNT(&allowed);
  if (processors < 2)
    return;
  int64_t left = device * processors / devices;
  int processor = 0;
  for (;; ++processor)
    if (CPU_ISSET(processor, &allowed) && left-- == 0)
      break;
  if (sched_getcpu() == processor)
    return;
  cpu_set_t own;
  CPU_ZERO(&own);
  CPU_SET(processor, &own);
  if (sched_setaffinity(0, sizeof(own), &own) == 0)
    sched_setaffinity(0, sizeof(allowed), &allowed);
}
#else
int64_t availableProcessors() {
  return std::max(1u, std::thread::hardware_concurrency());
}
void wakeUpPunctually() {}
void moveToOwnProcessor(int64_t, int64_t) {}
#endif

} // namespace dconv::runtime
