//===- SearchWordsTest.cpp - the best split is the best -------------------===//

#include "dconv/Planner/SearchWords.h"
#include "../Geometry/Cases.h"
#include "ElementOracle.h"
#include "Layers.h"
#include "SearchOracle.h"
#include "dconv/Planner/BestBox.h"
#include "dconv/Planner/Bounds.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cstdio>
#include <random>
#include <tuple>

using namespace dconv;
using namespace dconv::test;

namespace {
WordSearchOptions optionsFor(int64_t devices, unsigned top = 1) {
  WordSearchOptions options;
  options.devices = devices;
  options.top = top;
  return options;
}

/// How the search ranks.
bool isBetter(const RankedSplit &a, const RankedSplit &b) {
  return std::tie(a.count.words, a.count.bytes, a.count.memoryBytes, b.parts) <
         std::tie(b.count.words, b.count.bytes, b.count.memoryBytes, a.parts);
}
} // namespace

// Any convolution: the ranking of all splits is the ranking of the search.
TEST(SearchWords, RanksAsCountingEverySplitDoes) {
  std::mt19937 random(13);
  int searched = 0, impossible = 0;
  for (int i = 0; i < 400; ++i) {
    Convolution convolution = randomCase(random, 1 + i % 3).convolution;
    int64_t devices = 1 + random() % 24;
    WordSearchOptions options = optionsFor(devices, 1 + random() % 6);
    options.maxImbalance = (random() % 4) * 0.2;
    Result<WordSearchResult> result = searchWords(convolution, options);
    std::vector<RankedSplit> all;
    for (const std::vector<int64_t> &parts : allParts(convolution, devices)) {
      Result<WordCount> count = countWords(convolution, parts);
      ASSERT_TRUE(count) << count.error();
      if (count->imbalance(devices) <= options.maxImbalance + 1e-9)
        all.push_back({parts, *count});
    }
    if (all.empty()) {
      EXPECT_FALSE(result);
      ++impossible;
      continue;
    }
    ASSERT_TRUE(result) << result.error();
    ++searched;
    std::sort(all.begin(), all.end(), isBetter);
    all.resize(std::min<size_t>(all.size(), options.top));
    EXPECT_TRUE(result->optimal);
    EXPECT_TRUE(result->complete);
    EXPECT_EQ(result->wordsAtLeast, all[0].count.words);
    ASSERT_EQ(result->ranked.size(), all.size());
    for (size_t r = 0; r < all.size(); ++r) {
      EXPECT_EQ(result->ranked[r].parts, all[r].parts) << "rank " << r;
      EXPECT_EQ(result->ranked[r].count.words, all[r].count.words);
      EXPECT_EQ(result->ranked[r].count.bytes, all[r].count.bytes);
    }
  }
  EXPECT_GT(searched, 150);
  EXPECT_GT(impossible, 20);
}

TEST(SearchWords, EqualsAnEnumerationOnRealLayers) {
  int64_t tried = 0, cases = 0;
  for (const Layer &layer : realLayers())
    for (int64_t devices : {8, 12, 48, 60, 64, 96, 256}) {
      ++cases;
      OracleBest expected = bestByTryingAll(layer, devices, 0.1);
      Result<WordSearchResult> result =
          searchWords(forwardOf(layer), optionsFor(devices));
      std::string where =
          layer.name + " on " + std::to_string(devices) + " devices";
      tried += expected.tried;
      ASSERT_EQ(bool(result), expected.any) << where;
      if (!expected.any)
        continue;
      const RankedSplit &best = result->ranked.front();
      EXPECT_TRUE(result->optimal) << where;
      EXPECT_EQ(best.count.words, expected.words) << where;
      EXPECT_EQ(best.count.bytes, expected.bytes) << where;
      EXPECT_EQ(best.count.memoryBytes, expected.memoryBytes) << where;
      EXPECT_EQ(best.parts, expected.parts) << where;
    }
  std::printf("%lld cases, %lld splits tried\n", (long long)cases,
              (long long)tried);
}

// Half of the splits found are at most 1.31 times the bound without a floor for
// what is owned, where that is positive.
TEST(SearchWords, IsNearTheBoundOnRealLayers) {
  std::vector<double> distances;
  std::printf("%-32s %4s %12s %12s %12s  %s\n", "layer", "P", "bound",
              "best box", "words", "split");
  for (const Layer &layer : realLayers())
    for (int64_t devices : {8, 64, 256}) {
      Convolution convolution = forwardOf(layer);
      Result<BoundTerms> terms = boundTerms(convolution);
      ASSERT_TRUE(terms) << terms.error();
      Result<WordSearchResult> result =
          searchWords(convolution, optionsFor(devices));
      ASSERT_TRUE(result) << result.error();
      const RankedSplit &best = result->ranked.front();
      std::vector<int64_t> owned =
          ownedShares(*terms, devices, best.count.largestShare);
      int64_t bound = memoryIndependentBound(*terms, devices, owned);
      BestBox box = findBestBox(convolution, devices, owned);
      std::string split =
          toString(splitInParts(convolution, best.parts), convolution);
      std::printf("%-32s %4lld %12lld %12lld %12lld  %s\n", layer.name.c_str(),
                  (long long)devices, (long long)bound, (long long)box.words,
                  (long long)best.count.words, split.c_str());
      EXPECT_LE(bound, best.count.words);
      EXPECT_LE(box.words, best.count.words);
      // Those count where a device with its mean of each tensor must move some.
      double withoutFloor = leastTouchedSum(*terms, terms->macs / devices,
                                            std::vector<int64_t>(3, 0));
      for (int64_t share : ownedShares(*terms, devices, {}))
        withoutFloor -= share;
      if (withoutFloor > 0)
        distances.push_back(best.count.words / withoutFloor);
    }
  std::sort(distances.begin(), distances.end());
  double median = distances[distances.size() / 2];
  std::printf("median of words / bound over %zu cases: %.3f\n",
              distances.size(), median);
  EXPECT_LE(median, 1.31);
}

