//===- Tolerance.cpp - how far a value may be off -------------------------===//

#include "Tolerance.h"

#include "Elements.h"

#include <algorithm>
#include <cfloat>
#include <cstdio>

using namespace dconv;
using runtime::ElementType;

namespace {
/// A binary floating-point type.
struct Format {
  int digits;      ///< of the significand
  int minExponent; ///< of the least normal number, a power of two
  double largest;

  /// Half the distance of 1 to the next number, relative to 1.
  double unit() const { return std::ldexp(1.0, -digits); }
  /// Half of the least number above 0.
  double underflow() const { return std::ldexp(1.0, minExponent - digits); }
  bool represents(long double value) const;
};
} // namespace

static Format formatOf(ElementType type) {
  switch (type) {
  case ElementType::F16:
    return {11, -14, 65504};
  case ElementType::BF16:
    return {8, -126, 0x1.FEp127};
  case ElementType::F64:
    return {DBL_MANT_DIG, DBL_MIN_EXP - 1, DBL_MAX};
  default:
    return {FLT_MANT_DIG, FLT_MIN_EXP - 1, FLT_MAX};
  }
}

/// What sums of `type` are accumulated in.
static Format accumulatorOf(ElementType type) {
  return formatOf(type == ElementType::F64 ? type : ElementType::F32);
}

bool Format::represents(long double value) const {
  if (value == 0)
    return true;
  if (!(std::fabs(value) <= largest))
    return false;
  int exponent = std::max(std::ilogb(value), minExponent);
  long double places = std::ldexp(value, digits - 1 - exponent);
  return places == std::trunc(places);
}

//===----------------------------------------------------------------------===//
// Statistics
//===----------------------------------------------------------------------===//

Statistics dconv::statisticsOf(ElementType type, const void *data,
                               int64_t count) {
  Statistics result;
  visitFloat(type, [&](auto element) {
    auto *values = static_cast<const decltype(element) *>(data);
    for (int64_t i = 0; i < count; ++i) {
      double size = std::fabs(static_cast<double>(widened(values[i])));
      result.isIntegral &= size <= DBL_MAX && std::floor(size) == size;
      if (!std::isnan(size)) {
        result.largest = std::max(result.largest, size);
        result.sum += size;
      }
    }
  });
  return result;
}

/// How often one value can read the same element of `input` (at least), where
/// no two reductions share a dim of it; else 0: nothing known.
static int64_t repeatsOf(const Convolution &geometry, const Operand &input) {
  int64_t repeats = 1;
  for (unsigned loop = 0; loop < geometry.numLoops(); ++loop)
    if (geometry.isReduction(loop) &&
        std::none_of(input.map.begin(), input.map.end(),
                     [&](const LinearExpr &expr) { return expr.uses(loop); }))
      repeats *= geometry.extents[loop];
  for (const LinearExpr &expr : input.map)
    if (std::count_if(expr.terms.begin(), expr.terms.end(), [&](Term term) {
          return geometry.isReduction(term.loop);
        }) > 1)
      return 0;
  return repeats;
}

Tolerance dconv::toleranceOfSum(const Convolution &geometry,
                                const std::vector<Statistics> &inputs,
                                const Statistics &init, ElementType type,
                                int64_t partialSums) {
  Tolerance result;
  result.type = type;
  result.isSum = true;
  result.isIntegral = init.isIntegral;
  result.partialSums = partialSums;
  result.terms = 1;
  for (unsigned loop = 0; loop < geometry.numLoops(); ++loop)
    if (geometry.isReduction(loop))
      result.terms *= geometry.extents[loop];

  // Every term at its largest; or one factor at its largest and each element of
  // the other once.
  double largestProduct = 1;
  for (const Statistics &input : inputs) {
    result.isIntegral &= input.isIntegral;
    largestProduct *= input.largest;
  }
  double magnitude = result.terms * largestProduct;
  for (size_t i = 0; i < inputs.size(); ++i) {
    double others = 1;
    for (size_t j = 0; j < inputs.size(); ++j)
      others *= j == i ? 1 : inputs[j].largest;
    if (int64_t repeats = repeatsOf(geometry, geometry.inputs[i]))
      magnitude = std::min(magnitude, repeats * inputs[i].sum * others);
  }
  result.maxMagnitude = magnitude + init.largest;
  return result;
}

