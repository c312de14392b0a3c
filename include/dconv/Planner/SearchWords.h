//===- SearchWords.h - the split that moves the fewest words ----*- C++ -*-===//

#ifndef DCONV_PLANNER_SEARCHWORDS_H
#define DCONV_PLANNER_SEARCHWORDS_H

#include "dconv/Geometry/Stripes.h"
#include "dconv/Planner/Words.h"

#include <functional>

namespace dconv {

/// A split and its cost.
struct RankedSplit {
  std::vector<int64_t> parts; ///< per loop, balanced unless fixed
  WordCount count;
};

struct WordSearchOptions {
  int64_t devices = 1;
  /// Most that the busiest device may work above the mean of all, as a
  /// fraction.
  double maxImbalance = 0.1;
  unsigned top = 1; ///< how many splits to return, >= 1
  /// Parts of loops looked at, at most, before the search gives up the proof:
  /// some seconds.
  int64_t mostParts = int64_t(1) << 22;
  /// Per loop the stripes that it has to have; none, or the list of a loop is
  /// empty: any balanced ones.
  std::vector<Stripes> fixed;
  bool wholeReductions = false; ///< no other reduction is divided
  /// Whether a split may be ranked; all may where there is none. Asked only of
  /// those that would be.
  std::function<bool(const RankedSplit &split)> accepts;
};

struct WordSearchResult {
  /// Best first; fewer where there are fewer, and none where `accepts` refused
  /// all.
  std::vector<RankedSplit> ranked;
  /// True where no split moves fewer words than the first.
  bool optimal = true;
  /// True where `ranked` is the ranking of all splits, ties included.
  bool complete = true;
  /// No split moves fewer words than this: the words of the best where it is
  /// optimal.
  int64_t wordsAtLeast = 0;

  // What the search did.
  int64_t classes = 0;  ///< sets of splits that the bounds looked at
  int64_t expanded = 0; ///< of these, those that could hold a better split
  int64_t visited = 0;  ///< splits in them
  int64_t counted = 0;  ///< of these, those whose words were counted in full
  int64_t refused = 0;  ///< of these, those that were not accepted
};

/// The splits of `convolution` that move the fewest words, of all that divide
/// each loop in any number of balanced parts, in at most `options.devices`
/// shards, within the imbalance.
///
/// Of splits with the same words, the one with fewer bytes is better, then the
/// one with less memory, then the one that divides the first loop in which they
/// differ in more parts. The same input gives the same result. Where none is
/// within the imbalance the error names one that needs more.
Result<WordSearchResult> searchWords(const Convolution &convolution,
                                     const WordSearchOptions &options);

} // namespace dconv

#endif // DCONV_PLANNER_SEARCHWORDS_H
