//===- WeightsTest.cpp - statistics of a filter, and its factors ----------===//
//
// The oracle visits every iteration of the filter's loops, evaluates the map by
// its definition and looks at the one element.
//
//===----------------------------------------------------------------------===//

#include "dconv/Planner/Separation.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <random>

namespace dconv {
namespace {

/// Loops n, o0, o1, g, oc, ic, k0, k1 and a filter g, k0, oc, k1, ic, of which
/// k0 is read backwards.
struct Filter {
  Convolution convolution;
  Operand operand;
  FilterValues values;

  Filter(std::vector<int64_t> extents, bool isFloat) {
    convolution.extents = extents;
    convolution.roles = {
        Role::Batch,         Role::Output,       Role::Output, Role::Group,
        Role::OutputChannel, Role::InputChannel, Role::Tap,    Role::Tap};
    auto loop = [](unsigned number) { return LinearExpr{{{number, 1}}, 0}; };
    operand.map = {
        loop(g), {{{k0, -1}}, extents[k0] - 1}, loop(oc), loop(k1), loop(ic)};
    operand.shape = {extents[g], extents[k0], extents[oc], extents[k1],
                     extents[ic]};
    values.shape = operand.shape;
    values.isFloat = isFloat;
    int64_t size = Box::whole(operand.shape).volume();
    if (isFloat)
      values.floats.assign(size, 0);
    else
      values.integers.assign(size, 0);
  }
  enum Loop : unsigned { n, o0, o1, g, oc, ic, k0, k1 };

  /// Where the iteration `loops` reads.
  int64_t indexOf(const std::vector<int64_t> &loops) const {
    int64_t index = 0;
    for (size_t d = 0; d < operand.map.size(); ++d)
      index = index * operand.shape[d] + operand.map[d].evaluate(loops);
    return index;
  }

  template <typename Visit> void forEach(Visit visit) const {
    std::vector<int64_t> at(convolution.numLoops(), 0);
    const std::vector<int64_t> &extents = convolution.extents;
    for (at[g] = 0; at[g] < extents[g]; ++at[g])
      for (at[oc] = 0; at[oc] < extents[oc]; ++at[oc])
        for (at[ic] = 0; at[ic] < extents[ic]; ++at[ic])
          for (at[k0] = 0; at[k0] < extents[k0]; ++at[k0])
            for (at[k1] = 0; at[k1] < extents[k1]; ++at[k1])
              visit(at);
  }

  LoopStrides access() const { return LoopStrides::of(convolution, operand); }
};

std::vector<int64_t> extentsOf(std::mt19937 &random) {
  auto draw = [&](int most) -> int64_t { return 1 + random() % most; };
  return {draw(3), draw(3), draw(3), draw(2),
          draw(4), draw(4), draw(5), draw(4)};
}

TEST(Weights, CountsByDefinition) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Filter filter(extentsOf(random), round % 2);
    // Whole slices are zero, and some elements.
    std::vector<std::vector<bool>> dead;
    for (int64_t extent : filter.convolution.extents) {
      dead.emplace_back();
      for (int64_t i = 0; i < extent; ++i)
        dead.back().push_back(random() % 4 == 0);
    }
    filter.forEach([&](const std::vector<int64_t> &at) {
      bool zero = random() % 3 == 0;
      for (unsigned loop :
           {Filter::g, Filter::oc, Filter::ic, Filter::k0, Filter::k1})
        zero |= dead[loop][at[loop]];
      int64_t index = filter.indexOf(at);
      if (round % 2)
        filter.values.floats[index] = zero ? -0.0 : 0.5;
      else
        filter.values.integers[index] = zero ? 0 : -3;
    });

