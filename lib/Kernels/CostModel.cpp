//===- CostModel.cpp - estimated time of a tiling -------------------------===//
//
// A coarse model of one core that does two multiply-adds and two loads per
// cycle. It has to rank tilings, not to predict times.
//
//===----------------------------------------------------------------------===//

#include "CostModel.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <numeric>

using namespace dconv;
using namespace dconv::kernels;
using llvm::SmallVector;

constexpr int64_t kLineBytes = 64;
/// Cycles from one accumulation to the next that depends on it.
constexpr double kLatency = 4;
/// What the second and the third level deliver.
constexpr double kBytesPerCycleL2 = 40;
constexpr double kBytesPerCycleL3 = 10;

namespace {
/// The numbers 0, step, 2 * step, ...
struct Progression {
  int64_t step;
  int64_t count;
};
} // namespace

/// Rewrites the sums of one term of each progression as the sums of fewer,
/// disjoint progressions, the finest first.
static SmallVector<Progression> merge(SmallVector<Progression> terms) {
  for (Progression &term : terms)
    term.step = std::abs(term.step);
  llvm::erase_if(terms, [](const Progression &term) {
    return term.step == 0 || term.count == 1;
  });
  llvm::sort(terms, [](const Progression &a, const Progression &b) {
    return a.step < b.step;
  });
  SmallVector<Progression> merged;
  for (const Progression &term : terms) {
    if (!merged.empty()) {
      Progression &last = merged.back();
      int64_t ratio = term.step / last.step;
      if (term.step % last.step == 0 && ratio <= last.count) {
        last.count += (term.count - 1) * ratio;
        continue;
      }
    }
    merged.push_back(term);
  }
  return merged;
}

static int64_t countSums(SmallVector<Progression> terms) {
  int64_t count = 1;
  for (const Progression &term : merge(std::move(terms)))
    count *= term.count;
  return count;
}

namespace {
/// A level of the cache hierarchy.
struct Cache {
  /// Bytes that stay while others pass through.
  double capacity;
  /// Addresses this far apart compete for the same few lines.
  int64_t setDistance;
  /// What the next level delivers.
  double bytesPerCycle;
};

/// The cache lines of some elements.
struct Footprint {
  /// What is brought in.
  double bytes = 0;
  /// What others find missing: runs a power of two apart fall on the same sets
  /// and leave the sets between them unused.
  double occupied = 0;
};
} // namespace

static Footprint footprintOf(SmallVector<Progression> terms, unsigned bits,
                             const Cache &cache) {
  double run = kLineBytes;
  double unit = kLineBytes;
  double runs = 1;
  bool first = true;
  for (const Progression &term : merge(std::move(terms))) {
    double distance = double(term.step) * bits / 8;
    if (first && distance < kLineBytes) {
      run = unit =
          (std::floor(term.count * distance / kLineBytes) + 1) * kLineBytes;
      continue;
    }
    if (first)
      unit =
          std::max<double>(run, std::gcd(int64_t(distance), cache.setDistance));
    first = false;
    runs *= term.count;
  }
  return {run * runs, unit * runs};
}

BodyShape dconv::kernels::shapeOfBody(const Nest &nest, const Tiling &tiling,
                                      int64_t m, int64_t n,
                                      llvm::ArrayRef<int64_t> unroll) {
  BodyShape shape;
  SmallVector<int64_t, 2> loadsOfStep;
  int64_t numSteps = 1;
  for (int64_t steps : unroll)
    numSteps *= steps;
  for (const Access &input : nest.inputs) {
    SmallVector<Progression> terms;
    if (tiling.mLoop)
      terms.push_back({tiling.stepOf(input, *tiling.mLoop), m});
    if (tiling.nLoop)
      terms.push_back({tiling.stepOf(input, *tiling.nLoop), n});
    loadsOfStep.push_back(countSums(terms));
    for (auto [loop, steps] : llvm::zip_equal(tiling.reductionLoops, unroll))
      terms.push_back({tiling.stepOf(input, loop), steps});
    shape.loads.push_back(countSums(terms));
  }
  if (nest.inputs.size() == 2 && shape.loads[1] > shape.loads[0])
    shape.streamed = 1;
  shape.reuse =
      shape.loads[shape.streamed] < loadsOfStep[shape.streamed] * numSteps;
  if (nest.inputs.size() == 2) {
    unsigned other = 1 - shape.streamed;
    shape.kept = shape.reuse ? shape.loads[other] : loadsOfStep[other];
  }
  return shape;
}

