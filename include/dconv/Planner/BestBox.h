//===- BestBox.h - the box of iterations that needs least -------*- C++ -*-===//

#ifndef DCONV_PLANNER_BESTBOX_H
#define DCONV_PLANNER_BESTBOX_H

#include "dconv/Geometry/Convolution.h"

namespace dconv {

/// A minimum over the boxes of an iteration space.
struct BestBox {
  std::vector<int64_t> lengths; ///< of a box that attains it, per loop
  int64_t words = 0;            ///< what it touches and its device cannot own
  /// False where the search gave up, or where a loop reads padding in two
  /// operands, so that no box may lie best for both. No box needs fewer than
  /// `wordsAtLeast`.
  bool exact = true;
  int64_t wordsAtLeast = 0;
};

/// The fewest words of a device that does one box of iterations, of at least
/// 1 / `devices` of all (those that read padding count), wherever the box lies,
/// and that owns of each operand (inputs, then output) up to `owned` elements
/// of what it touches. It touches footprints within the tensors. Some shard of
/// every split is such a box, so no split with at most `owned` per device moves
/// fewer; other partitions may. Padding counts as work here and not in the
/// bounds, so where it is much the bound can be the greater.
///
/// Exact, by dividing the ranges of lengths until bounds rule them out;
/// `mostRanges` limits how many are looked at.
BestBox findBestBox(const Convolution &convolution, int64_t devices,
                    const std::vector<int64_t> &owned,
                    int64_t mostRanges = int64_t(1) << 18);

} // namespace dconv

#endif // DCONV_PLANNER_BESTBOX_H
