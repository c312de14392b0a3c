//===- CollectiveTest.cpp - boxes that are passed on ----------------------===//

#include "RandomLayouts.h"
#include "Verify.h"

#include "dconv/Geometry/Prediction.h"

#include "gtest/gtest.h"

#include <map>
#include <set>
#include <tuple>

using namespace dconv;
using namespace dconv::test;

namespace {

/// Plays transfers round by round, element by element, with what each shard
/// owns and what it has been brought.
class Play {
public:
  Play(const Grid &grid, const TensorLayout &from, const TensorLayout &to,
       const std::vector<int64_t> &shape)
      : grid(grid), to(to), shape(shape) {
    for (int64_t shard = 0; shard < grid.numShards(); ++shard)
      owned.push_back(setOf(from.owned(grid, shard)));
    brought.resize(grid.numShards());
  }

  std::string run(const std::vector<Transfer> &transfers) {
    auto before = brought; // the present round
    std::tuple<int, int64_t, int64_t> last;
    for (const Transfer &transfer : transfers) {
      std::tuple next(transfer.round, transfer.destination, transfer.source);
      if (next < last)
        return "transfers do not ascend";
      if (std::get<0>(last) != transfer.round)
        before = brought;
      last = next;
      std::set<int64_t> moved = setOf(transfer.box);
      if (moved.empty())
        return "an empty transfer";
      const std::set<int64_t> &has =
          transfer.relayed ? before[transfer.source] : owned[transfer.source];
      bool crosses =
          grid.deviceOf(transfer.source) != grid.deviceOf(transfer.destination);
      for (int64_t element : moved) {
        if (!has.count(element))
          return "shard " + std::to_string(transfer.source) +
                 " gives what it does not have";
        if (!brought[transfer.destination].insert(element).second)
          return "an element comes twice";
        if (crosses) {
          ++sends[{transfer.source, element}];
          ++receives[{grid.deviceOf(transfer.destination), element}];
        }
      }
      rounds = std::max(rounds, transfer.round + 1);
    }
    for (int64_t shard = 0; shard < grid.numShards(); ++shard)
      if (brought[shard] != setOf(to.held(grid, shard)))
        return "shard " + std::to_string(shard) + " does not hold its part";
    return "";
  }

  /// Most times that one shard sends an element to other devices, and that one
  /// device receives one.
  int mostSends() const { return most(sends); }
  int mostReceives() const { return most(receives); }
  int rounds = 0;

private:
  using Counts = std::map<std::pair<int64_t, int64_t>, int>;

  std::set<int64_t> setOf(const Box &box) const {
    Elements elements = elementsOf(box, shape);
    return {elements.begin(), elements.end()};
  }
  static int most(const Counts &counts) {
    int result = 0;
    for (const auto &[key, count] : counts)
      result = std::max(result, count);
    return result;
  }

  const Grid &grid;
  const TensorLayout &to;
  const std::vector<int64_t> &shape;
  std::vector<std::set<int64_t>> owned, brought;
  Counts sends, receives;
};

class Collectives : public testing::TestWithParam<unsigned> {
protected:
  RandomLayouts random{GetParam()};
};

int ceilLog2(int64_t n) {
  int log = 0;
  while ((int64_t(1) << log) < n)
    ++log;
  return log;
}

/// 24 elements; of `shards` shards each owns a part, or the first all of them.
TensorLayout stripesOn(int64_t shards, bool first) {
  Stripes stripes = balancedStripes({0, 24}, shards);
  if (first) {
    stripes.assign(shards, {24, 24});
    stripes[0] = {0, 24};
  }
  TensorLayout layout;
  layout.dims.push_back({{0}, stripes, stripes});
  return layout;
}

/// How many messages each shard sends in each round.
std::map<std::pair<int64_t, int>, int>
messagesOf(const std::vector<Transfer> &transfers) {
  std::map<std::pair<int64_t, int>, int> messages;
  for (const Transfer &transfer : transfers)
    if (transfer.source != transfer.destination)
      ++messages[{transfer.source, transfer.round}];
  return messages;
}

} // namespace

TEST_P(Collectives, EveryElementArrivesOnce) {
  int copies = 0;
  for (int i = 0; i < 3000; ++i) {
    random.draw();
    // In every third case all shards need all of the tensor.
    TensorLayout from = random.layout(), to = random.layout();
    if (i % 3 == 0)
      to = TensorLayout::replicated(random.shape);
    for (CollectiveAlgorithm algorithm :
         {CollectiveAlgorithm::Direct, CollectiveAlgorithm::Ring,
          CollectiveAlgorithm::Tree}) {
      SCOPED_TRACE(toString(algorithm));
      Play play(random.grid, from, to, random.shape);
      ASSERT_EQ(play.run(redistribution(random.grid, from, to, algorithm)), "");
      if (i % 3 != 0 || algorithm == CollectiveAlgorithm::Direct ||
          !replicatedAxes(random.grid, from).empty())
        continue;
      ++copies;
      ASSERT_LE(play.mostReceives(), 1);
      ASSERT_LE(play.mostSends(), algorithm == CollectiveAlgorithm::Ring
                                      ? 1
                                      : ceilLog2(random.grid.devices));
    }
  }
  EXPECT_GT(copies, 100);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Collectives, testing::Range(1u, 4u));

