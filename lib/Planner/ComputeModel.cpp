//===- ComputeModel.cpp - seconds of local kernels ------------------------===//
//
// A kernel takes its launch, and then the longer of its arithmetic and its
// traffic to memory. Before it, windows are put together: one copy per input
// whose footprint is not a stripe as it lies.
//
//===----------------------------------------------------------------------===//

#include "ComputeModel.h"
#include "dconv/Planner/MachineFields.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

using namespace dconv;

KernelClass dconv::kernelClassOf(const Convolution &convolution) {
  return KernelShape(convolution).kernelClass();
}

const KernelRate *dconv::rateOf(const Convolution &convolution,
                                const DeviceDescription &device,
                                const std::string &elementType) {
  KernelClass kind = kernelClassOf(convolution);
  const KernelRate *rate = device.rate(kind, elementType);
  return rate ? rate : device.rate(generalClass(kind), elementType);
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
    : convolution(convolution), shape(convolution), device(device) {
  // Without a rate nothing is ever computed: the time is infinite.
  const KernelRate *found = rateOf(convolution, device, elementType);
  if (found)
    rate = *found;
  const auto &fields = fieldsOf<KernelRate>();
  for (unsigned i = 0; i < numKernelCosts; ++i) {
    double each = rate.*fields[i].member;
    costs[i] = each == 0 && fields[i].optional ? 0 : 1 / each;
  }
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
      for (const Term &term : map[d].terms)
        if (convolution.roles[term.loop] == Role::Output ||
            convolution.roles[term.loop] == Role::Tap)
          input.rowDims = d;
    }
    inputs.push_back(std::move(input));
  }
}

double KernelTime::kernel(double arithmetic, double outputs,
                          const PerOperand<double> &windows) const {
  double bytes = outputs * convolution.accumulatorBytes;
  for (size_t i = 0; i < inputs.size(); ++i)
    bytes += windows[i] * inputs[i].bytes;
  return device.launchLatency +
         std::max(arithmetic, bytes / device.memoryBandwidth);
}

double KernelTime::atLeast(double macs, double outputs,
                           const PerOperand<double> &windows) const {
  KernelWork work = shape.atLeast(macs, outputs, windows, device);
  double arithmetic = 0;
  for (unsigned i = 0; i < numKernelCosts; ++i)
    arithmetic += work[i] * costs[i];
  double seconds = kernel(arithmetic, outputs, windows);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!inputs[i].liesAnyway && !inputs[i].liesWhole)
      seconds += device.copyLatency +
                 windows[i] * inputs[i].bytes / device.copyBandwidth;
  return seconds;
}

double KernelTime::seconds(const std::vector<int64_t> &lengths) const {
  double outputs = 1;
  for (unsigned loop : parallel)
    outputs *= lengths[loop];
  const bool whole = lengths == convolution.extents;
  PerOperand<double> windows{0, 0, 0};
  double copies = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Input &input = inputs[i];
    double rows = 1;
    windows[i] = 1;
    for (size_t d = 0; d < input.dims.size(); ++d) {
      double size = 1;
      for (auto [loop, coefficient] : input.dims[d].terms)
        size += double(coefficient) * (lengths[loop] - 1);
      windows[i] *= size;
      if (d < input.rowDims)
        rows *= size;
    }
    if (!input.liesAnyway && !(input.liesWhole && whole))
      copies += device.copyLatency + rows * device.rowLatency +
                windows[i] * input.bytes / device.copyBandwidth;
  }
  KernelWork work = shape.work(lengths, device);
  double arithmetic = 0;
  for (unsigned i = 0; i < numKernelCosts; ++i)
    arithmetic += work[i] * costs[i];
  return kernel(arithmetic, outputs, windows) + copies;
}