int64_t dconv::kernels::registersNeeded(const Nest &nest,
                                        const Tiling &tiling) {
  BodyShape shape =
      shapeOfBody(nest, tiling, tiling.m, tiling.n, tiling.unroll);
  int64_t needed = tiling.m * tiling.n + shape.kept + 1;
  for (const InputValue &value : nest.values)
    needed += value.zeroPoint ? 1 : 0;
  return needed;
}

/// Cycles of the load ports and operations of the arithmetic ports for one
/// value of an input as the body needs it.
static std::pair<double, double> costOfValue(const Tiling &tiling,
                                             const Access &access,
                                             const InputValue &value) {
  int64_t coef = access.coefs[tiling.vectorLoop];
  double convert = (value.cast ? 1 : 0) + (value.zeroPoint ? 1 : 0);
  if (coef == 0)
    return {0.5, value.cast ? 1 + convert : 0};
  int64_t vectorBytes = tiling.lanes * access.elementBits / 8;
  bool aligned = true;
  for (auto [loop, step] : llvm::enumerate(access.coefs))
    aligned &= loop == tiling.vectorLoop || step % tiling.lanes == 0;
  // An unaligned vector lies in two lines with this probability.
  double crossing =
      aligned ? 0 : std::min(1.0, double(vectorBytes) / kLineBytes);
  double loads = 0.5 * (1 + crossing);
  return {coef * loads, (coef - 1) + convert};
}

static double cyclesOfBody(const Nest &nest, const Tiling &tiling, int64_t m,
                           int64_t n) {
  BodyShape shape = shapeOfBody(nest, tiling, m, n, tiling.unroll);
  double numSteps = 1;
  bool inLoop = false;
  for (auto [loop, steps] :
       llvm::zip_equal(tiling.reductionLoops, tiling.unroll)) {
    numSteps *= steps;
    inLoop |= steps < tiling.numSteps(nest, loop);
  }
  // There is no fused multiply-add of integers.
  bool fused = mlir::isa<mlir::FloatType>(nest.type) || nest.inputs.size() == 1;
  double operations = m * n * numSteps * (fused ? 1 : 2);
  double loads = 0;
  for (auto [access, value, count] :
       llvm::zip_equal(nest.inputs, nest.values, shape.loads)) {
    auto [load, convert] = costOfValue(tiling, access, value);
    loads += load * count;
    operations += convert * count;
  }
  // The two overlap, but not perfectly.
  double arithmetic = operations / 2;
  double busy = std::max(arithmetic, loads) + std::min(arithmetic, loads) / 4;
  return std::max(busy, kLatency * numSteps) + (inLoop ? 1 : 0);
}

double dconv::kernels::coreCycles(const Nest &nest, const Tiling &tiling) {
  // Times the body runs in a tile, and what the loops around it cost.
  double bodies = 1;
  double loopCycles = 0;
  for (auto [loop, steps] :
       llvm::zip_equal(tiling.reductionLoops, tiling.unroll)) {
    double trips = double(tiling.numSteps(nest, loop)) / steps;
    // Long loops end with a mispredicted branch.
    loopCycles += bodies * (trips > 24 ? 16 : trips > 1 ? 2 : 0);
    bodies *= trips;
  }
  double outer = 1;
  for (unsigned loop : tiling.outerLoops)
    if (loop != tiling.mLoop && loop != tiling.nLoop)
      outer *= nest.loops[loop].extent;

  SmallVector<TileRun, 3> single = {{0, 1, 1, false}};
  auto mRuns = tiling.mLoop ? tiling.tileRuns(nest, *tiling.mLoop) : single;
  auto nRuns = tiling.nLoop ? tiling.tileRuns(nest, *tiling.nLoop) : single;
  double perAccumulator = nest.loops[tiling.vectorLoop].reduction ? 8 : 1;
  double cycles = 0;
  for (const TileRun &mRun : mRuns) {
    for (const TileRun &nRun : nRuns) {
      double tile = bodies * cyclesOfBody(nest, tiling, mRun.size, nRun.size) +
                    loopCycles + 6 + perAccumulator * mRun.size * nRun.size;
      cycles += tile * mRun.count * nRun.count;
    }
  }
  return cycles * outer;
}

