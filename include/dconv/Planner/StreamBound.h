//===- StreamBound.h - bytes that no streaming avoids -----------*- C++ -*-===//

#ifndef DCONV_PLANNER_STREAMBOUND_H
#define DCONV_PLANNER_STREAMBOUND_H

#include "dconv/Planner/MemoryBudget.h"

namespace dconv {

/// The least that goes between the host and devices whose tensors stay on the
/// host, and what it follows from.
struct StreamBound {
  /// Per operand, the output last: the elements that take part.
  std::vector<double> elements;
  /// Bytes in which each of them moves once; of the output twice where its
  /// initial value comes from the host.
  double onceBytes = 0;
  /// `memoryDependentBound` in bytes, the mean of all devices; nothing where
  /// the memory has no limit, or no such bound is known.
  std::optional<double> eachBytes;
  double bytes = 0; ///< the larger: `onceBytes`, or `eachBytes` on all devices
};

/// `memory` is what each device may use, in bytes.
StreamBound streamBound(const Convolution &convolution, int64_t devices,
                        bool fillsOutput, MemoryBudget memory);

} // namespace dconv

#endif // DCONV_PLANNER_STREAMBOUND_H
