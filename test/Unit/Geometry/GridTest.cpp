//===- GridTest.cpp - numbering and placement of shards -------------------===//

#include "dconv/Geometry/Grid.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <numeric>

using namespace dconv;

TEST(Grid, PlacesShardsInOrderOnAllDevices) {
  for (int64_t shards = 1; shards <= 40; ++shards)
    for (int64_t devices = 1; devices <= 45; ++devices) {
      Grid grid{{shards}, devices};
      std::vector<int64_t> seen;
      for (int64_t device = 0; device < devices; ++device)
        for (int64_t shard : grid.shardsOf(device)) {
          ASSERT_EQ(grid.deviceOf(shard), device);
          seen.push_back(shard);
        }
      std::vector<int64_t> all(shards);
      std::iota(all.begin(), all.end(), 0);
      ASSERT_EQ(seen, all);
      for (int64_t shard = 0; shard < shards; ++shard)
        ASSERT_EQ(grid.deviceOf(shard), shard * devices / shards);
    }
}

TEST(Grid, PlacementDoesNotOverflow) {
  int64_t half = int64_t(1) << 62;
  Grid grid{{half}, half};
  EXPECT_EQ(grid.deviceOf(half - 1), half - 1);
  EXPECT_EQ(grid.shardsOf(half - 1), (std::vector<int64_t>{half - 1}));
}

TEST(Grid, WithoutAxesHasOneShard) {
  Grid grid{{}, 3};
  EXPECT_EQ(grid.numShards(), 1);
  EXPECT_EQ(grid.deviceOf(0), 0);
  EXPECT_EQ(grid.shardsOf(0), (std::vector<int64_t>{0}));
  EXPECT_TRUE(grid.shardsOf(2).empty());
  EXPECT_EQ(grid.coordinates(0), std::vector<int64_t>());
  EXPECT_EQ(grid.shardAt({}), 0);
  EXPECT_EQ(grid.group(0, {}), (std::vector<int64_t>{0}));
}

TEST(Grid, NumbersShardsRowMajor) {
  Grid grid{{2, 3, 4}, 1};
  int64_t shard = 0;
  for (int64_t a = 0; a < 2; ++a)
    for (int64_t b = 0; b < 3; ++b)
      for (int64_t c = 0; c < 4; ++c, ++shard) {
        std::vector<int64_t> at{a, b, c};
        EXPECT_EQ(grid.coordinates(shard), at);
        EXPECT_EQ(grid.shardAt(at), shard);
        EXPECT_EQ(grid.indexAlong({0, 2}, at), a * 4 + c);
        EXPECT_EQ(grid.indexAlong({2, 0}, at), c * 2 + a);
        EXPECT_EQ(grid.indexAlong({}, at), 0);
      }
  EXPECT_EQ(grid.numShards(), shard);
  EXPECT_EQ(grid.sizeAlong({2, 0}), 8);
  EXPECT_EQ(grid.sizeAlong({}), 1);
}

TEST(Grid, GroupsDifferOnTheirAxesAlone) {
  Grid grid{{2, 3, 4}, 1};
  for (std::vector<unsigned> axes :
       {std::vector<unsigned>{}, {0}, {1}, {2}, {0, 2}, {2, 0}, {0, 1, 2}})
    for (int64_t shard = 0; shard < grid.numShards(); ++shard) {
      std::vector<int64_t> expected;
      for (int64_t other = 0; other < grid.numShards(); ++other) {
        bool same = true;
        for (unsigned axis = 0; axis < 3; ++axis)
          same &=
              std::count(axes.begin(), axes.end(), axis) ||
              grid.coordinates(shard)[axis] == grid.coordinates(other)[axis];
        if (same)
          expected.push_back(other);
      }
      EXPECT_EQ(grid.group(shard, axes), expected);
    }
}