// What every shard lacks makes a ring: each sends to the next alone, a piece at
// a time.
TEST(Ring, PassesPiecesAround) {
  Grid grid{{6}, 6};
  TensorLayout whole = TensorLayout::replicated({24});
  std::vector<Transfer> transfers = redistribution(
      grid, stripesOn(6, false), whole, CollectiveAlgorithm::Ring);
  int rounds = 0;
  for (const Transfer &transfer : transfers) {
    rounds = std::max(rounds, transfer.round + 1);
    if (transfer.source == transfer.destination)
      continue;
    EXPECT_EQ(transfer.destination, (transfer.source + 1) % 6);
    EXPECT_EQ(transfer.box.volume(), 4);
  }
  EXPECT_EQ(rounds, 5);
  for (auto [key, messages] : messagesOf(transfers))
    EXPECT_EQ(messages, 1);
}

// What one shard alone has is passed on in pieces, so that all send at a time:
// the last of 6 pieces has 5 shards before it and 4 more to go.
TEST(Ring, DividesWhatOneOwns) {
  Grid grid{{6}, 6};
  TensorLayout whole = TensorLayout::replicated({24});
  std::vector<Transfer> transfers = redistribution(
      grid, stripesOn(6, true), whole, CollectiveAlgorithm::Ring);
  std::vector<int64_t> shape{24};
  Play play(grid, stripesOn(6, true), whole, shape);
  EXPECT_EQ(play.run(transfers), "");
  EXPECT_EQ(play.rounds, 10);
  EXPECT_EQ(play.mostSends(), 1);
}

// In each round all pieces that a shard has go to one other, as one message or,
// around the end of the tensor, as two.
TEST(Tree, GathersInLogarithmicRounds) {
  for (int64_t shards : {2, 3, 5, 8, 12}) {
    SCOPED_TRACE(shards);
    Grid grid{{shards}, shards};
    std::vector<int64_t> shape{24};
    TensorLayout from = stripesOn(shards, false);
    TensorLayout whole = TensorLayout::replicated(shape);
    std::vector<Transfer> transfers =
        redistribution(grid, from, whole, CollectiveAlgorithm::Tree);
    Play play(grid, from, whole, shape);
    EXPECT_EQ(play.run(transfers), "");
    EXPECT_EQ(play.rounds, ceilLog2(shards));
    for (auto [key, messages] : messagesOf(transfers))
      EXPECT_LE(messages, 2);
  }
}

// The number of shards that have a box doubles with each round.
TEST(Tree, SpreadsWhatOneOwns) {
  Grid grid{{11}, 11};
  TensorLayout whole = TensorLayout::replicated({24});
  std::vector<Transfer> transfers = redistribution(
      grid, stripesOn(11, true), whole, CollectiveAlgorithm::Tree);
  std::map<int, int> perRound;
  for (const Transfer &transfer : transfers)
    if (transfer.source != transfer.destination) {
      ++perRound[transfer.round];
      EXPECT_EQ(transfer.box, (Box{{0, 24}}));
    }
  EXPECT_EQ(perRound, (std::map<int, int>{{0, 1}, {1, 2}, {2, 4}, {3, 3}}));
}

// Four shards on two devices: the other device gets each stripe once, and its
// second shard copies it.
TEST(Tree, ReachesADeviceOnce) {
  Grid grid{{4}, 2};
  std::vector<int64_t> shape{24};
  TensorLayout from = stripesOn(4, false);
  TensorLayout whole = TensorLayout::replicated(shape);
  for (auto [algorithm, bytes] : {std::pair(CollectiveAlgorithm::Direct, 96),
                                  std::pair(CollectiveAlgorithm::Ring, 48),
                                  std::pair(CollectiveAlgorithm::Tree, 48)}) {
    SCOPED_TRACE(toString(algorithm));
    DistributedProgram program;
    program.grid = grid;
    for (const TensorLayout &layout : {from, whole}) {
      ShardedValue value;
      value.layout = layout;
      value.shape = shape;
      program.values.push_back(value);
    }
    Step step;
    step.kind = StepKind::Redistribute;
    step.operand = 0;
    step.result = 1;
    step.algorithm = algorithm;
    program.steps.push_back(step);
    EXPECT_EQ(predict(program).bytesReceived,
              (std::vector<int64_t>{bytes, bytes}));
  }
}

TEST(Gathered, IsRefusedWhereThereAreNoCopies) {
  Convolution convolution;
  convolution.extents = {4, 3};
  convolution.roles = {Role::Output, Role::Tap};
  convolution.inputs = {{{{{{0, 1}, {1, 1}}, 0}}, {6}, {0}, {0}, 4},
                        {{{{{1, 1}}, 0}}, {3}, {0}, {0}, 4}};
  convolution.output = {{{{{0, 1}}, 0}}, {4}, {0}, {0}, 4};
  Split outputs{{{0, {2, 2}}}}, taps{{{1, {2, 1}}}};
  EXPECT_TRUE(checkGathered(convolution, outputs, {{1}}));
  EXPECT_EQ(checkGathered(convolution, outputs, {{0}}).error(),
            "input 0 is to be gathered, but split 'o0=2' makes no copies of "
            "it: each of the 2 shards has its own part");
  EXPECT_FALSE(checkGathered(convolution, taps, {{1}}));
  EXPECT_EQ(checkGathered(convolution, outputs, {{1}, {1}}).error(),
            "input 1 is to be gathered twice");
  EXPECT_EQ(checkGathered(convolution, outputs, {{2}}).error(),
            "input 2 is to be gathered, but there are 2");
}
