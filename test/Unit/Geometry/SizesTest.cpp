//===- SizesTest.cpp - tensors beyond 32 bits, and beyond 64 --------------===//
//
// Layers that people run or have reported, as numbers; some have 2^31 and more
// elements, or positions that do not fit 32 bits.
//
//===----------------------------------------------------------------------===//

#include "dconv/Geometry/Prediction.h"

#include "gtest/gtest.h"

#include <limits>

using namespace dconv;

namespace {

using Numbers = std::vector<int64_t>;

struct Layer {
  const char *name;
  int64_t batch, channels;
  Numbers image; ///< without padding
  int64_t filters;
  Numbers kernel, stride, pad;
  int64_t groups = 1;
};

// clang-format off
const Layer layers[] = {
    {"flashfftconv_L32k", 64, 768, {65535}, 768, {32768}, {1}, {0}, 768},
    {"hyena_mr_k128_1M", 1, 4096, {1048703}, 4096, {128}, {1}, {0}, 4096},
    {"hyena_li_1M", 1, 4096, {2097151}, 4096, {1048576}, {1}, {0}, 4096},
    {"onednn_large_iw", 1, 1, {4294967311}, 1, {3}, {1}, {0}},
    {"onednn_large_ic", 1, 134217732, {27}, 1, {3}, {1}, {0}},
    {"onednn_large_oc", 1, 1, {27}, 1342177321, {3}, {1}, {0}},
    {"unet3d_lbann_256_up1", 1, 192, {256, 256, 256}, 64,
     {3, 3, 3}, {1, 1, 1}, {1, 1, 1}},
    {"wan21_vae_dec_c96_720p81f", 1, 96, {83, 720, 1280}, 96,
     {3, 3, 3}, {1, 1, 1}, {0, 1, 1}},
    {"cogvideox_vae_dec_c128", 1, 128, {51, 480, 720}, 128,
     {3, 3, 3}, {1, 1, 1}, {0, 1, 1}},
    {"pt_issue_128947_oom", 1, 256, {5, 1090, 1922}, 64,
     {3, 3, 3}, {1, 1, 1}, {0, 0, 0}},
    {"pt_issue_95024_oom", 1, 64, {362, 370, 251}, 32,
     {3, 3, 3}, {1, 1, 1}, {1, 1, 1}},
    {"monai_1189_ct", 1, 1, {1000, 1000, 561}, 16,
     {3, 3, 3}, {2, 2, 2}, {1, 1, 1}},
    {"meshtangling2k_conv1_1", 1, 18, {2048, 2048}, 128,
     {5, 5}, {2, 2}, {2, 2}}};
// clang-format on

/// f32; loops n, g, oc, ic, then o and k of each dim of the image.
Convolution convolutionOf(const Layer &layer) {
  Convolution convolution;
  int64_t groups = layer.groups;
  convolution.extents = {layer.batch, groups, layer.filters / groups,
                         layer.channels / groups};
  convolution.roles = {Role::Batch, Role::Group, Role::OutputChannel,
                       Role::InputChannel};
  auto loop = [](unsigned loop) { return LinearExpr{{{loop, 1}}, 0}; };
  Operand image{{loop(0), loop(1), loop(3)},
                {layer.batch, groups, layer.channels / groups},
                {0, 0, 0},
                {0, 0, 0},
                4};
  Operand filter{{loop(1), loop(2), loop(3)},
                 {groups, layer.filters / groups, layer.channels / groups},
                 {0, 0, 0},
                 {0, 0, 0},
                 4};
  Operand output{{loop(0), loop(1), loop(2)},
                 {layer.batch, groups, layer.filters / groups},
                 {0, 0, 0},
                 {0, 0, 0},
                 4};
  for (size_t d = 0; d < layer.image.size(); ++d) {
    int64_t padded = layer.image[d] + 2 * layer.pad[d];
    int64_t outputs = (padded - layer.kernel[d]) / layer.stride[d] + 1;
    unsigned o = convolution.numLoops(), k = o + 1;
    convolution.extents.insert(convolution.extents.end(),
                               {outputs, layer.kernel[d]});
    convolution.roles.insert(convolution.roles.end(),
                             {Role::Output, Role::Tap});
    image.map.push_back({{{o, layer.stride[d]}, {k, 1}}, 0});
    image.shape.push_back(layer.image[d]);
    image.padLow.push_back(layer.pad[d]);
    image.padHigh.push_back(layer.pad[d]);
    filter.map.push_back(loop(k));
    filter.shape.push_back(layer.kernel[d]);
    output.map.push_back(loop(o));
    output.shape.push_back(outputs);
    for (Operand *operand : {&filter, &output}) {
      operand->padLow.push_back(0);
      operand->padHigh.push_back(0);
    }
  }
  convolution.inputs = {image, filter};
  convolution.output = output;
  return convolution;
}

const Layer &layerNamed(const std::string &name) {
  for (const Layer &layer : layers)
    if (name == layer.name)
      return layer;
  ADD_FAILURE() << name;
  return layers[0];
}

Prediction predictionOf(const Convolution &convolution, const char *spec,
                        int64_t devices) {
  Result<Split> split = parseSplit(spec, convolution);
  EXPECT_TRUE(split) << split.error();
  return predict(distribute(convolution, *split, devices, true));
}

constexpr int64_t most = std::numeric_limits<int64_t>::max();

/// The message of checkSizes, empty where it finds no fault.
std::string sizeError(const Convolution &convolution) {
  Result<int64_t> work = checkSizes(convolution);
  return work ? "" : work.error();
}

/// 4 outputs, 2 taps over 5 elements of f32.
Convolution smallWindow() {
  Layer layer{"", 1, 1, {5}, 1, {2}, {1}, {0}};
  return convolutionOf(layer);
}

} // namespace