// Giant filters: taps win where there are few channels and the filter is wide
// against the image, and lose where it is not.
TEST(SearchWords, TapsAreSplitWhereThatPays) {
  struct {
    int64_t groups, ins, outs, dims;
    WindowSizes window; ///< of each dim
    int64_t devices;
    bool taps;
  } cases[] = {
      {1, 1, 1, 2, {1024, 1000}, 8, true},
      {1, 3, 8, 2, {224, 224}, 8, true},
      {1, 1, 1, 2, {4096, 2049}, 8, true},
      {1, 1, 1, 2, {4096, 2049}, 64, true},
      {1, 1, 1, 2, {4096, 2049, 1, 1, 1024, 1024}, 8, true},
      {1, 1, 1, 2, {4096, 2049, 1, 1, 1024, 1024}, 64, true},
      {1, 1, 1, 3, {512, 256}, 8, true},
      {1, 1, 1, 3, {512, 256}, 64, true},
      {1, 1, 1, 3, {512, 256, 1, 1, 128, 127}, 8, false},
      {1, 1, 1, 3, {512, 256, 1, 1, 128, 127}, 64, true},
      {1, 3, 4, 2, {2048, 1024, 1, 1, 512, 511}, 8, false},
      {1, 3, 4, 2, {2048, 1024, 1, 1, 512, 511}, 64, true},
      {1, 1, 1, 1, {1 << 20, 1 << 19, 1, 1, 1 << 18, (1 << 18) - 1}, 64, true},
      {8, 8, 8, 2, {512, 256, 1, 1, 128, 127}, 64, true},
      {1, 1, 1, 2, {4096, 512}, 64, false},
      {1, 64, 64, 2, {256, 128}, 8, false}};
  for (const auto &test : cases) {
    Layer layer = makeLayer(1, test.groups, test.ins, test.outs,
                            std::vector<WindowSizes>(test.dims, test.window));
    Convolution convolution = forwardOf(layer);
    Result<WordSearchResult> result =
        searchWords(convolution, optionsFor(test.devices));
    ASSERT_TRUE(result) << result.error();
    const RankedSplit &best = result->ranked.front();
    bool taps = false;
    for (unsigned loop = 0; loop < convolution.numLoops(); ++loop)
      taps |= convolution.roles[loop] == Role::Tap && best.parts[loop] > 1;
    std::string split =
        toString(splitInParts(convolution, best.parts), convolution);
    std::printf("%lld-D, image %lld, filter %lld, %lld devices: %s, %lld "
                "words\n",
                (long long)test.dims, (long long)test.window.input,
                (long long)test.window.kernel, (long long)test.devices,
                split.c_str(), (long long)best.count.words);
    EXPECT_EQ(taps, test.taps) << split;
    OracleBest expected = bestByTryingAll(layer, test.devices, 0.1);
    EXPECT_EQ(best.count.words, expected.words) << split;
    EXPECT_EQ(best.parts, expected.parts) << split;
  }
}

TEST(SearchWords, GivesTheSameResultAgain) {
  Convolution convolution =
      forwardOf(layerNamed(realLayers(), "wan21_vae_dec_c96_720p81f"));
  Result<WordSearchResult> first = searchWords(convolution, optionsFor(60, 8));
  Result<WordSearchResult> second = searchWords(convolution, optionsFor(60, 8));
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  ASSERT_EQ(first->ranked.size(), 8u);
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(first->ranked[i].parts, second->ranked[i].parts);
  EXPECT_EQ(first->visited, second->visited);
  EXPECT_EQ(first->counted, second->counted);
}

// A search that may look at little still gives a split, and what it knows.
TEST(SearchWords, WithoutProofTellsTheGap) {
  Convolution convolution =
      forwardOf(layerNamed(realLayers(), "cosmoflow512_conv1"));
  WordSearchOptions options = optionsFor(65536);
  Result<WordSearchResult> exact = searchWords(convolution, options);
  options.mostParts = 1;
  Result<WordSearchResult> result = searchWords(convolution, options);
  ASSERT_TRUE(exact);
  ASSERT_TRUE(result);
  EXPECT_TRUE(exact->optimal);
  EXPECT_TRUE(exact->complete);
  EXPECT_FALSE(result->complete);
  EXPECT_LE(result->wordsAtLeast, exact->ranked[0].count.words);
  EXPECT_GE(result->ranked[0].count.words, exact->ranked[0].count.words);
  EXPECT_EQ(result->optimal,
            result->wordsAtLeast == result->ranked[0].count.words);
}

TEST(SearchWords, ImpossibleDemandsAreErrors) {
  Convolution convolution = forwardOf(makeLayer(1, 1, 1, 1, {{3, 1}}));
  Result<WordSearchResult> result = searchWords(convolution, optionsFor(2));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), "no split over 2 devices is within an imbalance of "
                            "0.100000; 'o0=2' has 0.333333");
  EXPECT_FALSE(searchWords(convolution, optionsFor(0)));
}
