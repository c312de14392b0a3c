//===- DepthwiseTiling.h - register tile of a depthwise nest ----*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_DEPTHWISETILING_H
#define DCONV_LIB_KERNELS_DEPTHWISETILING_H

#include "ContractionTiling.h"
#include "Depthwise.h"

namespace dconv::kernels {

/// A register tile of rows x columns x vectors of channels, and how the taps of
/// the columns go through it.
struct DepthwiseTiling {
  int64_t lanes = 1;
  int64_t vectors = 1;
  int64_t rows = 1, columns = 1;
  /// Steps of column taps of one body: what they read of a is read once for
  /// all.
  int64_t unroll = 1;
  /// Bodies follow each other without a loop: there are few taps.
  bool allTaps = false;
};

/// The column taps of a step, and what it takes in operations on vectors: an
/// accumulation, and to bring a vector of a, and one of b, into the form in
/// which they are multiplied.
struct LaneCost {
  int64_t group = 1;
  /// The fewest lanes of an accumulator.
  int64_t minLanes = 1;
  double perAccumulator = 1, perA = 0, perB = 0;
};

/// The tiling with the lowest estimated time.
DepthwiseTiling chooseDepthwiseTiling(const Nest &nest, const Depthwise &roles,
                                      const LaneCost &cost,
                                      const KernelTarget &target);

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_DEPTHWISETILING_H
