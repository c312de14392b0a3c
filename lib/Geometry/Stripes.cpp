//===- Stripes.cpp - dividing an interval into stripes --------------------===//

#include "dconv/Geometry/Stripes.h"

#include <algorithm>
#include <numeric>

using namespace dconv;

Stripes dconv::balancedStripes(Interval whole, int64_t parts) {
  int64_t length = whole.size() / parts;
  int64_t longer = whole.size() % parts;
  Stripes stripes;
  int64_t begin = whole.begin;
  for (int64_t i = 0; i < parts; ++i) {
    int64_t end = begin + length + (i < longer ? 1 : 0);
    stripes.push_back({begin, end});
    begin = end;
  }
  return stripes;
}

/// For each begin, the fewest stripes, none heavier than `most`, that cover the
/// rest. No single weight exceeds `most`.
static std::vector<int64_t> fewestStripes(const std::vector<int64_t> &weights,
                                          int64_t most) {
  std::vector<int64_t> fewest(weights.size() + 1, 0);
  int64_t weight = 0;
  // [begin, end) is the longest stripe from `begin`.
  for (size_t begin = weights.size(), end = begin; begin-- > 0;) {
    weight += weights[begin];
    while (weight > most)
      weight -= weights[--end];
    fewest[begin] = fewest[end] + 1;
  }
  return fewest;
}

/// The least weight of the heaviest of `parts` stripes.
static int64_t leastHeaviest(const std::vector<int64_t> &weights,
                             int64_t parts) {
  int64_t low = *std::max_element(weights.begin(), weights.end());
  int64_t high = std::accumulate(weights.begin(), weights.end(), int64_t(0));
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (fewestStripes(weights, middle)[0] <= parts)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

Stripes dconv::stripesByWeight(const std::vector<int64_t> &weights,
                               int64_t parts) {
  const int64_t extent = weights.size();
  const int64_t most = leastHeaviest(weights, parts);
  const std::vector<int64_t> fewest = fewestStripes(weights, most);
  Stripes stripes;
  for (int64_t begin = 0; parts > 0; --parts, begin = stripes.back().end) {
    // The rest must be long enough for one element each, and light enough.
    const int64_t wanted = begin + (extent - begin + parts - 1) / parts;
    int64_t end = begin, weight = 0;
    while (end < extent - (parts - 1) && weight + weights[end] <= most &&
           (end < wanted || fewest[end] > parts - 1))
      weight += weights[end++];
    stripes.push_back({begin, end});
  }
  return stripes;
}

Stripes dconv::stripesOf(const std::vector<int64_t> &lengths) {
  Stripes stripes;
  int64_t begin = 0;
  for (int64_t length : lengths) {
    stripes.push_back({begin, begin + length});
    begin += length;
  }
  return stripes;
}
