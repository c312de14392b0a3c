//===- BoundsTest.cpp - bounds against sets, partitions and plans ---------===//

#include "dconv/Planner/Bounds.h"
#include "../Geometry/Cases.h"
#include "ElementOracle.h"
#include "Layers.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <random>

using namespace dconv;
using namespace dconv::test;

namespace {
std::string describeSizes(const Convolution &convolution) {
  std::vector<std::string> names = convolution.loopNames();
  std::string result;
  for (unsigned loop = 0; loop < convolution.numLoops(); ++loop)
    result +=
        names[loop] + "=" + std::to_string(convolution.extents[loop]) + " ";
  for (const Term &term : convolution.inputs[0].map.back().terms)
    result += "+" + std::to_string(term.coefficient);
  return result;
}

/// Calls `visit` for the forward convolution and the gradient of its filter, of
/// many windows and channels with at most `most` iterations that read no
/// padding.
void forEachTiny(size_t most,
                 const std::function<void(const Convolution &)> &visit) {
  const int64_t channels[][4] = {
      {1, 1, 1, 1}, {2, 1, 1, 1}, {1, 1, 2, 2}, {2, 2, 2, 2}, {1, 2, 4, 2}};
  for (const auto &[batch, groups, ins, outs] : channels)
    for (int64_t input = 1; input <= 6; ++input)
      for (int64_t kernel = 1; kernel <= 4; ++kernel)
        for (int64_t stride = 1; stride <= 3; ++stride)
          for (int64_t dilation = 1; dilation <= 3; ++dilation)
            for (int64_t pads = 0; pads < 9; ++pads) {
              Layer layer = makeLayer(
                  batch, groups, ins, outs,
                  {{input, kernel, stride, dilation, pads / 3, pads % 3}});
              if (input + pads / 3 + pads % 3 < dilation * (kernel - 1) + 1)
                continue;
              for (const Convolution &convolution :
                   {forwardOf(layer), filterGradientOf(layer)}) {
                size_t size = realIterations(convolution).size();
                if (size > 0 && size <= most)
                  visit(convolution);
              }
            }
}

/// Sets of touched elements, a bit each, of every subset of iterations.
class Subsets {
public:
  explicit Subsets(const Convolution &convolution)
      : iterations(realIterations(convolution)) {
    size_t operands = convolution.inputs.size() + 1;
    touched.assign(operands, std::vector<uint64_t>(size_t(1) << size(), 0));
    for (size_t set = 1; set < touched[0].size(); ++set) {
      unsigned last = __builtin_ctzll(set);
      for (size_t t = 0; t < operands; ++t) {
        EXPECT_LT(iterations[last][t], 64);
        touched[t][set] =
            touched[t][set & (set - 1)] | uint64_t(1) << iterations[last][t];
      }
    }
  }

  size_t size() const { return iterations.size(); }
  int64_t count(unsigned operand, size_t set) const {
    return __builtin_popcountll(touched[operand][set]);
  }

private:
  std::vector<std::vector<int64_t>> iterations;
  std::vector<std::vector<uint64_t>> touched; ///< per operand and set
};

/// The fewest words of the busiest of `devices` over all ways to deal out the
/// iterations, if every device could own `owned` of what it touches: no
/// schedule moves fewer.
int64_t leastOverPartitions(const Subsets &subsets, unsigned devices,
                            const std::vector<int64_t> &owned) {
  auto wordsOf = [&](size_t set) {
    int64_t words = 0;
    for (unsigned t = 0; t < owned.size(); ++t)
      words += std::max<int64_t>(0, subsets.count(t, set) - owned[t]);
    return words;
  };
  std::vector<int64_t> words(size_t(1) << subsets.size());
  for (size_t set = 0; set < words.size(); ++set)
    words[set] = wordsOf(set);
  // best[set]: of the first devices, which together do `set`.
  std::vector<int64_t> best = words;
  for (unsigned d = 1; d < devices; ++d) {
    std::vector<int64_t> next(best.size());
    for (size_t set = 0; set < best.size(); ++set) {
      next[set] = std::max(best[set], words[0]);
      for (size_t part = set; part; part = (part - 1) & set)
        next[set] =
            std::min(next[set], std::max(words[part], best[set & ~part]));
    }
    best = std::move(next);
  }
  return best.back();
}
} // namespace

