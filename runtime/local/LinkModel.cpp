//===- LinkModel.cpp - links between devices, slowed down -----------------===//

#include "dconv/Runtime/LinkModel.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace dconv::runtime {

Result<double> parseSeconds(const std::string &text) {
  static const std::pair<const char *, double> units[] = {
      {"", 1}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}};
  // Longer than a year of nanoseconds is a mistake, and no clock goes so far.
  constexpr double most = 3e7;
  char *end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  for (auto [unit, scale] : units)
    if (end != text.c_str() && std::string(end) == unit && number >= 0 &&
        number * scale <= most)
      return number * scale;
  return Error{"time '" + text +
               "' needs a number of seconds from 0 to 3e7, or one with s, ms, "
               "us or ns"};
}

static LinkModel::Clock::duration ticks(double seconds) {
  return std::chrono::round<LinkModel::Clock::duration>(
      std::chrono::duration<double>(seconds));
}

LinkModel::LinkModel(int64_t devices, double latency,
                     std::optional<double> bandwidth)
    : devices(devices), latency(ticks(latency)),
      secondsPerByte(bandwidth ? 1 / *bandwidth : 0),
      freeAt(devices * devices) {}

LinkModel::Clock::time_point LinkModel::arrival(int64_t source,
                                                int64_t destination,
                                                int64_t bytes,
                                                Clock::time_point now) {
  const Clock::duration duration = ticks(bytes * secondsPerByte);
  const Clock::rep earliest = now.time_since_epoch().count();
  std::atomic<Clock::rep> &link = freeAt[source * devices + destination];
  // The sender and, of what it asks for again, the receiver.
  Clock::rep before = link.load(), after;
  do
    after = std::max(before, earliest) + duration.count();
  while (!link.compare_exchange_weak(before, after));
  return Clock::time_point(Clock::duration(after)) + latency;
}

} // namespace dconv::runtime
