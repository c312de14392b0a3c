//===- GatheringTest.cpp - which inputs are gathered, and how -------------===//

#include "dconv/Planner/Gathering.h"

#include <gtest/gtest.h>

using namespace dconv;

namespace {

/// A microsecond per message, 10 GB/s per link; copies take no time to speak of.
Machine machineOf(int64_t devices) {
  Machine machine;
  machine.devices.resize(devices);
  for (DeviceDescription &device : machine.devices) {
    device.copyBandwidth = 1e15;
    device.memoryBandwidth = 1e12;
    device.rates[{KernelClass::Dense, "f32"}] = {1e10, 1e10};
  }
  machine.levels = {{"all", devices, {1e-6, 1e10}, {}}};
  machine.hostLink = {1e-6, 1e10};
  return machine;
}

/// `extent` f32, in balanced parts of all shards or all of the first.
TensorLayout stripes(int64_t shards, int64_t extent, bool first = false) {
  Stripes parts = balancedStripes({0, extent}, shards);
  if (first) {
    parts.assign(shards, {extent, extent});
    parts[0] = {0, extent};
  }
  TensorLayout layout;
  layout.dims = {{{0}, parts, parts}};
  return layout;
}

double secondsOf(int64_t shards, int64_t extent, bool first,
                 CollectiveAlgorithm algorithm) {
  Grid grid{{shards}, shards};
  return transferSeconds(grid,
                         redistribution(grid, stripes(shards, extent, first),
                                        TensorLayout::replicated({extent}),
                                        algorithm),
                         /*elementBytes=*/4, machineOf(shards));
}

CollectiveAlgorithm fastest(int64_t shards, int64_t extent, bool first) {
  Grid grid{{shards}, shards};
  return fastestAlgorithm(grid, stripes(shards, extent, first),
                          TensorLayout::replicated({extent}),
                          /*elementBytes=*/4, machineOf(shards));
}

/// y[o, c] += x[o + k] * w[k, c].
Convolution convolution() {
  Convolution c;
  c.extents = {4096, 64, 3};
  c.roles = {Role::Output, Role::OutputChannel, Role::Tap};
  c.inputs = {{{{{{0, 1}, {2, 1}}, 0}}, {4098}, {0}, {0}, 4},
              {{{{{2, 1}}, 0}, {{{1, 1}}, 0}}, {3, 64}, {0, 0}, {0, 0}, 4}};
  c.output = {{{{{0, 1}}, 0}, {{{1, 1}}, 0}}, {4096, 64}, {0, 0}, {0, 0}, 4};
  return c;
}

} // namespace

// Messages and bytes of what the busiest device sends: 7 at once; one after the
// other; doubling the number of those who have it.
TEST(TransferSeconds, CountsRoundsMessagesAndBytes) {
  const double all = 8000 * 4 / 1e10, piece = all / 8, latency = 1e-6;
  EXPECT_NEAR(secondsOf(8, 8000, true, CollectiveAlgorithm::Direct),
              7 * (latency + all), 1e-9);
  EXPECT_NEAR(secondsOf(8, 8000, true, CollectiveAlgorithm::Tree),
              3 * (latency + all), 1e-9);
  EXPECT_NEAR(secondsOf(8, 8000, true, CollectiveAlgorithm::Ring),
              14 * (latency + piece), 1e-9);
  EXPECT_NEAR(secondsOf(8, 8000, false, CollectiveAlgorithm::Direct),
              7 * (latency + piece), 1e-9);
  EXPECT_NEAR(secondsOf(8, 8000, false, CollectiveAlgorithm::Ring),
              7 * (latency + piece), 1e-9);
}

// Where one has what all need, a tree saves messages and a ring bytes; where
// each has a piece, a tree saves messages and nothing saves bytes.
TEST(FastestAlgorithm, DependsOnTheSize) {
  EXPECT_EQ(fastest(16, 16, true), CollectiveAlgorithm::Tree);
  EXPECT_EQ(fastest(16, 10000000, true), CollectiveAlgorithm::Ring);
  EXPECT_EQ(fastest(16, 16, false), CollectiveAlgorithm::Tree);
  EXPECT_EQ(fastest(2, 10000000, false), CollectiveAlgorithm::Direct);
  // An algorithm other than the one that is called fastest is never faster.
  for (int64_t shards : {2, 3, 7, 12})
    for (int64_t extent : {24, 4000, 1000000})
      for (bool first : {false, true}) {
        double chosen =
            secondsOf(shards, extent, first, fastest(shards, extent, first));
        for (CollectiveAlgorithm other :
             {CollectiveAlgorithm::Direct, CollectiveAlgorithm::Ring,
              CollectiveAlgorithm::Tree})
          EXPECT_LE(chosen, secondsOf(shards, extent, first, other) + 2e-12);
      }
}

TEST(FastestAlgorithm, IsDirectWhereThereAreTooManyTransfers) {
  EXPECT_EQ(fastest(1200, 1200, false), CollectiveAlgorithm::Direct);
}

// What the model finds cheaper is gathered, and predicted so.
TEST(ChooseGathered, FollowsTheCost) {
  Convolution c = convolution();
  Machine machine = machineOf(8);
  PlanRequest request;
  RankedPlan plan;
  plan.split = *parseSplit("o0=8", c);
  plan.cost.inputs = {Replication::Copied, Replication::Copied};
  addGathered(c, machine, request, plan);
  EXPECT_TRUE(plan.gathered.empty());

  plan.cost.inputs = {Replication::Gathered, Replication::Gathered};
  addGathered(c, machine, request, plan);
  ASSERT_EQ(plan.gathered.size(), 1u); // the split makes no copies of the input
  EXPECT_EQ(plan.gathered[0].input, 1u);
  Prediction predicted =
      predict(distribute(c, plan.split, 8, true, plan.gathered));
  EXPECT_EQ(plan.predicted.scatterBytes, predicted.scatterBytes);
  EXPECT_EQ(plan.predicted.peakBytes, predicted.peakBytes);

  request.query.inputs = {Residence::Sharded, Residence::Resident};
  EXPECT_TRUE(
      chooseGathered(c, plan.split, machine, request.query, plan.cost).empty());
}

// A piece and the copy need more than the copy.
TEST(ChooseGathered, OnlyWhereItFits) {
  Convolution c = convolution();
  Machine machine = machineOf(8);
  PlanRequest request;
  RankedPlan plan;
  plan.split = *parseSplit("o0=8", c);
  plan.cost.inputs = {Replication::Copied, Replication::Gathered};
  Prediction copied = predict(distribute(c, plan.split, 8, true));
  request.budget = copied.peakBytes[0];
  addGathered(c, machine, request, plan);
  EXPECT_TRUE(plan.gathered.empty());
  request.budget = copied.peakBytes[0] + 128;
  addGathered(c, machine, request, plan);
  EXPECT_EQ(plan.gathered.size(), 1u);
}
