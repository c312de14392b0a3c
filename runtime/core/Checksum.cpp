//===- Checksum.cpp - CRC32C of bytes and boxes ---------------------------===//

#include "dconv/Runtime/Checksum.h"

#include <algorithm>
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

/// The checksum of runs one after the other. Short ones are collected, since a
/// call of isa-l costs more than they do.
class RunChecksum {
public:
  void add(const std::byte *run, int64_t size) {
    if (size > longestShort) {
      flush();
      crc = update(crc, run, size);
      return;
    }
    if (used + size > static_cast<int64_t>(sizeof(block)))
      flush();
    copyRun(block + used, run, size);
    used += size;
  }

  uint32_t result() {
    flush();
    return ~crc;
  }

private:
  static constexpr int64_t longestShort = 32;

  void flush() {
    if (used)
      crc = update(crc, block, used);
    used = 0;
  }

  uint32_t crc = initial;
  int64_t used = 0;
  std::byte block[512];
};

} // namespace

uint32_t checksum(const void *data, int64_t size) {
  return ~update(initial, data, size);
}

/// Cuts a box of `sizes` in boxes of at most `most` elements that follow each
/// other in row-major order.
template <typename Body>
static void forEachSlab(const std::vector<int64_t> &sizes, int64_t most,
                        Body body) {
  const Box whole = Box::whole(sizes);
  if (whole.empty())
    return;
  // The dims from `inner` on are whole, the one before is cut, those outside go
  // one by one.
  size_t inner = sizes.size();
  int64_t rows = most; // of the dim before `inner`
  while (inner > 0 && sizes[inner - 1] <= rows)
    rows /= sizes[--inner];
  Box slab = whole;
  for (size_t d = 0; d < inner; ++d)
    slab[d].end = d + 1 == inner ? std::min(rows, sizes[d]) : 1;
  for (;;) {
    body(slab);
    size_t d = inner;
    for (; d > 0; --d) {
      const int64_t step = d == inner ? rows : 1;
      const int64_t begin = slab[d - 1].end;
      if (begin < sizes[d - 1]) {
        slab[d - 1] = {begin, std::min(begin + step, sizes[d - 1])};
        break;
      }
      slab[d - 1] = {0, std::min(step, sizes[d - 1])};
    }
    if (d == 0)
      return;
  }
}

/// Calls `body(slab, elements)` with the elements of `box`, row-major, slab by
/// slab; they stay in the first-level cache.
template <typename Body>
static void forEachPacked(const BoxView &box, Body body) {
  alignas(64) std::byte packed[8 << 10];
  std::vector<int64_t> sizes;
  for (const BoxView::Dim &dim : box.dims)
    sizes.push_back(dim.size);
  forEachSlab(sizes, sizeof(packed) / bytesOf(box.type), [&](const Box &slab) {
    const BoxView dense = viewOf(packed, box.type, slab, slab);
    copyBox(dense, partOf(box, slab));
    body(slab, dense);
  });
}

uint32_t checksum(const BoxView &box) {
  if (!box.isStrided()) {
    uint32_t crc = initial;
    forEachPacked(box, [&](const Box &, const BoxView &dense) {
      crc = update(crc, dense.data, dense.bytes());
    });
    return ~crc;
  }
  const int64_t elementBytes = bytesOf(box.type);
  RunChecksum sum;
  forEachRun<1>({&box}, [&](const auto &at, int64_t count) {
    sum.add(at[0], count * elementBytes);
  });
  return sum.result();
}

uint32_t copyWithChecksum(const BoxView &to, const BoxView &from) {
  if (!to.isStrided() || !from.isStrided()) {
    uint32_t crc = initial;
    forEachPacked(from, [&](const Box &slab, const BoxView &dense) {
      crc = update(crc, dense.data, dense.bytes());
      copyBox(partOf(to, slab), dense);
    });
    return ~crc;
  }
  // Small enough that the copied bytes are still in the first-level cache.
  constexpr int64_t chunk = 16 << 10;
  const int64_t elementBytes = bytesOf(to.type);
  RunChecksum sum;
  forEachRun<2>({&to, &from}, [&](const auto &at, int64_t count) {
    const int64_t size = count * elementBytes;
    for (int64_t done = 0; done < size; done += chunk) {
      const int64_t part = std::min(chunk, size - done);
      copyRun(at[0] + done, at[1] + done, part);
      sum.add(at[0] + done, part);
    }
  });
  return sum.result();
}

} // namespace dconv::runtime