TEST(Bounds, HoldForEverySubsetOfTinySpaces) {
  int spaces = 0, tight = 0;
  forEachTiny(13, [&](const Convolution &convolution) {
    Result<BoundTerms> terms = boundTerms(convolution);
    ASSERT_TRUE(terms) << terms.error();
    Subsets subsets(convolution);
    ASSERT_EQ(terms->macs, subsets.size());
    std::vector<int64_t> none(3, 0);
    ++spaces;
    for (size_t set = 1; set < size_t(1) << subsets.size(); ++set) {
      double macs = __builtin_popcountll(set), product = 1, sum = 0;
      for (unsigned t = 0; t < 3; ++t) {
        double touched = subsets.count(t, set);
        ASSERT_GE(touched, leastTouched(*terms, t, macs) - 1e-9)
            << "operand " << t << " of " << describeSizes(convolution);
        product *= touched;
        sum += touched;
      }
      ASSERT_GE(product, leastProduct(*terms, macs) - 1e-9)
          << describeSizes(convolution);
      tight += product < leastProduct(*terms, macs) + 1e-9;
      ASSERT_GE(sum, leastTouchedSum(*terms, macs, none) - 1e-9)
          << describeSizes(convolution);
    }
  });
  EXPECT_GT(spaces, 500);
  EXPECT_GT(tight, 1000);
}

// Two windows at once: factors of the windows multiply.
TEST(Bounds, HoldForEverySubsetInTwoDims) {
  std::mt19937 random(5);
  int spaces = 0;
  while (spaces < 60) {
    std::vector<WindowSizes> windows;
    for (int w = 0; w < 2; ++w) {
      auto draw = [&](int64_t low, int64_t high) {
        return low + int64_t(random() % (high - low + 1));
      };
      windows.push_back({draw(1, 4), draw(1, 3), draw(1, 3), draw(1, 2),
                         draw(0, 2), draw(0, 2)});
    }
    Layer layer = makeLayer(1, 1, 1, 1, windows);
    if (layer.outputs(0) < 1 || layer.outputs(1) < 1)
      continue;
    Convolution convolution = forwardOf(layer);
    size_t size = realIterations(convolution).size();
    if (size < 6 || size > 14)
      continue;
    ++spaces;
    Result<BoundTerms> terms = boundTerms(convolution);
    ASSERT_TRUE(terms) << terms.error();
    Subsets subsets(convolution);
    for (size_t set = 1; set < size_t(1) << size; ++set) {
      double macs = __builtin_popcountll(set), product = 1;
      for (unsigned t = 0; t < 3; ++t) {
        product *= subsets.count(t, set);
        ASSERT_GE(subsets.count(t, set), leastTouched(*terms, t, macs) - 1e-9);
      }
      ASSERT_GE(product, leastProduct(*terms, macs) - 1e-9);
    }
  }
}

TEST(Bounds, HoldForOptimalPartitions) {
  int positive = 0, attained = 0;
  forEachTiny(9, [&](const Convolution &convolution) {
    Result<BoundTerms> terms = boundTerms(convolution);
    ASSERT_TRUE(terms) << terms.error();
    Subsets subsets(convolution);
    for (unsigned devices : {2, 3, 4}) {
      std::vector<int64_t> owned = ownedShares(*terms, devices, {});
      int64_t bound = memoryIndependentBound(*terms, devices, owned);
      int64_t least = leastOverPartitions(subsets, devices, owned);
      ASSERT_LE(bound, least)
          << devices << " devices, " << describeSizes(convolution);
      positive += bound > 0;
      attained += bound > 0 && bound == least;
    }
  });
  EXPECT_GT(positive, 300);
  EXPECT_GT(attained, 100);
}

