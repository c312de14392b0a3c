//===- Tolerance.h - how far a value may be off -----------------*- C++ -*-===//

#ifndef DCONV_LIB_CHECK_TOLERANCE_H
#define DCONV_LIB_CHECK_TOLERANCE_H

#include "dconv/Check/Report.h"
#include "dconv/Geometry/Convolution.h"
#include "dconv/Runtime/Program.h"

#include <limits>

namespace dconv {

/// The elements of an operand of floats, summarised. NaN is not an integer and
/// adds nothing to the sizes.
struct Statistics {
  double largest = 0; ///< |x|
  double sum = 0;     ///< of |x|
  bool isIntegral = true;
};
Statistics statisticsOf(runtime::ElementType type, const void *data,
                        int64_t count);

/// The allowed error of the values of one execution.
struct Tolerance {
  runtime::ElementType type = runtime::ElementType::F32; ///< of the result
  /// A sum of floats; anything else must be equal.
  bool isSum = false;
  bool isIntegral = false;   ///< all data of a sum are integers
  double maxMagnitude = 0;   ///< no value's magnitude is larger
  int64_t terms = 0;         ///< added up for one value
  int64_t partialSums = 1;   ///< added up for one value

  /// Up to this magnitude sums of integers are exact.
  double exactLimit() const;
  /// Whether every sum of the execution is exact, whatever its order.
  bool isProvenExact() const {
    return !isSum || (isIntegral && maxMagnitude <= exactLimit());
  }
  /// The bound of |got - expected|, 0 where they must be equal. Where sums are
  /// proven exact, `magnitude` may be 0.
  double bound(long double expected, double magnitude) const;
  /// Whether `got` is right, given what `bound` returned. Infinity is where the
  /// result, or a sum on the way to it, may exceed the type.
  bool accepts(long double got, long double expected, double magnitude,
               double bound) const;
};

/// The tolerance of sums over `geometry`, whose inputs and initial output are
/// summarised.
Tolerance toleranceOfSum(const Convolution &geometry,
                         const std::vector<Statistics> &inputs,
                         const Statistics &init, runtime::ElementType type,
                         int64_t partialSums);

/// Counts the values of one tensor in a report.
class Judge {
public:
  /// `name` is that of a convolution or a result.
  Judge(std::string name, std::vector<int64_t> shape, CheckReport &report)
      : name(std::move(name)), shape(std::move(shape)), report(report) {}

  void judge(int64_t index, long double got, long double expected,
             double magnitude, const Tolerance &tolerance);
  void judge(int64_t index, int64_t got, int64_t expected);
  /// Both of the same type; equal, or both NaN.
  void judgeEqual(runtime::ElementType type, const void *got,
                  const void *expected);

private:
  void wrong(int64_t index, const std::string &got,
             const std::string &expected, double bound);

  std::string name;
  std::vector<int64_t> shape;
  CheckReport &report;
};

} // namespace dconv

#endif // DCONV_LIB_CHECK_TOLERANCE_H
