//===- Arena.cpp - the memory of a device ---------------------------------===//

#include "dconv/Runtime/Arena.h"

#include <algorithm>
#include <cstdlib>

namespace dconv::runtime {

void Arena::Release::operator()(std::byte *memory) const { std::free(memory); }

Status Arena::create(int64_t bytes, Arena &arena) {
  std::byte *memory = nullptr;
  if (bytes <= INT64_MAX - alignment) {
    // aligned_alloc takes multiples of the alignment.
    const int64_t blocks =
        std::max<int64_t>(1, (bytes + alignment - 1) / alignment);
    memory = static_cast<std::byte *>(
        std::aligned_alloc(alignment, blocks * alignment));
  }
  if (!memory)
    return {StatusCode::InvalidInput,
            "the host has no " + std::to_string(bytes) + " bytes of memory"};
  arena.memory.reset(memory);
  arena.size = bytes;
  arena.peak = 0;
  return {};
}

void Arena::noteAlloc(const Buffer &buffer) {
  // A buffer takes whole blocks: what alignment costs is memory too.
  const int64_t end = buffer.offset + buffer.bytes();
  const int64_t blocks = (end + alignment - 1) / alignment * alignment;
  int64_t highest = peak.load(std::memory_order_relaxed);
  while (highest < blocks && !peak.compare_exchange_weak(
                                 highest, blocks, std::memory_order_relaxed))
    ;
}

Status checkBudget(const std::vector<int64_t> &bytes, int64_t budget) {
  if (std::all_of(bytes.begin(), bytes.end(),
                  [&](int64_t needed) { return needed <= budget; }))
    return {};
  std::string text =
      "the memory of a device is " + std::to_string(budget) + " bytes;";
  for (size_t device = 0; device < bytes.size(); ++device)
    text += (device ? ", device " : " device ") + std::to_string(device) +
            " needs " + std::to_string(bytes[device]);
  return {StatusCode::OutOfBudget, text};
}

} // namespace dconv::runtime
