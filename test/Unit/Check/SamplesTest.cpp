//===- SamplesTest.cpp ----------------------------------------------------===//

#include "dconv/Check/Samples.h"

#include "Runs.h"

#include <gtest/gtest.h>
#include <set>

using namespace dconv;
using runtime::ElementType;

/// n, o0, oc parallel; k0 and ic reductions.
static Convolution geometryOf(int64_t images, int64_t height, int64_t features,
                              int64_t taps, int64_t channels) {
  Convolution geometry;
  geometry.extents = {images, height, features, taps, channels};
  geometry.roles = {Role::Batch, Role::Output, Role::OutputChannel, Role::Tap,
                    Role::InputChannel};
  geometry.inputs.resize(2);
  geometry.inputs[0].map = {
      {{{0, 1}}, 0}, {{{1, 1}, {3, 1}}, 0}, {{{4, 1}}, 0}};
  geometry.inputs[0].shape = {images, height + taps - 1, channels};
  geometry.inputs[1].map = {{{{3, 1}}, 0}, {{{4, 1}}, 0}, {{{2, 1}}, 0}};
  geometry.inputs[1].shape = {taps, channels, features};
  geometry.output.map = {{{{0, 1}}, 0}, {{{1, 1}}, 0}, {{{2, 1}}, 0}};
  geometry.output.shape = {images, height, features};
  return geometry;
}

TEST(Samples, SmallOutputsAreTakenWhole) {
  auto positions = samplePositions(geometryOf(2, 5, 3, 3, 4), {}, 1);
  std::set<std::vector<int64_t>> distinct(positions.begin(), positions.end());
  EXPECT_EQ(distinct.size(), 30u);
  for (const std::vector<int64_t> &position : positions) {
    EXPECT_EQ(position[3], 0);
    EXPECT_EQ(position[4], 0);
  }
}

TEST(Samples, NumberFollowsTheWork) {
  size_t small = samplePositions(geometryOf(4, 1000, 64, 3, 4), {}, 1).size();
  EXPECT_EQ(small, 4096u);
  size_t large =
      samplePositions(geometryOf(4, 1000, 64, 1000, 4000), {}, 1).size();
  EXPECT_EQ(large, 1000u);
  size_t larger =
      samplePositions(geometryOf(4, 1000, 64, 100000, 40000), {}, 1).size();
  EXPECT_EQ(larger, 64u);
}

TEST(Samples, CornersAndBordersOfShardsAreAmongThem) {
  Convolution geometry = geometryOf(4, 1000, 64, 3, 4);
  Split split = *parseSplit("o0=[301,699],ic=2", geometry);
  auto positions = samplePositions(geometry, split, 1);
  std::set<std::vector<int64_t>> found(positions.begin(), positions.end());
  for (int64_t n : {0, 3})
    for (int64_t o : {0, 999})
      for (int64_t f : {0, 63})
        EXPECT_TRUE(found.count({n, o, f, 0, 0})) << n << " " << o << " " << f;
  std::set<int64_t> rows;
  int atBorder = 0;
  for (const std::vector<int64_t> &position : positions) {
    rows.insert(position[1]);
    atBorder += position[1] == 300 || position[1] == 301;
  }
  EXPECT_GT(atBorder, 300);
  EXPECT_GT(rows.size(), 500u);
}

TEST(Samples, DependOnTheSeed) {
  Convolution geometry = geometryOf(4, 1000, 64, 3, 4);
  EXPECT_EQ(samplePositions(geometry, {}, 5), samplePositions(geometry, {}, 5));
  EXPECT_NE(samplePositions(geometry, {}, 5), samplePositions(geometry, {}, 6));
}

// Longer than one chunk, and with a rest.
TEST(Samples, LongSumsWithMagnitude) {
  Convolution geometry = geometryOf(1, 2, 1, 2, 2500);
  std::vector<float> x(3 * 2500), w(2 * 2500), init{10, -20};
  double sums[2] = {10, -20}, sizes[2] = {10, 20};
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = i % 7 - 3.5f;
  for (size_t i = 0; i < w.size(); ++i)
    w[i] = i % 5 - 1.25f;
  for (int o = 0; o < 2; ++o)
    for (int i = 0; i < 5000; ++i) {
      double product = static_cast<double>(x[o * 2500 + i]) * w[i];
      sums[o] += product;
      sizes[o] += std::abs(product);
    }
  SampledConvolution convolution;
  convolution.geometry = geometry;
  convolution.inputs = {{ElementType::F32, CastKind::None, x.data()},
                        {ElementType::F32, CastKind::None, w.data()}};
  convolution.init = init.data();
  auto values =
      computeSamples(convolution, {{0, 0, 0, 0, 0}, {0, 1, 0, 0, 0}}, true);
  for (int o = 0; o < 2; ++o) {
    EXPECT_NEAR(values[o].real, sums[o], 1e-9);
    EXPECT_NEAR(values[o].magnitude, sizes[o], 1e-9);
  }
}

TEST(Samples, IntegersWrapToTheType) {
  Convolution geometry = geometryOf(1, 1, 1, 1, 3);
  std::vector<int32_t> x{2000000000, 2000000000, 5}, w{1, 1, -1}, init{7};
  SampledConvolution convolution;
  convolution.geometry = geometry;
  convolution.type = ElementType::I32;
  convolution.inputs = {{ElementType::I32, CastKind::None, x.data()},
                        {ElementType::I32, CastKind::None, w.data()}};
  convolution.init = init.data();
  auto value = computeSamples(convolution, {{0, 0, 0, 0, 0}}, false)[0];
  EXPECT_EQ(value.integer, int64_t(4000000002) - (int64_t(1) << 32));
}
