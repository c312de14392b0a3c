//===- LeastSquares.cpp - coefficients that are not negative --------------===//

#include "LeastSquares.h"

#include <algorithm>
#include <cmath>

using namespace dconv;

namespace {
/// The normal equations of rows scaled so that each column has length 1.
class NormalEquations {
public:
  NormalEquations(const std::vector<Observation> &observations,
                  const std::vector<double> &weights)
      : size(observations.front().features.size()), scale(size, 0),
        matrix(size * size, 0), right(size, 0) {
    // Row: weight * features / seconds = weight.
    for (size_t r = 0; r < observations.size(); ++r) {
      const Observation &row = observations[r];
      double factor = weights[r] / row.seconds;
      for (size_t i = 0; i < size; ++i) {
        right[i] += factor * row.features[i] * weights[r];
        for (size_t j = 0; j < size; ++j)
          matrix[i * size + j] +=
              factor * row.features[i] * factor * row.features[j];
      }
    }
    for (size_t i = 0; i < size; ++i)
      scale[i] = std::sqrt(matrix[i * size + i]);
    for (size_t i = 0; i < size; ++i) {
      if (scale[i] == 0)
        continue;
      right[i] /= scale[i];
      for (size_t j = 0; j < size; ++j)
        if (scale[j] != 0)
          matrix[i * size + j] /= scale[i] * scale[j];
    }
  }

  /// Improves one coefficient after the other until none changes. The problem
  /// is convex, so that is its solution.
  void solve(std::vector<double> &coefficients) const {
    constexpr int mostSweeps = 200000;
    std::vector<double> scaled(size, 0);
    for (size_t i = 0; i < size; ++i)
      scaled[i] = coefficients[i] * scale[i];
    for (int sweep = 0; sweep < mostSweeps; ++sweep) {
      double change = 0, largest = 0;
      for (size_t i = 0; i < size; ++i) {
        if (scale[i] == 0)
          continue;
        double gradient = right[i];
        for (size_t j = 0; j < size; ++j)
          gradient -= matrix[i * size + j] * scaled[j];
        double next = std::max(0.0, scaled[i] + gradient);
        change = std::max(change, std::abs(next - scaled[i]));
        scaled[i] = next;
        largest = std::max(largest, next);
      }
      if (change <= 1e-10 * largest)
        break;
    }
    for (size_t i = 0; i < size; ++i)
      coefficients[i] = scale[i] == 0 ? 0 : scaled[i] / scale[i];
  }

private:
  size_t size;
  std::vector<double> scale, matrix, right;
};
} // namespace

std::vector<double>
dconv::fitNonNegative(const std::vector<Observation> &observations,
                      double outlier) {
  if (observations.empty())
    return {};
  std::vector<double> coefficients(observations.front().features.size(), 0);
  std::vector<double> weights(observations.size(), 1);
  // Weighted again and again, so that the squares beyond `outlier` become
  // lines (Huber's loss).
  for (int round = 0; round < 15; ++round) {
    NormalEquations(observations, weights).solve(coefficients);
    for (size_t r = 0; r < observations.size(); ++r) {
      double sum = 0;
      for (size_t i = 0; i < coefficients.size(); ++i)
        sum += coefficients[i] * observations[r].features[i];
      double error = std::abs(sum / observations[r].seconds - 1);
      weights[r] = error > outlier ? std::sqrt(outlier / error) : 1;
    }
  }
  return coefficients;
}
