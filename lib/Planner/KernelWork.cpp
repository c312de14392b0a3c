//===- KernelWork.cpp - what a kernel does, as numbers --------------------===//

#include "dconv/Planner/KernelWork.h"
#include "dconv/Planner/TimeModel.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

using namespace dconv;

/// Largest distance between the lanes of an input vector that the emitter takes.
constexpr int64_t mostStride = 4;

/// The terms of `expr` whose loop runs more than once.
static std::vector<Term> movingTerms(const Convolution &convolution,
                                     const LinearExpr &expr) {
  std::vector<Term> terms;
  for (const Term &term : expr.terms)
    if (convolution.extents[term.loop] > 1)
      terms.push_back(term);
  return terms;
}

/// The last dim of `operand` that moves, or -1.
static int lastDim(const Convolution &convolution, const Operand &operand) {
  for (int d = int(operand.map.size()) - 1; d >= 0; --d)
    if (operand.shape[d] > 1 ||
        !movingTerms(convolution, operand.map[d]).empty())
      return d;
  return -1;
}

/// The dim of `operand` that uses `loop`, or -1.
static int dimOf(const Operand &operand, unsigned loop) {
  for (size_t d = 0; d < operand.map.size(); ++d)
    if (operand.map[d].uses(loop))
      return d;
  return -1;
}

KernelShape::KernelShape(const Convolution &convolution)
    : convolution(convolution) {
  kind = findClass();
  for (const Operand &operand : convolution.inputs) {
    bool isFilter = convolution.inputs.size() == 2;
    std::vector<Dim> &dims = inputs.emplace_back();
    for (const LinearExpr &expr : operand.map) {
      Dim dim;
      for (const Term &term : expr.terms) {
        dim.terms.push_back({term.loop, std::abs(term.coefficient)});
        Role role = convolution.roles[term.loop];
        isFilter &= role != Role::Batch && role != Role::Output;
      }
      dims.push_back(std::move(dim));
    }
    if (isFilter)
      filter = int(inputs.size()) - 1;
    // Of c elements in a row of a dim at least one is read, where c is its
    // greatest coefficient: c * (a * b) >= c * (a + b - 1).
    double &gap = gaps.emplace_back(1);
    for (const Dim &dim : dims) {
      int64_t greatest = 1;
      for (auto [loop, coefficient] : dim.terms)
        greatest = std::max(greatest, coefficient);
      gap *= greatest;
    }
  }
  for (unsigned loop : vectorLoops)
    longestRun *= convolution.extents[loop];
  for (unsigned loop = 0; loop < convolution.numLoops(); ++loop)
    if (convolution.isReduction(loop))
      (convolution.roles[loop] == Role::Tap ? allTaps : allChannels) *=
          convolution.extents[loop];
}

/// Whether a walk along `outer` goes on where one along `inner` ends, in all
/// operands.
bool KernelShape::canFuse(unsigned outer, unsigned inner) const {
  auto fuses = [&](const Operand &operand) {
    int at = dimOf(operand, inner), before = dimOf(operand, outer);
    if (at < 0 || before < 0)
      return at == before;
    auto alone = [&](int d) {
      std::vector<Term> terms = movingTerms(convolution, operand.map[d]);
      return terms.size() == 1 && terms[0].coefficient == 1 &&
             operand.padLow[d] == 0 && operand.padHigh[d] == 0;
    };
    return before + 1 == at && alone(at) && alone(before);
  };
  return fuses(convolution.output) &&
         std::all_of(convolution.inputs.begin(), convolution.inputs.end(),
                     fuses);
}

