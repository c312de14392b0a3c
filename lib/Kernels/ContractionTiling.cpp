//===- ContractionTiling.cpp - register tile and loop order ---------------===//

#include "ContractionTiling.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace dconv;
using namespace dconv::kernels;
using llvm::SmallVector;

/// Most accumulations in the innermost body where it has several steps: with
/// more, the loads of the next step need registers that accumulators hold.
constexpr int64_t kMaxBody = 32;
constexpr int64_t kMaxUnroll = 4;
/// Most vectors side by side.
constexpr int64_t kMaxVectors = 6;
/// What the second and the third level of cache deliver.
constexpr double kBytesPerCycleL2 = 32;
constexpr double kBytesPerCycleL3 = 10;
/// Share of a cache that stays while other data pass through.
constexpr double kShareThatStays = 0.6;
/// From one accumulation to the next that depends on it.
constexpr double kLatency = 4;
/// Of the time that loading a vector takes, what it takes to fill one with an
/// element; measured, like what follows.
constexpr double kBroadcastLoad = 1;
/// Around the reduction loops of a tile, and for each of its accumulators.
constexpr double kCyclesPerTile = 20;
constexpr double kCyclesPerAccumulator = 2;

SmallVector<TileSpan, 2> dconv::kernels::evenSpans(int64_t extent,
                                                   int64_t most) {
  int64_t numTiles = llvm::divideCeil(extent, most);
  int64_t small = extent / numTiles;
  int64_t numBig = extent % numTiles;
  SmallVector<TileSpan, 2> spans;
  if (numBig > 0)
    spans.push_back({0, numBig, small + 1});
  spans.push_back({numBig * (small + 1), numTiles - numBig, small});
  return spans;
}

int64_t ContractionTiling::numRows() const {
  int64_t count = 1;
  for (int64_t size : rows)
    count *= size;
  return count;
}

SmallVector<ColumnSpan, 2>
dconv::kernels::vectorSpans(int64_t width, int64_t lanes, int64_t vectors) {
  SmallVector<ColumnSpan, 2> spans;
  int64_t tile = vectors * lanes;
  int64_t whole = width / tile;
  int64_t left = width % tile;
  if (whole > 0)
    spans.push_back({0, whole, vectors, lanes});
  if (left > 0)
    spans.push_back({whole * tile, 1, int64_t(llvm::divideCeil(left, lanes)),
                     left % lanes ? left % lanes : lanes});
  return spans;
}

SmallVector<ColumnSpan, 2> ContractionTiling::columnSpans(int64_t width) const {
  return vectorSpans(width, lanes, vectors);
}

namespace {
/// Goes through the tilings of a contraction and keeps the best.
class Search {
public:
  Search(const Nest &nest, const Contraction &contraction, const StepCost &step,
         const KernelTarget &target, bool packable);

  ContractionTiling run();

private:
  void searchRows();
  void rate();
  double coreCycles() const;
  /// Cycles to bring the data into the first level, in the better order.
  double memoryCycles(bool &columnsOutside) const;
  /// Bytes of what `input` reads in one iteration of the groups.
  double bytesOf(const Access &input) const;

  const Nest &nest;
  const Contraction &contraction;
  const StepCost &step;
  const KernelTarget &target;
  bool packable;
  int64_t numColumns;
  /// Steps of the reduction for one output.
  double numSteps = 1;
  ContractionTiling tiling;
  std::optional<ContractionTiling> best;
  double bestCycles = 0;
};
} // namespace

Search::Search(const Nest &nest, const Contraction &contraction,
               const StepCost &step, const KernelTarget &target, bool packable)
    : nest(nest), contraction(contraction), step(step), target(target),
      packable(packable), numColumns(nest.loops[contraction.columns].extent) {
  for (unsigned loop : contraction.taps)
    numSteps *= nest.loops[loop].extent;
  numSteps *= llvm::divideCeil(nest.loops[contraction.run].extent, step.group);
  tiling.lanes = std::min<int64_t>(target.vectorBits / nest.output.elementBits,
                                   llvm::PowerOf2Ceil(numColumns));
  tiling.lanes = std::max(tiling.lanes, step.minLanes);
}

ContractionTiling Search::run() {
  int64_t block = packable ? numColumns : contraction.panelBlock(nest);
  bool panels = nest.inputs[contraction.b].panels && block < numColumns;
  for (int64_t vectors = 1; vectors <= kMaxVectors; ++vectors) {
    int64_t width = vectors * tiling.lanes;
    if (vectors > 1 && width - tiling.lanes >= numColumns)
      break;
    if (vectors > 1 && panels && !packable && block % width != 0)
      continue;
    tiling.vectors = vectors;
    searchRows();
  }
  return *best;
}

void Search::searchRows() {
  int64_t registers = target.numRegisters - 1 - step.registers - tiling.vectors;
  int64_t most = std::max<int64_t>(registers / tiling.vectors, 1);
  const auto &rows = contraction.rows;
  tiling.rows.assign(rows.size(), 1);
  if (rows.empty())
    return rate();
  // Tiles of one loop, or of one loop times the whole of a short one. Of equal
  // ones those are better whose rows are close together.
  for (size_t first = rows.size(); first-- > 0;) {
    for (size_t whole = first; whole < rows.size(); ++whole) {
      int64_t extent = nest.loops[rows[whole]].extent;
      int64_t room = whole == first ? most : most / extent;
      if (whole != first && room < 2)
        continue;
      int64_t limit = std::min(room, nest.loops[rows[first]].extent);
      int64_t previous = 0;
      for (int64_t size = 1; size <= limit; ++size) {
        int64_t tiles = llvm::divideCeil(nest.loops[rows[first]].extent, size);
        // A smaller size that needs as many tiles is at least as good.
        if (tiles == previous)
          continue;
        previous = tiles;
        tiling.rows.assign(rows.size(), 1);
        tiling.rows[whole] = extent;
        tiling.rows[first] = size;
        rate();
      }
    }
  }
}

