//===- HostLink.cpp - a link between host and devices, slowed down --------===//

#include "dconv/Runtime/HostLink.h"

#include <algorithm>

namespace dconv::runtime {

HostLink::Clock::time_point HostLink::begin(int64_t bytes,
                                            Clock::time_point now) {
  auto seconds = [](double value) {
    return std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(value));
  };
  std::lock_guard lock(mutex);
  freeAt = std::max(freeAt, now - credit) + seconds(bytes / bandwidth);
  return freeAt + seconds(latency);
}

} // namespace dconv::runtime
