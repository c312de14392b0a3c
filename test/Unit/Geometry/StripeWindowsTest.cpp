//===- StripeWindowsTest.cpp - which stripes have room for windows --------===//

#include "dconv/Geometry/StripeWindows.h"

#include "gtest/gtest.h"

using namespace dconv;

namespace {

/// f32 of some shape, cut in stripes of `length` of its first dim, and kernels
/// that read `halo` rows more on either side.
class StripesWithRoom : public testing::Test {
protected:
  void cut(int64_t shards, int64_t devices, int64_t length, int64_t width) {
    program = {};
    program.grid = {{shards}, devices};
    ShardedValue value;
    value.shape = {shards * length, width};
    value.layout = TensorLayout::replicated(value.shape);
    value.layout.dims[0].axes = {0};
    value.layout.dims[0].owned.clear();
    for (int64_t s = 0; s < shards; ++s)
      value.layout.dims[0].owned.push_back({s * length, (s + 1) * length});
    value.layout.dims[0].held = value.layout.dims[0].owned;
    program.values.push_back(value); // the input
    add(StepKind::Shard, -1, 0);
  }

  void add(StepKind kind, int operand, int result) {
    Step step;
    step.kind = kind;
    step.operand = operand;
    step.result = result;
    program.steps.push_back(step);
  }

  /// The result of an exchange of `halo` rows, as a direct one.
  int exchange(int64_t halo) {
    ShardedValue read = program.values[0];
    read.fetchedOnUse = true;
    for (Interval &held : read.layout.dims[0].held)
      held = {std::max<int64_t>(0, held.begin - halo),
              std::min(read.shape[0], held.end + halo)};
    program.values.push_back(read);
    add(StepKind::Redistribute, 0, program.values.size() - 1);
    return program.values.size() - 1;
  }

  /// A sub-kernel that reads `value`, `halo` rows around each stripe.
  void read(int value, int64_t halo) {
    program.values.push_back(program.values[0]);
    add(StepKind::Fill, -1, program.values.size() - 1);
    program.values.push_back(program.values[0]);
    program.values.back().inPlaceOf = program.values.size() - 2;
    Step kernel;
    kernel.kind = StepKind::SubKernel;
    kernel.operand = program.values.size() - 2;
    kernel.result = program.values.size() - 1;
    kernel.inputs = {{value, {}}};
    for (int64_t s = 0; s < program.grid.numShards(); ++s) {
      Box box = program.values[0].layout.owned(program.grid, s);
      box[0] = {box[0].begin - halo, box[0].end + halo};
      kernel.inputs[0].footprints.push_back(box);
    }
    program.steps.push_back(kernel);
  }

  bool inPlace() const { return StripeWindows(program).readerOf(0) != nullptr; }

  DistributedProgram program;
};

} // namespace

// One row of 16 f32 is a block. Four windows of 8 rows and 2 halos take 40
// blocks; four stripes and the largest footprint take 42.
TEST_F(StripesWithRoom, TakeNoMoreThanOneFootprint) {
  cut(/*shards=*/4, /*devices=*/1, /*length=*/8, /*width=*/16);
  read(exchange(1), 1);
  EXPECT_TRUE(inPlace());
  Arena arena = planArena(program, 0);
  EXPECT_EQ(arena.bytes, 64 * (4 * 10 + 4 * 8));
  EXPECT_EQ(arena.buffers[0].window, (Box{{-1, 9}, {0, 16}}));

  // Halos of 2: 4 * 12 = 48 blocks against 32 + 12.
  cut(4, 1, 8, 16);
  read(exchange(2), 2);
  EXPECT_FALSE(inPlace());
  EXPECT_EQ(planArena(program, 0).bytes, 64 * (32 + 12 + 32));

  // The same on a device each, or with two on each: 24 against 16 + 12.
  for (int64_t devices : {2, 4}) {
    cut(4, devices, 8, 16);
    read(exchange(2), 2);
    EXPECT_TRUE(inPlace());
  }
}

