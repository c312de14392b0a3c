//===- Ordering.h - which command waits for which ---------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_CORE_ORDERING_H
#define DCONV_RUNTIME_CORE_ORDERING_H

#include "dconv/Runtime/Program.h"

#include <optional>

namespace dconv::runtime {

/// Why one command has to complete before another starts.
enum class Hazard : uint8_t {
  ReadAfterWrite,
  WriteAfterRead,
  WriteAfterWrite,
  UseAfterAlloc,
  FreeAfterUse,
  AllocAfterFree,
};

/// `after` must wait for `before`, directly or not; `before` < `after`.
struct Requirement {
  uint32_t before = 0;
  uint32_t after = 0;
  Hazard hazard = Hazard::ReadAfterWrite;
};

/// Collects what the commands of one device require of their `waits`, then
/// decides all of it at once.
class Ordering {
public:
  /// Waits name earlier commands.
  explicit Ordering(const std::vector<Command> &commands);

  /// `requirement.after` never descends from call to call.
  void require(Requirement requirement);

  /// The first requirement, by `after`, that the waits do not imply.
  ///
  /// Time O(n * waits / 64) words per 1024 commands that occur as `before` in
  /// requirements which no direct wait meets; memory n / 8 KiB.
  std::optional<Requirement> firstViolation() const;

private:
  const std::vector<Command> &commands;
  std::vector<Requirement> open; ///< not met by a direct wait
  /// waiter[c] is the last command seen to wait for c directly, plus 1.
  std::vector<uint32_t> waiter;
  uint32_t current = 0; ///< the command whose waits are in `waiter`, plus 1
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_CORE_ORDERING_H
