//===- ConvolutionCheck.cpp - checks executions of a convolution ----------===//

#include "ConvolutionCheck.h"

#include "Elements.h"

#include "dconv/Conversion/ReadProgram.h"

#include "llvm/ADT/APFloat.h"

using namespace dconv;
using namespace mlir;
using runtime::ElementType;

Result<ConvolutionCheck>
ConvolutionCheck::create(const PartitionedConvolution &partitioned,
                         RecognizedConvolution &convolution,
                         const CheckOptions &options,
                         ReferenceKernels &kernels) {
  ConvolutionCheck check(kernels);
  check.partitioned = partitioned;
  check.geometry = convolution.geometry;
  check.body = convolution.body;
  check.sample = options.sample;
  check.seed = options.seed;
  if (options.sample && !partitioned.isRecorded)
    return Error{"'" + partitioned.name +
                 "' shares its program with other convolutions, so that its "
                 "values cannot be sampled; --check=full compares the results"};
  if (!partitioned.split.empty()) {
    Result<Split> split = parseSplit(partitioned.split, check.geometry);
    if (!split)
      return Error{"'" + partitioned.name + "': " + split.error()};
    check.split = std::move(*split);
  }
  for (const AxisSplit &axis : check.split.axes)
    if (check.geometry.isReduction(axis.loop))
      check.partialSums *= axis.lengths.size();
  for (Value operand : convolution.op->getOperands()) {
    Type type = operand.getType();
    auto shaped = dyn_cast<ShapedType>(type);
    // Recognised: of a supported type, static.
    check.data.push_back({*elementTypeOf(getElementTypeOrSelf(type)),
                          shaped ? shaped.getNumElements() : 1});
  }
  if (!options.sample)
    check.kernel = kernels.add(convolution.op, check.needsLongDouble());
  return check;
}

int64_t ConvolutionCheck::outputBytes() const {
  return output().count * runtime::bytesOf(output().type);
}

Tolerance ConvolutionCheck::toleranceFor(Operands operands) const {
  Tolerance equal;
  equal.type = output().type;
  if (!runtime::isFloat(output().type) || body.combiner != CombinerKind::Add)
    return equal;
  auto summarise = [&](unsigned operand) {
    return statisticsOf(data[operand].type, operands[operand],
                        data[operand].count);
  };
  std::vector<Statistics> inputs;
  for (const Factor &factor : body.factors)
    inputs.push_back(summarise(factor.operand));
  return toleranceOfSum(geometry, inputs, summarise(data.size() - 1),
                        output().type, partialSums);
}

//===----------------------------------------------------------------------===//
// The reference of all values
//===----------------------------------------------------------------------===//

/// `elements` as reference kernels take them: f16 and bf16 as f32, absolute
/// values for `magnitudes`. Uses `storage` where that is not what they are.
template <typename T>
static const void *forKernel(const T *elements, int64_t count, bool magnitudes,
                             std::vector<std::byte> &storage) {
  using Widened = decltype(widened(T()));
  if (std::is_same_v<T, Widened> && !magnitudes)
    return elements;
  storage.resize(count * sizeof(Widened));
  auto *copy = reinterpret_cast<Widened *>(storage.data());
  for (int64_t i = 0; i < count; ++i) {
    Widened value = widened(elements[i]);
    copy[i] = magnitudes ? std::fabs(value) : value;
  }
  return copy;
}

template <typename Wide>
std::vector<Wide> ConvolutionCheck::reals(Operands operands,
                                          bool magnitudes) const {
  size_t numInputs = data.size() - 1;
  std::vector<std::vector<std::byte>> storage(numInputs);
  SmallVector<const void *> inputs(operands, operands + numInputs);
  for (size_t i = 0; i < numInputs; ++i)
    visitFloat(data[i].type, [&](auto element) {
      inputs[i] =
          forKernel(static_cast<const decltype(element) *>(operands[i]),
                    data[i].count, magnitudes, storage[i]);
    });
  std::vector<Wide> values(output().count);
  visitFloat(output().type, [&](auto element) {
    auto *from = static_cast<const decltype(element) *>(init(operands));
    for (int64_t i = 0; i < output().count; ++i) {
      Wide value = widened(from[i]);
      values[i] = magnitudes ? std::fabs(value) : value;
    }
  });
  kernels->run(kernel, inputs, values.data());
  return values;
}

