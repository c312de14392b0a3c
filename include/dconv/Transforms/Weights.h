//===- Weights.h - weights whose values are known ---------------*- C++ -*-===//
//
// The values come from constants of the module, or from files that are given
// for arguments of a function. A program that is rewritten for given values is
// right for these values only: whoever gives a file must run with it.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_TRANSFORMS_WEIGHTS_H
#define DCONV_TRANSFORMS_WEIGHTS_H

#include "dconv/IR/Recognize.h"
#include "dconv/Planner/WeightStatistics.h"

#include "mlir/IR/BuiltinOps.h"

namespace dconv {

/// Values of arguments of one function.
class GivenWeights {
public:
  /// Reads "0:f.npy,2:g.npy": argument number and file, for function `entry` of
  /// `module`. Empty text gives nothing. A diagnostic where the text, the
  /// function, an argument or a file is not as needed.
  static mlir::FailureOr<GivenWeights>
  read(mlir::ModuleOp module, llvm::StringRef text, llvm::StringRef entry);

  const FilterValues *find(mlir::Value value) const;

private:
  llvm::DenseMap<mlir::Value, FilterValues> values;
};

/// The elements of the static tensor `value`, or why they are not known. Looks
/// through constants, fills, reshapes, transposes, slices and conversions.
Result<FilterValues> valuesOf(mlir::Value value, const GivenWeights &given);

/// The filter of a convolution with two inputs as its body sees it: widened to
/// the type of the output, less its zero point, integers wrapped.
Result<FilterValues> filterOf(RecognizedConvolution &convolution,
                              const GivenWeights &given);

/// The value of a zero point, sign-extended from its type, where it is known.
std::optional<int64_t> zeroPointOf(RecognizedConvolution &convolution,
                                   const Factor &factor);

} // namespace dconv

#endif // DCONV_TRANSFORMS_WEIGHTS_H
