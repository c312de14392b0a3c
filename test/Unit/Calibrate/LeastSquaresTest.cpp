//===- LeastSquaresTest.cpp -----------------------------------------------===//

#include "../../../lib/Calibrate/LeastSquares.h"

#include "gtest/gtest.h"

#include <random>

using namespace dconv;

namespace {
std::vector<Observation> observe(const std::vector<double> &coefficients,
                                 int count) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> number(0.1, 10);
  std::vector<Observation> observations(count);
  for (Observation &observation : observations)
    for (double coefficient : coefficients) {
      observation.features.push_back(number(random));
      observation.seconds += coefficient * observation.features.back();
    }
  return observations;
}

TEST(LeastSquares, FindsWhatTheTimesWereMadeOf) {
  const std::vector<double> made = {3, 0.25, 0, 7};
  std::vector<double> found = fitNonNegative(observe(made, 40));
  ASSERT_EQ(found.size(), made.size());
  for (size_t i = 0; i < made.size(); ++i)
    EXPECT_NEAR(found[i], made[i], 1e-6);
}

// Units do not matter: seconds per multiply-add are about 1e-11, launches 1e-6.
TEST(LeastSquares, FindsCoefficientsOfVeryDifferentSize) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> number(1, 1000);
  std::vector<Observation> observations(30);
  for (Observation &observation : observations) {
    double macs = number(random) * 1e6;
    observation.features = {macs, 1};
    observation.seconds = 2e-11 * macs + 3e-6;
  }
  std::vector<double> found = fitNonNegative(observations);
  EXPECT_NEAR(found[0], 2e-11, 2e-16);
  EXPECT_NEAR(found[1], 3e-6, 3e-9);
}

// The best line through these falls; the best that may not fall is constant.
TEST(LeastSquares, NoCoefficientIsNegative) {
  std::vector<Observation> observations = {
      {{1, 1}, 1.04}, {{1, 2}, 1}, {{1, 3}, 0.96}};
  std::vector<double> found = fitNonNegative(observations);
  EXPECT_EQ(found[1], 0);
  EXPECT_NEAR(found[0], 1, 0.01);
}

TEST(LeastSquares, OneMeasurementThatDoesNotFitChangesLittle) {
  const std::vector<double> made = {2, 5};
  std::vector<Observation> observations = observe(made, 30);
  observations[7].seconds *= 20;
  std::vector<double> found = fitNonNegative(observations);
  EXPECT_NEAR(found[0], made[0], 0.02 * made[0]);
  EXPECT_NEAR(found[1], made[1], 0.02 * made[1]);
}

TEST(LeastSquares, AFeatureThatNeverOccursCostsNothing) {
  std::vector<Observation> observations = {{{1, 0}, 2}, {{3, 0}, 6}};
  std::vector<double> found = fitNonNegative(observations);
  EXPECT_NEAR(found[0], 2, 1e-9);
  EXPECT_EQ(found[1], 0);
}
} // namespace
