//===- RedistributionTest.cpp - collectives, scheduled and run ------------===//
//
// A tensor goes from the host to one layout, to another, to a third and back:
// by dconv's own schedule, on any layouts, directly, in rings and in trees.
//
//===----------------------------------------------------------------------===//

#include "../Geometry/RandomBufferLayout.h"
#include "../Geometry/RandomLayouts.h"
#include "Programs.h"
#include "dconv/Runtime/Checker.h"
#include "dconv/Schedule/Schedule.h"

#include <gtest/gtest.h>
#include <numeric>

using namespace dconv;
using namespace dconv::runtime;
using namespace dconv::runtime::test;
using dconv::test::RandomLayouts;

namespace {

/// A layout in which each shard holds what it owns.
TensorLayout stripes(TensorLayout layout) {
  for (DimLayout &dim : layout.dims)
    dim.held = dim.owned;
  return layout;
}

/// The steps of `layouts`, one after the other, with an algorithm for each but
/// the first.
ScheduleInput inputFor(const Grid &grid, const std::vector<int64_t> &shape,
                       const std::vector<TensorLayout> &layouts,
                       const std::vector<CollectiveAlgorithm> &algorithms) {
  ScheduleInput input;
  input.name = "moves";
  input.tensors = {{"x", shape}};
  input.arguments = input.results = {{ElementType::F32, shape, false}};
  input.program.grid = grid;
  for (size_t i = 0; i < layouts.size(); ++i) {
    ShardedValue value;
    value.layout = layouts[i];
    value.shape = shape;
    input.program.values.push_back(value);
    input.values.push_back({ElementType::F32, ElementType::F32, 0});
    Step step;
    step.result = i;
    if (i > 0) {
      step.kind = StepKind::Redistribute;
      step.operand = i - 1;
      step.algorithm = algorithms[i - 1];
    }
    input.program.steps.push_back(step);
  }
  Step unshard;
  unshard.kind = StepKind::Unshard;
  unshard.operand = layouts.size() - 1;
  input.program.steps.push_back(unshard);
  input.steps.resize(input.program.steps.size());
  return input;
}

/// The elements of a tensor, all different.
std::vector<float> counting(const std::vector<int64_t> &shape) {
  std::vector<float> values(Box::whole(shape).volume());
  std::iota(values.begin(), values.end(), 1.0f);
  return values;
}

/// What `program` makes of `x`. It moves as many bytes as is predicted.
std::vector<float> roundTrip(const Program &program, std::vector<float> x) {
  EXPECT_EQ(check(program).message(), "");
  std::unique_ptr<Session> session;
  Session::Options options = hostOptions({program}, program.devices.size());
  EXPECT_EQ(Session::open(std::move(options), session).message(), "");
  std::vector<float> y(x.size(), -1);
  void *arguments[] = {x.data()};
  void *results[] = {y.data()};
  EXPECT_EQ(session->execute(0, arguments, results).message(), "");
  EXPECT_TRUE(session->takeExecutions()[0].counters == program.predicted);
  return y;
}

class Redistribution : public testing::TestWithParam<unsigned> {
protected:
  CollectiveAlgorithm algorithm() {
    return static_cast<CollectiveAlgorithm>(random.pick(0, 2));
  }

  RandomLayouts random{GetParam()};
};

} // namespace

TEST_P(Redistribution, BringsBackTheTensor) {
  for (int i = 0; i < 150; ++i) {
    random.draw();
    Program program =
        schedule(inputFor(random.grid, random.shape,
                          {stripes(random.layout()), stripes(random.layout()),
                           stripes(random.layout())},
                          {algorithm(), algorithm()}));
    const std::vector<float> x = counting(random.shape);
    EXPECT_EQ(roundTrip(program, x), x);
  }
}

// What moves is boxes of tensors: in which order a buffer keeps its elements is
// nobody else's business.
TEST_P(Redistribution, WhateverTheLayoutsOfTheBuffers) {
  std::mt19937 layouts(GetParam());
  for (int i = 0; i < 100; ++i) {
    random.draw();
    Program program =
        schedule(inputFor(random.grid, random.shape,
                          {stripes(random.layout()), stripes(random.layout())},
                          {algorithm()}));
    for (DeviceProgram &device : program.devices)
      for (Buffer &buffer : device.buffers)
        buffer.layout =
            dconv::test::randomBufferLayout(layouts, random.shape.size());
    const std::vector<float> x = counting(random.shape);
    EXPECT_EQ(roundTrip(program, x), x);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Redistribution, testing::Range(1u, 5u));

// A shard that passes a box on waits for it; without the wait it would send
// what it has not received.
TEST(PassedOn, WaitsForWhatItForwards) {
  Stripes first{{0, 8}, {8, 8}, {8, 8}, {8, 8}};
  TensorLayout root;
  root.dims = {{{0}, first, first}};
  Program program =
      schedule(inputFor({{4}, 4}, {8}, {root, TensorLayout::replicated({8})},
                        {CollectiveAlgorithm::Tree}));
  ASSERT_EQ(check(program).message(), "");
  EXPECT_EQ(program.predicted.bytesSent, (std::vector<int64_t>{64, 32, 0, 0}));
  bool forwarded = false;
  for (Command &command : program.devices[1].commands)
    if (command.kind == CommandKind::Send) {
      forwarded = true;
      command.waits.clear();
    }
  EXPECT_TRUE(forwarded);
  EXPECT_NE(check(program).message().find("does not wait for"),
            std::string::npos)
      << check(program).message();
}
