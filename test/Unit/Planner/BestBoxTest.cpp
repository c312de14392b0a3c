//===- BestBoxTest.cpp - the box of iterations that needs least -----------===//

#include "dconv/Planner/BestBox.h"
#include "../Geometry/Cases.h"
#include "ElementOracle.h"
#include "Layers.h"
#include "dconv/Planner/Bounds.h"
#include "dconv/Planner/SearchWords.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <random>

using namespace dconv;
using namespace dconv::test;

namespace {
/// Every box, everywhere, with at least the work.
int64_t leastByTryingAll(const Convolution &convolution, int64_t devices,
                         int64_t owned) {
  int64_t volume = convolution.iterations().volume();
  int64_t least = INT64_MAX;
  Box box = convolution.iterations();
  auto next = [&](auto &self, unsigned loop) -> void {
    if (loop == convolution.numLoops()) {
      if (box.volume() * devices < volume)
        return;
      int64_t words = 0;
      for (const Operand &input : convolution.inputs)
        words += std::max<int64_t>(0, footprint(input.unpaddedMap(), box)
                                              .intersect(input.extent())
                                              .volume() -
                                          owned);
      words += std::max<int64_t>(
          0, footprint(convolution.output.map, box).volume() - owned);
      least = std::min(least, words);
      return;
    }
    int64_t extent = convolution.extents[loop];
    for (int64_t begin = 0; begin < extent; ++begin)
      for (int64_t end = begin + 1; end <= extent; ++end) {
        box[loop] = {begin, end};
        self(self, loop + 1);
      }
    box[loop] = {0, extent};
  };
  next(next, 0);
  return least;
}
} // namespace

TEST(BestBox, IsTheLeastOfAllBoxes) {
  std::mt19937 random(19);
  int compared = 0, exact = 0;
  for (int i = 0; i < 400; ++i) {
    Convolution convolution = randomCase(random, 1 + i % 2).convolution;
    int64_t boxes = 1;
    for (int64_t extent : convolution.extents)
      boxes *= extent * (extent + 1) / 2;
    if (boxes > 100000)
      continue;
    ++compared;
    for (int64_t devices : {1, 2, 3, 5, 12}) {
      std::vector<int64_t> owned(convolution.inputs.size() + 1, i % 3);
      BestBox box = findBestBox(convolution, devices, owned);
      int64_t least = leastByTryingAll(convolution, devices, i % 3);
      EXPECT_LE(box.wordsAtLeast, least) << "case " << i << " on " << devices;
      exact += box.exact;
      if (box.exact)
        EXPECT_EQ(box.words, least) << "case " << i << " on " << devices;
    }
  }
  EXPECT_GT(compared, 200);
  EXPECT_GT(exact, 900);
}

TEST(BestBox, NoSplitOfARealLayerNeedsLess) {
  for (const Layer &layer : realLayers())
    for (int64_t devices : {8, 64, 256}) {
      Convolution convolution = forwardOf(layer);
      WordSearchOptions options;
      options.devices = devices;
      Result<WordSearchResult> result = searchWords(convolution, options);
      Result<BoundTerms> terms = boundTerms(convolution);
      ASSERT_TRUE(result && terms);
      const WordCount &count = result->ranked.front().count;
      std::vector<int64_t> owned =
          ownedShares(*terms, devices, count.largestShare);
      BestBox box = findBestBox(convolution, devices, owned);
      EXPECT_LE(box.wordsAtLeast, count.words) << layer.name;
      EXPECT_TRUE(box.exact) << layer.name;
    }
}
