//===- Samples.cpp - values of a convolution from its definition ----------===//

#include "dconv/Check/Samples.h"

#include "Elements.h"

#include <algorithm>
#include <atomic>
#include <thread>

using namespace dconv;
using runtime::ElementType;

namespace {
/// How many terms are loaded at a time.
constexpr int64_t chunk = 1024;

/// A tensor by its strides: how far apart, in elements, consecutive iterations
/// of each loop are.
struct Access {
  int64_t start = 0;
  std::vector<int64_t> strides;

  explicit Access(const Operand &operand, unsigned numLoops);
  int64_t at(const std::vector<int64_t> &loops) const;
};

/// Adds up or compares the terms of one value, in `Real`.
template <typename Real> struct RealSum {
  using Number = double;
  const SampledConvolution &convolution;
  bool withMagnitude;
  Real value = 0;
  double magnitude = 0;

  void begin(int64_t offset);
  void load(unsigned input, int64_t offset, int64_t stride, int64_t count,
            double *to) const;
  void add(const double *a, const double *b, int64_t count);
  void end(SampledValue &result) const {
    result.real = value;
    result.magnitude = magnitude;
  }
};

/// The same for integers: modulo 2^64, which is right modulo any smaller power
/// of two.
struct IntegerSum {
  using Number = int64_t;
  const SampledConvolution &convolution;
  uint64_t value = 0;

  void begin(int64_t offset);
  void load(unsigned input, int64_t offset, int64_t stride, int64_t count,
            int64_t *to) const;
  void add(const int64_t *a, const int64_t *b, int64_t count);
  void end(SampledValue &result) const { result.integer = wrapped(value); }

private:
  /// `number` in the type of the output, with its sign.
  int64_t wrapped(uint64_t number) const {
    int unused = 64 - 8 * runtime::bytesOf(convolution.type);
    return static_cast<int64_t>(number << unused) >> unused;
  }
  /// Orders wrapped numbers as the combiner does.
  uint64_t rank(int64_t number) const {
    bool isSigned = convolution.combiner == CombinerKind::Max ||
                    convolution.combiner == CombinerKind::Min;
    int unused = 64 - 8 * runtime::bytesOf(convolution.type);
    uint64_t bits = static_cast<uint64_t>(number) << unused;
    return isSigned ? bits ^ uint64_t(1) << 63 : bits;
  }
};
} // namespace

Access::Access(const Operand &operand, unsigned numLoops)
    : strides(numLoops, 0) {
  int64_t stride = 1;
  for (size_t d = operand.shape.size(); d-- > 0; stride *= operand.shape[d]) {
    start += stride * operand.map[d].constant;
    for (const Term &term : operand.map[d].terms)
      strides[term.loop] += stride * term.coefficient;
  }
}

int64_t Access::at(const std::vector<int64_t> &loops) const {
  int64_t offset = start;
  for (size_t loop = 0; loop < loops.size(); ++loop)
    offset += strides[loop] * loops[loop];
  return offset;
}

//===----------------------------------------------------------------------===//
// Floats
//===----------------------------------------------------------------------===//

template <typename Real> void RealSum<Real>::begin(int64_t offset) {
  visitFloat(convolution.type, [&](auto element) {
    value = widened(static_cast<const decltype(element) *>(
        convolution.init)[offset]);
  });
  magnitude = std::fabs(static_cast<double>(value));
}

template <typename Real>
void RealSum<Real>::load(unsigned input, int64_t offset, int64_t stride,
                         int64_t count, double *to) const {
  const SampledConvolution::Input &source = convolution.inputs[input];
  visitFloat(source.type, [&](auto element) {
    auto *from = static_cast<const decltype(element) *>(source.data) + offset;
    if (stride == 1)
      for (int64_t i = 0; i < count; ++i)
        to[i] = widened(from[i]);
    else
      for (int64_t i = 0; i < count; ++i)
        to[i] = widened(from[i * stride]);
  });
}

/// The larger of `a` and `b`, or the smaller where both are negated.
template <typename Real>
static Real larger(Real a, Real b, bool ignoresNaN) {
  if (std::isnan(a) || std::isnan(b))
    return std::isnan(a) == ignoresNaN ? b : a;
  return std::max(a, b);
}

/// term(0) + ... + term(count - 1), as eight sums, for vector code.
template <typename Real, typename Term>
static Real sumOf(int64_t count, Term term) {
  Real sums[8] = {};
  int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (int lane = 0; lane < 8; ++lane)
      sums[lane] += term(i + lane);
  for (; i < count; ++i)
    sums[0] += term(i);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) +
         ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

