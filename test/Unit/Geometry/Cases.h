//===- Cases.h - convolutions under splits to test Geometry with -*- C++ -*-==//

#ifndef DCONV_TEST_UNIT_GEOMETRY_CASES_H
#define DCONV_TEST_UNIT_GEOMETRY_CASES_H

#include "dconv/Geometry/Prediction.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace dconv::test {

/// A convolution under a split on a number of devices.
struct Case {
  Convolution convolution;
  Split split;
  int64_t devices = 1;
  bool fillsOutput = false; ///< the initial output is a constant
  /// Inputs that come from the host in one copy, each replicated by the split.
  std::vector<GatheredInput> gathered;
};

/// Gathers some of the inputs that the split replicates.
void gatherSome(std::mt19937 &random, Case &testCase);

/// Everything that is needed to write the case down again.
std::string describe(const Case &testCase);

/// The convolution of one window dim: out[o] += in[x(o, k)] * filter[k].
struct Window {
  int64_t size = 1; ///< of the input, without padding
  int64_t taps = 1;
  int64_t stride = 1, dilation = 1;
  int64_t padLow = 0, padHigh = 0;
  int64_t offset = 0;       ///< positions of the padded input that are skipped
  bool reversed = false;    ///< the output runs against the input
  bool flippedTaps = false; ///< the taps run against the input
  bool flippedFilter = false; ///< the taps run against the filter
};

/// Number of outputs that fit; less than 1 where not even one does.
int64_t outputsOf(const Window &window);

/// Loops o0 and k0. The output is narrower than the accumulator.
Convolution convolutionOf(const Window &window);

/// The lengths of `extent` elements dealt out to `parts` parts one by one.
std::vector<int64_t> evenLengths(int64_t extent, int64_t parts);

/// Lengths of `parts` parts of `extent`, each >= 1, drawn at random.
std::vector<int64_t> randomLengths(std::mt19937 &random, int64_t extent,
                                   int64_t parts);

/// A convolution with `windows` window dims, some of n, g, oc and ic, loops and
/// dims in any order, split over up to four loops.
Case randomCase(std::mt19937 &random, int windows);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_GEOMETRY_CASES_H
