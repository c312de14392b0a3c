//===- ComputeModel.cpp - seconds of local kernels ------------------------===//
//
// A kernel takes its launch, and then the longer of its arithmetic and its
// traffic to memory. It reads its inputs where they lie: halos are received
// beside the stripes.
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
    for (const LinearExpr &expr : operand.map) {
      Dim dim;
      for (const Term &term : expr.terms)
        dim.terms.push_back({term.loop, std::abs(term.coefficient)});
      input.dims.push_back(std::move(dim));
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
  return kernel(arithmetic, outputs, windows);
}

double KernelTime::seconds(const std::vector<int64_t> &lengths) const {
  double outputs = 1;
  for (unsigned loop : parallel)
    outputs *= lengths[loop];
  PerOperand<double> windows{0, 0, 0};
  for (size_t i = 0; i < inputs.size(); ++i) {
    windows[i] = 1;
    for (const Dim &dim : inputs[i].dims) {
      double size = 1;
      for (auto [loop, coefficient] : dim.terms)
        size += double(coefficient) * (lengths[loop] - 1);
      windows[i] *= size;
    }
  }
  KernelWork work = shape.work(lengths, device);
  double arithmetic = 0;
  for (unsigned i = 0; i < numKernelCosts; ++i)
    arithmetic += work[i] * costs[i];
  return kernel(arithmetic, outputs, windows);
}

double dconv::windowSeconds(const Convolution &convolution,
                            const Operand &input,
                            const std::vector<int64_t> &sizes,
                            const DeviceDescription &device) {
  size_t rowDims = 0;
  for (size_t d = 0; d < sizes.size(); ++d)
    for (const Term &term : input.map[d].terms)
      if (convolution.roles[term.loop] == Role::Output ||
          convolution.roles[term.loop] == Role::Tap)
        rowDims = d;
  double rows = 1, elements = 1;
  for (size_t d = 0; d < sizes.size(); ++d) {
    rows *= d < rowDims ? double(sizes[d]) : 1;
    elements *= double(sizes[d]);
  }
  return device.copyLatency + rows * device.rowLatency +
         elements * double(input.elementBytes) / device.copyBandwidth;
}