template <typename Real>
void RealSum<Real>::add(const double *a, const double *b, int64_t count) {
  if (convolution.combiner != CombinerKind::Add) {
    Real sign = convolution.combiner == CombinerKind::Max ? 1 : -1;
    for (int64_t i = 0; i < count; ++i)
      value = sign * larger<Real>(sign * value, sign * a[i],
                                  convolution.ignoresNaN);
    return;
  }
  value += sumOf<Real>(
      count, [=](int64_t i) { return static_cast<Real>(a[i]) * b[i]; });
  if (withMagnitude)
    magnitude += sumOf<double>(
        count, [=](int64_t i) { return std::fabs(a[i] * b[i]); });
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

void IntegerSum::begin(int64_t offset) {
  visitInteger(convolution.type, [&](auto element) {
    value = static_cast<const decltype(element) *>(convolution.init)[offset];
  });
}

void IntegerSum::load(unsigned input, int64_t offset, int64_t stride,
                      int64_t count, int64_t *to) const {
  const SampledConvolution::Input &source = convolution.inputs[input];
  visitInteger(source.type, [&](auto element) {
    using T = decltype(element);
    auto *from = static_cast<const T *>(source.data) + offset;
    bool isUnsigned = source.cast == CastKind::ExtUI;
    for (int64_t i = 0; i < count; ++i) {
      T number = from[i * stride];
      to[i] = isUnsigned ? static_cast<std::make_unsigned_t<T>>(number)
                         : static_cast<int64_t>(number);
      to[i] = static_cast<uint64_t>(to[i]) - source.zeroPoint;
    }
  });
}

void IntegerSum::add(const int64_t *a, const int64_t *b, int64_t count) {
  CombinerKind combiner = convolution.combiner;
  if (combiner == CombinerKind::Add) {
    for (int64_t i = 0; i < count; ++i)
      value += static_cast<uint64_t>(a[i]) * static_cast<uint64_t>(b[i]);
    return;
  }
  bool isMax =
      combiner == CombinerKind::Max || combiner == CombinerKind::MaxUnsigned;
  for (int64_t i = 0; i < count; ++i)
    if (isMax ? rank(a[i]) > rank(value) : rank(a[i]) < rank(value))
      value = a[i];
}

//===----------------------------------------------------------------------===//
// One value after the other
//===----------------------------------------------------------------------===//

namespace {
/// Walks the reductions of one value, the innermost in chunks.
class SampleWalker {
public:
  explicit SampleWalker(const SampledConvolution &convolution);

  template <typename Sum>
  void walk(Sum sum, std::vector<int64_t> loops, SampledValue &result) const;

private:
  const SampledConvolution &convolution;
  std::vector<Access> inputs;
  Access output;
  std::vector<unsigned> outer; ///< reductions but the innermost
  int innermost = -1;          ///< or none
};
} // namespace

SampleWalker::SampleWalker(const SampledConvolution &convolution)
    : convolution(convolution),
      output(convolution.geometry.output, convolution.geometry.numLoops()) {
  const Convolution &geometry = convolution.geometry;
  for (const Operand &input : geometry.inputs)
    inputs.emplace_back(input, geometry.numLoops());

  // Innermost is the loop with the most terms per cache line.
  double best = 0;
  for (unsigned loop = 0; loop < geometry.numLoops(); ++loop) {
    if (!geometry.isReduction(loop))
      continue;
    double lines = 1;
    for (const Access &input : inputs)
      lines += std::min<int64_t>(std::abs(input.strides[loop]), 16);
    double gain = std::min<int64_t>(geometry.extents[loop], chunk) / lines;
    if (gain > best) {
      best = gain;
      innermost = loop;
    }
  }
  for (unsigned loop = 0; loop < geometry.numLoops(); ++loop)
    if (geometry.isReduction(loop) && static_cast<int>(loop) != innermost)
      outer.push_back(loop);
}

template <typename Sum>
void SampleWalker::walk(Sum sum, std::vector<int64_t> loops,
                        SampledValue &result) const {
  using Number = typename Sum::Number;
  const std::vector<int64_t> &extents = convolution.geometry.extents;
  Number terms[2][chunk];
  std::fill_n(terms[1], chunk, Number(1)); // a pooling has one factor
  sum.begin(output.at(loops));
  for (;;) {
    for (int64_t begin = 0; begin < extents[innermost]; begin += chunk) {
      int64_t count = std::min(chunk, extents[innermost] - begin);
      loops[innermost] = begin;
      for (unsigned i = 0; i < inputs.size(); ++i)
        sum.load(i, inputs[i].at(loops), inputs[i].strides[innermost], count,
                 terms[i]);
      sum.add(terms[0], terms[1], count);
    }
    size_t n = outer.size();
    while (n-- > 0 && ++loops[outer[n]] == extents[outer[n]])
      loops[outer[n]] = 0;
    if (n == size_t(-1))
      break;
  }
  sum.end(result);
}

std::vector<SampledValue>
dconv::computeSamples(const SampledConvolution &convolution,
                      const std::vector<std::vector<int64_t>> &positions,
                      bool withMagnitude) {
  SampleWalker walker(convolution);
  std::vector<SampledValue> values(positions.size());
  std::atomic<size_t> next{0};
  auto work = [&] {
    for (size_t i; (i = next++) < positions.size();) {
      if (!runtime::isFloat(convolution.type))
        walker.walk(IntegerSum{convolution}, positions[i], values[i]);
      else if (convolution.type == ElementType::F64)
        walker.walk(RealSum<long double>{convolution, withMagnitude},
                    positions[i], values[i]);
      else
        walker.walk(RealSum<double>{convolution, withMagnitude}, positions[i],
                    values[i]);
    }
  };
  unsigned numThreads = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  while (threads.size() + 1 < std::min<size_t>(numThreads, positions.size()))
    threads.emplace_back(work);
  work();
  for (std::thread &thread : threads)
    thread.join();
  return values;
}
