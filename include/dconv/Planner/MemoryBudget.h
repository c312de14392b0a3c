//===- MemoryBudget.h - what a device may allocate --------------*- C++ -*-===//

#ifndef DCONV_PLANNER_MEMORYBUDGET_H
#define DCONV_PLANNER_MEMORYBUDGET_H

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

} // namespace dconv

#endif // DCONV_PLANNER_MEMORYBUDGET_H
