//===- Reference.h - a partitioned run against a serial one -----*- C++ -*-===//
//
// The module runs once more, unpartitioned, compiled by the JIT. Where a
// partitioned convolution stands, its operands are those of the reference, its
// values are compared with what the partitioned run recorded, and the recorded
// values go on: everything behind computes on identical data, so a rounding
// error of one convolution is never taken for a fault of another.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_CHECK_REFERENCE_H
#define DCONV_CHECK_REFERENCE_H

#include "dconv/Check/Report.h"
#include "dconv/Geometry/Result.h"

#include "mlir/IR/BuiltinOps.h"

#include <cstddef>
#include <vector>

namespace dconv {

/// A convolution that ran on devices.
struct PartitionedConvolution {
  std::string name;  ///< "func#index", as in convolutionsOf
  std::string split; ///< SPEC; empty where it is not divided
  /// Whether each execution is in CheckedRun::records. It cannot be where one
  /// program holds several convolutions: then the reference computes it, and
  /// what follows from it shows in the results.
  bool isRecorded = true;
};

/// What one execution of a convolution returned: dense and row-major.
struct ConvolutionRecord {
  std::string name;
  std::vector<std::byte> output;
};

/// One run of the entry function, with its convolutions on devices.
struct CheckedRun {
  std::string entry;
  /// Of each argument the data before the run (a scalar is pointed to), of each
  /// result the data after it.
  std::vector<const void *> arguments, results;
  std::vector<PartitionedConvolution> convolutions;
  std::vector<ConvolutionRecord> records; ///< in order of execution
};

struct CheckOptions {
  /// A few thousand seeded values of each execution, from the definition (see
  /// Samples.h), instead of all.
  bool sample = false;
  uint64_t seed = 1;
};

/// Compares `run` with `module`: level 0, without plans, not changed. The
/// context has all upstream dialects and their interfaces registered.
///
/// Integers, maxima and minima must be equal. So must a sum of floats where the
/// data are integers, its magnitude sum|x||w| + |init| is at most 2^24 (2^53
/// where it is accumulated in f64) and the result can be represented. Any other
/// sum may differ by
///
///     2 gamma(K + P + 1) magnitude + u_out |expected|,
///     gamma(n) = n u / (1 - n u)
///
/// for K terms, P partial sums, u of the accumulator and u_out of the result.
/// The expected value is accumulated in f64, that of f64 in long double. The
/// results of the entry function must be equal. NaN equals NaN. An execution
/// that is missing, superfluous or out of order is one wrong value, and ends
/// the comparison.
///
/// `values` counts those of convolutions and of results; a result that is the
/// value of a recorded convolution is compared but not counted twice.
///
/// An error where `run` does not fit `module`, the reference does not compile,
/// or a convolution without records has sums that are not exact, so that
/// nothing certain follows from the results.
Result<CheckReport> checkRun(mlir::ModuleOp module, const CheckedRun &run,
                             const CheckOptions &options = {});

} // namespace dconv

#endif // DCONV_CHECK_REFERENCE_H
