//===- PredictionTest.cpp - programs that no convolution gives alone ------===//

#include "dconv/Geometry/Prediction.h"

#include "gtest/gtest.h"

using namespace dconv;

using Bytes = std::vector<int64_t>;

namespace {

/// 12 f32 cut in three over axis 0 of a 3x2 grid; axis 1 makes replicas.
class Programs : public testing::Test {
protected:
  Programs() {
    program.grid = {{3, 2}, 6};
    cut.dims = {{{0}, {{0, 4}, {4, 8}, {8, 12}}, {{0, 4}, {4, 8}, {8, 12}}}};
    whole = TensorLayout::replicated({12});
  }

  int addValue(const TensorLayout &layout) {
    ShardedValue value;
    value.layout = layout;
    value.shape = {12};
    program.values.push_back(value);
    return program.values.size() - 1;
  }

  void addStep(StepKind kind, int operand, int result) {
    Step step;
    step.kind = kind;
    step.operand = operand;
    step.result = result;
    program.steps.push_back(step);
  }

  DistributedProgram program;
  TensorLayout cut, whole;
};

} // namespace

// Each replica is scattered; the host needs one of them back.
TEST_F(Programs, ReplicasAreGatheredOnce) {
  int value = addValue(cut);
  addStep(StepKind::Shard, -1, value);
  addStep(StepKind::Unshard, value, -1);
  Prediction prediction = predict(program);
  EXPECT_EQ(prediction.scatterBytes, (Bytes{16, 16, 16, 16, 16, 16}));
  EXPECT_EQ(prediction.gatherBytes, (Bytes{16, 0, 16, 0, 16, 0}));
  EXPECT_EQ(prediction.bytesReceived, Bytes(6, 0));
}

// Two thirds come from the two others of the same replica.
TEST_F(Programs, AllGatherStaysWithinAReplica) {
  int value = addValue(cut), gathered = addValue(whole);
  addStep(StepKind::Shard, -1, value);
  addStep(StepKind::Redistribute, value, gathered);
  addStep(StepKind::Unshard, gathered, -1);
  Prediction prediction = predict(program);
  EXPECT_EQ(prediction.bytesReceived, Bytes(6, 32));
  EXPECT_EQ(prediction.bytesSent, Bytes(6, 32));
  EXPECT_EQ(prediction.gatherBytes, (Bytes{48, 0, 0, 0, 0, 0}));
  // The stripe of 16 bytes and the whole of 48, each aligned.
  EXPECT_EQ(prediction.peakBytes, Bytes(6, 128));
}

// A result that takes over its initial output has no memory of its own; a halo
// that is fetched on use has none either.
TEST_F(Programs, TakenOverAndFetchedValuesHaveNoStripe) {
  int initial = addValue(cut), halo = addValue(whole), result = addValue(cut);
  program.values[halo].fetchedOnUse = true;
  program.values[result].inPlaceOf = initial;
  addStep(StepKind::Fill, -1, initial);
  Arena arena = planArena(program, 2);
  ASSERT_EQ(arena.buffers.size(), 1u);
  EXPECT_EQ(arena.buffers[0].value, initial);
  EXPECT_EQ(arena.buffers[0].shard, 2);
  EXPECT_EQ(arena.buffers[0].window, (Box{{4, 8}}));
  EXPECT_EQ(arena.bytes, 64);
}

// Kernels one after the other share their scratch: the larger one decides.
TEST_F(Programs, StepsReuseScratch) {
  int input = addValue(cut), result = addValue(cut);
  addStep(StepKind::Shard, -1, input);
  addStep(StepKind::Fill, -1, result);
  for (int64_t halo : {40, 7}) {
    Step kernel;
    kernel.kind = StepKind::SubKernel;
    kernel.operand = kernel.result = result;
    kernel.inputs = {{input, {}}};
    for (int64_t shard = 0; shard < 6; ++shard) {
      Box footprint = cut.owned(program.grid, shard);
      footprint[0].end += halo;
      kernel.inputs[0].footprints.push_back(footprint);
    }
    program.steps.push_back(kernel);
  }
  Arena arena = planArena(program, 0);
  ASSERT_EQ(arena.buffers.size(), 4u);
  EXPECT_EQ(arena.buffers[2].purpose, ArenaBuffer::Footprint);
  EXPECT_EQ(arena.buffers[2].offset, 128);
  EXPECT_EQ(arena.buffers[3].offset, 128);
  EXPECT_EQ(arena.bytes, 128 + 192); // 44 f32 are 176 bytes
}
