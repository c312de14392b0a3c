//===- ShardWordsTest.cpp - words counted shard by shard ------------------===//

#include "dconv/Planner/ShardWords.h"

#include "ElementOracle.h"
#include "Layers.h"

#include "dconv/Geometry/Distribution.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

using namespace dconv;
using namespace dconv::test;

namespace {
using Element = std::vector<int64_t>;

/// The elements of `box` in row-major order.
std::vector<Element> elementsOf(const Box &box) {
  std::vector<Element> elements;
  if (box.empty())
    return elements;
  Element at;
  for (const Interval &dim : box.dims)
    at.push_back(dim.begin);
  while (true) {
    elements.push_back(at);
    unsigned d = box.rank();
    while (d-- > 0) {
      if (++at[d] < box[d].end)
        break;
      at[d] = box[d].begin;
    }
    if (d == ~0u)
      return elements;
  }
}

/// Element by element, from the definition: of each device the elements of
/// pieces it owns, and those that its shards hold and it does not own.
WordCount countElements(const Convolution &convolution, const Split &split,
                        int64_t devices) {
  Grid grid = split.grid(devices);
  WordCount count;
  count.totalMacs = convolution.iterations().volume();
  std::vector<int64_t> words(devices), bytes(devices), memory(devices);
  for (unsigned t = 0; t <= convolution.inputs.size(); ++t) {
    bool isOutput = t == convolution.inputs.size();
    const Operand &operand =
        isOutput ? convolution.output : convolution.inputs[t];
    TensorLayout layout = isOutput ? outputLayout(convolution, split)
                                   : inputLayout(convolution, split, operand);
    // The shards that own the same, in the order of their index.
    std::map<std::vector<int64_t>, std::vector<int64_t>> groups;
    for (int64_t shard = 0; shard < grid.numShards(); ++shard) {
      std::vector<int64_t> key, at = grid.coordinates(shard);
      for (unsigned axis = 0; axis < at.size(); ++axis)
        if (layout.cuts(axis))
          key.push_back(at[axis]);
      groups[key].push_back(shard);
    }
    std::vector<std::set<Element>> owned(devices);
    int64_t elementBytes = operand.elementBytes;
    for (auto &[key, shards] : groups) {
      if (isOutput && shards.size() > 1)
        elementBytes = convolution.accumulatorBytes;
      std::vector<Element> stripe =
          elementsOf(layout.owned(grid, shards.front()));
      size_t at = 0;
      for (size_t i = 0; i < shards.size(); ++i) {
        size_t size = stripe.size() / shards.size() +
                      (i < stripe.size() % shards.size() ? 1 : 0);
        for (size_t end = at + size; at < end; ++at)
          owned[grid.deviceOf(shards[i])].insert(stripe[at]);
      }
    }
    int64_t largest = 0;
    for (int64_t d = 0; d < devices; ++d) {
      int64_t moved = 0;
      for (int64_t shard : grid.shardsOf(d))
        for (const Element &element :
             elementsOf(isOutput ? layout.owned(grid, shard)
                                 : layout.held(grid, shard)))
          moved += !owned[d].count(element);
      largest = std::max<int64_t>(largest, owned[d].size());
      words[d] += moved;
      bytes[d] += moved * elementBytes;
      memory[d] += (moved + int64_t(owned[d].size())) * elementBytes;
    }
    count.largestShare.push_back(largest);
  }
  for (int64_t d = 0; d < devices; ++d) {
    int64_t macs = 0;
    for (int64_t shard : grid.shardsOf(d))
      macs += split.iterations(convolution, grid.coordinates(shard)).volume();
    count.mostMacs = std::max(count.mostMacs, macs);
    count.words = std::max(count.words, words[d]);
    count.bytes = std::max(count.bytes, bytes[d]);
    count.memoryBytes = std::max(count.memoryBytes, memory[d]);
  }
  return count;
}

void expectEqual(const WordCount &have, const WordCount &want,
                 const std::string &where) {
  EXPECT_EQ(have.words, want.words) << where;
  EXPECT_EQ(have.bytes, want.bytes) << where;
  EXPECT_EQ(have.memoryBytes, want.memoryBytes) << where;
  EXPECT_EQ(have.largestShare, want.largestShare) << where;
  EXPECT_EQ(have.mostMacs, want.mostMacs) << where;
  EXPECT_EQ(have.totalMacs, want.totalMacs) << where;
}

std::vector<Layer> smallLayers() {
  return {makeLayer(2, 1, 2, 3, {{7, 3, 1, 1, 1, 1}}),
          makeLayer(1, 2, 4, 4, {{6, 2, 2, 1, 0, 1}}),
          makeLayer(1, 1, 2, 2, {{9, 3, 1, 2, 2, 0}, {4, 2, 1, 1, 0, 0}}),
          makeLayer(2, 1, 1, 2, {{11, 5, 2, 1, 0, 0}})};
}
} // namespace

TEST(ShardWords, EqualTheWordsOfBalancedSplits) {
  for (const Layer &layer : smallLayers()) {
    Convolution convolution = forwardOf(layer);
    convolution.accumulatorBytes = 8;
    for (const std::vector<int64_t> &parts : allParts(convolution, 12)) {
      Split split = splitInParts(convolution, parts);
      expectEqual(
          countWordsOfShards(convolution, split, split.grid(1).numShards()),
          countByElements(convolution, parts), toString(split, convolution));
    }
  }
}

// Stripes of any lengths, more shards than devices and fewer.
TEST(ShardWords, EqualSetsOfElements) {
  std::mt19937 random(1);
  auto below = [&](int64_t end) { return int64_t(random() % end); };
  for (const Layer &layer : smallLayers()) {
    Convolution convolution = forwardOf(layer);
    convolution.accumulatorBytes = 8;
    for (int i = 0; i < 150; ++i) {
      Split split;
      std::vector<unsigned> loops(convolution.numLoops());
      for (unsigned loop = 0; loop < loops.size(); ++loop)
        loops[loop] = loop;
      std::shuffle(loops.begin(), loops.end(), random);
      for (unsigned loop : loops) {
        int64_t rest = convolution.extents[loop];
        if (rest == 1 || below(2) || split.grid(1).numShards() > 12)
          continue;
        AxisSplit axis{loop, {}};
        for (; rest > 0; rest -= axis.lengths.back())
          axis.lengths.push_back(1 + below(rest));
        split.axes.push_back(axis);
      }
      int64_t devices = 1 + below(6);
      expectEqual(countWordsOfShards(convolution, split, devices),
                  countElements(convolution, split, devices),
                  toString(split, convolution) + " on " +
                      std::to_string(devices));
    }
  }
}
