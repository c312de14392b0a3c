//===- ShardCountsTest.cpp - bytes and memory from cell tables ------------===//

#include "../Geometry/Cases.h"
#include "TabledSplit.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <random>

using namespace dconv;
using namespace dconv::test;

TEST(ShardCounts, EqualThePrediction) {
  std::mt19937 random(3);
  for (int i = 0; i < 4000; ++i) {
    Case testCase = randomCase(random, 1 + i % 3);
    testCase.fillsOutput = random() % 2;
    TabledSplit split(testCase.convolution, testCase.split);
    ASSERT_TRUE(split.valid());
    int64_t devices = split.view.shards + random() % 4;
    Prediction expected = predict(distribute(
        testCase.convolution, testCase.split, devices, testCase.fillsOutput));
    ShardCounts counts(testCase.convolution, split.components, split.view,
                       testCase.fillsOutput);
    Prediction got = counts.predict(devices);
    std::string where = describe(testCase);
    ASSERT_EQ(got.bytesReceived, expected.bytesReceived) << where;
    ASSERT_EQ(got.bytesSent, expected.bytesSent) << where;
    ASSERT_EQ(got.scatterBytes, expected.scatterBytes) << where;
    ASSERT_EQ(got.gatherBytes, expected.gatherBytes) << where;
    ASSERT_EQ(got.peakBytes, expected.peakBytes) << where;
    int64_t peak =
        *std::max_element(expected.peakBytes.begin(), expected.peakBytes.end());
    EXPECT_EQ(counts.peak().first, peak) << where;
    EXPECT_GE(counts.peakAtMost(), peak) << where;
  }
}

// The tables choose the dim that a reduction divides again as layouts do, also
// where stripes differ.
TEST(PiecesDim, IsThatOfTheLayouts) {
  std::mt19937 random(5);
  int evenly = 0, largest = 0;
  for (int i = 0; i < 4000; ++i) {
    Case testCase = randomCase(random, 1 + i % 3);
    const Convolution &convolution = testCase.convolution;
    TabledSplit split(convolution, testCase.split);
    ASSERT_TRUE(split.valid());
    Grid grid = testCase.split.grid(1);
    TensorLayout partial = outputLayout(convolution, testCase.split);
    if (partial.partialAxes.empty())
      continue;
    const int64_t pieces = grid.sizeAlong(partial.partialAxes);
    TensorLayout result =
        scatteredLayout(grid, partial, convolution.output.shape);
    size_t divided = 0;
    while (result.dims[divided] == partial.dims[divided])
      ++divided;
    const Stripes &stripes = partial.dims[divided].owned;
    bool isEven = true;
    int64_t longest = 0;
    for (Interval stripe : stripes) {
      isEven &= dividesEvenly(stripe.size(), pieces);
      longest = std::max(longest, stripe.size());
    }
    ++(isEven ? evenly : largest);

    std::string where = describe(testCase);
    PiecesDim dim(convolution, split.view.tables, pieces);
    EXPECT_EQ(dim.longest(), longest) << where;
    EXPECT_EQ(dim.cutsRows(), divided > 0 && divided + 1 == partial.dims.size())
        << where;
    ShardWalk walk(split.components, split.view);
    do {
      EXPECT_EQ(walk.lengthOf(dim),
                partial.owned(grid, walk.shard())[divided].size())
          << where;
    } while (walk.advance());
  }
  EXPECT_GT(evenly, 100);
  EXPECT_GT(largest, 100);
}