TEST(Sizes, RealLayersFit) {
  for (const Layer &layer : layers) {
    Convolution convolution = convolutionOf(layer);
    __int128 iterations = 1;
    for (int64_t extent : convolution.extents)
      iterations *= extent;
    Result<int64_t> work = checkSizes(convolution);
    ASSERT_TRUE(work) << layer.name << ": " << work.error();
    EXPECT_TRUE(*work == iterations) << layer.name;
  }
}

// Each element of an input without replicas is scattered once, of the result
// gathered once, whatever the split.
TEST(Sizes, RealLayersAreCountedWhole) {
  for (const Layer &layer : layers) {
    Convolution convolution = convolutionOf(layer);
    const Operand &image = convolution.inputs[0];
    const Operand &filter = convolution.inputs[1];
    // Groups have a filter each; rows or columns all need the filter.
    bool grouped = layer.groups > 1;
    std::string spec =
        grouped ? "g=8" : "o" + std::to_string(layer.image.size() - 1) + "=8";
    Prediction prediction = predictionOf(convolution, spec.c_str(), 8);
    int64_t imageBytes = image.extent().volume() * 4;
    int64_t filterBytes = filter.extent().volume() * 4;
    int64_t copies = grouped ? 1 : 8;
    int64_t scattered = 0, gathered = 0, received = 0, sent = 0;
    for (int64_t device = 0; device < 8; ++device) {
      scattered += prediction.scatterBytes[device];
      gathered += prediction.gatherBytes[device];
      received += prediction.bytesReceived[device];
      sent += prediction.bytesSent[device];
      EXPECT_GE(prediction.peakBytes[device],
                prediction.scatterBytes[device] +
                    prediction.gatherBytes[device]);
    }
    EXPECT_EQ(scattered, imageBytes + copies * filterBytes) << layer.name;
    EXPECT_EQ(gathered, convolution.output.extent().volume() * 4) << layer.name;
    EXPECT_EQ(received, sent) << layer.name;
    EXPECT_EQ(received == 0, grouped) << layer.name;
  }
}

// A row of 2^32 + 15: the cuts lie beyond 32 bits.
TEST(Sizes, HalosBeyond32Bits) {
  Convolution convolution = convolutionOf(layerNamed("onednn_large_iw"));
  Split split = *parseSplit("o0=4", convolution);
  DimLayout row =
      inputLayout(convolution, split, convolution.inputs[0]).dims[3];
  // 4294967309 outputs in 1073741828 and three times 1073741827.
  EXPECT_EQ(row.owned, (Stripes{{0, 1073741829},
                                {1073741829, 2147483656},
                                {2147483656, 3221225483},
                                {3221225483, 4294967311}}));
  EXPECT_EQ(row.held, (Stripes{{0, 1073741830},
                               {1073741828, 2147483657},
                               {2147483655, 3221225484},
                               {3221225482, 4294967311}}));
  Prediction prediction = predictionOf(convolution, "o0=4", 4);
  EXPECT_EQ(prediction.bytesReceived, (Numbers{4, 8, 8, 4}));
  EXPECT_EQ(prediction.bytesSent, (Numbers{4, 8, 8, 4}));
  auto aligned = [](int64_t bytes) { return (bytes + 63) / 64 * 64; };
  // The input's window, the filter and the output.
  EXPECT_EQ(prediction.peakBytes[1],
            aligned(1073741829 * 4L) + 64 + aligned(1073741827 * 4L));
}

// Every shard of `ic` sends its whole block less its piece.
TEST(Sizes, PartialSumsBeyond32Bits) {
  Convolution convolution = convolutionOf(layerNamed("onednn_large_oc"));
  Prediction prediction = predictionOf(convolution, "k0=3", 3);
  int64_t sums = int64_t(1342177321) * 25;
  // 1342177321 channels in pieces of 447392441, 447392440, 447392440.
  for (int64_t device = 0; device < 3; ++device) {
    int64_t piece = int64_t(device == 0 ? 447392441 : 447392440) * 25;
    int64_t halo = prediction.bytesReceived[device] - 2 * piece * 4;
    EXPECT_GT(halo, 0);
    EXPECT_LE(halo, 27 * 4);
    EXPECT_EQ(prediction.gatherBytes[device], piece * 4);
  }
  EXPECT_EQ(prediction.gatherBytes[0] + prediction.gatherBytes[1] +
                prediction.gatherBytes[2],
            sums * 4);
}