// As much memory is no more.
TEST_F(StripesWithRoom, MayTakeAsMuch) {
  cut(/*shards=*/2, /*devices=*/1, /*length=*/4, /*width=*/16);
  read(exchange(2), 2); // 2 * 8 against 8 + 8
  EXPECT_TRUE(inPlace());
  cut(2, 1, 4, 16);
  read(exchange(3), 3); // 2 * 10 against 8 + 10
  EXPECT_FALSE(inPlace());
}

// A device that would need more keeps the stripes of all apart: with three
// shards on two devices the first has two of them.
TEST_F(StripesWithRoom, AreAlikeOnAllDevices) {
  cut(/*shards=*/3, /*devices=*/2, /*length=*/4, /*width=*/16);
  read(exchange(3), 3);
  EXPECT_FALSE(inPlace());
  cut(3, 3, 4, 16);
  read(exchange(3), 3);
  EXPECT_TRUE(inPlace());
}

// Local padding alone needs room, too.
TEST_F(StripesWithRoom, HaveItForPaddingAlone) {
  cut(/*shards=*/1, /*devices=*/1, /*length=*/8, /*width=*/16);
  read(0, 1);
  EXPECT_TRUE(inPlace());
  const StripeWindows windows(program);
  EXPECT_EQ(windows.bufferOf(0, 0), (Box{{-1, 9}, {0, 16}}));
  EXPECT_EQ(windows.stepOf(0), 2);
  EXPECT_EQ(windows.inputOf(0), 0u);
}

// What is read as it lies, by another step as well, or twice, has no room.
TEST_F(StripesWithRoom, HaveOneReader) {
  cut(2, 2, 8, 16);
  read(0, 0);
  EXPECT_FALSE(inPlace());

  cut(2, 2, 8, 16);
  read(exchange(1), 1);
  ASSERT_TRUE(inPlace());
  add(StepKind::Unshard, 0, -1);
  EXPECT_FALSE(inPlace());

  cut(2, 2, 8, 16);
  read(exchange(1), 1);
  read(exchange(2), 2);
  EXPECT_FALSE(inPlace());

  cut(2, 2, 8, 16);
  int halo = exchange(1);
  read(halo, 1);
  program.values[halo].fetchedOnUse = false; // kept, so the stripe is, too
  EXPECT_FALSE(inPlace());
  EXPECT_NE(StripeWindows(program).readerOf(halo), nullptr); // for padding
}

// Where a stripe and what is read lie far apart, or cross, their hull takes
// more than both.
TEST_F(StripesWithRoom, AreNotFarFromWhatIsRead) {
  cut(2, 2, 8, 16);
  read(0, 0);
  std::vector<Box> &reads = program.steps.back().inputs[0].footprints;
  reads = {Box{{30, 38}, {0, 16}}, Box{{8, 16}, {0, 16}}};
  EXPECT_FALSE(inPlace());
  reads = {Box{{0, 1}, {0, 160}}, Box{{8, 16}, {0, 16}}}; // 80 against 8 + 10
  EXPECT_FALSE(inPlace());
  reads = {Box{{8, 16}, {0, 16}}, Box{{8, 16}, {0, 16}}}; // 16 against 8 + 8
  EXPECT_TRUE(inPlace());
}

// A shard that owns nothing has room for what it reads alone.
TEST_F(StripesWithRoom, MayBeEmpty) {
  cut(2, 2, 8, 16);
  program.values[0].layout.dims[0].owned = {{0, 16}, {16, 16}};
  program.values[0].layout.dims[0].held = {{0, 16}, {16, 16}};
  read(exchange(0), 0);
  program.steps.back().inputs[0].footprints = {Box{{0, 8}, {0, 16}},
                                               Box{{8, 16}, {0, 16}}};
  const StripeWindows windows(program);
  ASSERT_TRUE(windows.readerOf(0));
  EXPECT_EQ(windows.bufferOf(0, 0), (Box{{0, 16}, {0, 16}}));
  EXPECT_EQ(windows.bufferOf(0, 1), (Box{{8, 16}, {0, 16}}));
}

// What overflows has no room.
TEST_F(StripesWithRoom, CanBeCounted) {
  cut(2, 2, 8, 16);
  read(exchange(1), 1);
  program.steps.back().inputs[0].footprints[0] =
      Box{{int64_t(-1) << 61, 9}, {0, 16}};
  EXPECT_FALSE(inPlace());
}
