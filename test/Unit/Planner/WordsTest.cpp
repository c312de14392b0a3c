//===- WordsTest.cpp - words of splits ------------------------------------===//

#include "../Geometry/Cases.h"
#include "ElementOracle.h"
#include "Layers.h"

#include "gtest/gtest.h"

#include <random>

using namespace dconv;
using namespace dconv::test;

namespace {
std::string text(const std::vector<int64_t> &values) {
  std::string result;
  for (int64_t value : values)
    result += std::to_string(value) + " ";
  return result;
}

void expectSame(const Convolution &convolution,
                const std::vector<int64_t> &parts, const std::string &what) {
  Result<WordCount> count = countWords(convolution, parts);
  ASSERT_TRUE(count) << what << count.error();
  WordCount expected = countByElements(convolution, parts);
  std::string where = what + " in parts " + text(parts);
  ASSERT_EQ(count->words, expected.words) << where;
  ASSERT_EQ(count->bytes, expected.bytes) << where;
  ASSERT_EQ(count->memoryBytes, expected.memoryBytes) << where;
  ASSERT_EQ(count->largestShare, expected.largestShare) << where;
  ASSERT_EQ(count->mostMacs, expected.mostMacs) << where;
  ASSERT_EQ(count->totalMacs, expected.totalMacs) << where;
}

int64_t wordsOf(const Layer &layer, const std::string &spec) {
  Convolution convolution = forwardOf(layer);
  Result<Split> split = parseSplit(spec, convolution);
  EXPECT_TRUE(split) << split.error();
  std::vector<int64_t> parts(convolution.numLoops(), 1);
  for (const AxisSplit &axis : split->axes)
    parts[axis.loop] = axis.lengths.size();
  return countWords(convolution, parts)->words;
}
} // namespace

// 8 rows of 8 positions and 4 channels; two shards of 4 rows each receive one
// row, 8 * 4 elements, and half of the 3 * 3 * 4 * 6 elements of the filter.
TEST(Words, RowsOfHaloAndHalfOfTheFilter) {
  Layer layer = makeLayer(1, 1, 4, 6, {{8, 3, 1, 1, 1, 1}, {8, 3, 1, 1, 1, 1}});
  EXPECT_EQ(wordsOf(layer, "o0=2"), 32 + 108);
}

// Each shard keeps half of the 8 * 8 * 6 sums and sends the other half.
TEST(Words, PartialSumsAreSentToWhoKeepsThem) {
  Layer layer = makeLayer(1, 1, 4, 6, {{8, 3, 1, 1, 1, 1}, {8, 3, 1, 1, 1, 1}});
  EXPECT_EQ(wordsOf(layer, "ic=2"), 192);
}

TEST(Words, GroupsNeedNothing) {
  Layer layer = makeLayer(2, 8, 8, 8, {{5, 3, 1, 1, 1, 1}});
  EXPECT_EQ(wordsOf(layer, "g=8"), 0);
}

// Of 7 elements of the filter, three shards own 3, 2 and 2.
TEST(Words, TheBusiestOwnsAShorterPiece) {
  Layer layer = makeLayer(3, 1, 1, 1, {{9, 7}});
  EXPECT_EQ(wordsOf(layer, "n=3"), 5);
}

TEST(Words, EqualSetsOfElementsInAllSplitsOfOneWindow) {
  for (int64_t input : {1, 4, 7})
    for (int64_t kernel : {1, 2, 4})
      for (int64_t stride : {1, 2, 3})
        for (int64_t dilation : {1, 2})
          for (int64_t pad : {0, 1, 3}) {
            Layer layer = makeLayer(
                2, 1, 2, 3, {{input, kernel, stride, dilation, pad, pad / 2}});
            if (input + pad + pad / 2 < dilation * (kernel - 1) + 1)
              continue;
            for (const Convolution &convolution :
                 {forwardOf(layer), filterGradientOf(layer)}) {
              for (const std::vector<int64_t> &parts : allParts(convolution, 6))
                expectSame(convolution, parts, "window ");
              if (HasFatalFailure())
                return;
            }
          }
}

// Loops in any order, flipped taps and filters, groups within a dim of
// channels, windows in both inputs.
TEST(Words, EqualSetsOfElementsInRandomCases) {
  std::mt19937 random(7);
  int counted = 0;
  for (int i = 0; i < 1500; ++i) {
    Convolution convolution = randomCase(random, 1 + i % 3).convolution;
    Result<int64_t> volume = checkedVolume(convolution.extents);
    ASSERT_TRUE(volume);
    if (*volume > 5000)
      continue;
    std::vector<int64_t> parts;
    int64_t left = 16;
    for (int64_t extent : convolution.extents) {
      parts.push_back(1 + random() % std::min({left, extent, int64_t(4)}));
      left /= parts.back();
    }
    expectSame(convolution, parts, "case " + std::to_string(i));
    if (HasFatalFailure())
      return;
    ++counted;
  }
  EXPECT_GT(counted, 1000);
}

TEST(Words, PartsThatDoNotFitAreErrors) {
  Convolution convolution = forwardOf(makeLayer(2, 1, 1, 1, {{5, 3}}));
  std::pair<std::vector<int64_t>, const char *> cases[] = {
      {{1, 1}, "parts of 2 loops, the convolution has 6"},
      {{3, 1, 1, 1, 1, 1}, "3 parts of loop 0, which has extent 2"},
      {{1, 1, 0, 1, 1, 1}, "0 parts of loop 2, which has extent 3"}};
  for (const auto &[parts, message] : cases) {
    Result<WordCount> count = countWords(convolution, parts);
    ASSERT_FALSE(count) << message;
    EXPECT_EQ(count.error(), message);
  }
}

TEST(Words, SplitsInPartsHaveNoAxisForWholeLoops) {
  Convolution convolution = forwardOf(makeLayer(2, 1, 1, 1, {{5, 3}}));
  Split split = splitInParts(convolution, {2, 1, 3, 1, 1, 1});
  EXPECT_EQ(toString(split, convolution), "n=2,o0=3");
}
