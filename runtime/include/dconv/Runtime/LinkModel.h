//===- LinkModel.h - links between devices, slowed down ---------*- C++ -*-===//

#ifndef DCONV_RUNTIME_LINKMODEL_H
#define DCONV_RUNTIME_LINKMODEL_H

#include "dconv/Geometry/Result.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dconv::runtime {

/// Reads "5us", "0.1ms", "2e-6"; a number of seconds, not negative; ns, us, ms
/// and s.
Result<double> parseSeconds(const std::string &text);

/// When messages arrive over links with a latency and a bandwidth: one link per
/// ordered pair of devices, so both directions at once; on each link one
/// message after the other, in the order in which they are put under way. The
/// latency does not occupy the link.
///
/// Threading: any.
class LinkModel {
public:
  using Clock = std::chrono::steady_clock;

  /// Seconds, and bytes per second; without limit where absent.
  LinkModel(int64_t devices, double latency, std::optional<double> bandwidth);

  /// Puts `bytes` under way at `now`; they arrive at the time returned.
  Clock::time_point arrival(int64_t source, int64_t destination, int64_t bytes,
                            Clock::time_point now);

private:
  const int64_t devices;
  const Clock::duration latency;
  const double secondsPerByte;
  /// Per pair, when the last message leaves the link, in ticks of the clock.
  std::vector<std::atomic<Clock::rep>> freeAt;
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_LINKMODEL_H
