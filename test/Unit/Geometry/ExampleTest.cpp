//===- ExampleTest.cpp - ownership, halos and bytes by hand ---------------===//
//
// Small cases whose answer can be read off, so that a misunderstanding that
// library and oracle share shows here.
//
//===----------------------------------------------------------------------===//

#include "Cases.h"

#include "dconv/Geometry/StripeWindows.h"

#include "gtest/gtest.h"

using namespace dconv;
using namespace dconv::test;

namespace {
/// The layout of the input of `window` with its outputs in parts of `lengths`.
DimLayout inputOf(const Window &window, const std::vector<int64_t> &lengths) {
  Convolution convolution = convolutionOf(window);
  Split split{{{0, lengths}}};
  EXPECT_TRUE(checkSplit(split, convolution));
  return inputLayout(convolution, split, convolution.inputs[0]).dims[0];
}

Window window(int64_t size, int64_t taps) {
  Window window;
  window.size = size;
  window.taps = taps;
  return window;
}

std::vector<std::string> toStrings(const Stripes &stripes) {
  std::vector<std::string> texts;
  for (Interval stripe : stripes)
    texts.push_back(stripe.empty() ? "empty" : toString(stripe));
  return texts;
}

using Texts = std::vector<std::string>;
} // namespace

// The first shard has no low side, the last no high side.
TEST(Example, HaloOfThreeTapsWithPadding) {
  Window rows = window(56, 3);
  rows.padLow = rows.padHigh = 1;
  DimLayout dim = inputOf(rows, {28, 28});
  EXPECT_EQ(toStrings(dim.owned), (Texts{"[0, 28)", "[28, 56)"}));
  EXPECT_EQ(toStrings(dim.held), (Texts{"[0, 29)", "[27, 56)"}));
}

// Without padding the outer stripes are longer than their share.
TEST(Example, CutsAtTheMiddleOfTheOverlap) {
  DimLayout dim = inputOf(window(10, 5), {2, 2, 2});
  EXPECT_EQ(toStrings(dim.held), (Texts{"[0, 6)", "[2, 8)", "[4, 10)"}));
  EXPECT_EQ(toStrings(dim.owned), (Texts{"[0, 4)", "[4, 6)", "[6, 10)"}));
}

// An even overlap is halved; of an odd one the floor decides.
TEST(Example, EvenFilterRoundsTheCutDown) {
  DimLayout dim = inputOf(window(9, 2), {4, 4});
  EXPECT_EQ(toStrings(dim.held), (Texts{"[0, 5)", "[4, 9)"}));
  EXPECT_EQ(toStrings(dim.owned), (Texts{"[0, 4)", "[4, 9)"}));
}

// Rows that no tap reads have an owner all the same.
TEST(Example, GapsOfStridesAreOwned) {
  Window rows = window(12, 1);
  rows.stride = 4;
  DimLayout dim = inputOf(rows, {1, 1, 1});
  EXPECT_EQ(toStrings(dim.held), (Texts{"[0, 1)", "[4, 5)", "[8, 9)"}));
  EXPECT_EQ(toStrings(dim.owned), (Texts{"[0, 2)", "[2, 6)", "[6, 12)"}));
}

// Cuts outside the tensor are clamped to it.
TEST(Example, ShardsInPaddingOwnAndHoldNothing) {
  Window rows = window(2, 1);
  rows.padLow = rows.padHigh = 3;
  DimLayout dim = inputOf(rows, {2, 2, 2, 2});
  EXPECT_EQ(toStrings(dim.held), (Texts{"empty", "[0, 1)", "[1, 2)", "empty"}));
  EXPECT_EQ(toStrings(dim.owned),
            (Texts{"empty", "[0, 1)", "[1, 2)", "empty"}));
}

TEST(Example, FilterLargerThanTheImageReachesEveryOwner) {
  Window rows = window(4, 9);
  rows.padLow = rows.padHigh = 4;
  DimLayout dim = inputOf(rows, {1, 1, 1, 1});
  EXPECT_EQ(toStrings(dim.owned),
            (Texts{"[0, 1)", "[1, 2)", "[2, 3)", "[3, 4)"}));
  EXPECT_EQ(toStrings(dim.held), (Texts(4, "[0, 4)")));
}