//===----------------------------------------------------------------------===//
// The rule
//===----------------------------------------------------------------------===//

double Tolerance::exactLimit() const {
  return std::ldexp(1.0, accumulatorOf(type).digits);
}

double Tolerance::bound(long double expected, double magnitude) const {
  if (!isSum)
    return 0;
  Format accumulator = accumulatorOf(type), result = formatOf(type);
  if (isIntegral && magnitude <= exactLimit() &&
      (result.digits == accumulator.digits || result.represents(expected)))
    return 0;
  // From n u = 1/2 on, gamma(n) gives way to 2 n u, which holds for any n.
  double nu = (static_cast<double>(terms) + partialSums + 1) *
              accumulator.unit();
  double gamma = nu < 0.5 ? nu / (1 - nu) : 2 * nu;
  double size = std::fabs(static_cast<double>(expected));
  double underflow =
      isIntegral ? 0
                 : (terms + 1.0) * accumulator.underflow() + result.underflow();
  return 2 * gamma * magnitude + result.unit() * size + underflow;
}

bool Tolerance::accepts(long double got, long double expected,
                        double magnitude, double bound) const {
  if (got == expected || (std::isnan(got) && std::isnan(expected)))
    return true;
  if (!isSum || !std::isfinite(expected))
    return false;
  if (std::isfinite(got))
    return std::fabs(got - expected) <= bound;
  if (magnitude + bound > accumulatorOf(type).largest)
    return true;
  Format result = formatOf(type);
  return std::isinf(got) && std::signbit(got) == std::signbit(expected) &&
         std::fabs(expected) + bound > result.largest;
}

//===----------------------------------------------------------------------===//
// Judge
//===----------------------------------------------------------------------===//

static std::string textOf(long double value, ElementType type) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*Lg",
                type == ElementType::F64 ? 17 : 9, value);
  return text;
}

void Judge::wrong(int64_t index, const std::string &got,
                  const std::string &expected, double bound) {
  if (report.wrong++ != 0)
    return;
  std::vector<int64_t> position(shape.size());
  for (size_t d = shape.size(); d-- > 0; index /= shape[d])
    position[d] = index % shape[d];
  report.firstWrong = name + " at [";
  for (size_t d = 0; d < position.size(); ++d)
    report.firstWrong += (d ? ", " : "") + std::to_string(position[d]);
  report.firstWrong += "] is " + got + " but " + expected + " is expected";
  if (bound > 0 && std::isfinite(bound))
    report.firstWrong +=
        ", at most " + textOf(bound, ElementType::F32) + " off";
}

void Judge::judge(int64_t index, long double got, long double expected,
                  double magnitude, const Tolerance &tolerance) {
  ++report.values;
  double bound = tolerance.bound(expected, magnitude);
  if (std::isfinite(bound))
    report.bound = std::max(report.bound, bound);
  double error = std::fabs(static_cast<double>(got - expected));
  if (std::isfinite(error))
    report.maxAbsError = std::max(report.maxAbsError, error);
  if (!tolerance.accepts(got, expected, magnitude, bound))
    wrong(index, textOf(got, tolerance.type), textOf(expected, tolerance.type),
          bound);
}

void Judge::judge(int64_t index, int64_t got, int64_t expected) {
  ++report.values;
  if (got == expected)
    return;
  double error = std::fabs(static_cast<double>(got) - expected);
  report.maxAbsError = std::max(report.maxAbsError, error);
  wrong(index, std::to_string(got), std::to_string(expected), 0);
}

void Judge::judgeEqual(ElementType type, const void *got,
                       const void *expected) {
  int64_t count = Box::whole(shape).volume();
  Tolerance equal;
  equal.type = type;
  visitFloat(type, [&](auto element) {
    using T = decltype(element);
    for (int64_t i = 0; i < count; ++i)
      judge(i, widened(static_cast<const T *>(got)[i]),
            widened(static_cast<const T *>(expected)[i]), 0, equal);
  });
  visitInteger(type, [&](auto element) {
    using T = decltype(element);
    for (int64_t i = 0; i < count; ++i)
      judge(i, static_cast<const T *>(got)[i],
            static_cast<const T *>(expected)[i]);
  });
}
