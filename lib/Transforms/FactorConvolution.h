//===- FactorConvolution.h - two convolutions for one -----------*- C++ -*-===//

#ifndef DCONV_LIB_TRANSFORMS_FACTORCONVOLUTION_H
#define DCONV_LIB_TRANSFORMS_FACTORCONVOLUTION_H

#include "dconv/IR/Recognize.h"
#include "dconv/Planner/Separation.h"

namespace dconv {

/// How a convolution becomes two. One has a single tap loop and, like a
/// depthwise convolution, no other reduction; it comes first, on the channels
/// of the input, or last, on those of the output. The other has the rest.
struct FactorPlan {
  unsigned tap = 0;
  bool isFirst = true;          ///< the single tap, before the rest
  std::vector<unsigned> shared; ///< channels and groups of the single tap
  int64_t macs = 0;             ///< of both
};

/// All ways to factor `convolution`, whose geometry with its padding is
/// `geometry`, the fewest multiply-adds first; only with two dims of taps. An
/// error where its operands are not read in a form that can be split.
Result<std::vector<FactorPlan>> factorPlans(RecognizedConvolution &convolution,
                                            const Convolution &geometry);

/// Whether the padding of the input makes products of zero, so that it may be
/// put around the tensor in between instead.
bool padsWithZero(RecognizedConvolution &convolution);

/// The dim of `map` that `loop` moves along, or -1.
int dimOf(const AccessMap &map, unsigned loop);

/// The output loop of a window of one output loop and one tap.
unsigned outputOf(const Convolution &geometry, const LinearExpr &window);

struct FactoredConvolution {
  mlir::Operation *single = nullptr; ///< with the one tap
  mlir::Operation *rest = nullptr;
  mlir::Value result; ///< of the type of the whole convolution
};

/// Before the op of `convolution` both convolutions of `plan`, with the factors
/// of its filter. What is between them is of the type of partial sums, so that
/// integers wrap as they would and floats are not rounded to a narrow type.
FactoredConvolution createFactors(mlir::OpBuilder &builder,
                                  RecognizedConvolution &convolution,
                                  const Convolution &geometry,
                                  const FactorPlan &plan,
                                  const Separation &separation);

/// Whether the exact factors of `separation` are numbers of the type of partial
/// sums.
bool fitsAccumulator(RecognizedConvolution &convolution,
                     const Separation &separation);

} // namespace dconv

#endif // DCONV_LIB_TRANSFORMS_FACTORCONVOLUTION_H
