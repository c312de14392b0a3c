//===- LaneStep.h - one step of a depthwise nest ----------------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_LANESTEP_H
#define DCONV_LIB_KERNELS_LANESTEP_H

#include "DepthwiseTiling.h"
#include "VectorLoads.h"

namespace dconv::kernels {

/// How lanes are combined that never meet: inputs are brought to the type of
/// the output, element by element, or two column taps are multiplied and added
/// at once.
class LaneStep {
public:
  LaneStep(const Nest &nest, const Depthwise &roles,
           const KernelTarget &target);

  const LaneCost &cost() const { return laneCost; }
  /// The column taps of a step.
  int64_t group() const { return laneCost.group; }

  /// The first `active` of `lanes` elements of `input` from `index` on.
  mlir::Value emitInput(mlir::OpBuilder &builder, mlir::Location loc,
                        unsigned input, const FlatBuffer &buffer,
                        mlir::Value index, int64_t lanes, int64_t active) const;
  /// The values of `emitInput` for the taps of a step, of which the last may be
  /// missing, as the step takes them.
  mlir::Value emitGroup(mlir::OpBuilder &builder, mlir::Location loc,
                        llvm::ArrayRef<mlir::Value> taps) const;
  /// `accumulator` and the product of `a` and `b`, or a alone where b is null.
  mlir::Value emitCombine(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value accumulator, mlir::Value a,
                          mlir::Value b) const;

private:
  enum class Kind {
    PerElement, ///< casts, then a fused or separate multiply and add
    DotBf16,    ///< pairs of bf16 to f32
    DotI16,     ///< pairs of i16 to i32
  };
  Kind chooseKind(const KernelTarget &target) const;
  /// The type that elements of the inputs have in a step.
  mlir::Type stepType() const;

  const Nest &nest;
  const Depthwise &roles;
  Kind kind;
  LaneCost laneCost;
};

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_LANESTEP_H