    Result<WeightStatistics> got =
        weightStatistics(filter.convolution, filter.operand, filter.values);
    ASSERT_TRUE(got) << got.error();
    const std::vector<int64_t> &extents = filter.convolution.extents;
    std::vector<std::vector<int64_t>> perLoop(8);
    for (unsigned loop = Filter::g; loop <= Filter::k1; ++loop)
      perLoop[loop].assign(extents[loop], 0);
    std::vector<int64_t> perTap(extents[Filter::k0] * extents[Filter::k1]);
    std::vector<int64_t> perChannel(extents[Filter::g] * extents[Filter::ic]);
    std::vector<int64_t> perFilter(extents[Filter::g] * extents[Filter::oc]);
    int64_t nonZeros = 0, all = 0;
    filter.forEach([&](const std::vector<int64_t> &at) {
      ++all;
      int64_t index = filter.indexOf(at);
      bool zero = round % 2 ? filter.values.floats[index] == 0.0
                            : filter.values.integers[index] == 0;
      if (zero)
        return;
      ++nonZeros;
      for (unsigned loop = Filter::g; loop <= Filter::k1; ++loop)
        ++perLoop[loop][at[loop]];
      ++perTap[at[Filter::k0] * extents[Filter::k1] + at[Filter::k1]];
      ++perChannel[at[Filter::g] * extents[Filter::ic] + at[Filter::ic]];
      ++perFilter[at[Filter::g] * extents[Filter::oc] + at[Filter::oc]];
    });
    EXPECT_EQ(got->values, all);
    EXPECT_EQ(got->nonZeros, nonZeros);
    EXPECT_EQ(got->perLoop, perLoop);
    EXPECT_EQ(got->perTap, perTap);
    EXPECT_EQ(got->perChannel, perChannel);
    EXPECT_EQ(got->perFilter, perFilter);
  }
}

TEST(Weights, NaNAndInfinityAreNotZero) {
  Filter filter({1, 1, 1, 1, 1, 1, 4, 1}, true);
  filter.values.floats = {std::nan(""), -0.0,
                          std::numeric_limits<double>::infinity(), 0.0};
  auto got =
      weightStatistics(filter.convolution, filter.operand, filter.values);
  ASSERT_TRUE(got);
  // Loop k0 reads from the end.
  EXPECT_EQ(got->perLoop[Filter::k0], (std::vector<int64_t>{0, 1, 0, 1}));
}

TEST(Weights, ShapeMustFit) {
  Filter filter({1, 1, 1, 1, 2, 1, 3, 1}, false);
  filter.values.shape = {3, 2};
  auto got =
      weightStatistics(filter.convolution, filter.operand, filter.values);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error(),
            "the weights have shape 3x2 but the filter has 1x3x2x1x1");
}

TEST(Weights, ProgressionAndRuns) {
  EXPECT_EQ(progressionOf({0, 0, 0}).count, 0);
  EXPECT_EQ(progressionOf({0, 2, 0}), (Progression{1, 1, 1}));
  EXPECT_EQ(progressionOf({0, 1, 1, 3, 0, 0}), (Progression{1, 1, 3}));
  EXPECT_EQ(progressionOf({1, 0, 0, 1, 0, 0, 1, 0}), (Progression{0, 3, 3}));
  // Zeros on the progression stay: 0, 4 and 10 are multiples of 2.
  EXPECT_EQ(progressionOf({1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1}),
            (Progression{0, 2, 6}));
  EXPECT_EQ(progressionOf({1, 0, 0, 0, 1}).last(), 4);
  EXPECT_EQ(runsOf({0, 0, 1, 0, 2, 2}, true), (Stripes{{0, 2}, {3, 4}}));
  EXPECT_EQ(runsOf({0, 0, 1, 0, 2, 2}, false), (Stripes{{2, 3}, {4, 6}}));
  EXPECT_EQ(runsOf({1}, true), Stripes{});
}

/// `values` of the loops `loops` of one factor, at iteration `at`.
double factorAt(const FilterValues &values, const std::vector<unsigned> &loops,
                const std::vector<int64_t> &at) {
  int64_t index = 0;
  for (size_t d = 0; d < loops.size(); ++d)
    index = index * values.shape[d] + at[loops[d]];
  return values.isFloat ? values.floats[index] : values.integers[index];
}

