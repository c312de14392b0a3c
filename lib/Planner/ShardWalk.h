//===- ShardWalk.h - the shards of a split, one by one ----------*- C++ -*-===//

#ifndef DCONV_LIB_PLANNER_SHARDWALK_H
#define DCONV_LIB_PLANNER_SHARDWALK_H

#include "SplitTimer.h"

#include "dconv/Geometry/Prediction.h"

#include <limits>

namespace dconv {

/// Visits the shards of a split in their order, with their cells.
class ShardWalk {
public:
  ShardWalk(const std::vector<Component> &components, const SplitView &split);

  /// The number of the shard visited, from 0.
  int64_t shard() const { return number; }
  const CellCounts &cell(unsigned component) const {
    return split.tables[component]->cells()[cellOf[component]];
  }
  /// What the shard has of the dim that a reduction divides again.
  int64_t lengthOf(const PiecesDim &divided) const {
    return divided.lengthOf(cellOf[divided.component()]);
  }
  int64_t at(unsigned loop) const { return coordinates[loop]; }
  /// Goes on to the next; false after the last.
  bool advance();

  /// The product over the components of one number of the cells.
  template <typename T>
  T product(PerOperand<T> CellCounts::*of, unsigned operand) const {
    T result = 1;
    for (unsigned c = 0; c < cellOf.size(); ++c)
      result *= (cell(c).*of)[operand];
    return result;
  }

private:
  const SplitView &split;
  int64_t number = 0;
  std::vector<int64_t> coordinates; ///< per loop
  std::vector<int64_t> cellOf;      ///< per component
  /// Per loop: its component, and the distance of its parts among the cells.
  std::vector<std::pair<unsigned, int64_t>> strides;
};

/// What `predict` says of a split with one shard per device, from its tables.
class ShardCounts {
public:
  ShardCounts(const Convolution &convolution,
              const std::vector<Component> &components, const SplitView &split,
              bool fillsOutput);

  /// Per device of `devices`, at least as many as shards.
  Prediction predict(int64_t devices) const;
  /// The greatest peak of all shards, or, after `limit`, of the first shard
  /// with more; and which shard that is.
  std::pair<int64_t, int64_t>
  peak(int64_t limit = std::numeric_limits<int64_t>::max()) const;
  /// The greatest peak is no more than this.
  int64_t peakAtMost() const;

private:
  int64_t peakOf(const ShardWalk &walk) const;
  int64_t pieceOf(const ShardWalk &walk) const;
  int64_t indexInGroup(const ShardWalk &walk) const;
  bool readsInPlace(unsigned t) const;
  int64_t arena(const PerOperand<int64_t> &stripes,
                const PerOperand<int64_t> &windows, int64_t piece,
                int64_t indexInGroup) const;

  const Convolution &convolution;
  const std::vector<Component> &components;
  const SplitView &split;
  bool fillsOutput;
  std::vector<unsigned> partial; ///< loops whose parts are added up, in order
  int64_t pieces = 1;            ///< that a result is divided in again
  PiecesDim divided;
  /// Inputs whose stripes have room for what is read (StripeWindows.h).
  PerOperand<bool> inPlace{false, false, false};
};

} // namespace dconv

#endif // DCONV_LIB_PLANNER_SHARDWALK_H
