//===- DimOrdersTest.cpp - operands with their dims in another order ------===//

#include "dconv/Geometry/DimOrders.h"
#include "dconv/Geometry/Split.h"

#include <gtest/gtest.h>

using namespace dconv;

namespace {

constexpr ReorderRule always{1, 0};

LinearExpr loop(unsigned number) { return {{{number, 1}}, 0}; }
LinearExpr window(unsigned out, unsigned tap) {
  return {{{out, 1}, {tap, 1}}, 0};
}

Operand operand(AccessMap map, const std::vector<int64_t> &extents) {
  Operand result;
  result.shape = footprint(map, Box::whole(extents)).sizes();
  result.padLow.assign(map.size(), 0);
  result.padHigh.assign(map.size(), 0);
  result.map = std::move(map);
  return result;
}

/// NCHW and FCHW: loops n, oc, o0, o1, ic, k0, k1.
Convolution channelsFirst(int64_t outputChannels) {
  Convolution c;
  c.extents = {2, outputChannels, 6, 5, 3, 3, 2};
  c.roles = {Role::Batch,  Role::OutputChannel, Role::Output,
             Role::Output, Role::InputChannel,  Role::Tap,
             Role::Tap};
  c.inputs = {
      operand({loop(0), loop(4), window(2, 5), window(3, 6)}, c.extents),
      operand({loop(1), loop(4), loop(5), loop(6)}, c.extents)};
  c.output = operand({loop(0), loop(1), loop(2), loop(3)}, c.extents);
  return c;
}

TEST(DimOrders, InverseUndoes) {
  const DimOrder order{2, 0, 3, 1}, back = inverse(order);
  for (size_t d = 0; d < order.size(); ++d)
    EXPECT_EQ(order[back[d]], int64_t(d));
  EXPECT_FALSE(isIdentity(order));
  EXPECT_TRUE(isIdentity({0, 1, 2}));
}

TEST(DimOrders, ChannelsGoLast) {
  const auto orders = channelsLast(channelsFirst(4), 0, always);
  ASSERT_TRUE(orders);
  EXPECT_EQ(orders->inputs[0], (DimOrder{0, 2, 3, 1}));
  EXPECT_EQ(orders->inputs[1], (DimOrder{2, 3, 1, 0}));
  EXPECT_EQ(orders->output, (DimOrder{0, 2, 3, 1}));
}

// Every iteration reads and writes the same elements.
TEST(DimOrders, ReorderedReadsTheSameElements) {
  Convolution c = channelsFirst(4);
  c.inputs[0].padLow = {0, 0, 1, 2};
  c.inputs[0].padHigh = {0, 0, 0, 1};
  c.inputs[0].shape = {2, 3, 7, 3};
  const DimOrders orders = *channelsLast(c, 0, always);
  const Convolution made = reordered(c, orders);
  EXPECT_EQ(made.loopNames(), c.loopNames());
  auto check = [&](const Operand &before, const Operand &after,
                   const DimOrder &order) {
    for (size_t d = 0; d < order.size(); ++d) {
      EXPECT_EQ(after.map[d], before.map[order[d]]);
      EXPECT_EQ(after.shape[d], before.shape[order[d]]);
      EXPECT_EQ(after.padLow[d], before.padLow[order[d]]);
      EXPECT_EQ(after.padHigh[d], before.padHigh[order[d]]);
    }
  };
  for (unsigned i = 0; i < 2; ++i)
    check(c.inputs[i], made.inputs[i], orders.inputs[i]);
  check(c.output, made.output, orders.output);
  EXPECT_FALSE(channelsLast(made, 0, always)) << "once is enough";
}

TEST(DimOrders, WhereItPays) {
  EXPECT_FALSE(channelsLast(channelsFirst(15), 0, {16, 0}));
  EXPECT_TRUE(channelsLast(channelsFirst(16), 0, {16, 0}));
  // 17,280 multiply-adds on 2*3*8*6 + 16*3*3*2 + 2*16*6*5 = 1536 elements.
  EXPECT_TRUE(channelsLast(channelsFirst(16), 0, {16, 11}));
  EXPECT_FALSE(channelsLast(channelsFirst(16), 0, {16, 12}));
}

TEST(DimOrders, OtherOrdersStay) {
  Convolution c = channelsFirst(4);
  std::swap(c.output.map[0], c.output.map[1]); // channels before the batch
  std::swap(c.output.shape[0], c.output.shape[1]);
  EXPECT_FALSE(channelsLast(c, 0, always));

  // The gradient of a filter: what is summed over comes first.
  Convolution g = channelsFirst(4);
  g.roles = {Role::OutputChannel, Role::Batch, Role::Output, Role::Output,
             Role::InputChannel,  Role::Tap,   Role::Tap};
  g.inputs[0].map = {loop(4), loop(1), window(2, 5), window(3, 6)};
  g.inputs[1].map = {loop(4), loop(0), loop(5), loop(6)};
  EXPECT_FALSE(channelsLast(g, 0, always));
}

TEST(DimOrders, GroupsLieAroundChannels) {
  Convolution c;
  c.extents = {2, 3, 4, 6, 5, 3};
  c.roles = {Role::Batch,  Role::Group,        Role::OutputChannel,
             Role::Output, Role::InputChannel, Role::Tap};
  c.inputs = {operand({loop(0), loop(1), loop(4), window(3, 5)}, c.extents),
              operand({loop(1), loop(2), loop(4), loop(5)}, c.extents)};
  c.output = operand({loop(0), loop(1), loop(2), loop(3)}, c.extents);
  const auto orders = channelsLast(c, 0, always);
  ASSERT_TRUE(orders);
  EXPECT_EQ(orders->inputs[0], (DimOrder{0, 3, 1, 2}));
  EXPECT_EQ(orders->inputs[1], (DimOrder{0, 3, 2, 1}));
  EXPECT_EQ(orders->output, (DimOrder{0, 3, 1, 2}));
}

TEST(DimOrders, OfDepthwiseFiltersGroupsAreLast) {
  Convolution c;
  c.extents = {2, 3, 6, 3};
  c.roles = {Role::Batch, Role::Group, Role::Output, Role::Tap};
  c.inputs = {operand({loop(0), loop(1), window(2, 3)}, c.extents),
              operand({loop(1), loop(3)}, c.extents)};
  c.output = operand({loop(0), loop(1), loop(2)}, c.extents);
  const auto orders = channelsLast(c, 0, always);
  ASSERT_TRUE(orders);
  EXPECT_EQ(orders->inputs[1], (DimOrder{1, 0}));
  EXPECT_EQ(orders->output, (DimOrder{0, 2, 1}));
}

TEST(DimOrders, OfPoolingsTheLastDimBeforeTheImage) {
  Convolution c;
  c.extents = {2, 3, 6, 3};
  c.roles = {Role::Batch, Role::Batch, Role::Output, Role::Tap};
  c.inputs = {operand({loop(0), loop(1), window(2, 3)}, c.extents)};
  c.output = operand({loop(0), loop(1), loop(2)}, c.extents);
  const auto orders = channelsLast(c, 0, always);
  ASSERT_TRUE(orders);
  EXPECT_EQ(orders->inputs[0], (DimOrder{0, 2, 1}));
  EXPECT_EQ(orders->output, (DimOrder{0, 2, 1}));
}

} // namespace
