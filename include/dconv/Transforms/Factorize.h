//===- Factorize.h - separable convolutions as two --------------*- C++ -*-===//

#ifndef DCONV_TRANSFORMS_FACTORIZE_H
#define DCONV_TRANSFORMS_FACTORIZE_H

#include "dconv/Transforms/Weights.h"

namespace dconv {

/// That a convolution is a factor of one that --dconv-factorize has replaced.
struct FactorOf {
  std::string convolution;       ///< the name that it had: "main#0"
  std::vector<std::string> taps; ///< which of its taps this factor has
  double distance = 0; ///< of the product from its filter, relative; 0: exact
};

/// What is noted on `convolution` (attribute `dconv.factor`), also within the
/// region of a dconv.sub_kernel.
std::optional<FactorOf> factorOf(mlir::Operation *convolution);

struct FactorizeOptions {
  /// The largest distance of the product from the filter, relative; of floats.
  double tolerance = 0;
};

struct FactorizeCounts {
  int64_t convolutions = 0; ///< that have been replaced
  int64_t macsSaved = 0;
};

/// Replaces each convolution of `module` at level 0 whose known weights are a
/// product by convolutions with the factors, where these need fewer
/// multiply-adds. Remarks say what was found. Convolutions with a plan or in a
/// sub-kernel stay as they are.
FactorizeCounts factorize(mlir::ModuleOp module, const GivenWeights &given,
                          const FactorizeOptions &options);

} // namespace dconv

#endif // DCONV_TRANSFORMS_FACTORIZE_H
