//===- Checksum.cpp - CRC32C of bytes and boxes ---------------------------===//

#include "dconv/Runtime/Checksum.h"

#include <algorithm>
#include <cstring>
#include <isa-l/crc.h>

namespace dconv::runtime {

namespace {

constexpr uint32_t initial = 0xFFFFFFFF;

/// Continues the raw (not inverted) checksum `crc`. isa-l takes an int length.
uint32_t update(uint32_t crc, const void *data, int64_t size) {
  constexpr int64_t longest = int64_t(1) << 30;
  auto *at = static_cast<unsigned char *>(const_cast<void *>(data));
  for (int64_t step; size > 0; at += step, size -= step) {
    step = std::min(size, longest);
    crc = crc32_iscsi(at, static_cast<int>(step), crc);
  }
  return crc;
}

} // namespace

uint32_t checksum(const void *data, int64_t size) {
  return ~update(initial, data, size);
}

uint32_t checksum(const BoxView &box) {
  const int64_t elementBytes = bytesOf(box.type);
  uint32_t crc = initial;
  forEachRun<1>({&box}, [&](const auto &at, int64_t count) {
    crc = update(crc, at[0], count * elementBytes);
  });
  return ~crc;
}

uint32_t copyWithChecksum(const BoxView &to, const BoxView &from) {
  // Small enough that the copied bytes are still in the first-level cache.
  constexpr int64_t chunk = 16 << 10;
  const int64_t elementBytes = bytesOf(to.type);
  uint32_t crc = initial;
  forEachRun<2>({&to, &from}, [&](const auto &at, int64_t count) {
    const int64_t size = count * elementBytes;
    for (int64_t done = 0; done < size; done += chunk) {
      const int64_t part = std::min(chunk, size - done);
      std::memcpy(at[0] + done, at[1] + done, part);
      crc = update(crc, at[0] + done, part);
    }
  });
  return ~crc;
}

} // namespace dconv::runtime
