//===- SearchOracle.cpp - the best split by trying all of them ------------===//

#include "SearchOracle.h"

#include <algorithm>
#include <map>
#include <tuple>

using namespace dconv;
using namespace dconv::test;

namespace {
/// [begin, end).
struct Range {
  int64_t begin, end;
  int64_t length() const { return std::max<int64_t>(0, end - begin); }
};

/// Part `i` of `extent` in `parts`: the first of them are longer.
Range partOf(int64_t extent, int64_t parts, int64_t i) {
  int64_t length = extent / parts, longer = extent % parts;
  int64_t begin = i * length + std::min(i, longer);
  return {begin, begin + length + (i < longer)};
}

Range both(Range a, Range b) {
  return {std::max(a.begin, b.begin), std::min(a.end, b.end)};
}

/// Rounded down; b > 0.
int64_t quotient(int64_t a, int64_t b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

/// A dim of the image split in parts of outputs and of taps.
struct WindowSplit {
  int64_t tapParts = 1;
  std::vector<Range> held, owned; ///< outputs times taps
};

class Trial {
public:
  Trial(const Layer &layer, int64_t devices, double maxImbalance)
      : layer(layer), dims(layer.input.size()), devices(devices),
        most(1 + maxImbalance + 1e-9) {
    extents = {layer.batch, layer.groups};
    for (unsigned d = 0; d < dims; ++d)
      extents.push_back(layer.outputs(d));
    extents.push_back(layer.outChannels / layer.groups);
    extents.push_back(layer.inChannels / layer.groups);
    for (unsigned d = 0; d < dims; ++d)
      extents.push_back(layer.kernel[d]);
    parts.assign(extents.size(), 1);
    cache.resize(dims);
    windows.resize(dims);
    for (int64_t extent : extents)
      work *= extent;
  }

  OracleBest run() {
    visit(0, devices);
    return best;
  }

private:
  unsigned oc() const { return 2 + dims; }
  unsigned ic() const { return 3 + dims; }
  unsigned k() const { return 4 + dims; }

  const WindowSplit &windowSplit(unsigned d, int64_t outputParts,
                                 int64_t tapParts) {
    auto [place, isNew] = cache[d].try_emplace({outputParts, tapParts});
    WindowSplit &split = place->second;
    if (!isNew)
      return split;
    split.tapParts = tapParts;
    int64_t outputs = extents[2 + d], taps = layer.kernel[d];
    int64_t stride = layer.stride[d], dilation = layer.dilation[d];
    int64_t low = layer.padLow[d];
    Range tensor{0, layer.input[d]};
    auto reads = [&](Range o, Range t) {
      return Range{o.begin * stride + t.begin * dilation - low,
                   (o.end - 1) * stride + (t.end - 1) * dilation - low + 1};
    };
    int64_t begin = 0;
    for (int64_t i = 0; i < outputParts; ++i) {
      Range o = partOf(outputs, outputParts, i);
      int64_t end = tensor.end;
      if (i + 1 < outputParts) {
        Range here = reads(o, {0, taps});
        Range next = reads(partOf(outputs, outputParts, i + 1), {0, taps});
        end = quotient(here.end + next.begin, 2);
        end = std::min(std::max(end, begin), tensor.end);
      }
      for (int64_t j = 0; j < tapParts; ++j) {
        Range t = partOf(taps, tapParts, j);
        Range piece = partOf(end - begin, tapParts, j);
        split.held.push_back(both(reads(o, t), tensor));
        split.owned.push_back({begin + piece.begin, begin + piece.end});
      }
      begin = end;
    }
    return split;
  }

  void visit(unsigned loop, int64_t left) {
    if (loop == parts.size()) {
      consider();
      return;
    }
    for (int64_t count = 1; count <= std::min(left, extents[loop]); ++count) {
      parts[loop] = count;
      visit(loop + 1, left / count);
    }
    parts[loop] = 1;
  }

  void consider() {
    double busiest = 1;
    for (unsigned loop = 0; loop < parts.size(); ++loop)
      busiest *= partOf(extents[loop], parts[loop], 0).length();
    if (busiest * devices > most * work)
      return;
    for (unsigned d = 0; d < dims; ++d)
      windows[d] = &windowSplit(d, parts[2 + d], parts[k() + d]);
    ++best.tried;
    OracleBest split;
    split.any = true;
    split.parts = parts;
    std::vector<int64_t> at(parts.size(), 0);
    while (true) {
      addShard(at, split);
      if (best.any && split.words > best.words)
        return;
      unsigned loop = parts.size();
      while (loop > 0 && ++at[loop - 1] == parts[loop - 1])
        at[--loop] = 0;
      if (loop == 0)
        break;
    }
    if (!best.any ||
        std::tie(split.words, split.bytes, split.memoryBytes, best.parts) <
            std::tie(best.words, best.bytes, best.memoryBytes, split.parts)) {
      split.tried = best.tried;
      best = split;
    }
    best.any = true;
  }

  /// Of elements [begin, end), row-major, of the box of dims from `d` on, those
  /// in `part` of it.
  static int64_t inPart(const std::vector<int64_t> &sizes,
                        const std::vector<Range> &part, unsigned d,
                        int64_t begin, int64_t end) {
    if (begin >= end)
      return 0;
    if (d == sizes.size())
      return 1;
    int64_t row = 1, rowPart = 1;
    for (unsigned e = d + 1; e < sizes.size(); ++e) {
      row *= sizes[e];
      rowPart *= part[e].length();
    }
    int64_t first = begin / row, last = end / row; // `last` may be partial
    auto inRow = [&](int64_t i, int64_t from, int64_t to) {
      bool taken = part[d].begin <= i && i < part[d].end;
      return taken ? inPart(sizes, part, d + 1, from, to) : 0;
    };
    if (first == last)
      return inRow(first, begin % row, end % row);
    return inRow(first, begin % row, row) +
           both({first + 1, last}, part[d]).length() * rowPart +
           inRow(last, 0, end % row);
  }

  /// Adds what the shard at `at` moves and holds to the maxima of `split`.
  void addShard(const std::vector<int64_t> &at, OracleBest &split) {
    auto length = [&](unsigned loop) {
      return partOf(extents[loop], parts[loop], at[loop]).length();
    };
    int64_t moved = 0, memory = 0;

    // The input: dims n, g, image.., ic; replicas along oc.
    heldRanges.clear();
    sizes.clear();
    int64_t held = 1, owned = 1;
    bool contained = true;
    auto addDim = [&](Range holds, Range owns) {
      held *= holds.length();
      owned *= owns.length();
      Range common = both(holds, owns);
      contained &= common.length() == owns.length();
      heldRanges.push_back(
          {common.begin - owns.begin, common.end - owns.begin});
      sizes.push_back(owns.length());
    };
    auto addWhole = [&](unsigned loop) {
      addDim({0, length(loop)}, {0, length(loop)});
    };
    addWhole(0);
    addWhole(1);
    for (unsigned d = 0; d < dims; ++d) {
      size_t i = at[2 + d] * windows[d]->tapParts + at[k() + d];
      addDim(windows[d]->held[i], windows[d]->owned[i]);
    }
    addWhole(ic());
    Range piece = partOf(owned, parts[oc()], at[oc()]);
    int64_t ready = piece.length();
    if (!contained)
      ready = owned ? inPart(sizes, heldRanges, 0, piece.begin, piece.end) : 0;
    moved += held - ready;
    memory += held - ready + piece.length();

    // The filter: replicas along n and the outputs.
    held = length(1) * length(oc()) * length(ic());
    int64_t replica = at[0], replicas = parts[0];
    for (unsigned d = 0; d < dims; ++d) {
      held *= length(k() + d);
      replica = replica * parts[2 + d] + at[2 + d];
      replicas *= parts[2 + d];
    }
    moved += held - partOf(held, replicas, replica).length();
    memory += held;

    // The output: partial along ic and the taps.
    int64_t block = length(0) * length(1) * length(oc());
    replica = at[ic()], replicas = parts[ic()];
    for (unsigned d = 0; d < dims; ++d) {
      block *= length(2 + d);
      replica = replica * parts[k() + d] + at[k() + d];
      replicas *= parts[k() + d];
    }
    moved += block - partOf(block, replicas, replica).length();
    memory += block;

    split.words = std::max(split.words, moved);
    split.bytes = std::max(split.bytes, 4 * moved);
    split.memoryBytes = std::max(split.memoryBytes, 4 * memory);
  }

  const Layer &layer;
  unsigned dims;
  int64_t devices;
  double most; ///< times the mean
  std::vector<int64_t> extents, parts;
  double work = 1;
  std::vector<std::map<std::pair<int64_t, int64_t>, WindowSplit>> cache;
  std::vector<const WindowSplit *> windows;
  std::vector<Range> heldRanges;
  std::vector<int64_t> sizes;
  OracleBest best;
};
} // namespace

OracleBest dconv::test::bestByTryingAll(const Layer &layer, int64_t devices,
                                        double maxImbalance) {
  return Trial(layer, devices, maxImbalance).run();
}