// Position descends with the output, and so do the stripes.
TEST(Example, NegativeCoefficientReversesTheStripes) {
  Window rows = window(10, 3);
  rows.reversed = true;
  DimLayout dim = inputOf(rows, {4, 4});
  EXPECT_EQ(toStrings(dim.held), (Texts{"[4, 10)", "[0, 6)"}));
  EXPECT_EQ(toStrings(dim.owned), (Texts{"[5, 10)", "[0, 5)"}));
}

// Taps divide a stripe again, in balanced pieces, and read elsewhere.
TEST(Example, TapsDivideTheStripesOfTheOutput) {
  Convolution convolution = convolutionOf(window(12, 5));
  Split split{{{0, {4, 4}}, {1, {3, 2}}}};
  TensorLayout input = inputLayout(convolution, split, convolution.inputs[0]);
  EXPECT_EQ(toStrings(input.dims[0].owned),
            (Texts{"[0, 3)", "[3, 6)", "[6, 9)", "[9, 12)"}));
  EXPECT_EQ(toStrings(input.dims[0].held),
            (Texts{"[0, 6)", "[3, 8)", "[4, 10)", "[7, 12)"}));
  TensorLayout filter = inputLayout(convolution, split, convolution.inputs[1]);
  EXPECT_EQ(filter.dims[0].axes, (std::vector<unsigned>{1}));
  EXPECT_EQ(toStrings(filter.dims[0].owned), (Texts{"[0, 3)", "[3, 5)"}));
}

// One axis cannot cut two dims: the second is held whole along it.
TEST(Example, LoopInTwoDimsCutsTheFirst) {
  Convolution convolution;
  convolution.extents = {4};
  convolution.roles = {Role::Batch};
  LinearExpr diagonal{{{0, 1}}, 0};
  Operand square{{diagonal, diagonal}, {4, 4}, {0, 0}, {0, 0}, 4};
  convolution.inputs = {square};
  TensorLayout layout = inputLayout(convolution, {{{0, {3, 1}}}}, square);
  EXPECT_EQ(layout.dims[0].owned, (Stripes{{0, 3}, {3, 4}}));
  EXPECT_TRUE(layout.dims[1].axes.empty());
  EXPECT_EQ(layout.dims[1].held, (Stripes{{0, 4}}));
}

// README: four of eight rows each, one more row of 8x4 f32 from the neighbour.
TEST(Example, BytesOfTwoShardsOfEightRows) {
  Convolution convolution;
  convolution.extents = {8, 8, 8, 3, 3, 4}; // rows, columns, oc, taps, ic
  convolution.roles = {Role::Output, Role::Output, Role::OutputChannel,
                       Role::Tap,    Role::Tap,    Role::InputChannel};
  convolution.inputs = {
      {{{{{0, 1}, {3, 1}}, 0}, {{{1, 1}, {4, 1}}, 0}, {{{5, 1}}, 0}},
       {8, 8, 4},
       {1, 1, 0},
       {1, 1, 0},
       4},
      {{{{{3, 1}}, 0}, {{{4, 1}}, 0}, {{{5, 1}}, 0}, {{{2, 1}}, 0}},
       {3, 3, 4, 8},
       {0, 0, 0, 0},
       {0, 0, 0, 0},
       4}};
  convolution.output = {{{{{0, 1}}, 0}, {{{1, 1}}, 0}, {{{2, 1}}, 0}},
                        {8, 8, 8},
                        {0, 0, 0},
                        {0, 0, 0},
                        4};
  ASSERT_TRUE(checkSizes(convolution));
  Result<Split> split = parseSplit("o0=2", convolution);
  ASSERT_TRUE(split);
  DistributedProgram program =
      distribute(convolution, *split, /*devices=*/2, /*fillsOutput=*/true);
  Prediction prediction = predict(program);
  using Bytes = std::vector<int64_t>;
  EXPECT_EQ(prediction.bytesReceived, (Bytes{128, 128}));
  EXPECT_EQ(prediction.bytesSent, (Bytes{128, 128}));
  // 4x8x4 of the input, the whole filter; 4x8x8 of the result.
  EXPECT_EQ(prediction.scatterBytes, (Bytes{512 + 1152, 512 + 1152}));
  EXPECT_EQ(prediction.gatherBytes, (Bytes{1024, 1024}));
  // The input lies in its footprint of 6x10x4; the filter is read as it lies.
  EXPECT_EQ(prediction.peakBytes,
            (Bytes{960 + 1152 + 1024, 960 + 1152 + 1024}));
  // shard, halo_exchange, shard, fill, sub_kernel: the filter is value 2.
  const Step &kernel = program.steps[4];
  ASSERT_EQ(kernel.kind, StepKind::SubKernel);
  const StripeWindows windows(program);
  EXPECT_EQ(windows.residentFor(kernel.inputs[0], 0), 0);
  EXPECT_EQ(windows.bufferOf(0, 0), (Box{{-1, 5}, {-1, 9}, {0, 4}}));
  EXPECT_EQ(windows.bufferOf(0, 1), (Box{{3, 9}, {-1, 9}, {0, 4}}));
  EXPECT_EQ(windows.residentFor(kernel.inputs[1], 0), 2);
  EXPECT_EQ(windows.readerOf(2), nullptr);
}

