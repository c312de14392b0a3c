//===- StripesTest.cpp - stripes by weight
//---------------------------------===//

#include "dconv/Geometry/Stripes.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <random>

namespace dconv {
namespace {

using Weights = std::vector<int64_t>;

int64_t weightOf(const Weights &weights, Interval stripe) {
  return std::accumulate(weights.begin() + stripe.begin,
                         weights.begin() + stripe.end, int64_t(0));
}

/// The least heaviest stripe of all ways to cut [begin, end) in `parts`.
int64_t leastByTrying(const Weights &weights, int64_t begin, int64_t parts) {
  const int64_t end = weights.size();
  if (parts == 1)
    return weightOf(weights, {begin, end});
  int64_t least = std::numeric_limits<int64_t>::max();
  for (int64_t cut = begin + 1; cut <= end - (parts - 1); ++cut)
    least = std::min(least, std::max(weightOf(weights, {begin, cut}),
                                     leastByTrying(weights, cut, parts - 1)));
  return least;
}

TEST(StripesByWeight, NoDivisionIsBetter) {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    Weights weights(1 + random() % 9);
    for (int64_t &weight : weights)
      weight = random() % 3 ? random() % 10 : 0;
    for (int64_t parts = 1; parts <= int64_t(weights.size()); ++parts) {
      Stripes stripes = stripesByWeight(weights, parts);
      ASSERT_EQ(int64_t(stripes.size()), parts);
      int64_t next = 0, heaviest = 0;
      for (Interval stripe : stripes) {
        EXPECT_EQ(stripe.begin, next);
        EXPECT_FALSE(stripe.empty());
        next = stripe.end;
        heaviest = std::max(heaviest, weightOf(weights, stripe));
      }
      EXPECT_EQ(next, int64_t(weights.size()));
      EXPECT_EQ(heaviest, leastByTrying(weights, 0, parts));
    }
  }
}

TEST(StripesByWeight, EqualWeightsAreBalanced) {
  for (int64_t weight : {0, 1, 7})
    for (int64_t extent = 1; extent <= 40; ++extent)
      for (int64_t parts = 1; parts <= extent; ++parts)
        EXPECT_EQ(stripesByWeight(Weights(extent, weight), parts),
                  balancedStripes({0, extent}, parts));
}

TEST(StripesByWeight, LengthsFollowTheWeights) {
  EXPECT_EQ(stripesByWeight({9, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 2),
            (Stripes{{0, 1}, {1, 10}}));
  // What weighs nothing goes where it makes the lengths equal.
  EXPECT_EQ(stripesByWeight({5, 0, 0, 0, 0, 5}, 2), (Stripes{{0, 3}, {3, 6}}));
}

TEST(StripesByWeight, ManyStripes) {
  std::mt19937 random(2);
  Weights weights(100000);
  for (int64_t &weight : weights)
    weight = 1 + random() % 1000;
  Stripes stripes = stripesByWeight(weights, 65536);
  EXPECT_EQ(stripes.size(), 65536u);
  EXPECT_EQ(stripes.back().end, 100000);
}

} // namespace
} // namespace dconv
