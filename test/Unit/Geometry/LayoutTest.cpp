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

TEST(DividesEvenly, UpToASixteenthAboveTheMean) {
  for (int64_t length = 0; length <= 100; ++length)
    for (int64_t pieces = 1; pieces <= 100; ++pieces) {
      int64_t longest = 0, shortest = length;
      for (Interval piece : balancedStripes({0, length}, pieces)) {
        longest = std::max(longest, piece.size());
        shortest = std::min(shortest, piece.size());
      }
      EXPECT_EQ(dividesEvenly(length, pieces),
                shortest > 0 && 16 * longest * pieces <= 17 * length)
          << length << " in " << pieces;
    }
  // At the limit, and beside it: 2 * 16 is 17/16 of 32, but not of 30.
  EXPECT_TRUE(dividesEvenly(32, 17));
  EXPECT_TRUE(dividesEvenly(31, 16));
  EXPECT_FALSE(dividesEvenly(30, 16));
  EXPECT_FALSE(dividesEvenly(16, 17)) << "a piece is empty";
  EXPECT_FALSE(dividesEvenly(0, 1));
}

static TensorLayout partialOver(const std::vector<int64_t> &shape,
                                std::vector<unsigned> axes) {
  TensorLayout partial = TensorLayout::replicated(shape);
  partial.partialAxes = std::move(axes);
  return partial;
}

// Of 1x6x4x8 in 2 the rows are divided: the first dim has nothing to divide,
// and those inside would give shorter rows, however large they are.
TEST(ScatteredLayout, DividesTheOutermostDimThatDividesEvenly) {
  TensorLayout partial = partialOver({1, 6, 4, 8}, {0});
  TensorLayout result = scatteredLayout({{2}, 1}, partial, {1, 6, 4, 8});
  EXPECT_EQ(result.dims[0], partial.dims[0]);
  EXPECT_EQ(result.dims[1].owned, (Stripes{{0, 3}, {3, 6}}));
  EXPECT_EQ(result.dims[2], partial.dims[2]);
  EXPECT_EQ(result.dims[3], partial.dims[3]);
  EXPECT_TRUE(result.partialAxes.empty());
}

// In 4, 6 rows give 2, 2, 1, 1: a third above the mean of 1.5.
TEST(ScatteredLayout, PassesOverADimWhosePiecesDiffer) {
  TensorLayout partial = partialOver({1, 6, 4, 8}, {0});
  TensorLayout result = scatteredLayout({{4}, 1}, partial, {1, 6, 4, 8});
  EXPECT_EQ(result.dims[1], partial.dims[1]);
  EXPECT_EQ(result.dims[2].owned, (Stripes{{0, 1}, {1, 2}, {2, 3}, {3, 4}}));
}

// The stripes count, not the dim: 8 rows divide in 4, but stripes of 5 and 3 do
// not; and one stripe that does not is enough.
TEST(ScatteredLayout, LooksAtEveryStripe) {
  Grid grid{{2, 4}, 1};
  for (int64_t cut : {4, 5}) {
    TensorLayout partial = partialOver({8, 4}, {1});
    partial.dims[0] = {{0}, {{0, cut}, {cut, 8}}, {{0, cut}, {cut, 8}}};
    TensorLayout result = scatteredLayout(grid, partial, {8, 4});
    EXPECT_EQ(result.dims[cut == 4 ? 1 : 0], partial.dims[cut == 4 ? 1 : 0]);
  }
}

// All partial axes together make the pieces: 6 in 2 * 3.
TEST(ScatteredLayout, CountsThePiecesOfAllAxes) {
  TensorLayout partial = partialOver({4, 6}, {0, 1});
  TensorLayout result = scatteredLayout({{2, 3}, 1}, partial, {4, 6});
  EXPECT_EQ(result.dims[0], partial.dims[0]);
  EXPECT_EQ(result.dims[1].axes, (std::vector<unsigned>{0, 1}));
}

// Where no dim divides evenly, the tensor's largest is divided, not the
// block's: 4 of the 8 columns are fewer than the 5 rows.
TEST(ScatteredLayout, ElseDividesTheLargestDimOfTheTensor) {
  Grid grid{{2, 3}, 1};
  TensorLayout partial = partialOver({5, 8}, {1});
  partial.dims[1] = {{0}, {{0, 4}, {4, 8}}, {{0, 4}, {4, 8}}};
  TensorLayout result = scatteredLayout(grid, partial, {5, 8});
  EXPECT_TRUE(result.partialAxes.empty());
  EXPECT_EQ(result.dims[0], partial.dims[0]);
  EXPECT_EQ(result.dims[1].axes, (std::vector<unsigned>{0, 1}));
  EXPECT_EQ(result.dims[1].owned,
            (Stripes{{0, 2}, {2, 3}, {3, 4}, {4, 6}, {6, 7}, {7, 8}}));
  EXPECT_EQ(result.dims[1].held, result.dims[1].owned);
}

TEST(ScatteredLayout, TakesTheFirstOfEqualDims) {
  Grid grid{{2}, 1};
  TensorLayout partial = partialOver({1, 5, 5}, {0});
  TensorLayout result = scatteredLayout(grid, partial, {1, 5, 5});
  EXPECT_EQ(result.dims[1].owned, (Stripes{{0, 3}, {3, 5}}));
  EXPECT_EQ(result.dims[2], partial.dims[2]);
}

// More shards than elements: the last pieces are empty and nothing moves there.
TEST(ScatteredLayout, PiecesMayBeEmpty) {
  Grid grid{{2, 2}, 4};
  TensorLayout partial = partialOver({3}, {0, 1});
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

// Of an input in one copy the pieces are chosen alike, by its stripes: the
// filter's 3 rows of taps in 3; in 2 its 4 channels are the outermost that do.
TEST(PiecesLayout, DividesAsAfterAReduction) {
  TensorLayout filter = TensorLayout::replicated({3, 3, 4, 8});
  TensorLayout three = piecesLayout({{3}, 1}, filter, {3, 3, 4, 8});
  EXPECT_EQ(three.dims[0].owned, (Stripes{{0, 1}, {1, 2}, {2, 3}}));
  EXPECT_EQ(three.dims[0].held, three.dims[0].owned);
  TensorLayout two = piecesLayout({{2}, 1}, filter, {3, 3, 4, 8});
  EXPECT_EQ(two.dims[0], filter.dims[0]);
  EXPECT_EQ(two.dims[2].owned, (Stripes{{0, 2}, {2, 4}}));
}
