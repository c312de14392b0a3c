//===- DefaultSplit.cpp - a split where the user names none ---------------===//

#include "dconv/Planner/DefaultSplit.h"

#include <algorithm>
#include <limits>
#include <tuple>

using namespace dconv;

Result<int64_t> dconv::parseMemorySize(const std::string &text) {
  Error malformed{"memory size '" + text +
                  "' needs a positive number of bytes, or one with KiB, MiB "
                  "or GiB"};
  size_t digits = text.find_first_not_of("0123456789");
  std::string unit = digits == std::string::npos ? "" : text.substr(digits);
  int64_t bytes = 0;
  for (char c : text.substr(0, digits))
    if (__builtin_mul_overflow(bytes, int64_t(10), &bytes) ||
        __builtin_add_overflow(bytes, int64_t(c - '0'), &bytes))
      return malformed;
  int64_t scale;
  if (unit.empty())
    scale = 1;
  else if (unit == "KiB")
    scale = int64_t(1) << 10;
  else if (unit == "MiB")
    scale = int64_t(1) << 20;
  else if (unit == "GiB")
    scale = int64_t(1) << 30;
  else
    return malformed;
  if (__builtin_mul_overflow(bytes, scale, &bytes) || bytes == 0)
    return malformed;
  return bytes;
}

Result<int64_t> dconv::checkBudget(const Prediction &prediction,
                                   MemoryBudget budget) {
  int64_t peak = *std::max_element(prediction.peakBytes.begin(),
                                   prediction.peakBytes.end());
  if (!budget || peak <= *budget)
    return peak;
  std::string text = "needs more memory than a device has: " +
                     std::to_string(*budget) + " bytes each, needed";
  for (size_t d = 0; d < prediction.peakBytes.size(); ++d)
    text += (d ? ", " : " ") + std::to_string(prediction.peakBytes[d]) +
            " on device " + std::to_string(d);
  return Error{text};
}

namespace {
/// Visits every split into a given number of shards and keeps the best.
class SplitSearch {
public:
  SplitSearch(const Convolution &convolution, int64_t devices,
              MemoryBudget budget, bool fillsOutput, Reductions reductions)
      : convolution(convolution), devices(devices), budget(budget),
        fillsOutput(fillsOutput), reductions(reductions) {}

  /// True where some split has `shards` shards and fits.
  bool run(int64_t shards) {
    visit(0, shards, Split());
    return found;
  }

  bool any = false;   ///< some split had the number of shards
  bool found = false; ///< some split fits
  Split best;
  int64_t leastPeak = std::numeric_limits<int64_t>::max();

private:
  static constexpr size_t mostDims = 3;

  void visit(unsigned loop, int64_t rest, Split split) {
    if (rest == 1) {
      consider(split);
      return;
    }
    if (loop == convolution.numLoops() || split.axes.size() == mostDims)
      return;
    // Splits of this dim come before those that leave it whole.
    int64_t extent = convolution.extents[loop];
    if (reductions == Reductions::Whole && convolution.isReduction(loop))
      extent = 1; // in one part alone
    for (int64_t parts = 2; parts <= std::min(rest, extent); ++parts) {
      if (rest % parts != 0)
        continue;
      Split next = split;
      next.axes.push_back(balancedSplit(loop, extent, parts));
      visit(loop + 1, rest / parts, std::move(next));
    }
    visit(loop + 1, rest, std::move(split));
  }

  void consider(const Split &split) {
    any = true;
    Prediction prediction =
        predict(distribute(convolution, split, devices, fillsOutput));
    int64_t moved = 0, peak = 0;
    for (int64_t d = 0; d < devices; ++d) {
      moved = std::max(moved, prediction.bytesReceived[d] +
                                  prediction.scatterBytes[d]);
      peak = std::max(peak, prediction.peakBytes[d]);
    }
    leastPeak = std::min(leastPeak, peak);
    if (budget && peak > *budget)
      return;
    if (found && std::tie(moved, peak) >= std::tie(bestMoved, bestPeak))
      return;
    found = true;
    best = split;
    bestMoved = moved;
    bestPeak = peak;
  }

  const Convolution &convolution;
  int64_t devices;
  MemoryBudget budget;
  bool fillsOutput;
  Reductions reductions;
  int64_t bestMoved = 0, bestPeak = 0;
};
} // namespace

Result<Split> dconv::chooseSplit(const Convolution &convolution,
                                 int64_t devices, MemoryBudget budget,
                                 bool fillsOutput, Reductions reductions) {
  constexpr int64_t mostShardsPerDevice = 64;
  SplitSearch search(convolution, devices, budget, fillsOutput, reductions);
  for (int64_t shards = devices; shards > 0 && !search.any; --shards)
    if (search.run(shards))
      return search.best;
  const int64_t mostWaves =
      std::min(mostShardsPerDevice, Grid::most / devices);
  for (int64_t wave = 2; wave <= mostWaves; wave *= 2)
    if (search.run(wave * devices))
      return search.best;
  return Error{"no split into at most " +
               std::to_string(mostWaves * devices) +
               " shards fits: the least peak found is " +
               std::to_string(search.leastPeak) + " bytes, allowed are " +
               std::to_string(budget.value_or(0))};
}
