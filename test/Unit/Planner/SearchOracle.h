//===- SearchOracle.h - the best split by trying all of them ----*- C++ -*-===//
//
// Every split of a layer within the imbalance, and every shard of each, by the
// definitions of Words.h and docs/design.md. Nothing of the library is called.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_TEST_UNIT_PLANNER_SEARCHORACLE_H
#define DCONV_TEST_UNIT_PLANNER_SEARCHORACLE_H

#include "Layers.h"

namespace dconv::test {

/// The best split of the forward convolution of a layer.
struct OracleBest {
  bool any = false;           ///< some split is within the imbalance
  std::vector<int64_t> parts; ///< per loop of `forwardOf`
  int64_t words = 0, bytes = 0, memoryBytes = 0;
  int64_t tried = 0; ///< splits within the imbalance
};

OracleBest bestByTryingAll(const Layer &layer, int64_t devices,
                           double maxImbalance);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_PLANNER_SEARCHORACLE_H
