//===- Tiling.cpp - which loops and sizes a kernel is tiled by ------------===//

#include "Tiling.h"
#include "CostModel.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace dconv;
using namespace dconv::kernels;
using llvm::ArrayRef;
using llvm::SmallVector;

/// Largest distance between the lanes of an input vector.
constexpr int64_t kMaxLaneDistance = 4;
/// Most accumulations in one copy of the innermost body; there are up to six
/// copies in a kernel, and compile time grows with them.
constexpr int64_t kMaxBody = 96;
/// Most parts a reduction loop is divided into.
constexpr int64_t kMaxParts = 32;

//===----------------------------------------------------------------------===//
// Tiling
//===----------------------------------------------------------------------===//

int64_t Tiling::numSteps(const Nest &nest, unsigned loop) const {
  int64_t extent = nest.loops[loop].extent;
  return loop == vectorLoop ? llvm::divideCeil(extent, lanes) : extent;
}

int64_t Tiling::partialLanes(const Nest &nest) const {
  return nest.loops[vectorLoop].extent % lanes;
}

int64_t Tiling::stepOf(const Access &access, unsigned loop) const {
  return access.coefs[loop] * (loop == vectorLoop ? lanes : 1);
}

llvm::SmallVector<TileRun, 3> Tiling::tileRuns(const Nest &nest,
                                               unsigned loop) const {
  int64_t steps = numSteps(nest, loop);
  int64_t numTiles = llvm::divideCeil(steps, loop == nLoop ? n : m);
  int64_t small = steps / numTiles;
  int64_t numBig = steps % numTiles;
  SmallVector<TileRun, 3> runs;
  if (numBig > 0)
    runs.push_back({0, numBig, small + 1, false});
  runs.push_back({numBig * (small + 1), numTiles - numBig, small, false});
  if (loop == vectorLoop && partialLanes(nest) != 0) {
    TileRun &last = runs.back();
    if (last.count == 1) {
      last.partial = true;
    } else {
      --last.count;
      runs.push_back({last.begin + last.count * small, 1, small, true});
    }
  }
  return runs;
}

//===----------------------------------------------------------------------===//
// The search
//===----------------------------------------------------------------------===//

/// Whether `loop` can be the vector loop.
static bool isVectorizable(const Nest &nest, unsigned loop) {
  auto coefOf = [&](const Access &access) { return access.coefs[loop]; };
  if (nest.loops[loop].reduction)
    return llvm::all_of(
        nest.inputs, [&](const Access &input) { return coefOf(input) == 1; });
  return coefOf(nest.output) == 1 &&
         llvm::all_of(nest.inputs, [&](const Access &input) {
           return coefOf(input) >= 0 && coefOf(input) <= kMaxLaneDistance;
         });
}

namespace {
/// Goes through the tilings of a nest and keeps the best.
class TilingSearch {
public:
  TilingSearch(const Nest &nest, const KernelTarget &target)
      : nest(nest), target(target) {}

  std::optional<Tiling> run();
  /// Tries to run a part of a reduction loop outside of the register tile, so
  /// that what the part reads stays in a cache. Splits the loop in `result`, a
  /// copy of the nest, if that is better.
  void searchBlocks(Nest &result);
  const Tiling &bestTiling() const { return *best; }

private:
  void searchVectorLoop(unsigned loop);
  void searchTileSizes(Tiling tiling);
  void searchUnroll(Tiling tiling);
  void rate(Tiling tiling);

  /// The orders of the loops around the tile that are worth a look; `block` is
  /// a reduction loop among them.
  SmallVector<SmallVector<unsigned>>
  outerOrders(const Tiling &tiling,
              std::optional<unsigned> block = std::nullopt) const;
  /// The tile sizes of `loop` that fit the registers, each the smallest for
  /// its number of tiles.
  SmallVector<int64_t> tileSizes(const Tiling &tiling,
                                 std::optional<unsigned> loop) const;

