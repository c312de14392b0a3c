//===- BoxTest.cpp - intervals, boxes, stripes and footprints -------------===//

#include "dconv/Geometry/AccessMap.h"
#include "dconv/Geometry/Stripes.h"

#include "gtest/gtest.h"

#include <limits>
#include <random>

using namespace dconv;

static constexpr int64_t most = std::numeric_limits<int64_t>::max();

TEST(Interval, SetOperationsOfAllSmallIntervals) {
  for (int64_t a = -2; a <= 3; ++a)
    for (int64_t b = -2; b <= 3; ++b)
      for (int64_t c = -2; c <= 3; ++c)
        for (int64_t d = -2; d <= 3; ++d) {
          Interval x{a, b}, y{c, d};
          bool subset = true;
          int64_t low = 4, high = -3, size = 0;
          for (int64_t i = -3; i <= 4; ++i) {
            bool inX = a <= i && i < b, inY = c <= i && i < d;
            ASSERT_EQ(x.contains(i), inX);
            ASSERT_EQ(x.intersect(y).contains(i), inX && inY);
            subset &= inX || !inY;
            size += inX;
            if (inX || inY) {
              low = std::min(low, i);
              high = std::max(high, i);
            }
          }
          ASSERT_EQ(x.size(), size);
          ASSERT_EQ(x.empty(), size == 0);
          ASSERT_EQ(x.contains(y), subset);
          Interval hull = x.hull(y);
          if (low > high)
            ASSERT_TRUE(hull.empty());
          else
            ASSERT_EQ(hull, (Interval{low, high + 1}));
          ASSERT_EQ(x.shifted(7), (Interval{a + 7, b + 7}));
        }
}

namespace {
/// A random box within [-1, 4) per dim, which may be empty.
Box randomBox(std::mt19937 &random, unsigned rank) {
  std::uniform_int_distribution<int64_t> position(-1, 3);
  Box box;
  for (unsigned d = 0; d < rank; ++d)
    box.dims.push_back({position(random), position(random) + 1});
  return box;
}

bool has(const Box &box, const std::vector<int64_t> &at) {
  for (unsigned d = 0; d < box.rank(); ++d)
    if (at[d] < box[d].begin || at[d] >= box[d].end)
      return false;
  return true;
}
} // namespace

TEST(Box, OperationsAgreeElementByElement) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    unsigned rank = i % 4;
    Box a = randomBox(random, rank), b = randomBox(random, rank);
    std::vector<Box> rest = subtract(a, b);
    EXPECT_LE(rest.size(), 2 * rank);
    for (const Box &piece : rest)
      ASSERT_FALSE(piece.empty());
    int64_t volume = 0;
    bool contains = true;
    // Every element of a neighbourhood of both: digits of base 6, from -1.
    int64_t neighbourhood = 1;
    for (unsigned d = 0; d < rank; ++d)
      neighbourhood *= 6;
    for (int64_t element = 0; element < neighbourhood; ++element) {
      std::vector<int64_t> at;
      for (int64_t rest = element; at.size() < rank; rest /= 6)
        at.push_back(rest % 6 - 1);
      int copies = 0;
      for (const Box &piece : rest)
        copies += has(piece, at);
      ASSERT_EQ(copies, has(a, at) && !has(b, at))
          << toString(a) << " without " << toString(b);
      ASSERT_EQ(has(a.intersect(b), at), has(a, at) && has(b, at));
      volume += has(a, at);
      contains &= has(a, at) || !has(b, at);
    }
    ASSERT_EQ(a.volume(), volume) << toString(a);
    ASSERT_EQ(a.empty(), volume == 0);
    ASSERT_EQ(a.contains(b), contains) << toString(a) << ", " << toString(b);
  }
}

TEST(Box, SubtractGivesLowSideBeforeHighSideInDimOrder) {
  std::vector<Box> expected = {
      {{0, 2}, {0, 9}}, {{5, 9}, {0, 9}}, {{2, 5}, {0, 3}}, {{2, 5}, {4, 9}}};
  EXPECT_EQ(subtract({{0, 9}, {0, 9}}, {{2, 5}, {3, 4}}), expected);
}

TEST(Box, MovesBetweenPositions) {
  Box inner{{3, 5}, {-1, 4}};
  EXPECT_EQ(inner.relativeTo({{2, 9}, {-2, 6}}), (Box{{1, 3}, {1, 6}}));
  EXPECT_EQ(inner.shifted({-3, 1}), (Box{{0, 2}, {0, 5}}));
  EXPECT_EQ(inner.sizes(), (std::vector<int64_t>{2, 5}));
  EXPECT_EQ(Box::whole({4, 0}), (Box{{0, 4}, {0, 0}}));
}

TEST(Box, PrintsAsInMessages) {
  EXPECT_EQ(toString(Interval{-2, 5}), "[-2, 5)");
  EXPECT_EQ(toString(Box{{0, 3}, {2, 5}}), "[0, 3) x [2, 5)");
  EXPECT_EQ(toString(Box()), "the scalar");
}

