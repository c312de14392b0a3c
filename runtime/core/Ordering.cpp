//===- Ordering.cpp - which command waits for which -----------------------===//

#include "Ordering.h"

#include <algorithm>
#include <array>

namespace dconv::runtime {

Ordering::Ordering(const std::vector<Command> &commands)
    : commands(commands), waiter(commands.size(), 0) {}

void Ordering::require(Requirement requirement) {
  if (current != requirement.after + 1) {
    current = requirement.after + 1;
    for (uint32_t wait : commands[requirement.after].waits)
      waiter[wait] = current;
  }
  if (waiter[requirement.before] != current)
    open.push_back(requirement);
}

std::optional<Requirement> Ordering::firstViolation() const {
  constexpr uint32_t blockSize = 1024;
  using Bits = std::array<uint64_t, blockSize / 64>;

  std::vector<Requirement> byBefore = open;
  std::sort(byBefore.begin(), byBefore.end(),
            [](const Requirement &a, const Requirement &b) {
              return a.before < b.before;
            });

  std::optional<Requirement> first;
  std::vector<Bits> reached; // reached[c - begin]: what c waits for, in block
  for (auto it = byBefore.begin(); it != byBefore.end();) {
    const uint32_t begin = it->before / blockSize * blockSize;
    const uint32_t count = commands.size() - begin;
    reached.assign(count, Bits{});
    for (uint32_t c = 0; c < count; ++c) {
      for (uint32_t wait : commands[begin + c].waits) {
        if (wait < begin)
          continue;
        const uint32_t w = wait - begin;
        for (size_t word = 0; word < reached[c].size(); ++word)
          reached[c][word] |= reached[w][word];
        if (w < blockSize)
          reached[c][w / 64] |= uint64_t(1) << (w % 64);
      }
    }
    for (; it != byBefore.end() && it->before - begin < blockSize; ++it) {
      const uint32_t b = it->before - begin;
      const bool met = reached[it->after - begin][b / 64] >> (b % 64) & 1;
      if (!met && (!first || it->after < first->after))
        first = *it;
    }
  }
  return first;
}

} // namespace dconv::runtime
