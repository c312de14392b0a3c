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
