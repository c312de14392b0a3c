//===- PeakBound.cpp - memory that no split of a class is below -----------===//

#include "PeakBound.h"

#include <algorithm>

using namespace dconv;

PeakBound::PeakBound(const Convolution &convolution)
    : accumulatorBytes(convolution.accumulatorBytes),
      numInputs(convolution.inputs.size()) {
  for (unsigned t = 0; t <= numInputs; ++t) {
    const Operand &operand =
        t < numInputs ? convolution.inputs[t] : convolution.output;
    elements[t] = operand.extent().volume();
    elementBytes[t] = operand.elementBytes;
  }
}

/// An input takes its stripe and a window, or the hull of both: in the mean no
/// less than the stripe, nor than what is read.
double PeakBound::atLeast(const TimeClass &of) const {
  constexpr double rounding = 1e-9;
  double bytes = 0;
  for (unsigned t = 0; t < numInputs; ++t)
    bytes +=
        std::max(elements[t] / of.key.cut[t], of.held[t]) * elementBytes[t];
  const double block = elements[numInputs] / of.key.cut[numInputs];
  if (of.key.cut[numInputs] == of.key.shards)
    bytes +=
        block * elementBytes[numInputs] +
        (accumulatorBytes != elementBytes[numInputs] ? block * accumulatorBytes
                                                     : 0);
  else
    bytes += block * accumulatorBytes +
             elements[numInputs] / of.key.shards * elementBytes[numInputs];
  return bytes * (1 - rounding);
}
