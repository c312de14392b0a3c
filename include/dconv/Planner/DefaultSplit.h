//===- DefaultSplit.h - a split where the user names none -------*- C++ -*-===//

#ifndef DCONV_PLANNER_DEFAULTSPLIT_H
#define DCONV_PLANNER_DEFAULTSPLIT_H

#include "dconv/Geometry/Prediction.h"

#include <optional>

namespace dconv {

/// What a device may allocate, in bytes; no limit where absent.
using MemoryBudget = std::optional<int64_t>;

/// Reads "4000000", "64KiB", "512MiB", "2GiB"; zero is an error.
Result<int64_t> parseMemorySize(const std::string &text);

/// An error with the numbers of every device where a peak of `prediction`
/// exceeds `budget`.
Result<int64_t> checkBudget(const Prediction &prediction, MemoryBudget budget);

/// Whether a reduction may be split: not where its parts do not combine.
enum class Reductions { Split, Whole };

/// A split of `convolution` that fits `budget` on each of `devices`.
///
/// Tries S shards for S = devices, 2 devices, 4 devices, ... up to 64 devices:
/// every way to write S as factors of at most three dims. Of those that fit it
/// takes the one whose busiest device is sent the fewest bytes (scattered and
/// received), then the one with the lowest peak, then the first in the order of
/// the dims. Where no split has S = devices shards, fewer are tried. The error
/// tells the least peak found.
Result<Split> chooseSplit(const Convolution &convolution, int64_t devices,
                          MemoryBudget budget, bool fillsOutput,
                          Reductions reductions = Reductions::Split);

} // namespace dconv

#endif // DCONV_PLANNER_DEFAULTSPLIT_H
