//===- Trace.h - when every command ran -------------------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_TRACE_H
#define DCONV_RUNTIME_TRACE_H

#include "dconv/Runtime/Program.h"
#include "dconv/Runtime/Status.h"

#include <array>

namespace dconv::runtime {

enum class Queue : uint8_t;

/// The commands that ran, per queue of a device in order of time.
///
/// Threading: `record` from one thread at a time per device and queue.
class TraceLog {
public:
  struct Event {
    int64_t program = 0;  ///< its number in the session
    uint32_t command = 0; ///< its number in the list of the device
    int64_t begin = 0;    ///< nanoseconds of `now`
    int64_t end = 0;
    int64_t waited = 0; ///< nanoseconds of these for other devices
  };

  explicit TraceLog(int64_t devices) : events(devices) {}

  /// Nanoseconds of a clock that never goes back.
  static int64_t now();

  void record(int64_t device, Queue queue, const Event &event) {
    events[device][size_t(queue)].push_back(event);
  }

  /// Writes the JSON that Perfetto and chrome://tracing read: a row per device,
  /// and one each for loads and stores beside its computations, every command
  /// with its tensor, box and bytes and how long it waited. `path` appears
  /// complete or not at all.
  Status write(const std::string &path,
               const std::vector<Program> &programs) const;

private:
  std::vector<std::array<std::vector<Event>, 3>> events; ///< per Queue
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_TRACE_H
