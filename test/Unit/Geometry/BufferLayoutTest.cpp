//===- BufferLayoutTest.cpp - layouts against their definition ------------===//

#include "RandomBufferLayout.h"

#include "gtest/gtest.h"

using namespace dconv;

using Level = BufferLayout::Level;
using Position = std::vector<int64_t>;

namespace {

/// Every position of a tensor, the last dim fastest.
std::vector<Position> positionsOf(const std::vector<int64_t> &extents) {
  std::vector<Position> all = {{}};
  for (int64_t extent : extents) {
    std::vector<Position> longer;
    for (const Position &position : all)
      for (int64_t i = 0; i < extent; ++i) {
        longer.push_back(position);
        longer.back().push_back(i);
      }
    all = std::move(longer);
  }
  return all;
}

/// The definition: what the levels sort by, most significant first. The number
/// of a block within the next larger one is what a level compares; the number
/// of the block itself gives the same order, since that one is equal.
std::vector<int64_t> sortKey(const BufferLayout &layout,
                             const Position &position) {
  std::vector<int64_t> key;
  for (Level level : layout.levels)
    key.push_back(position[level.dim] / level.block);
  return key;
}

void expectDefinition(const BufferLayout &layout,
                      const std::vector<int64_t> &extents) {
  std::vector<Position> sorted = positionsOf(extents);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const Position &a, const Position &b) {
                     return sortKey(layout, a) < sortKey(layout, b);
                   });
  for (size_t i = 0; i < sorted.size(); ++i)
    ASSERT_EQ(layout.offsetOf(sorted[i], extents), static_cast<int64_t>(i))
        << toString(layout);
}

std::string errorOf(std::vector<Level> levels, unsigned rank) {
  Result<BufferLayout> layout = checkedLayout(std::move(levels), rank);
  return layout ? "none: " + toString(*layout) : layout.error();
}

} // namespace

TEST(BufferLayout, RowMajorWithoutLevels) {
  BufferLayout layout;
  EXPECT_TRUE(layout.isRowMajor());
  EXPECT_EQ(toString(layout), "row-major");
  EXPECT_EQ(layout.offsetOf({}, {}), 0);
  EXPECT_EQ(layout.offsetOf({1, 2, 3}, {2, 3, 4}), 23);
}

TEST(BufferLayout, PackedFilterByHand) {
  // Blocks of 4 channels, the last holds 2; pairs of input channels, the last
  // a single one.
  BufferLayout layout{{{2, 4}, {0, 1}, {1, 2}, {2, 1}, {1, 1}}};
  const std::vector<int64_t> extents = {3, 5, 6};
  EXPECT_EQ(toString(layout), "d2 by 4, d0, d1 by 2, d2, d1");
  EXPECT_EQ(layout.offsetOf({0, 0, 0}, extents), 0);
  EXPECT_EQ(layout.offsetOf({0, 1, 0}, extents), 1);
  EXPECT_EQ(layout.offsetOf({0, 0, 1}, extents), 2);
  EXPECT_EQ(layout.offsetOf({0, 2, 0}, extents), 8);
  EXPECT_EQ(layout.offsetOf({0, 4, 1}, extents), 17);
  EXPECT_EQ(layout.offsetOf({1, 0, 0}, extents), 20);
  EXPECT_EQ(layout.offsetOf({0, 0, 4}, extents), 60);
  EXPECT_EQ(layout.offsetOf({0, 0, 5}, extents), 62);
  EXPECT_EQ(layout.offsetOf({1, 0, 4}, extents), 70);
  EXPECT_EQ(layout.offsetOf({2, 4, 5}, extents), 89);
  expectDefinition(layout, extents);
}

TEST(BufferLayout, OffsetsAreRanksInTheOrderOfTheLevels) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    const unsigned rank = 1 + i % 4;
    std::vector<int64_t> extents;
    for (unsigned d = 0; d < rank; ++d)
      extents.push_back(1 + random() % (rank == 4 ? 6 : 15));
    BufferLayout layout = test::randomBufferLayout(random, rank);
    if (layout.isRowMajor())
      continue;
    ASSERT_EQ(errorOf(layout.levels, rank), "none: " + toString(layout));
    expectDefinition(layout, extents);
  }
}

TEST(BufferLayout, ErrorsSayWhatIsWrong) {
  EXPECT_TRUE(checkedLayout({{1, 1}, {0, 1}}, 2));
  EXPECT_TRUE(checkedLayout({{0, 4}, {1, 1}, {0, 2}, {0, 1}}, 2));
  EXPECT_EQ(errorOf({{2, 1}, {0, 1}, {1, 1}}, 2),
            "layout orders d2 but the buffer has 2 dims");
  EXPECT_EQ(errorOf({{0, 0}, {1, 1}}, 2),
            "layout has d0 by 0, needed at least 1");
  EXPECT_EQ(errorOf({{0, 4}, {1, 1}, {0, 3}, {0, 1}}, 2),
            "layout has d0 by 3 within d0 by 4; a block must be a smaller part "
            "of the one around it");
  EXPECT_EQ(errorOf({{1, 1}, {0, 1}, {1, 1}}, 2),
            "layout has d1 within d1; a block must be a smaller part of the one "
            "around it");
  EXPECT_EQ(errorOf({{0, 1}, {2, 1}}, 3),
            "layout has no place for d1 of 3 dims");
  EXPECT_EQ(errorOf({{0, 4}, {1, 1}}, 2),
            "layout does not order the positions within d0 by 4; needed d0 once "
            "more");
  EXPECT_EQ(errorOf({{0, 1}, {1, 1}}, 2), "layout is row-major; leave it away");
  EXPECT_EQ(errorOf({}, 0), "layout is row-major; leave it away");
}
