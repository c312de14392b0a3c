//===- Checksum.cpp - CRC32C of bytes and boxes ---------------------------===//

#include "dconv/Runtime/Checksum.h"

#include <algorithm>
#include <cstring>
#include <isa-l/crc.h>

namespace dconv::runtime {

namespace {

constexpr uint32_t initial = 0xFFFFFFFF;

#if defined(__x86_64__)
const bool hasInstruction = __builtin_cpu_supports("sse4.2");

/// Continues `crc` with few bytes, for which isa-l takes longer to begin than
/// to sum them.
__attribute__((target("sse4.2"))) uint32_t
updateShort(uint32_t crc, const void *data, int64_t size) {
  auto *at = static_cast<const unsigned char *>(data);
  uint64_t wide = crc;
  for (; size >= 8; at += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    wide = __builtin_ia32_crc32di(wide, word);
  }
  crc = static_cast<uint32_t>(wide);
  for (; size > 0; ++at, --size)
    crc = __builtin_ia32_crc32qi(crc, *at);
  return crc;
}
#else
constexpr bool hasInstruction = false;
uint32_t updateShort(uint32_t crc, const void *, int64_t) { return crc; }
#endif

/// Continues the raw (not inverted) checksum `crc`. isa-l takes an int length.
uint32_t update(uint32_t crc, const void *data, int64_t size) {
  constexpr int64_t longestShort = 192;
  if (hasInstruction && size <= longestShort)
    return updateShort(crc, data, size);
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

/// As much as stays in the first-level cache while it is summed.
constexpr static int64_t slabBytes = 8 << 10;

CheckedCopy::CheckedCopy(const BoxView &from)
    : strided(from.isStrided()), elementBytes(bytesOf(from.type)) {
  if (strided)
    one = BoxRuns<1>(from);
  else
    cutSlabs(nullptr, from);
}

CheckedCopy::CheckedCopy(const BoxView &to, const BoxView &from)
    : strided(to.isStrided() && from.isStrided()), copies(true),
      elementBytes(bytesOf(from.type)) {
  if (strided)
    both = BoxRuns<2>(to, from);
  else
    cutSlabs(&to, from);
}

void CheckedCopy::cutSlabs(const BoxView *to, const BoxView &from) {
  std::vector<int64_t> sizes;
  for (const BoxView::Dim &dim : from.dims)
    sizes.push_back(dim.size);
  alignas(64) std::byte memory[slabBytes];
  forEachSlab(sizes, slabBytes / elementBytes, [&](const Box &slab) {
    const BoxView dense = viewOf(memory, from.type, slab, slab);
    const BoxView source = partOf(from, slab);
    Slab &cut = slabs.emplace_back();
    cut.source = source.data;
    cut.in = BoxCopy(dense, source);
    if (to) {
      const BoxView target = partOf(*to, slab);
      cut.target = target.data;
      cut.out = BoxCopy(target, dense);
    }
  });
}

uint32_t CheckedCopy::run() const {
  if (!strided) {
    alignas(64) std::byte packed[slabBytes];
    uint32_t crc = initial;
    for (const Slab &slab : slabs) {
      slab.in.run(packed, slab.source);
      crc = update(crc, packed, slab.in.bytes());
      if (copies)
        slab.out.run(slab.target, packed);
    }
    return ~crc;
  }
  RunChecksum sum;
  if (!copies) {
    one.forEach([&](const auto &at, int64_t count) {
      sum.add(at[0], count * elementBytes);
    });
    return sum.result();
  }
  // Small enough that the copied bytes are still in the first-level cache.
  constexpr int64_t chunk = 16 << 10;
  both.forEach([&](const auto &at, int64_t count) {
    const int64_t size = count * elementBytes;
    for (int64_t done = 0; done < size; done += chunk) {
      const int64_t part = std::min(chunk, size - done);
      copyRun(at[0] + done, at[1] + done, part);
      sum.add(at[0] + done, part);
    }
  });
  return sum.result();
}

uint32_t checksum(const BoxView &box) { return CheckedCopy(box).run(); }

uint32_t copyWithChecksum(const BoxView &to, const BoxView &from) {
  return CheckedCopy(to, from).run();
}

} // namespace dconv::runtime
