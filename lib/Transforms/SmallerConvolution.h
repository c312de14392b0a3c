//===- SmallerConvolution.h - a convolution over fewer values ---*- C++ -*-===//

#ifndef DCONV_LIB_TRANSFORMS_SMALLERCONVOLUTION_H
#define DCONV_LIB_TRANSFORMS_SMALLERCONVOLUTION_H

#include "Slices.h"
#include "dconv/IR/Recognize.h"
#include "dconv/Planner/WeightStatistics.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace dconv {

/// The values of a loop that are kept: a progression, or runs.
struct KeptLoop {
  Progression progression;
  Stripes runs; ///< empty where the progression says it

  static KeptLoop all(int64_t extent) { return {{0, 1, extent}, {}}; }
  int64_t size() const;
  void forEach(llvm::function_ref<void(int64_t)> visit) const;
};

struct Smaller {
  mlir::Operation *convolution = nullptr;
  mlir::Value result; ///< of the type of the whole convolution
};

/// Before the op of `convolution`, whose geometry with its padding is
/// `geometry`, the same over the `kept` values of each loop. What a loop in the
/// output lacks is taken from the initial output. Where strides change, named
/// ops become generics unless their dilations can say it. An error, and no
/// change, where the loops could not be read from the smaller operands.
Result<Smaller> createSmaller(mlir::OpBuilder &builder,
                              RecognizedConvolution &convolution,
                              const Convolution &geometry,
                              const std::vector<KeptLoop> &kept);

} // namespace dconv

#endif // DCONV_LIB_TRANSFORMS_SMALLERCONVOLUTION_H
