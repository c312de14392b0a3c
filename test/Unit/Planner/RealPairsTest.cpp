//===- RealPairsTest.cpp - iterations of a window that read no padding ----===//

#include "RealPairs.h"

#include "gtest/gtest.h"

#include <random>

using namespace dconv;

TEST(RealPairs, AreThoseThatEnumerationFinds) {
  std::mt19937 random(3);
  auto draw = [&](int64_t low, int64_t high) {
    return low + int64_t(random() % (high - low + 1));
  };
  for (int i = 0; i < 20000; ++i) {
    int64_t s = draw(1, 5) * (i % 2 ? 1 : -1);
    int64_t d = draw(1, 5) * (i % 3 ? 1 : -1);
    Interval a{draw(0, 5), 0}, b{draw(0, 5), 0};
    a.end = a.begin + draw(0, 7);
    b.end = b.begin + draw(0, 7);
    int64_t constant = draw(-20, 20), extent = draw(1, 20);
    int64_t expected = 0;
    for (int64_t x = a.begin; x < a.end; ++x)
      for (int64_t y = b.begin; y < b.end; ++y)
        expected += Interval{0, extent}.contains(s * x + d * y + constant);
    ASSERT_EQ(countRealPairs(s, a, d, b, constant, extent), expected)
        << s << " " << toString(a) << " " << d << " " << toString(b) << " "
        << constant << " " << extent;
  }
}

// 2^32 outputs of three taps, padded by one on either side.
TEST(RealPairs, OfExtentsBeyond32Bits) {
  int64_t extent = int64_t(1) << 32;
  EXPECT_EQ(countRealPairs(1, {0, extent}, 1, {0, 3}, -1, extent),
            3 * extent - 2);
}
