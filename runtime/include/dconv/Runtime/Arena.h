//===- Arena.h - the memory of a device -------------------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_ARENA_H
#define DCONV_RUNTIME_ARENA_H

#include "dconv/Runtime/Program.h"
#include "dconv/Runtime/Status.h"

#include <atomic>
#include <cstddef>
#include <memory>

namespace dconv::runtime {

/// One aligned allocation in host memory that holds every buffer of a device,
/// and the mark of how high the live buffers reached.
class Arena {
public:
  static constexpr int64_t alignment = 64;

  /// An arena of `bytes`; InvalidInput where the host has no such memory.
  static Status create(int64_t bytes, Arena &arena);

  std::byte *data() const { return memory.get(); }
  int64_t bytes() const { return size; }

  /// `buffer` begins to live: it counts for the high-water mark. From any
  /// thread.
  void noteAlloc(const Buffer &buffer);
  /// The end of the highest buffer that lived since `resetPeak`.
  int64_t peakBytes() const { return peak.load(std::memory_order_relaxed); }
  void resetPeak() { peak.store(0, std::memory_order_relaxed); }

private:
  struct Release {
    void operator()(std::byte *memory) const;
  };
  std::unique_ptr<std::byte, Release> memory;
  int64_t size = 0;
  std::atomic<int64_t> peak{0};
};

/// OutOfBudget, with the numbers of every device, where an arena of one of
/// `bytes` is larger than `budget`.
Status checkBudget(const std::vector<int64_t> &bytes, int64_t budget);

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_ARENA_H
