//===- RealPairs.cpp - iterations of a window that read no padding --------===//

#include "RealPairs.h"

#include <algorithm>

using namespace dconv;

using Wide = __int128;

/// Sum over i in [0, n) of floor((a i + b) / m), for a, b >= 0 and m >= 1: the
/// lattice points below a line, by the steps of Euclid's algorithm.
static Wide floorSum(Wide n, Wide m, Wide a, Wide b) {
  Wide sum = 0;
  while (true) {
    sum += n * (n - 1) / 2 * (a / m) + n * (b / m);
    a %= m;
    b %= m;
    Wide top = a * n + b;
    if (top < m)
      return sum;
    n = top / m;
    b = top % m;
    std::swap(a, m);
  }
}

/// Pairs of non-negative a, b with s a + t b <= bound.
static Wide pairsUpTo(Wide s, Wide t, Wide bound) {
  if (bound < 0)
    return 0;
  // b runs from its greatest value down: a has floor((bound - t b) / s) + 1.
  Wide count = bound / t + 1;
  return floorSum(count, s, t, bound % t) + count;
}

int64_t dconv::countRealPairs(int64_t firstCoefficient, Interval first,
                              int64_t secondCoefficient, Interval second,
                              int64_t constant, int64_t extent) {
  if (first.empty() || second.empty() || extent <= 0)
    return 0;
  // From the corner of least position, both coefficients are positive.
  auto corner = [](int64_t coefficient, Interval range) {
    return coefficient * (coefficient > 0 ? range.begin : range.end - 1);
  };
  Wide base = Wide(constant) + corner(firstCoefficient, first) +
              corner(secondCoefficient, second);
  Wide s = std::abs(firstCoefficient), t = std::abs(secondCoefficient);
  Wide m = first.size(), n = second.size();
  auto pairsBelow = [&](Wide position) {
    Wide bound = position - 1 - base;
    return pairsUpTo(s, t, bound) - pairsUpTo(s, t, bound - s * m) -
           pairsUpTo(s, t, bound - t * n) +
           pairsUpTo(s, t, bound - s * m - t * n);
  };
  bool allReal = base >= 0 && base + s * (m - 1) + t * (n - 1) < extent;
  return allReal ? int64_t(m * n) : int64_t(pairsBelow(extent) - pairsBelow(0));
}

static int64_t floorDiv(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

Interval dconv::valuesInside(int64_t coefficient, int64_t constant,
                             Interval positions) {
  int64_t first = positions.begin - constant;
  int64_t last = positions.end - 1 - constant;
  if (coefficient < 0)
    std::swap(first, last);
  return {-floorDiv(-first, coefficient), floorDiv(last, coefficient) + 1};
}
