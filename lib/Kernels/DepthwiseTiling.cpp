//===- DepthwiseTiling.cpp - register tile of a depthwise nest ------------===//

#include "DepthwiseTiling.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/MathExtras.h"

using namespace dconv;
using namespace dconv::kernels;

/// Most rows, vectors and column taps of a body, and accumulations of one.
constexpr int64_t kMaxRows = 4;
constexpr int64_t kMaxVectors = 4;
constexpr int64_t kMaxUnroll = 4;
constexpr int64_t kMaxBody = 100;
/// Up to so many column taps there is no loop over them.
constexpr int64_t kFewTaps = 9;
/// From one accumulation to the next that depends on it.
constexpr double kLatency = 4;
/// Around a row of taps, a tile, and for each of its accumulators.
constexpr double kCyclesPerRow = 2;
constexpr double kCyclesPerTile = 20;
constexpr double kCyclesPerAccumulator = 2;

namespace {
class Search {
public:
  Search(const Nest &nest, const Depthwise &roles, const LaneCost &cost,
         const KernelTarget &target)
      : nest(nest), roles(roles), cost(cost), target(target),
        numRows(Depthwise::extentOf(nest, roles.row)),
        numColumns(Depthwise::extentOf(nest, roles.column)),
        numRowTaps(Depthwise::extentOf(nest, roles.rowTap)),
        numSteps(llvm::divideCeil(Depthwise::extentOf(nest, roles.columnTap),
                                  cost.group)),
        numChannels(nest.loops[roles.channels].extent) {
    for (unsigned loop : roles.taps)
      numOtherTaps *= nest.loops[loop].extent;
  }

  DepthwiseTiling run();

private:
  bool fits() const;
  double cycles() const;
  double tileCycles(int64_t rows, int64_t columns, int64_t vectors) const;
  double bodyCycles(int64_t rows, int64_t columns, int64_t vectors,
                    int64_t taps) const;
  /// Vectors of a that `taps` steps of column taps of `columns` columns read.
  int64_t distinctPositions(int64_t columns, int64_t taps) const;

  const Nest &nest;
  const Depthwise &roles;
  const LaneCost &cost;
  const KernelTarget &target;
  int64_t numRows, numColumns, numRowTaps, numSteps, numChannels;
  int64_t numOtherTaps = 1;
  DepthwiseTiling tiling;
};
} // namespace

int64_t Search::distinctPositions(int64_t columns, int64_t taps) const {
  const Access &a = nest.inputs[roles.a];
  llvm::SmallDenseSet<int64_t, 64> positions;
  for (int64_t column = 0; column < columns; ++column)
    for (int64_t tap = 0; tap < taps; ++tap)
      positions.insert(
          (roles.column ? column * a.coefs[*roles.column] : 0) +
          (roles.columnTap ? tap * cost.group * a.coefs[*roles.columnTap] : 0));
  return positions.size();
}

double Search::bodyCycles(int64_t rows, int64_t columns, int64_t vectors,
                          int64_t taps) const {
  double accumulations = rows * columns * vectors * taps;
  double fromA = distinctPositions(columns, taps) * vectors;
  double fromB = roles.b ? rows * taps * vectors : 0;
  // A core does so many operations on vectors of this size, and loads as many.
  double perCycle = target.vectorBits > 256 ? 1 : 2;
  double arithmetic = (accumulations * cost.perAccumulator + fromA * cost.perA +
                       fromB * cost.perB) /
                      perCycle;
  double loads = (fromA + fromB) / perCycle;
  // The two overlap, but not perfectly.
  double busy = std::max(arithmetic, loads) + std::min(arithmetic, loads) / 4;
  return std::max(busy, kLatency * taps);
}

double Search::tileCycles(int64_t rows, int64_t columns,
                          int64_t vectors) const {
  double total = 0;
  for (const RowPhase &phase : rowPhases(rows, numRowTaps, roles.rowStep)) {
    int64_t active = phase.lastRow - phase.firstRow;
    double row = kCyclesPerRow;
    for (const TileSpan &span : evenSpans(numSteps, tiling.unroll))
      row += span.count * bodyCycles(active, columns, vectors, span.size);
    total += row * (phase.end - phase.begin);
  }
  return total * numOtherTaps + kCyclesPerTile +
         kCyclesPerAccumulator * rows * columns * vectors;
}

double Search::cycles() const {
  double total = 0;
  for (const TileSpan &row : evenSpans(numRows, tiling.rows))
    for (const TileSpan &column : evenSpans(numColumns, tiling.columns))
      for (const ColumnSpan &channel :
           vectorSpans(numChannels, tiling.lanes, tiling.vectors))
        total += tileCycles(row.size, column.size, channel.vectors) *
                 row.count * column.count * channel.count;
  return total;
}

bool Search::fits() const {
  int64_t bodies = tiling.rows * tiling.vectors * tiling.unroll;
  // One vector of a, and one to widen the next in. Some are left for what is
  // loaded ahead.
  int64_t needed = tiling.rows * tiling.columns * tiling.vectors +
                   (roles.b ? bodies : 0) + 1 + (cost.perA > 0) +
                   (cost.perAccumulator > 1);
  return needed <= target.numRegisters - target.numRegisters / 8 &&
         bodies * tiling.columns <= kMaxBody;
}

DepthwiseTiling Search::run() {
  tiling.lanes = std::min<int64_t>(target.vectorBits / nest.output.elementBits,
                                   llvm::PowerOf2Ceil(numChannels));
  tiling.lanes = std::max(tiling.lanes, cost.minLanes);
  tiling.allTaps = numSteps * cost.group <= kFewTaps + 1;
  DepthwiseTiling best = tiling;
  double bestCycles = cycles();
  for (tiling.vectors = 1; tiling.vectors <= kMaxVectors; ++tiling.vectors) {
    if ((tiling.vectors - 1) * tiling.lanes >= numChannels)
      break;
    for (tiling.rows = 1; tiling.rows <= std::min(numRows, kMaxRows);
         ++tiling.rows) {
      for (tiling.unroll = 1; tiling.unroll <= std::min(numSteps, kMaxUnroll);
           ++tiling.unroll) {
        int64_t previous = 0;
        for (tiling.columns = 1; tiling.columns <= numColumns && fits();
             ++tiling.columns) {
          // A smaller size that needs as many tiles is at least as good.
          int64_t tiles = llvm::divideCeil(numColumns, tiling.columns);
          if (tiles == previous)
            continue;
          previous = tiles;
          double estimate = cycles();
          if (estimate >= bestCycles)
            continue;
          best = tiling;
          bestCycles = estimate;
        }
      }
    }
  }
  return best;
}

DepthwiseTiling
dconv::kernels::chooseDepthwiseTiling(const Nest &nest, const Depthwise &roles,
                                      const LaneCost &cost,
                                      const KernelTarget &target) {
  return Search(nest, roles, cost, target).run();
}