TEST(Bounds, NoPlanIsBelow) {
  std::mt19937 random(11);
  int plans = 0, positive = 0;
  for (int i = 0; i < 1200; ++i) {
    Convolution convolution = randomCase(random, 1 + i % 3).convolution;
    Result<BoundTerms> terms = boundTerms(convolution);
    if (!terms || terms->macs == 0)
      continue;
    std::vector<double> oneWord(terms->elements.size(), 1);
    for (int64_t devices : {2, 3, 8, 12})
      for (const std::vector<int64_t> &parts : allParts(convolution, devices)) {
        Result<WordCount> count = countWords(convolution, parts);
        ASSERT_TRUE(count) << count.error();
        ++plans;
        int64_t bound = memoryIndependentBound(
            *terms, devices, ownedShares(*terms, devices, count->largestShare));
        ASSERT_LE(bound, count->words) << describeSizes(convolution);
        positive += bound > 0;
        if (terms->elements.size() < 3)
          continue;
        // In words: sizes of one byte make bytes of memory elements.
        Convolution bytes = convolution;
        bytes.accumulatorBytes = bytes.output.elementBytes = 1;
        for (Operand &input : bytes.inputs)
          input.elementBytes = 1;
        double memory = countWords(bytes, parts)->memoryBytes;
        ASSERT_LE(*memoryDependentBound(*terms, devices, memory, oneWord),
                  count->words);
      }
  }
  EXPECT_GT(plans, 20000);
  EXPECT_GT(positive, 1000);
}

// Figures derived by hand: ic = 4 of 512 x 7 x 7 inputs and so on.
TEST(Bounds, TermsOfARealLayer) {
  std::vector<Layer> layers = realLayers();
  Result<BoundTerms> terms =
      boundTerms(forwardOf(layerNamed(layers, "rfcn_dilated")));
  ASSERT_TRUE(terms);
  // Dilation 3 and padding 3: the outer taps miss 3 of 38 and of 57 outputs.
  EXPECT_EQ(terms->macs, 512.0 * 512 * (3 * 38 - 6) * (3 * 57 - 6));
  EXPECT_EQ(terms->reuse, 9);
  EXPECT_EQ(terms->uses,
            (std::vector<double>{512.0 * 9, 38.0 * 57, 512.0 * 9}));
}

// With s = 2 and 7 taps, ceil(7 / 2) outputs read one position.
TEST(Bounds, ReuseOfAStride) {
  Result<BoundTerms> terms =
      boundTerms(forwardOf(makeLayer(1, 1, 1, 1, {{224, 7, 2, 1, 3, 3}})));
  ASSERT_TRUE(terms);
  EXPECT_EQ(terms->reuse, 4);
}

TEST(Bounds, ThreeCasesOfTheLeastSum) {
  BoundTerms terms;
  terms.elements = {1, 1, 1};
  terms.uses = {1e18, 1e18, 1e18};
  terms.reuse = 1;
  // L = 10^6.
  EXPECT_NEAR(leastTouchedSum(terms, 1000, {1, 1, 1}), 300, 1e-6);
  EXPECT_NEAR(leastTouchedSum(terms, 1000, {400, 1, 1}), 400 + 2 * 50, 1e-6);
  EXPECT_NEAR(leastTouchedSum(terms, 1000, {1, 400, 100}), 525, 1e-6);
  EXPECT_NEAR(leastTouchedSum(terms, 1000, {400, 50, 100}), 550, 1e-6);
}

TEST(Bounds, MemoryDependentBoundOfAMatrixProduct) {
  Result<BoundTerms> terms =
      boundTerms(forwardOf(makeLayer(1024, 1, 1024, 1024, {{1, 1}})));
  ASSERT_TRUE(terms);
  double macs = std::pow(2.0, 30), memory = 10000;
  Result<double> bound = memoryDependentBound(*terms, 1, memory, {1, 1, 1});
  ASSERT_TRUE(bound);
  EXPECT_NEAR(*bound, 2 * macs / 100 - 2 * memory, 1);
  EXPECT_FALSE(memoryDependentBound(*terms, 1, memory, {1, 1}));
}

TEST(Bounds, WindowsInBothInputsAreAnError) {
  Convolution convolution = forwardOf(makeLayer(1, 1, 1, 1, {{5, 3}}));
  convolution.inputs[1].map[1].terms = {{2, 1}, {5, 1}};
  convolution.inputs[1].shape[1] = 5;
  Result<BoundTerms> terms = boundTerms(convolution);
  ASSERT_FALSE(terms);
  EXPECT_EQ(terms.error(),
            "bounds need windows of two loops in one expression; dim 1 of "
            "input 1 has the loops of another expression");
}
