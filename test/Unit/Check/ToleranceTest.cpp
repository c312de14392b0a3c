//===- ToleranceTest.cpp --------------------------------------------------===//

#include "Tolerance.h"
#include "Elements.h"

#include <gtest/gtest.h>

using namespace dconv;
using runtime::ElementType;

static Tolerance sumOf(ElementType type, bool isIntegral, int64_t terms = 9) {
  Tolerance tolerance;
  tolerance.type = type;
  tolerance.isSum = true;
  tolerance.isIntegral = isIntegral;
  tolerance.terms = terms;
  return tolerance;
}

TEST(Tolerance, IntegersUpToTheLimitAreExact) {
  Tolerance tolerance = sumOf(ElementType::F32, true);
  EXPECT_EQ(tolerance.bound(5, 16777216), 0);
  EXPECT_GT(tolerance.bound(5, 16777217), 0);
  tolerance.type = ElementType::F64;
  EXPECT_EQ(tolerance.bound(5, 16777217), 0);
  EXPECT_GT(sumOf(ElementType::F32, false).bound(5, 10), 0);
}

TEST(Tolerance, ResultsThatCannotBeRepresentedMayBeRounded) {
  Tolerance f16 = sumOf(ElementType::F16, true);
  EXPECT_EQ(f16.bound(2048, 2048), 0);
  EXPECT_GT(f16.bound(2049, 2049), 1);
  EXPECT_EQ(f16.bound(2050, 2050), 0);
  Tolerance bf16 = sumOf(ElementType::BF16, true);
  EXPECT_EQ(bf16.bound(256, 256), 0);
  EXPECT_GT(bf16.bound(257, 257), 1);
}

TEST(Tolerance, FollowsTheFormula) {
  Tolerance tolerance = sumOf(ElementType::F32, false, 100);
  tolerance.partialSums = 3;
  double nu = 104 * 0x1p-24, gamma = nu / (1 - nu);
  double expected = 2 * gamma * 50 + 0x1p-24 * 7;
  EXPECT_NEAR(tolerance.bound(-7, 50), expected, expected * 1e-12);
  tolerance.type = ElementType::BF16;
  expected = 2 * gamma * 50 + 0x1p-8 * 7;
  EXPECT_NEAR(tolerance.bound(-7, 50), expected, expected * 1e-12);
  tolerance.type = ElementType::F64;
  nu = 104 * 0x1p-53;
  expected = 2 * nu / (1 - nu) * 50 + 0x1p-53 * 7;
  EXPECT_NEAR(tolerance.bound(-7, 50), expected, expected * 1e-12);
}

TEST(Tolerance, NumbersThatAreNone) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Tolerance f16 = sumOf(ElementType::F16, false);
  auto accepts = [&](double got, double expected) {
    double bound = f16.bound(expected, std::abs(expected));
    return f16.accepts(got, expected, std::abs(expected), bound);
  };
  EXPECT_TRUE(accepts(NAN, NAN));
  EXPECT_FALSE(accepts(1, NAN));
  EXPECT_FALSE(accepts(NAN, 1));
  EXPECT_TRUE(accepts(infinity, infinity));
  EXPECT_FALSE(accepts(1, infinity));
  EXPECT_FALSE(accepts(infinity, -infinity));
  // Beyond what f16 can hold.
  EXPECT_TRUE(accepts(infinity, 70000));
  EXPECT_FALSE(accepts(-infinity, 70000));
  EXPECT_FALSE(accepts(NAN, 70000));
  EXPECT_FALSE(accepts(infinity, 60000));
  // A sum of f32 that may have passed through infinity.
  EXPECT_TRUE(f16.accepts(NAN, 1, 1e39, f16.bound(1, 1e39)));
}

// 512 taps of at most 255 whose sum is at most 65,793: the filter's sum shows
// what the number of terms does not.
TEST(Tolerance, MagnitudeFromTheSumOfOneFactor) {
  Convolution geometry;
  geometry.extents = {100, 1023};
  geometry.roles = {Role::Output, Role::Tap};
  geometry.inputs.resize(2);
  geometry.inputs[0].map = {{{{0, 1}, {1, 1}}, 0}};
  geometry.inputs[0].shape = {1122};
  geometry.inputs[1].map = {{{{1, 1}}, 0}};
  geometry.inputs[1].shape = {1023};
  Statistics image{255, 1e9, true}, filter{65000, 65793, true}, init;
  Tolerance tolerance =
      toleranceOfSum(geometry, {image, filter}, init, ElementType::F32, 1);
  EXPECT_EQ(tolerance.terms, 1023);
  EXPECT_EQ(tolerance.maxMagnitude, 255 * 65793);
  EXPECT_TRUE(tolerance.isProvenExact());

  // A tap that the filter does not tell apart is read as often.
  geometry.extents.push_back(2);
  geometry.roles.push_back(Role::InputChannel);
  geometry.inputs[0].map.push_back({{{2, 1}}, 0});
  tolerance =
      toleranceOfSum(geometry, {image, filter}, init, ElementType::F32, 1);
  EXPECT_EQ(tolerance.maxMagnitude, 2 * 255 * 65793);
  EXPECT_FALSE(tolerance.isProvenExact());
}

TEST(Tolerance, StatisticsOfEveryType) {
  float f32[] = {1, -3, 0.5};
  Statistics found = statisticsOf(ElementType::F32, f32, 3);
  EXPECT_EQ(found.largest, 3);
  EXPECT_EQ(found.sum, 4.5);
  EXPECT_FALSE(found.isIntegral);
  EXPECT_TRUE(statisticsOf(ElementType::F32, f32, 2).isIntegral);
  uint16_t f16[] = {0x3C00, 0xC500, 0x7BFF}; // 1, -5, 65504
  found = statisticsOf(ElementType::F16, f16, 3);
  EXPECT_EQ(found.largest, 65504);
  EXPECT_EQ(found.sum, 65510);
  EXPECT_TRUE(found.isIntegral);
  uint16_t special[] = {0x7E00, 0x0001}; // NaN, 2^-24
  found = statisticsOf(ElementType::F16, special, 2);
  EXPECT_EQ(found.largest, 0x1p-24);
  EXPECT_FALSE(found.isIntegral);
}