TEST(CheckSizes, CountsIterations) {
  Result<int64_t> work = checkSizes(smallWindow());
  ASSERT_TRUE(work);
  EXPECT_EQ(*work, 8);
}

TEST(CheckSizes, ReadingOutsideThePaddedInputIsAnError) {
  Convolution convolution = smallWindow();
  convolution.inputs[0].map[3].constant = 1;
  EXPECT_EQ(sizeError(convolution), "dim 3 is read at [1, 6) but has [0, 5)");
  convolution.inputs[0].padHigh[3] = 1;
  EXPECT_EQ(sizeError(convolution), "");
  convolution.inputs[0].map[3].constant = -1;
  EXPECT_EQ(sizeError(convolution), "dim 3 is read at [-1, 4) but has [0, 6)");
  // Positions are those of the padded tensor.
  convolution.inputs[0].padLow[3] = 1;
  EXPECT_EQ(sizeError(convolution), "dim 3 is read at [-1, 4) but has [0, 7)");
}

TEST(CheckSizes, WritingOutsideTheOutputIsAnError) {
  Convolution convolution = smallWindow();
  convolution.output.shape[3] = 3;
  EXPECT_EQ(sizeError(convolution), "dim 3 is read at [0, 4) but has [0, 3)");
}

// 2^61 elements are 2^63 bytes of f32; of i8 they fit.
TEST(CheckSizes, BytesBeyond64BitsAreAnError) {
  Convolution convolution = smallWindow();
  convolution.extents[3] = convolution.inputs[0].shape[2] =
      convolution.inputs[1].shape[2] = (int64_t(1) << 61) / 5 + 1;
  convolution.extents[4] = convolution.extents[5] = 1;
  EXPECT_NE(sizeError(convolution).find("does not fit 64 bits"),
            std::string::npos);
  convolution.inputs[0].elementBytes = 1;
  EXPECT_EQ(sizeError(convolution), "");
}

// What is stored as i8 is summed up as i32.
TEST(CheckSizes, PartialSumsBeyond64BitsAreAnError) {
  Convolution convolution = smallWindow();
  convolution.inputs[0].elementBytes = convolution.output.elementBytes = 1;
  convolution.inputs[1].elementBytes = 1;
  convolution.extents[2] = convolution.inputs[1].shape[1] =
      convolution.output.shape[2] = int64_t(1) << 59;
  EXPECT_NE(sizeError(convolution), "");
  convolution.accumulatorBytes = 1;
  EXPECT_EQ(sizeError(convolution), "");
}

TEST(CheckSizes, PaddingBeyond64BitsIsAnError) {
  Convolution convolution = smallWindow();
  convolution.inputs[0].padHigh[3] = most;
  EXPECT_EQ(sizeError(convolution),
            "the padded extent of dim 3 does not fit 64 bits");
  convolution.inputs[0].padHigh[3] = most - 5;
  EXPECT_NE(sizeError(convolution).find("the volume of"), std::string::npos);
}

TEST(CheckSizes, PositionsBeyond64BitsAreAnError) {
  Convolution convolution = smallWindow();
  convolution.inputs[0].map[3].terms[0].coefficient = most / 2;
  EXPECT_EQ(sizeError(convolution), "a position reached does not fit 64 bits");
}

// Each tensor fits, the iterations do not.
TEST(CheckSizes, WorkBeyond64BitsIsAnError) {
  Layer layer = layerNamed("hyena_li_1M");
  EXPECT_EQ(sizeError(convolutionOf(layer)), "");
  layer.batch = int64_t(1) << 11;
  EXPECT_NE(sizeError(convolutionOf(layer)).find("the volume of"),
            std::string::npos);
}

// Replicas on one device may need more than 64 bits together: such a sum reads
// as the greatest number, which no budget allows.
TEST(Sizes, SumsBeyond64BitsSaturate) {
  int64_t groups = int64_t(1) << 56;
  Layer layer{"", 1, groups, {15}, groups, {8}, {1}, {0}, groups};
  Convolution convolution = convolutionOf(layer);
  convolution.accumulatorBytes = 2;
  for (Operand *operand :
       {&convolution.inputs[0], &convolution.inputs[1], &convolution.output})
    operand->elementBytes = 2;
  ASSERT_EQ(sizeError(convolution), "");
  // The filter of 2^60 bytes on each of 8 shards is 2^63.
  Prediction prediction = predictionOf(convolution, "o0=8", 1);
  EXPECT_EQ(prediction.scatterBytes, (Numbers{most}));
  EXPECT_EQ(prediction.peakBytes, (Numbers{most}));
  Prediction apart = predictionOf(convolution, "o0=8", 8);
  EXPECT_LT(apart.peakBytes[0], most);
}
