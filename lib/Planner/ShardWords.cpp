//===- ShardWords.cpp - words counted shard by shard ----------------------===//

#include "dconv/Planner/ShardWords.h"

#include "RowMajor.h"

#include "dconv/Geometry/Distribution.h"

#include <algorithm>

using namespace dconv;

namespace {
/// Consecutive elements, row-major, of a box.
struct Piece {
  Box box;
  Interval elements;

  /// How many of them lie in `other`.
  int64_t within(const Box &other) const {
    Box common = box.intersect(other);
    if (common.empty())
      return 0;
    common = common.relativeTo(box);
    std::vector<int64_t> sizes;
    std::vector<Interval> part;
    for (unsigned d = 0; d < box.rank(); ++d) {
      sizes.push_back(box[d].size());
      part.push_back(common[d]);
    }
    return countBefore(sizes, part, elements.end) -
           countBefore(sizes, part, elements.begin);
  }
};

/// Counts shard by shard, from the definition in Words.h.
class ShardWords {
public:
  ShardWords(const Convolution &convolution, const Split &split,
             int64_t devices)
      : convolution(convolution), split(split), grid(split.grid(devices)) {
    for (const Operand &input : convolution.inputs)
      layouts.push_back(inputLayout(convolution, split, input));
    layouts.push_back(outputLayout(convolution, split));
  }

  WordCount count() {
    WordCount most;
    most.totalMacs = convolution.iterations().volume();
    most.largestShare.assign(layouts.size(), 0);
    for (int64_t device = 0; device < grid.devices; ++device) {
      std::vector<int64_t> shards = grid.shardsOf(device);
      int64_t macs = 0;
      for (int64_t shard : shards)
        macs += split.iterations(convolution, grid.coordinates(shard)).volume();
      most.mostMacs = std::max(most.mostMacs, macs);
      countDevice(shards, most);
    }
    return most;
  }

private:
  void countDevice(const std::vector<int64_t> &shards, WordCount &most) {
    int64_t words = 0, bytes = 0, memory = 0;
    for (unsigned t = 0; t < layouts.size(); ++t) {
      bool isOutput = t == convolution.inputs.size();
      int64_t elementBytes = isOutput && replicas(t) > 1
                                 ? convolution.accumulatorBytes
                                 : operand(t).elementBytes;
      std::vector<Piece> pieces;
      int64_t share = 0;
      for (int64_t shard : shards) {
        pieces.push_back(pieceOf(t, shard));
        share += pieces.back().elements.size();
      }
      int64_t moved = 0;
      for (int64_t shard : shards) {
        // Of the output a shard holds partial sums for all that it owns with
        // others.
        Box held = isOutput ? layouts[t].owned(grid, shard)
                            : layouts[t].held(grid, shard);
        moved += held.volume();
        for (const Piece &piece : pieces)
          moved -= piece.within(held);
      }
      most.largestShare[t] = std::max(most.largestShare[t], share);
      words += moved;
      bytes += moved * elementBytes;
      memory += (moved + share) * elementBytes;
    }
    most.words = std::max(most.words, words);
    most.bytes = std::max(most.bytes, bytes);
    most.memoryBytes = std::max(most.memoryBytes, memory);
  }

  const Operand &operand(unsigned t) const {
    return t < convolution.inputs.size() ? convolution.inputs[t]
                                         : convolution.output;
  }

  /// The axes along which shards own the same of operand `t`.
  std::vector<unsigned> sharedAxes(unsigned t) const {
    std::vector<unsigned> axes;
    for (unsigned axis = 0; axis < grid.shape.size(); ++axis)
      if (!layouts[t].cuts(axis))
        axes.push_back(axis);
    return axes;
  }
  int64_t replicas(unsigned t) const { return grid.sizeAlong(sharedAxes(t)); }

  Piece pieceOf(unsigned t, int64_t shard) const {
    Box owned = layouts[t].owned(grid, shard);
    int64_t rank = grid.indexAlong(sharedAxes(t), grid.coordinates(shard));
    return {owned, balancedStripes({0, owned.volume()}, replicas(t))[rank]};
  }

  const Convolution &convolution;
  const Split &split;
  Grid grid;
  std::vector<TensorLayout> layouts; ///< inputs, then the output
};
} // namespace

WordCount dconv::countWordsOfShards(const Convolution &convolution,
                                    const Split &split, int64_t devices) {
  return ShardWords(convolution, split, devices).count();
}