struct Sharing {
  std::vector<unsigned> shared;
  std::vector<unsigned> first; ///< dims of the first factor
};
const Sharing sharings[] = {
    {{}, {Filter::k0}},
    {{Filter::g}, {Filter::g, Filter::k0}},
    {{Filter::g, Filter::ic}, {Filter::g, Filter::ic, Filter::k0}},
    {{Filter::g, Filter::oc}, {Filter::g, Filter::oc, Filter::k0}}};
const std::vector<unsigned> secondLoops = {Filter::g, Filter::oc, Filter::ic,
                                           Filter::k1};

/// Small integers that sometimes are 0; at times times 2^-5.
TEST(Separate, ProductsAreFoundExactly) {
  std::mt19937 random(2);
  for (int round = 0; round < 400; ++round) {
    const Sharing &sharing = sharings[round % 4];
    bool isFloat = round % 8 >= 4;
    double unit = isFloat ? 1.0 / 32 : 1;
    Filter filter(extentsOf(random), isFloat);
    std::map<std::vector<int64_t>, int64_t> first, second;
    auto drawn = [&](auto &factor, const std::vector<unsigned> &loops,
                     const std::vector<int64_t> &at) {
      std::vector<int64_t> key;
      for (unsigned loop : loops)
        key.push_back(at[loop]);
      return factor.try_emplace(key, static_cast<int64_t>(random() % 7) - 3)
          .first->second;
    };
    filter.forEach([&](const std::vector<int64_t> &at) {
      int64_t product =
          drawn(first, sharing.first, at) * drawn(second, secondLoops, at);
      int64_t index = filter.indexOf(at);
      if (isFloat)
        filter.values.floats[index] = product * unit;
      else
        filter.values.integers[index] = product;
    });
    Result<Separation> got =
        separate(filter.access(), filter.values, Filter::k0, sharing.shared);
    ASSERT_TRUE(got) << got.error();
    ASSERT_TRUE(got->exact);
    EXPECT_EQ(got->distance, 0);
    EXPECT_EQ(got->first.isFloat, isFloat);
    filter.forEach([&](const std::vector<int64_t> &at) {
      int64_t index = filter.indexOf(at);
      double value =
          isFloat ? filter.values.floats[index] : filter.values.integers[index];
      EXPECT_EQ(factorAt(got->first, sharing.first, at) *
                    factorAt(got->second, secondLoops, at),
                value);
    });
  }
}

/// By definition: two rows that are no multiples of one another.
bool isSeparable(const Filter &filter, const Sharing &sharing) {
  bool separable = true;
  filter.forEach([&](const std::vector<int64_t> &a) {
    filter.forEach([&](const std::vector<int64_t> &b) {
      for (unsigned loop : sharing.shared)
        if (a[loop] != b[loop])
          return;
      std::vector<int64_t> aWithB = a, bWithA = b;
      std::swap(aWithB[Filter::k0], bWithA[Filter::k0]);
      auto at = [&](const std::vector<int64_t> &loops) {
        return filter.values.integers[filter.indexOf(loops)];
      };
      separable &= at(a) * at(b) == at(aWithB) * at(bWithA);
    });
  });
  return separable;
}

TEST(Separate, ExactMeansSeparable) {
  std::mt19937 random(3);
  int separable = 0, rounds = 600;
  for (int round = 0; round < rounds; ++round) {
    std::vector<int64_t> extents = {1, 1, 1, 1 + round % 2, 1, 1, 2, 1};
    extents[Filter::oc] += random() % 2;
    extents[Filter::ic] += random() % 2;
    extents[Filter::k1] += random() % 2;
    Filter filter(extents, false);
    for (int64_t &value : filter.values.integers)
      value = random() % 3;
    for (const Sharing &sharing : sharings) {
      Result<Separation> got =
          separate(filter.access(), filter.values, Filter::k0, sharing.shared);
      ASSERT_TRUE(got) << got.error();
      EXPECT_EQ(got->exact, isSeparable(filter, sharing));
      EXPECT_EQ(got->exact, got->distance < 1e-12);
      separable += got->exact;
    }
  }
  EXPECT_GT(separable, rounds / 4);
  EXPECT_LT(separable, rounds * 4 - rounds / 4);
}

