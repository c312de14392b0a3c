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