TEST(CheckedVolume, OfProductsUpTo63Bits) {
  auto volume = [](std::vector<int64_t> extents) {
    Result<int64_t> result = checkedVolume(extents);
    EXPECT_TRUE(result);
    return *result;
  };
  EXPECT_EQ(volume({}), 1);
  EXPECT_EQ(volume({most}), most);
  EXPECT_EQ(volume({int64_t(1) << 31, int64_t(1) << 31}), int64_t(1) << 62);
  // 2^63 - 1 = 7 * 7 * 73 * 127 * 337 * 92737 * 649657.
  EXPECT_EQ(volume({7 * 7 * 73, 127 * 337, int64_t(92737) * 649657}), most);
  // Nothing overflows where there is nothing.
  EXPECT_EQ(volume({most, most, 0}), 0);
  EXPECT_EQ(volume({0, most, most}), 0);
}

TEST(CheckedVolume, BeyondIsAnError) {
  Result<int64_t> volume =
      checkedVolume({int64_t(1) << 31, int64_t(1) << 32, 1});
  ASSERT_FALSE(volume);
  EXPECT_EQ(volume.error(), "the volume of [0, 2147483648) x [0, 4294967296) "
                            "x [0, 1) does not fit 64 bits");
  // The product modulo 2^64 is small again.
  EXPECT_FALSE(checkedVolume({int64_t(1) << 32, int64_t(1) << 32}));
  EXPECT_FALSE(checkedVolume({int64_t(1) << 32, int64_t(1) << 32, 5}));
}

TEST(Stripes, BalancedLongerOnesFirst) {
  for (int64_t begin : {0, -3, 5})
    for (int64_t size = 0; size <= 20; ++size)
      for (int64_t parts = 1; parts <= 24; ++parts) {
        Stripes stripes = balancedStripes({begin, begin + size}, parts);
        ASSERT_EQ(static_cast<int64_t>(stripes.size()), parts);
        int64_t at = begin, shortest = stripes.back().size();
        for (int64_t i = 0; i < parts; ++i) {
          ASSERT_EQ(stripes[i].begin, at);
          ASSERT_GE(stripes[i].end, at);
          at = stripes[i].end;
          ASSERT_LE(stripes[i].size() - shortest, 1);
          if (i > 0)
            ASSERT_GE(stripes[i - 1].size(), stripes[i].size());
        }
        ASSERT_EQ(at, begin + size);
      }
}

TEST(Stripes, OfLengths) {
  EXPECT_EQ(stripesOf({3, 1, 4}), (Stripes{{0, 3}, {3, 4}, {4, 8}}));
  EXPECT_EQ(stripesOf({}), Stripes());
}

// Any number of terms, any sign: the least and greatest of all values.
TEST(Footprint, IsTheHullOfAllPositions) {
  std::mt19937 random(2);
  auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (int i = 0; i < 5000; ++i) {
    unsigned loops = pick(0, 4);
    LinearExpr expr;
    expr.constant = pick(-9, 9);
    Box box;
    std::vector<int64_t> extents;
    for (unsigned loop = 0; loop < loops; ++loop) {
      int64_t begin = pick(0, 5);
      box.dims.push_back({begin, begin + pick(1, 4)});
      extents.push_back(box.dims.back().end);
      if (int64_t coefficient = pick(-3, 3))
        expr.terms.push_back({loop, coefficient});
    }
    auto hullOver = [&](const Box &over) {
      Interval hull{most, -most};
      std::vector<int64_t> at;
      auto visit = [&](auto &visit) -> void {
        if (at.size() == loops) {
          int64_t position = expr.constant;
          for (const Term &term : expr.terms)
            position += term.coefficient * at[term.loop];
          EXPECT_EQ(expr.evaluate(at), position);
          hull = {std::min(hull.begin, position),
                  std::max(hull.end, position + 1)};
          return;
        }
        Interval loop = over[at.size()];
        for (int64_t iteration = loop.begin; iteration < loop.end;
             ++iteration) {
          at.push_back(iteration);
          visit(visit);
          at.pop_back();
        }
      };
      visit(visit);
      return hull;
    };
    ASSERT_EQ(footprint(expr, box), hullOver(box));
    Result<Interval> checked = checkedFootprint(expr, extents);
    ASSERT_TRUE(checked);
    ASSERT_EQ(*checked, hullOver(Box::whole(extents)));
  }
}

TEST(Footprint, OfNoIterationsIsEmpty) {
  LinearExpr expr{{{0, 2}, {1, -1}}, 5};
  EXPECT_TRUE(footprint(expr, {{0, 4}, {3, 3}}).empty());
}

TEST(Footprint, PositionsBeyond64BitsAreAnError) {
  LinearExpr expr{{{0, 4}}, 0};
  EXPECT_TRUE(checkedFootprint(expr, {int64_t(1) << 60}));
  LinearExpr tooFar{{{0, 9}}, 0};
  Result<Interval> position = checkedFootprint(tooFar, {int64_t(1) << 60});
  ASSERT_FALSE(position);
  EXPECT_EQ(position.error(), "a position reached does not fit 64 bits");
  LinearExpr tooLow{{{0, -9}}, 0};
  EXPECT_FALSE(checkedFootprint(tooLow, {int64_t(1) << 60}));
  // Each term fits, their sum does not.
  LinearExpr sum{{{0, 5}, {1, 5}}, 0};
  EXPECT_FALSE(checkedFootprint(sum, {int64_t(1) << 60, int64_t(1) << 60}));
  LinearExpr far{{}, most};
  EXPECT_FALSE(checkedFootprint(far, {}));
}
