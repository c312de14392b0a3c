//===- TimeModelTest.cpp - predicted seconds of splits --------------------===//

#include "../Geometry/Cases.h"
#include "Layers.h"
#include "Machines.h"
#include "TimeBound.h"
#include "TimeOracle.h"

#include "dconv/Geometry/Distribution.h"

#include "gtest/gtest.h"

#include <random>

using namespace dconv;
using namespace dconv::test;

namespace {
TimeQuery randomQuery(std::mt19937 &random, const Convolution &convolution) {
  const Residence residences[] = {Residence::Host, Residence::Sharded,
                                  Residence::Resident};
  TimeQuery query;
  for (size_t i = 0; i < convolution.inputs.size(); ++i)
    query.inputs.push_back(residences[random() % 3]);
  query.output = residences[random() % 2];
  query.fillsOutput = random() % 2;
  return query;
}

Machine randomMachine(std::mt19937 &random, int64_t least) {
  int64_t devices = least + random() % 9;
  switch (random() % 4) {
  case 0:
    return threads(devices, 0);
  case 1:
    return threads(devices, 2);
  case 2:
    return clusterOf(devices);
  default:
    return clusterOf(devices, 16);
  }
}

void expectNear(double got, double expected, const char *what,
                const std::string &where) {
  EXPECT_NEAR(got, expected, 1e-9 * std::max(got, expected) + 1e-18)
      << what << " of " << where;
}

int64_t shardsOf(const Split &split) { return split.grid(1).numShards(); }
} // namespace

// From classes of cells as from every shard and every box that moves.
TEST(TimeModel, EqualsAWalkOverAllShards) {
  std::mt19937 random(5);
  int moved = 0, reduced = 0, gathered = 0;
  for (int i = 0; i < 3000; ++i) {
    Case testCase = randomCase(random, 1 + i % 3);
    const Convolution &convolution = testCase.convolution;
    if (shardsOf(testCase.split) > 96)
      continue;
    Machine machine = randomMachine(random, shardsOf(testCase.split));
    TimeQuery query = randomQuery(random, convolution);
    PlanCost cost = planCost(convolution, testCase.split, machine, query);
    PlanSeconds expected =
        timeByShards(convolution, testCase.split, machine, query);
    std::string where = describe(testCase) + " on " +
                        std::to_string(machine.numDevices()) + " of " +
                        machine.name;
    expectNear(cost.seconds.load, expected.load, "load", where);
    expectNear(cost.seconds.exchange, expected.exchange, "exchange", where);
    expectNear(cost.seconds.compute, expected.compute, "compute", where);
    expectNear(cost.seconds.reduce, expected.reduce, "reduce", where);
    expectNear(cost.seconds.store, expected.store, "store", where);
    ASSERT_FALSE(HasFailure());
    moved += cost.seconds.exchange > 0;
    reduced += cost.seconds.reduce > 0;
    for (Replication input : cost.inputs)
      gathered += input == Replication::Gathered;
  }
  EXPECT_GT(moved, 200);
  EXPECT_GT(reduced, 200);
  EXPECT_GT(gathered, 200);
}

// Two shards of 4 rows of 8 positions and 4 channels swap a row, 128 bytes, at
// 5 us and 5 GB/s; half of their rows wait for it.
TEST(TimeModel, HaloOfTwoShards) {
  Convolution convolution = forwardOf(
      makeLayer(1, 1, 4, 6, {{8, 3, 1, 1, 1, 1}, {8, 3, 1, 1, 1, 1}}));
  Split split = *parseSplit("o0=2", convolution);
  Machine machine = threads(2, 0);
  TimeQuery query;
  query.inputs = {Residence::Sharded, Residence::Resident};
  query.output = Residence::Sharded;
  PlanSeconds seconds = planCost(convolution, split, machine, query).seconds;
  EXPECT_DOUBLE_EQ(seconds.exchange, 5e-6 + 128 / 5e9);
  EXPECT_EQ(seconds.hidden, 0);
  EXPECT_EQ(seconds.load + seconds.store + seconds.reduce, 0);

  // With overlap, three of the four rows of a shard read its stripe alone.
  machine.overlap = true;
  seconds = planCost(convolution, split, machine, query).seconds;
  EXPECT_DOUBLE_EQ(seconds.hidden,
                   std::min(seconds.exchange, seconds.compute * 3 / 4));
}

