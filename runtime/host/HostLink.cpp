//===- HostLink.cpp - a link between host and devices, slowed down --------===//

#include "dconv/Runtime/HostLink.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace dconv::runtime {

Result<double> parseBandwidth(const std::string &text) {
  static const std::pair<const char *, double> units[] = {
      {"", 1},       {"B/s", 1},    {"kB/s", 1e3},
      {"MB/s", 1e6}, {"GB/s", 1e9}, {"TB/s", 1e12}};
  char *end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  for (auto [unit, scale] : units)
    if (end != text.c_str() && std::string(end) == unit && number > 0 &&
        std::isfinite(number * scale))
      return number * scale;
  return Error{"bandwidth '" + text +
               "' needs a positive number of bytes per second, or one with "
               "kB/s, MB/s, GB/s or TB/s"};
}

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
