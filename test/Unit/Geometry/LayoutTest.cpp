//===- LayoutTest.cpp - moving between any two layouts --------------------===//

#include "RandomLayouts.h"
#include "Verify.h"

#include "dconv/Geometry/Prediction.h"

#include "gtest/gtest.h"

using namespace dconv;
using namespace dconv::test;

namespace {
class Layouts : public testing::TestWithParam<unsigned> {
protected:
  RandomLayouts random{GetParam()};
};
} // namespace

// Reshards, gathers and exchanges are all the same question.
TEST_P(Layouts, EveryElementComesOnceFromItsOwner) {
  for (int i = 0; i < 3000; ++i) {
    random.draw();
    const Grid &grid = random.grid;
    const std::vector<int64_t> &shape = random.shape;
    TensorLayout from = random.layout(), to = random.layout();

    std::vector<Elements> owned;
    for (int64_t shard = 0; shard < grid.numShards(); ++shard)
      owned.push_back(elementsOf(from.owned(grid, shard), shape));
    for (int64_t shard = 0; shard < grid.numShards(); ++shard) {
      std::vector<Transfer> transfers = transfersTo(grid, from, to, shard);
      ASSERT_EQ(verifyTransfers(transfers, shard, shape, owned,
                                elementsOf(to.held(grid, shard), shape)),
                "");
      // Of the replicas, the one with the destination's own coordinates.
      for (const Transfer &transfer : transfers)
        for (unsigned axis = 0; axis < grid.shape.size(); ++axis)
          if (!from.cuts(axis))
            ASSERT_EQ(grid.coordinates(transfer.source)[axis],
                      grid.coordinates(shard)[axis]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Layouts, testing::Range(1u, 3u));

TEST(TensorLayout, KnowsWhichAxesCut) {
  TensorLayout layout = TensorLayout::replicated({4, 6});
  EXPECT_TRUE(layout.cutAxes().empty());
  layout.dims[0] = {{2}, {{0, 2}, {2, 4}}, {{0, 2}, {2, 4}}};
  layout.dims[1] = {{0}, {{0, 3}, {3, 6}}, {{0, 3}, {3, 6}}};
  EXPECT_EQ(layout.cutAxes(), (std::vector<unsigned>{0, 2}));
  EXPECT_TRUE(layout.cuts(0));
  EXPECT_FALSE(layout.cuts(1));
  Grid grid{{2, 3, 2}, 1};
  EXPECT_EQ(layout.owned(grid, grid.shardAt({1, 2, 0})), (Box{{0, 2}, {3, 6}}));
  // Axis 1 cuts nothing: shards that differ on it are replicas.
  for (int64_t shard = 0; shard < grid.numShards(); ++shard)
    EXPECT_EQ(isFirstReplica(grid, layout, shard),
              grid.coordinates(shard)[1] == 0);
}

// The tensor's largest dim is divided, not the block's: 4 of the 8 columns are
// fewer than the 6 rows.
TEST(ScatteredLayout, DividesTheLargestDimOfTheTensor) {
  Grid grid{{2, 3}, 1};
  TensorLayout partial = TensorLayout::replicated({6, 8});
  partial.dims[1] = {{0}, {{0, 4}, {4, 8}}, {{0, 4}, {4, 8}}};
  partial.partialAxes = {1};
  TensorLayout result = scatteredLayout(grid, partial, {6, 8});
  EXPECT_TRUE(result.partialAxes.empty());
  EXPECT_EQ(result.dims[0], partial.dims[0]);
  EXPECT_EQ(result.dims[1].axes, (std::vector<unsigned>{0, 1}));
  EXPECT_EQ(result.dims[1].owned,
            (Stripes{{0, 2}, {2, 3}, {3, 4}, {4, 6}, {6, 7}, {7, 8}}));
  EXPECT_EQ(result.dims[1].held, result.dims[1].owned);
}

TEST(ScatteredLayout, TakesTheFirstOfEqualDims) {
  Grid grid{{2}, 1};
  TensorLayout partial = TensorLayout::replicated({1, 5, 5});
  partial.partialAxes = {0};
  TensorLayout result = scatteredLayout(grid, partial, {1, 5, 5});
  EXPECT_EQ(result.dims[1].owned, (Stripes{{0, 3}, {3, 5}}));
  EXPECT_EQ(result.dims[2], partial.dims[2]);
}

// More shards than elements: the last pieces are empty and nothing moves there.
TEST(ScatteredLayout, PiecesMayBeEmpty) {
  Grid grid{{2, 2}, 4};
  TensorLayout partial = TensorLayout::replicated({3});
  partial.partialAxes = {0, 1};
  TensorLayout result = scatteredLayout(grid, partial, {3});
  EXPECT_EQ(result.dims[0].owned, (Stripes{{0, 1}, {1, 2}, {2, 3}, {3, 3}}));
  EXPECT_TRUE(reduceTransfersTo(grid, partial, result, 3).empty());
  std::vector<Transfer> expected;
  for (int64_t source = 0; source < 4; ++source)
    expected.push_back({source, 1, {{1, 2}}});
  EXPECT_EQ(reduceTransfersTo(grid, partial, result, 1), expected);
}

TEST(ScatteredLayout, WithoutPartialAxesIsUnchanged) {
  Grid grid{{2}, 1};
  TensorLayout whole = TensorLayout::replicated({4});
  EXPECT_EQ(scatteredLayout(grid, whole, {4}), whole);
}