template <typename Integer>
std::vector<Integer> ConvolutionCheck::integers(Operands operands) const {
  auto *from = static_cast<const Integer *>(init(operands));
  std::vector<Integer> values(from, from + output().count);
  kernels->run(kernel,
               SmallVector<const void *>(operands, operands + data.size() - 1),
               values.data());
  return values;
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

template <typename Wide>
void ConvolutionCheck::checkReals(Operands operands, const void *got,
                                  Judge &judge) const {
  Tolerance tolerance = toleranceFor(operands);
  std::vector<Wide> expected = reals<Wide>(operands, /*magnitudes=*/false);
  std::vector<Wide> magnitudes;
  if (!tolerance.isProvenExact())
    magnitudes = reals<Wide>(operands, /*magnitudes=*/true);
  visitFloat(output().type, [&](auto element) {
    auto *values = static_cast<const decltype(element) *>(got);
    for (int64_t i = 0; i < output().count; ++i)
      judge.judge(i, widened(values[i]), expected[i],
                  magnitudes.empty() ? 0 : magnitudes[i], tolerance);
  });
}

void ConvolutionCheck::checkSamples(Operands operands, const void *got,
                                    Judge &judge) const {
  SampledConvolution sampled;
  sampled.geometry = geometry;
  sampled.combiner = body.combiner;
  sampled.ignoresNaN = body.ignoresNaN;
  sampled.type = output().type;
  sampled.init = init(operands);
  for (const Factor &factor : body.factors) {
    SampledConvolution::Input input;
    input.type = data[factor.operand].type;
    input.cast = factor.cast;
    input.data = operands[factor.operand];
    if (factor.zeroPoint)
      visitInteger(data[*factor.zeroPoint].type, [&](auto element) {
        using T = decltype(element);
        T value = *static_cast<const T *>(operands[*factor.zeroPoint]);
        input.zeroPoint = factor.zeroPointCast == CastKind::ExtUI
                              ? static_cast<std::make_unsigned_t<T>>(value)
                              : static_cast<int64_t>(value);
      });
    sampled.inputs.push_back(input);
  }

  std::vector<std::vector<int64_t>> positions =
      samplePositions(geometry, split, seed);
  Tolerance tolerance = toleranceFor(operands);
  std::vector<SampledValue> expected =
      computeSamples(sampled, positions, !tolerance.isProvenExact());
  for (size_t n = 0; n < positions.size(); ++n) {
    const SampledValue &value = expected[n];
    int64_t index = 0;
    for (size_t d = 0; d < geometry.output.shape.size(); ++d)
      index = index * geometry.output.shape[d] +
              geometry.output.map[d].evaluate(positions[n]);
    visitFloat(output().type, [&](auto element) {
      judge.judge(index,
                  widened(static_cast<const decltype(element) *>(got)[index]),
                  value.real, value.magnitude, tolerance);
    });
    visitInteger(output().type, [&](auto element) {
      judge.judge(index, static_cast<const decltype(element) *>(got)[index],
                  value.integer);
    });
  }
}

void ConvolutionCheck::check(Operands operands, const void *got,
                             CheckReport &report) const {
  Judge judge(name(), geometry.output.shape, report);
  if (sample)
    return checkSamples(operands, got, judge);
  if (needsLongDouble())
    return checkReals<long double>(operands, got, judge);
  if (runtime::isFloat(output().type))
    return checkReals<double>(operands, got, judge);
  visitInteger(output().type, [&](auto element) {
    using Integer = decltype(element);
    std::vector<Integer> expected = integers<Integer>(operands);
    for (int64_t i = 0; i < output().count; ++i)
      judge.judge(i, static_cast<const Integer *>(got)[i], expected[i]);
  });
}

//===----------------------------------------------------------------------===//
// Without records
//===----------------------------------------------------------------------===//

/// `value` rounded to the nearest element, ties to even.
static void round(double value, F16 &to) {
  llvm::APFloat number(value);
  bool losesInfo;
  number.convert(llvm::APFloat::IEEEhalf(), llvm::APFloat::rmNearestTiesToEven,
                 &losesInfo);
  to.bits = number.bitcastToAPInt().getZExtValue();
}
static void round(double value, BF16 &to) {
  llvm::APFloat number(value);
  bool losesInfo;
  number.convert(llvm::APFloat::BFloat(), llvm::APFloat::rmNearestTiesToEven,
                 &losesInfo);
  to.bits = number.bitcastToAPInt().getZExtValue();
}
static void round(double value, float &to) { to = value; }
static void round(long double value, double &to) { to = value; }

template <typename Wide>
Result<int64_t> ConvolutionCheck::computeReals(Operands operands,
                                               void *output) const {
  Tolerance tolerance = toleranceFor(operands);
  if (!tolerance.isProvenExact()) {
    std::string reason;
    if (!tolerance.isIntegral) {
      reason = "its data are no integers";
    } else {
      std::vector<Wide> sizes = reals<Wide>(operands, /*magnitudes=*/true);
      double largest = *llvm::max_element(sizes);
      if (!(largest <= tolerance.exactLimit()))
        reason = "its magnitude is " + std::to_string(largest) +
                 " where at most " + std::to_string(tolerance.exactLimit()) +
                 " is exact";
    }
    if (!reason.empty())
      return Error{"'" + name() +
                   "' shares its program with other convolutions, so that the "
                   "results alone can be compared, which needs exact sums, "
                   "but " +
                   reason +
                   "; give integers of smaller size, or a program of its own "
                   "to each convolution"};
  }
  std::vector<Wide> values = reals<Wide>(operands, /*magnitudes=*/false);
  visitFloat(this->output().type, [&](auto element) {
    for (size_t i = 0; i < values.size(); ++i)
      round(values[i], static_cast<decltype(element) *>(output)[i]);
  });
  return 0;
}

Result<int64_t> ConvolutionCheck::compute(Operands operands,
                                          void *output) const {
  ElementType type = this->output().type;
  if (needsLongDouble())
    return computeReals<long double>(operands, output);
  if (runtime::isFloat(type))
    return computeReals<double>(operands, output);
  visitInteger(type, [&](auto element) {
    using Integer = decltype(element);
    llvm::copy(integers<Integer>(operands), static_cast<Integer *>(output));
  });
  return 0;
}
