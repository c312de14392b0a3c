//===- ComputeModel.cpp - seconds of local kernels ------------------------===//
//
// A kernel takes its launch, and then the longer of its arithmetic and its
// traffic to memory. Before it, windows are put together: one copy per input
// whose footprint is not a stripe as it lies.
//
//===----------------------------------------------------------------------===//

#include "ComputeModel.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

using namespace dconv;

KernelClass dconv::kernelClassOf(const Convolution &convolution) {
  if (convolution.inputs.size() < 2)
    return KernelClass::Pooling;
  for (unsigned loop = 0; loop < convolution.numLoops(); ++loop)
    if (convolution.extents[loop] > 1 &&
        (convolution.roles[loop] == Role::InputChannel ||
         convolution.roles[loop] == Role::OutputChannel))
      return KernelClass::Dense;
  return KernelClass::Depthwise;
}

double dconv::kernelSeconds(const Convolution &convolution,
                            const std::vector<int64_t> &lengths,
                            const DeviceDescription &device,
                            const std::string &elementType) {
  return KernelTime(convolution, device, elementType).seconds(lengths);
}

KernelTime::KernelTime(const Convolution &convolution,
                       const DeviceDescription &device,
                       const std::string &elementType)
    : convolution(convolution), memoryBandwidth(device.memoryBandwidth),
      copyBandwidth(device.copyBandwidth), launchLatency(device.launchLatency),
      copyLatency(device.copyLatency) {
  // Without a rate nothing is ever computed: the time is infinite.
  auto found = device.rates.find({kernelClassOf(convolution), elementType});
  if (found != device.rates.end())
    rate = found->second;
  for (unsigned loop = 0; loop < convolution.numLoops(); ++loop)
    if (!convolution.isReduction(loop))
      parallel.push_back(loop);
  for (const Operand &operand : convolution.inputs) {
    Input input;
    input.bytes = operand.elementBytes;
    input.liesAnyway = input.liesWhole = true;
    AccessMap map = operand.unpaddedMap();
    for (size_t d = 0; d < map.size(); ++d) {
      Dim dim;
      unsigned divisible = 0;
      bool dense = true;
      for (const Term &term : map[d].terms) {
        dim.terms.push_back({term.loop, std::abs(term.coefficient)});
        if (convolution.extents[term.loop] == 1)
          continue;
        ++divisible;
        dense &= std::abs(term.coefficient) == 1;
      }
      Interval whole{0, operand.shape[d]};
      bool fits = footprint(map[d], convolution.iterations()) == whole;
      input.liesWhole &= fits;
      // One loop with coefficient 1 over the whole dim: what a part reads is
      // what it owns.
      input.liesAnyway &= fits && divisible <= 1 && dense;
      input.dims.push_back(std::move(dim));
    }
    inputs.push_back(std::move(input));
  }
}

double KernelTime::atLeast(double macs, double outputs,
                           const PerOperand<double> &windows) const {
  double bytes = outputs * convolution.accumulatorBytes;
  for (size_t i = 0; i < inputs.size(); ++i)
    bytes += windows[i] * inputs[i].bytes;
  double seconds = launchLatency + std::max(macs / rate.macsPerSecond +
                                                outputs / rate.outputsPerSecond,
                                            bytes / memoryBandwidth);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!inputs[i].liesAnyway && !inputs[i].liesWhole)
      seconds += copyLatency + windows[i] * inputs[i].bytes / copyBandwidth;
  return seconds;
}

double KernelTime::seconds(const std::vector<int64_t> &lengths) const {
  double macs = 1, outputs = 1;
  bool whole = true;
  for (unsigned loop = 0; loop < lengths.size(); ++loop) {
    macs *= lengths[loop];
    whole &= lengths[loop] == convolution.extents[loop];
  }
  for (unsigned loop : parallel)
    outputs *= lengths[loop];
  PerOperand<double> windows{0, 0, 0};
  double copies = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    windows[i] = 1;
    for (const Dim &dim : inputs[i].dims) {
      double size = 1;
      for (auto [loop, coefficient] : dim.terms)
        size += double(coefficient) * (lengths[loop] - 1);
      windows[i] *= size;
    }
    if (inputs[i].liesWhole && !inputs[i].liesAnyway && !whole)
      copies += copyLatency + windows[i] * inputs[i].bytes / copyBandwidth;
  }
  return atLeast(macs, outputs, windows) + copies;
}
