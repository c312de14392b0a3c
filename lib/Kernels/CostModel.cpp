//===- CostModel.cpp - estimated time of a tiling -------------------------===//
//
// A coarse model of one core that does two multiply-adds and two loads per
// cycle. It has to rank tilings, not to predict times.
//
//===----------------------------------------------------------------------===//

#include "CostModel.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace dconv;
using namespace dconv::kernels;
using llvm::SmallVector;

constexpr int64_t kLineBytes = 64;
/// Cycles from one accumulation to the next that depends on it.
constexpr double kLatency = 4;
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

static double linesOfSums(SmallVector<Progression> terms, unsigned bits) {
  SmallVector<Progression> merged = merge(std::move(terms));
  double lines = 1;
  for (auto [position, term] : llvm::enumerate(merged)) {
    double step = double(term.step) * bits / 8;
    if (position == 0 && step < kLineBytes)
      lines = term.count * step / kLineBytes + 1;
    else
      lines *= term.count;
  }
  return lines;
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
  bool aligned = llvm::all_of(access.coefs, [&](int64_t other) {
    return std::abs(other) <= 1 || other % tiling.lanes == 0;
  });
  for (unsigned loop : tiling.reductionLoops)
    if (loop != tiling.vectorLoop && access.coefs[loop] % tiling.lanes != 0)
      aligned = false;
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
  return std::max({operations / 2, loads, kLatency * numSteps}) +
         (inLoop ? 1 : 0);
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

/// Bytes that go through a cache of `capacity` bytes.
///
/// `footprints[l]` are the bytes of each access inside level l of the nest, the
/// register tile being level 0, and `trips[l]` the iterations of the loop
/// around it. The largest level that fits is loaded once for each of its runs,
/// except what the loop right around it does not move.
static double traffic(const Nest &nest,
                      llvm::ArrayRef<SmallVector<double, 3>> footprints,
                      llvm::ArrayRef<double> trips,
                      llvm::ArrayRef<SmallVector<bool, 3>> moves,
                      double capacity) {
  size_t level = 0;
  while (level + 1 < footprints.size() &&
         llvm::sum_of(footprints[level + 1], 0.0) <= capacity)
    ++level;
  bool fits = llvm::sum_of(footprints[level], 0.0) <= capacity;
  double outside = 1;
  for (size_t l = level; l < trips.size(); ++l)
    outside *= trips[l];
  double bytes = 0;
  for (auto [position, footprint] : llvm::enumerate(footprints[level])) {
    bool stays = fits && level < trips.size() && !moves[level][position];
    bytes += footprint * outside / (stays ? trips[level] : 1);
  }
  return bytes;
}

double dconv::kernels::memoryCycles(const Nest &nest, const Tiling &tiling,
                                    const KernelTarget &target) {
  SmallVector<const Access *, 3> accesses = nest.accesses();
  // Iterations of each loop inside the current level.
  SmallVector<int64_t> inside(nest.loops.size(), 1);
  for (unsigned loop : tiling.reductionLoops)
    inside[loop] = nest.loops[loop].extent;
  auto tileExtent = [&](unsigned loop) {
    int64_t size = loop == tiling.mLoop   ? tiling.m
                   : loop == tiling.nLoop ? tiling.n
                                          : 1;
    if (loop == tiling.vectorLoop)
      size *= tiling.lanes;
    return std::min(size, nest.loops[loop].extent);
  };
  for (unsigned loop : tiling.outerLoops)
    inside[loop] = tileExtent(loop);

  SmallVector<SmallVector<double, 3>> footprints;
  SmallVector<double> trips;
  SmallVector<SmallVector<bool, 3>> moves;
  auto addLevel = [&] {
    auto &level = footprints.emplace_back();
    for (const Access *access : accesses) {
      SmallVector<Progression> terms;
      for (auto [coef, count] : llvm::zip_equal(access->coefs, inside))
        terms.push_back({coef, count});
      level.push_back(kLineBytes * linesOfSums(terms, access->elementBits));
    }
  };
  addLevel();
  for (unsigned loop : llvm::reverse(tiling.outerLoops)) {
    trips.push_back(llvm::divideCeil(nest.loops[loop].extent, inside[loop]));
    auto &moved = moves.emplace_back();
    for (const Access *access : accesses)
      moved.push_back(access->coefs[loop] != 0);
    inside[loop] = nest.loops[loop].extent;
    addLevel();
  }
  // Caches hold less than they have: lines conflict, streams pass through.
  return traffic(nest, footprints, trips, moves, 0.7 * target.l1Bytes) /
             kBytesPerCycleL2 +
         traffic(nest, footprints, trips, moves, 0.6 * target.l2Bytes) /
             kBytesPerCycleL3;
}
