//===- Words.h - what a split moves, in words -------------------*- C++ -*-===//
//
// The cost of a split without a machine: how many elements its busiest device
// must be sent or send. Cold: before and after, each tensor lies in one copy.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_PLANNER_WORDS_H
#define DCONV_PLANNER_WORDS_H

#include "dconv/Geometry/Split.h"

namespace dconv {

/// What a split with one shard per device moves and holds.
///
/// Each tensor lies in one copy, cut into the stripes that docs/design.md
/// gives the shards. Where shards own the same stripe, because the split
/// replicates it or because they hold partial sums of it, the stripe is divided
/// among them: in row-major pieces, balanced, longer pieces first, to the
/// shards in the order of their index. Words of a shard are the elements of
/// inputs that it reads (footprints within the tensor, as they are held) and
/// does not own, and the elements of partial sums that others own.
struct WordCount {
  int64_t words = 0; ///< of the busiest device
  int64_t bytes = 0; ///< the same in bytes; partial sums as accumulators
  /// Bytes on the device that holds most: pieces, footprints, sums.
  int64_t memoryBytes = 0;
  /// Per input and for the output, the elements of the largest piece.
  std::vector<int64_t> largestShare;
  /// Multiply-adds, with those that read padding, of the busiest device and of
  /// all.
  int64_t mostMacs = 0, totalMacs = 0;

  /// The maximum over the mean of the work of `devices` devices, less 1; those
  /// without a shard idle.
  double imbalance(int64_t devices) const {
    return double(mostMacs) * double(devices) / double(totalMacs) - 1;
  }
};

/// Counts the words of `convolution` with loop i divided in `parts[i]` parts,
/// balanced. The grid has an axis per loop, in their order. An error where
/// parts do not fit the loops, a loop is in two dims of an operand, or the
/// number of inputs is not one or two.
Result<WordCount> countWords(const Convolution &convolution,
                             const std::vector<int64_t> &parts);

/// The split of those parts: an axis for each loop that has more than one.
Split splitInParts(const Convolution &convolution,
                   const std::vector<int64_t> &parts);

} // namespace dconv

#endif // DCONV_PLANNER_WORDS_H