// Shards of one device: two windows with halos of one row have room around
// their stripes, four with three rows do not, and are put together each time.
TEST(TimeModel, WindowsWithoutRoomAreCopied) {
  const Machine machine = threads(1, 0);
  const DeviceDescription &device = machine.devices[0];
  for (auto [parts, taps] : {std::pair(2, 3), std::pair(4, 7)}) {
    const int64_t halo = taps / 2, rows = 16 / parts;
    Convolution convolution = forwardOf(makeLayer(
        1, 1, 4, 6, {{16, taps, 1, 1, halo, halo}, {8, 3, 1, 1, 1, 1}}));
    Split split = *parseSplit("o0=" + std::to_string(parts), convolution);
    std::vector<int64_t> lengths = convolution.extents;
    lengths[2] = rows;
    double each = kernelSeconds(convolution, lengths, device, "f32");
    if (parts == 4) // 10 rows of 10 positions, 4 channels of 4 bytes each
      each += device.copyLatency + 10 * device.rowLatency +
              10 * 10 * 16 / device.copyBandwidth;
    EXPECT_DOUBLE_EQ(
        planCost(convolution, split, machine, TimeQuery()).seconds.compute,
        parts * each);
  }
}

// A row goes to the other shard, of 8 * 4 elements of 4 bytes.
TEST(TimeModel, ReshardingIsPriced) {
  Machine machine = threads(2, 0);
  Grid grid{{2}, 2};
  TensorLayout rows{
      {{{0}, {{0, 4}, {4, 8}}, {{0, 4}, {4, 8}}}, {{}, {{0, 32}}, {{0, 32}}}},
      {}};
  TensorLayout moved = rows;
  moved.dims[0].owned = moved.dims[0].held = {{0, 5}, {5, 8}};
  EXPECT_DOUBLE_EQ(reshardSeconds(grid, rows, moved, 4, machine),
                   5e-6 + 128 / 5e9);
  EXPECT_EQ(reshardSeconds(grid, rows, rows, 4, machine), 0);
}

// 4 shards each hold the whole filter: 16 bytes of it come from the host, 48
// from the others, in the order of rounds that is faster.
TEST(TimeModel, ResidenceDecidesHowReplicasComeAbout) {
  Convolution convolution = forwardOf(makeLayer(4, 1, 1, 1, {{64, 16}}));
  Split split = *parseSplit("n=4", convolution);
  Machine machine = threads(4, 0);
  TimeQuery query;
  query.output = Residence::Sharded;
  auto costWith = [&](Residence filter) {
    query.inputs = {Residence::Sharded, filter};
    return planCost(convolution, split, machine, query);
  };
  PlanCost resident = costWith(Residence::Resident);
  EXPECT_EQ(resident.seconds.exchange + resident.seconds.load, 0);
  PlanCost sharded = costWith(Residence::Sharded);
  EXPECT_EQ(sharded.inputs[1], Replication::Gathered);
  EXPECT_EQ(sharded.seconds.load, 0);
  // Two rounds, and a copy of all that was gathered.
  EXPECT_DOUBLE_EQ(sharded.seconds.exchange, 2 * 5e-6 + 48 / 5e9 + 64 / 5e9);
  PlanCost host = costWith(Residence::Host);
  EXPECT_EQ(host.inputs[1], Replication::Copied);
  EXPECT_DOUBLE_EQ(host.seconds.load, std::max(1e-6 + 64 / 6e9, 4 * 64 / 1e10));
  machine.hostLink.bandwidth = 1e6; // far away: a quarter each, then gathered
  host = costWith(Residence::Host);
  EXPECT_EQ(host.inputs[1], Replication::Gathered);
  EXPECT_DOUBLE_EQ(host.seconds.load, 1e-6 + 16 / 1e6);
}