  const Nest &nest;
  const KernelTarget &target;
  std::optional<Tiling> best;
  double bestCycles = 0;
};
} // namespace

std::optional<Tiling> TilingSearch::run() {
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop)
    if (isVectorizable(nest, loop))
      searchVectorLoop(loop);
  return best;
}

void TilingSearch::searchVectorLoop(unsigned loop) {
  Tiling tiling;
  tiling.vectorLoop = loop;
  tiling.lanes = std::min<int64_t>(target.vectorBits / nest.output.elementBits,
                                   llvm::PowerOf2Ceil(nest.loops[loop].extent));

  SmallVector<std::optional<unsigned>> parallel = {std::nullopt};
  for (unsigned l = 0; l < nest.loops.size(); ++l) {
    if (nest.loops[l].reduction)
      tiling.reductionLoops.push_back(l);
    else if (l != loop)
      parallel.push_back(l);
  }
  // The finest steps through memory go innermost.
  llvm::sort(tiling.reductionLoops, [&](unsigned a, unsigned b) {
    auto distance = [&](unsigned l) {
      int64_t sum = 0;
      for (const Access &input : nest.inputs)
        sum += std::abs(input.coefs[l]);
      return sum;
    };
    return std::make_pair(-distance(a), a) < std::make_pair(-distance(b), b);
  });
  for (std::optional<unsigned> mLoop : parallel) {
    tiling.mLoop = mLoop;
    if (!nest.loops[loop].reduction) {
      tiling.nLoop = loop;
      searchTileSizes(tiling);
      continue;
    }
    // Here m and n are alike, so each pair is tried once.
    for (std::optional<unsigned> nLoop : parallel) {
      if (mLoop && nLoop <= mLoop)
        continue;
      tiling.nLoop = nLoop;
      searchTileSizes(tiling);
    }
  }
}

SmallVector<int64_t>
TilingSearch::tileSizes(const Tiling &tiling,
                        std::optional<unsigned> loop) const {
  if (!loop)
    return {1};
  int64_t steps = tiling.numSteps(nest, *loop);
  SmallVector<int64_t> sizes;
  for (int64_t size = 1; size <= std::min<int64_t>(steps, target.numRegisters);
       ++size) {
    // A smaller size that needs as many tiles is at least as good.
    if (size == 1 ||
        llvm::divideCeil(steps, size) < llvm::divideCeil(steps, size - 1))
      sizes.push_back(size);
  }
  return sizes;
}

void TilingSearch::searchTileSizes(Tiling tiling) {
  for (int64_t m : tileSizes(tiling, tiling.mLoop)) {
    for (int64_t n : tileSizes(tiling, tiling.nLoop)) {
      if (m * n >= target.numRegisters)
        break;
      tiling.m = m;
      tiling.n = n;
      searchUnroll(tiling);
    }
  }
}

void TilingSearch::searchUnroll(Tiling tiling) {
  size_t depth = tiling.reductionLoops.size();
  tiling.unroll.assign(depth, 1);
  if (depth == 0)
    return rate(std::move(tiling));
  auto room = [&] {
    int64_t body = tiling.m * tiling.n;
    for (int64_t steps : tiling.unroll)
      body *= steps;
    return kMaxBody / body;
  };

  // Whole innermost loops while they are short.
  size_t inner = depth;
  while (inner > 0) {
    int64_t steps = tiling.numSteps(nest, tiling.reductionLoops[inner - 1]);
    if (steps > std::min<int64_t>(room(), 8))
      break;
    tiling.unroll[--inner] = steps;
  }
  rate(tiling);
  // Some steps of one more loop: the next one to shorten its control, one
  // further out where neighbouring outputs share inputs along it.
  for (size_t position = 0; position < inner; ++position) {
    int64_t steps = tiling.numSteps(nest, tiling.reductionLoops[position]);
    int64_t most = std::min<int64_t>({room(), steps, 8});
    for (int64_t unroll = 2; unroll <= most; ++unroll) {
      tiling.unroll[position] = unroll;
      bool reuse =
          shapeOfBody(nest, tiling, tiling.m, tiling.n, tiling.unroll).reuse;
      if (reuse || (position + 1 == inner && steps % unroll == 0))
        rate(tiling);
    }
    tiling.unroll[position] = 1;
  }
}