TEST(Separate, LargeIntegersDoNotOverflow) {
  const int64_t least = std::numeric_limits<int64_t>::min();
  Filter filter({1, 1, 1, 1, 1, 1, 2, 2}, false);
  // Rows of k0 from the end: (1, -1) and (least, least).
  filter.values.integers = {least, least, 1, -1};
  EXPECT_FALSE(separate(filter.access(), filter.values, Filter::k0, {})->exact);
  filter.values.integers = {least, least, least, least};
  auto got = separate(filter.access(), filter.values, Filter::k0, {});
  ASSERT_TRUE(got && got->exact);
  EXPECT_EQ(got->first.integers, (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(got->second.integers, (std::vector<int64_t>{least, least}));
  // A factor of 2^63 is no 64-bit integer.
  filter.values.integers = {least, 0, 1, 0};
  got = separate(filter.access(), filter.values, Filter::k0, {});
  ASSERT_TRUE(got && got->exact);
  filter.values.integers = {least, 0, -1, 0};
  EXPECT_FALSE(separate(filter.access(), filter.values, Filter::k0, {})->exact);
}

/// diag(3, 1) has singular values 3 and 1: the nearest product is off by 1.
TEST(Separate, DistanceIsThatOfTheNearestProduct) {
  Filter filter({1, 1, 1, 1, 1, 1, 2, 2}, true);
  filter.values.floats = {0, 1, 3, 0};
  auto got = separate(filter.access(), filter.values, Filter::k0, {});
  ASSERT_TRUE(got);
  EXPECT_FALSE(got->exact);
  EXPECT_NEAR(got->distance, 1 / std::sqrt(10), 1e-12);
  EXPECT_EQ(got->first.floats, (std::vector<double>{1, 0}));
  EXPECT_EQ(got->second.floats, (std::vector<double>{3, 0}));
}

/// No product drawn near the one found is nearer.
TEST(Separate, NothingNearbyIsNearer) {
  std::mt19937 random(4);
  std::normal_distribution<double> normal;
  for (int round = 0; round < 30; ++round) {
    Filter filter({1, 1, 1, 1, 2, 2, 4, 3}, true);
    for (double &value : filter.values.floats)
      value = normal(random);
    auto got = separate(filter.access(), filter.values, Filter::k0, {});
    ASSERT_TRUE(got);
    auto distance = [&](const Separation &factors) {
      double wrong = 0, all = 0;
      filter.forEach([&](const std::vector<int64_t> &at) {
        double value = filter.values.floats[filter.indexOf(at)];
        wrong += std::pow(value - factorAt(factors.first, {Filter::k0}, at) *
                                      factorAt(factors.second, secondLoops, at),
                          2);
        all += value * value;
      });
      return std::sqrt(wrong / all);
    };
    EXPECT_NEAR(got->distance, distance(*got), 1e-12);
    for (int nudge = 0; nudge < 50; ++nudge) {
      Separation other = *got;
      double size = std::pow(10.0, -(nudge % 5));
      for (double &value : other.first.floats)
        value += size * normal(random);
      for (double &value : other.second.floats)
        value += size * normal(random);
      EXPECT_GE(distance(other), got->distance);
    }
  }
}

TEST(Separate, InfiniteWeightsAreRefused) {
  Filter filter({1, 1, 1, 1, 1, 1, 2, 1}, true);
  filter.values.floats = {1, std::numeric_limits<double>::infinity()};
  auto got = separate(filter.access(), filter.values, Filter::k0, {});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error(), "the weights are not all finite");
}

} // namespace
} // namespace dconv
