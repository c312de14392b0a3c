//===- HostLink.h - a link between host and devices, slowed down -*- C++ -*-==//

#ifndef DCONV_RUNTIME_HOSTLINK_H
#define DCONV_RUNTIME_HOSTLINK_H

#include "dconv/Geometry/Result.h"

#include <chrono>
#include <cstdint>
#include <mutex>

namespace dconv::runtime {

/// Reads "4GB/s", "500MB/s", "16e9"; a positive number of bytes per second, kB,
/// MB, GB and TB in powers of 1000.
Result<double> parseBandwidth(const std::string &text);

/// Lets copies through memory take as long as over a link: a token bucket. One
/// transfer has the link at a time, in the order in which they begin, in both
/// directions together.
///
/// Threading: any.
class HostLink {
public:
  using Clock = std::chrono::steady_clock;

  /// Bytes per second, > 0, and seconds that each transfer takes on top; these
  /// do not occupy the link.
  explicit HostLink(double bandwidth, double latency = 0)
      : bandwidth(bandwidth), latency(latency) {}

  /// Begins a transfer of `bytes`; it is over at the time returned.
  Clock::time_point begin(int64_t bytes) { return begin(bytes, Clock::now()); }
  /// The same where the time is `now`, which does not go back.
  Clock::time_point begin(int64_t bytes, Clock::time_point now);

  /// How much time that the link was free counts for later transfers: sleeping
  /// threads wake late, and that is not the link's time.
  static constexpr std::chrono::microseconds credit{1000};

private:
  const double bandwidth;
  const double latency;
  std::mutex mutex;
  Clock::time_point freeAt; ///< when the last transfer leaves the link
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_HOSTLINK_H