SmallVector<SmallVector<unsigned>>
TilingSearch::outerOrders(const Tiling &tiling,
                          std::optional<unsigned> block) const {
  // Loops that move everything, like groups, go outermost; then m, n and the
  // others, these in the order of the output in memory.
  SmallVector<unsigned> shared, others;
  for (unsigned l = 0; l < nest.loops.size(); ++l) {
    if (nest.loops[l].reduction || l == tiling.mLoop || l == tiling.nLoop)
      continue;
    bool movesAll = llvm::all_of(
        nest.inputs, [&](const Access &input) { return input.coefs[l] != 0; });
    (movesAll ? shared : others).push_back(l);
  }
  for (auto *loops : {&shared, &others})
    llvm::sort(*loops, [&](unsigned a, unsigned b) {
      return nest.output.coefs[a] > nest.output.coefs[b];
    });

  SmallVector<SmallVector<unsigned>> groups = {others};
  for (std::optional<unsigned> loop : {tiling.mLoop, tiling.nLoop, block})
    if (loop)
      groups.push_back({*loop});
  SmallVector<unsigned> order = {0, 1, 2, 3};
  order.truncate(groups.size());
  SmallVector<SmallVector<unsigned>> orders;
  do {
    auto &loops = orders.emplace_back(shared);
    for (unsigned group : order)
      loops.append(groups[group]);
  } while (std::next_permutation(order.begin(), order.end()));
  return orders;
}

void TilingSearch::rate(Tiling tiling) {
  if (registersNeeded(nest, tiling) > target.numRegisters)
    return;
  // The order makes no difference to the core.
  SmallVector<SmallVector<unsigned>> orders = outerOrders(tiling);
  tiling.outerLoops = orders.front();
  double core = coreCycles(nest, tiling);
  if (best && core >= bestCycles)
    return;
  for (SmallVector<unsigned> &order : orders) {
    tiling.outerLoops = std::move(order);
    double cycles = core + memoryCycles(nest, tiling, target);
    if (!best || cycles < bestCycles) {
      best = tiling;
      bestCycles = cycles;
    }
  }
}

void TilingSearch::searchBlocks(Nest &result) {
  const Tiling whole = *best;
  for (auto [position, loop] : llvm::enumerate(whole.reductionLoops)) {
    int64_t extent = nest.loops[loop].extent;
    int64_t step =
        whole.unroll[position] * (loop == whole.vectorLoop ? whole.lanes : 1);
    for (int64_t parts = 2; parts <= std::min(extent / step, kMaxParts);
         ++parts) {
      if (extent % (parts * step) != 0)
        continue;
      Nest split = nest;
      splitLoop(split, loop, parts);
      Tiling tiling = whole;
      for (auto &order : outerOrders(whole, nest.loops.size())) {
        tiling.outerLoops = std::move(order);
        double cycles =
            coreCycles(split, tiling) + memoryCycles(split, tiling, target);
        if (cycles >= bestCycles)
          continue;
        result = split;
        best = tiling;
        bestCycles = cycles;
      }
    }
  }
}

std::optional<Tiling> dconv::kernels::chooseTiling(Nest &nest,
                                                   const KernelTarget &target,
                                                   std::string &why) {
  const Nest whole = nest;
  TilingSearch search(whole, target);
  if (!search.run()) {
    why = nest.loops.empty()
              ? "there is a single iteration"
              : "no loop walks the output, or both inputs, element by element";
    return std::nullopt;
  }
  search.searchBlocks(nest);
  return search.bestTiling();
}