namespace {
/// The footprints of all accesses inside a loop, and the loop.
struct Level {
  SmallVector<Footprint, 3> footprints;
  double trips = 1;
  SmallVector<bool, 3> moves;

  double occupied() const {
    double sum = 0;
    for (const Footprint &footprint : footprints)
      sum += footprint.occupied;
    return sum;
  }
};
} // namespace

/// Bytes that come into a cache of `capacity` bytes. The outermost level that
/// fits is loaded once for each of its runs, except what the loop around it
/// does not move. `levels` goes outwards from the register tile, whose data
/// stream through even if they do not fit.
static double traffic(llvm::ArrayRef<Level> levels, double capacity) {
  size_t inner = 0;
  while (inner + 1 < levels.size() && levels[inner + 1].occupied() <= capacity)
    ++inner;
  bool fits = levels[inner].occupied() <= capacity;
  double runs = 1;
  for (const Level &level : levels.drop_front(inner))
    runs *= level.trips;
  double bytes = 0;
  for (auto [footprint, moves] :
       llvm::zip_equal(levels[inner].footprints, levels[inner].moves))
    bytes +=
        footprint.bytes * runs / (fits && !moves ? levels[inner].trips : 1);
  return bytes;
}

static double cyclesOfCache(const Nest &nest, const Tiling &tiling,
                            const Cache &cache) {
  // Iterations of each loop inside the current level.
  SmallVector<int64_t> inside(nest.loops.size(), 1);
  auto addLevel = [&](SmallVector<Level> &levels) {
    Level &level = levels.emplace_back();
    for (const Access *access : nest.accesses()) {
      SmallVector<Progression> terms;
      for (auto [coef, count] : llvm::zip_equal(access->coefs, inside))
        terms.push_back({coef, count});
      level.footprints.push_back(
          footprintOf(terms, access->elementBits, cache));
    }
    level.moves.assign(level.footprints.size(), false);
  };
  auto setInside = [&](unsigned loop, int64_t steps) {
    if (loop == tiling.vectorLoop)
      steps *= tiling.lanes;
    inside[loop] = std::min(steps, nest.loops[loop].extent);
  };

  if (tiling.mLoop)
    setInside(*tiling.mLoop, tiling.m);
  if (tiling.nLoop)
    setInside(*tiling.nLoop, tiling.n);
  SmallVector<Level> body;
  double bodies = 1;
  for (auto [loop, steps] :
       llvm::zip_equal(tiling.reductionLoops, tiling.unroll)) {
    setInside(loop, steps);
    bodies *= double(tiling.numSteps(nest, loop)) / steps;
  }
  addLevel(body);
  for (unsigned loop : tiling.reductionLoops)
    inside[loop] = nest.loops[loop].extent;

  SmallVector<Level> levels;
  addLevel(levels);
  // Lines that do not survive until the next body are loaded by each of them.
  if (body[0].occupied() > cache.capacity)
    for (auto [tile, once] :
         llvm::zip_equal(levels[0].footprints, body[0].footprints))
      tile.bytes = std::max(tile.bytes, once.bytes * bodies);
  for (unsigned loop : llvm::reverse(tiling.outerLoops)) {
    Level &level = levels.back();
    level.trips = llvm::divideCeil(nest.loops[loop].extent, inside[loop]);
    for (auto [moves, access] : llvm::zip_equal(level.moves, nest.accesses()))
      moves = access->coefs[loop] != 0;
    inside[loop] = nest.loops[loop].extent;
    addLevel(levels);
  }
  return traffic(levels, cache.capacity) / cache.bytesPerCycle;
}

double dconv::kernels::memoryCycles(const Nest &nest, const Tiling &tiling,
                                    const KernelTarget &target) {
  auto setDistance = [](int64_t bytes, int64_t ways) {
    return int64_t(llvm::PowerOf2Ceil(bytes / ways + 1) / 2);
  };
  Cache l1 = {0.8 * target.l1Bytes, setDistance(target.l1Bytes, 8),
              kBytesPerCycleL2};
  Cache l2 = {0.7 * target.l2Bytes, setDistance(target.l2Bytes, 16),
              kBytesPerCycleL3};
  return cyclesOfCache(nest, tiling, l1) + cyclesOfCache(nest, tiling, l2);
}