double Search::coreCycles() const {
  // Tiles of each number of rows.
  SmallVector<std::pair<double, double>, 4> rowTiles = {{1, 1}};
  for (auto [loop, size] : llvm::zip_equal(contraction.rows, tiling.rows)) {
    SmallVector<std::pair<double, double>, 4> next;
    for (auto [rows, count] : rowTiles)
      for (const TileSpan &span : evenSpans(nest.loops[loop].extent, size))
        next.push_back({rows * span.size, count * span.count});
    rowTiles = std::move(next);
  }
  int64_t block = packable ? numColumns : contraction.panelBlock(nest);
  SmallVector<std::pair<double, double>, 4> columnTiles;
  auto addPanels = [&](int64_t width, int64_t count) {
    for (const ColumnSpan &span : tiling.columnSpans(width))
      columnTiles.push_back({span.vectors, span.count * count});
  };
  if (numColumns >= block)
    addPanels(block, numColumns / block);
  if (numColumns % block)
    addPanels(numColumns % block, 1);

  // A core does so many operations on vectors of this size, and loads as many.
  double perCycle = target.vectorBits > 256 ? 1 : 2;
  double cycles = 0;
  for (auto [rows, rowCount] : rowTiles) {
    for (auto [vectors, columnCount] : columnTiles) {
      double operations = rows * vectors * step.perAccumulator +
                          vectors * step.perColumns + rows * step.perRow;
      double arithmetic = operations / perCycle;
      double loads = (vectors + kBroadcastLoad * rows) / perCycle;
      // The two overlap, but not perfectly.
      double busy =
          std::max(arithmetic, loads) + std::min(arithmetic, loads) / 4;
      double work = std::max(busy, kLatency);
      double tile = numSteps * work + kCyclesPerTile +
                    kCyclesPerAccumulator * rows * vectors;
      cycles += tile * rowCount * columnCount;
    }
  }
  return cycles;
}

double Search::bytesOf(const Access &input) const {
  // Steps of the loops inside the groups; overlaps count once.
  double elements = 1;
  int64_t span = 1;
  SmallVector<std::pair<int64_t, int64_t>> terms;
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop)
    if (!llvm::is_contained(contraction.groups, loop) && input.coefs[loop] != 0)
      terms.push_back({std::abs(input.coefs[loop]), nest.loops[loop].extent});
  llvm::sort(terms);
  for (auto [coef, extent] : terms) {
    if (coef <= span && elements > 0) {
      span += coef * (extent - 1);
      elements = span;
      continue;
    }
    elements *= extent;
    span = coef * (extent - 1) + span;
  }
  if (input.panels)
    elements *= numColumns;
  return std::min<double>(elements, input.numElements) * input.elementBits / 8;
}

double Search::memoryCycles(bool &columnsOutside) const {
  double numRowTiles = 1;
  for (auto [loop, size] : llvm::zip_equal(contraction.rows, tiling.rows))
    numRowTiles *= llvm::divideCeil(nest.loops[loop].extent, size);
  double numColumnTiles = std::max<double>(
      1, llvm::divideCeil(numColumns, tiling.lanes * tiling.vectors));
  double bytesA = bytesOf(nest.inputs[contraction.a]);
  double bytesB = bytesOf(nest.inputs[contraction.b]);
  double l1 = kShareThatStays * target.l1Bytes;
  double l2 = kShareThatStays * target.l2Bytes;
  auto perByte = [&](double workingSet) {
    return workingSet <= l1   ? 0
           : workingSet <= l2 ? 1 / kBytesPerCycleL2
                              : 1 / kBytesPerCycleL3;
  };
  // All of b for each tile of rows; a once.
  double rowsOutside =
      numRowTiles * bytesB * perByte(bytesB) + bytesA / kBytesPerCycleL3;
  // All of a for each tile of columns, whose part of b stays.
  double part = bytesB / numColumnTiles;
  double columnsFirst = numRowTiles * bytesB * perByte(part) +
                        numColumnTiles * bytesA * perByte(bytesA + part) +
                        bytesB / kBytesPerCycleL3;
  columnsOutside = columnsFirst < rowsOutside;
  return std::min(columnsFirst, rowsOutside);
}

void Search::rate() {
  double core = coreCycles();
  double memory = memoryCycles(tiling.columnsOutside);
  // The two overlap, but not perfectly.
  double cycles = std::max(core, memory) + std::min(core, memory) / 8;
  if (best && cycles >= bestCycles)
    return;
  int64_t groups = nest.loops[contraction.run].extent / step.group;
  int64_t most = std::clamp<int64_t>(
      kMaxBody / (tiling.numRows() * tiling.vectors), 1, kMaxUnroll);
  tiling.unroll = most;
  for (int64_t unroll = most; unroll > 1 && groups > 0; --unroll) {
    if (groups % unroll == 0) {
      tiling.unroll = unroll;
      break;
    }
  }
  best = tiling;
  bestCycles = cycles;
}

ContractionTiling dconv::kernels::chooseContractionTiling(
    const Nest &nest, const Contraction &contraction, const StepCost &step,
    const KernelTarget &target, bool packable) {
  return Search(nest, contraction, step, target, packable).run();
}
