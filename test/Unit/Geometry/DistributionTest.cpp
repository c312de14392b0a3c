//===- DistributionTest.cpp - every small case against the oracle ---------===//

#include "Verify.h"

#include "gtest/gtest.h"

#include <algorithm>

using namespace dconv;
using namespace dconv::test;

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DCONV_SANITIZED
#endif
#endif

namespace {

/// One in so many cases is tried: all, or under a sanitizer about a tenth. It
/// has no factor in common with the numbers of choices.
#ifdef DCONV_SANITIZED
constexpr int64_t every = 11;
#else
constexpr int64_t every = 1;
#endif

/// All windows with a given number of taps.
class OneWindow : public testing::TestWithParam<int64_t> {
protected:
  /// Every split of outputs and taps together, in up to 6 parts each.
  void verifySplits(const Window &window) {
    int64_t outputs = outputsOf(window);
    if (outputs < 1 || ++windows % every != 0)
      return;
    Case testCase;
    testCase.convolution = convolutionOf(window);
    for (int64_t o = 1; o <= std::min<int64_t>(outputs, 6); ++o)
      for (int64_t k = 1; k <= std::min<int64_t>(window.taps, 6); ++k) {
        AxisSplit outputAxis{0, evenLengths(outputs, o)};
        AxisSplit tapAxis{1, evenLengths(window.taps, k)};
        testCase.split.axes = {outputAxis, tapAxis};
        // A small counter runs through the choices that do not matter to
        // the layouts: fewer, as many and more devices than shards.
        ++count;
        if (count % 2)
          std::swap(testCase.split.axes[0], testCase.split.axes[1]);
        testCase.devices = 1 + count % 7;
        testCase.fillsOutput = count % 3 == 0;
        testCase.gathered.clear();
        if (o > 1 && count % 4 == 0) // the filter
          testCase.gathered = {
              {1, static_cast<CollectiveAlgorithm>(count / 4 % 3)}};
        std::string error = verify(testCase);
        ASSERT_EQ(error, "") << describe(testCase);
      }
  }

  int64_t windows = 0, count = 0;
};

} // namespace

TEST_P(OneWindow, AgreesWithBruteForce) {
  Window window;
  window.taps = GetParam();
  for (window.size = 0; window.size <= 12; ++window.size)
    for (window.stride = 1; window.stride <= 3; ++window.stride)
      for (window.dilation = 1; window.dilation <= 3; ++window.dilation)
        for (int64_t pads = 0; pads < 16; ++pads)
          for (int64_t signs = 0; signs < 4; ++signs) {
            window.padLow = pads % 4;
            window.padHigh = pads / 4;
            window.reversed = signs % 2;
            window.flippedTaps = signs / 2;
            window.flippedFilter = count % 2;
            window.offset = 0;
            verifySplits(window);
            if (HasFatalFailure())
              return;
          }
  RecordProperty("cases", std::to_string(count));
}

INSTANTIATE_TEST_SUITE_P(Taps, OneWindow, testing::Range<int64_t>(1, 6));

namespace {

/// Seeded, so that a failure comes back.
class Sampled : public testing::TestWithParam<unsigned> {
protected:
  std::mt19937 random{GetParam()};

  int64_t pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  }
};

} // namespace

/// Beyond the exhaustive sizes: filters larger than the image, padding larger
/// than the filter, skipped positions, stripes of any lengths.
TEST_P(Sampled, UnevenStripesOfOneWindow) {
  for (int i = 0; i < 4000 / every; ++i) {
    Window window;
    window.size = pick(1, 20);
    window.taps = pick(1, 14);
    window.stride = pick(1, 4);
    window.dilation = pick(1, 3);
    window.padLow = pick(0, 16);
    window.padHigh = pick(0, 16);
    window.offset = pick(0, 3);
    window.reversed = pick(0, 1);
    window.flippedTaps = pick(0, 1);
    window.flippedFilter = pick(0, 1);
    int64_t outputs = outputsOf(window);
    if (outputs < 1)
      continue;
    Case testCase;
    testCase.convolution = convolutionOf(window);
    int64_t o = pick(1, std::min<int64_t>(outputs, 8));
    int64_t k = pick(1, std::min<int64_t>(window.taps, 6));
    testCase.split.axes = {{0, randomLengths(random, outputs, o)},
                           {1, randomLengths(random, window.taps, k)}};
    testCase.devices = pick(1, 10);
    testCase.fillsOutput = pick(0, 1);
    std::string error = verify(testCase);
    ASSERT_EQ(error, "") << describe(testCase);
  }
}

TEST_P(Sampled, OneWindowWithChannels) {
  for (int i = 0; i < 2000 / every; ++i) {
    Case testCase = randomCase(random, 1);
    std::string error = verify(testCase);
    ASSERT_EQ(error, "") << describe(testCase);
  }
}

TEST_P(Sampled, TwoWindows) {
  for (int i = 0; i < 1000 / every; ++i) {
    Case testCase = randomCase(random, 2);
    std::string error = verify(testCase);
    ASSERT_EQ(error, "") << describe(testCase);
  }
}

TEST_P(Sampled, ThreeWindows) {
  for (int i = 0; i < 500 / every; ++i) {
    Case testCase = randomCase(random, 3);
    std::string error = verify(testCase);
    ASSERT_EQ(error, "") << describe(testCase);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Sampled, testing::Range(1u, 5u));
