//===- LaneStep.h - one step of a depthwise nest ----------------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_LANESTEP_H
#define DCONV_LIB_KERNELS_LANESTEP_H

#include "DepthwiseTiling.h"
#include "VectorLoads.h"

namespace dconv::kernels {

/// How lanes are combined that never meet: inputs are brought to the type of
/// the output, element by element.
class LaneStep {
public:
  LaneStep(const Nest &nest, const Depthwise &roles);

  LaneCost cost() const;

  /// The first `active` of `lanes` elements of `input` from `index` on.
  mlir::Value emitInput(mlir::OpBuilder &builder, mlir::Location loc,
                        unsigned input, const FlatBuffer &buffer,
                        mlir::Value index, int64_t lanes, int64_t active) const;
  /// `accumulator` and the product of `a` and `b`, or a alone where b is null.
  mlir::Value emitCombine(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value accumulator, mlir::Value a,
                          mlir::Value b) const;

private:
  const Nest &nest;
  const Depthwise &roles;
};

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_LANESTEP_H
