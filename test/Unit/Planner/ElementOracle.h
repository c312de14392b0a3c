//===- ElementOracle.h - words by looking at every element ------*- C++ -*-===//
//
// What Words.h says, computed from sets of elements and iterations. Nothing of
// the library is called.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_TEST_UNIT_PLANNER_ELEMENTORACLE_H
#define DCONV_TEST_UNIT_PLANNER_ELEMENTORACLE_H

#include "dconv/Planner/Words.h"

namespace dconv::test {

/// For convolutions of at most some thousand iterations and elements.
WordCount countByElements(const Convolution &convolution,
                          const std::vector<int64_t> &parts);

/// Every vector of parts with at most `shards` shards.
std::vector<std::vector<int64_t>> allParts(const Convolution &convolution,
                                           int64_t shards);

/// The operands and element numbers that each iteration without padding
/// touches, inputs first. Element numbers are row-major.
std::vector<std::vector<int64_t>>
realIterations(const Convolution &convolution);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_PLANNER_ELEMENTORACLE_H