KernelClass KernelShape::findClass() {
  bool dense = false, pooling = convolution.inputs.size() < 2;
  for (unsigned loop = 0; loop < convolution.numLoops(); ++loop)
    dense |= convolution.extents[loop] > 1 &&
             (convolution.roles[loop] == Role::InputChannel ||
              convolution.roles[loop] == Role::OutputChannel);

  int innermost = lastDim(convolution, convolution.output);
  std::vector<Term> terms;
  if (innermost >= 0)
    terms = movingTerms(convolution, convolution.output.map[innermost]);
  bool isVector = terms.size() == 1;
  if (isVector) {
    unsigned loop = terms[0].loop;
    for (const Operand &input : convolution.inputs) {
      int d = dimOf(input, loop);
      if (d < 0)
        continue;
      int64_t step = std::abs(input.map[d].coefficientOf(loop));
      isVector &= d == lastDim(convolution, input) && step <= mostStride;
      stride = std::max(stride, step);
    }
  }
  if (isVector) {
    vectorLoops = {terms[0].loop};
    for (int d = innermost - 1; d >= 0; --d) {
      std::vector<Term> next =
          movingTerms(convolution, convolution.output.map[d]);
      if (next.size() != 1 || !canFuse(next[0].loop, vectorLoops.back()))
        break;
      vectorLoops.push_back(next[0].loop);
    }
    Role role = convolution.roles[vectorLoops.front()];
    bool columns = role == Role::Output || role == Role::Batch;
    if (!columns)
      stride = 1;
    if (pooling)
      return KernelClass::Pooling;
    if (dense)
      return columns ? KernelClass::DenseColumns : KernelClass::Dense;
    return columns ? KernelClass::DepthwiseColumns : KernelClass::Depthwise;
  }
  stride = 1;
  if (pooling)
    return KernelClass::Pooling;
  // A reduction along which both inputs are dense.
  for (unsigned loop = 0; loop < convolution.numLoops(); ++loop) {
    bool dots = convolution.isReduction(loop) && convolution.extents[loop] > 1;
    for (const Operand &input : convolution.inputs)
      dots &= dimOf(input, loop) >= 0 &&
              dimOf(input, loop) == lastDim(convolution, input);
    if (dots) {
      vectorLoops = {loop};
      return KernelClass::DenseDots;
    }
  }
  return dense ? KernelClass::Dense : KernelClass::Depthwise;
}

KernelWork KernelShape::work(const std::vector<int64_t> &lengths,
                             const DeviceDescription &device) const {
  double macs = 1, outputs = 1, channels = 1, taps = 1;
  for (unsigned loop = 0; loop < lengths.size(); ++loop) {
    macs *= lengths[loop];
    if (!convolution.isReduction(loop))
      outputs *= lengths[loop];
    else if (convolution.roles[loop] == Role::Tap)
      taps *= lengths[loop];
    else
      channels *= lengths[loop];
  }
  double run = 1;
  for (unsigned loop : vectorLoops)
    run *= lengths[loop];
  // Half a vector costs half; less of one costs no less.
  double lanes = device.vectorBytes / convolution.accumulatorBytes, full = run;
  if (lanes > 1 && !vectorLoops.empty())
    full = run <= lanes / 2 ? lanes / 2 : std::ceil(run / lanes) * lanes;
  PerInput elements{1, 1, 1};
  for (size_t i = 0; i < inputs.size(); ++i)
    for (const Dim &dim : inputs[i]) {
      // What is read, without the gaps of strides.
      double hull = 1, steps = 1;
      for (auto [loop, coefficient] : dim.terms) {
        hull += double(coefficient) * (lengths[loop] - 1);
        steps *= lengths[loop];
      }
      elements[i] *= std::min(hull, steps);
    }
  // Divided first, all of these are whole numbers.
  return workOf({macs / run * full, outputs, run, full, channels, taps},
                elements, device);
}

KernelWork KernelShape::atLeast(double macs, double outputs,
                                const PerInput &windows,
                                const DeviceDescription &device) const {
  PerInput elements = windows;
  for (size_t i = 0; i < inputs.size(); ++i)
    elements[i] /= gaps[i];
  return workOf({macs, outputs, longestRun, longestRun, allChannels, allTaps}, elements,
                device);
}

KernelWork KernelShape::workOf(const Amounts &of, const PerInput &elements,
                               const DeviceDescription &device) const {
  const bool dots = kind == KernelClass::DenseDots;
  const bool columns = kind == KernelClass::DenseColumns ||
                       kind == KernelClass::DepthwiseColumns;
  double bytes = of.outputs * convolution.accumulatorBytes, filterBytes = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const double each = elements[i] * convolution.inputs[i].elementBytes;
    bytes += each;
    if (int(i) == filter)
      filterBytes = each;
  }
  auto beyond = [&](double cache) {
    return cache > 0 ? std::max(0.0, bytes - cache) : 0;
  };
  return {of.macs,
          dots ? of.outputs : of.outputs / of.run * of.full,
          dots ? of.outputs : of.outputs / of.run,
          of.macs / (columns ? of.taps : of.channels),
          columns ? of.macs * double(stride - 1) : 0,
          filterBytes,
          beyond(device.cacheBytes),
          beyond(device.lastCacheBytes)};
}