// Four partial sums of 6 f32 each on two devices: shard 0 and 1 own two
// elements, shard 2 and 3 one; each hears from two shards elsewhere.
TEST(Example, EachPartialSumTravelsSeparately) {
  Convolution convolution = convolutionOf(window(9, 4));
  convolution.inputs[0].elementBytes = 4;
  Split split{{{1, {1, 1, 1, 1}}}};
  Prediction prediction =
      predict(distribute(convolution, split, /*devices=*/2, true));
  // The image is cut by the taps too: footprints [0,6), [1,7), [2,8), [3,9) of
  // stripes [0,3), [3,5), [5,7), [7,9).
  int64_t toFirst = (1 + 2) * 4, toSecond = (3 + 2) * 4;
  EXPECT_EQ(prediction.bytesReceived,
            (std::vector<int64_t>{toFirst + 2 * (2 + 2) * 4,
                                  toSecond + 2 * (1 + 1) * 4}));
  EXPECT_EQ(prediction.bytesSent,
            (std::vector<int64_t>{toSecond + 2 * (1 + 1) * 4,
                                  toFirst + 2 * (2 + 2) * 4}));
}

// Nothing moves between shards of one device, yet each has its own replica.
TEST(Example, MoreShardsThanDevices) {
  Window rows = window(10, 3);
  rows.padLow = rows.padHigh = 1;
  Convolution convolution = convolutionOf(rows);
  Split split{{{0, {2, 2, 2, 2, 2}}}};
  Prediction one = predict(distribute(convolution, split, 1, true));
  EXPECT_EQ(one.bytesReceived, (std::vector<int64_t>{0}));
  EXPECT_EQ(one.scatterBytes, (std::vector<int64_t>{10 * 2 + 5 * 3 * 8}));
  // Shards 0, 1, 2 and 3, 4: one element each way between 2 and 3.
  Prediction two = predict(distribute(convolution, split, 2, true));
  EXPECT_EQ(two.bytesReceived, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(two.bytesSent, (std::vector<int64_t>{2, 2}));
}

TEST(Example, DevicesBeyondTheLastShardIdle) {
  Convolution convolution = convolutionOf(window(6, 3));
  Prediction prediction =
      predict(distribute(convolution, {{{0, {2, 2}}}}, 4, false));
  for (int64_t device : {1, 3}) {
    EXPECT_EQ(prediction.peakBytes[device], 0);
    EXPECT_EQ(prediction.scatterBytes[device], 0);
    EXPECT_EQ(prediction.gatherBytes[device], 0);
  }
}
