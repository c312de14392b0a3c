//===- MultiplyAdd.h - one step of a contraction ----------------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_MULTIPLYADD_H
#define DCONV_LIB_KERNELS_MULTIPLYADD_H

#include "ContractionTiling.h"
#include "VectorLoads.h"

namespace dconv::kernels {

/// How a contraction multiplies and adds: which instruction, over how many
/// positions of the run at once, and in what form it takes its inputs.
///
/// Where the instruction takes the inputs without their zero points, or with
/// another sign than they have, the sums come out as of a' and b' with
///
///     a - zeroPoint(a) = a' - shift(a),   b - zeroPoint(b) = b' - shift(b)
///
/// and the caller corrects them by the sums of rows and of columns.
class MultiplyAdd {
public:
  /// The fastest step `target` has for the types of `nest`.
  MultiplyAdd(const Nest &nest, const Contraction &contraction,
              const KernelTarget &target);

  const StepCost &cost() const { return stepCost; }
  int64_t group() const { return stepCost.group; }
  /// Whether sums need shift(a), and shift(b), corrected.
  bool hasShiftA() const { return shifts && (flipA || zeroPointA); }
  bool hasShiftB() const { return shifts && (flipB || zeroPointB); }
  mlir::Value shiftA(mlir::OpBuilder &builder, mlir::Location loc) const;
  mlir::Value shiftB(mlir::OpBuilder &builder, mlir::Location loc) const;

  /// The lanes of an accumulator.
  void setLanes(int64_t count) { lanes = count; }
  mlir::VectorType accumulatorType() const;

  /// `count` elements of a from `index` on, in every lane; those up to the
  /// group are zero or meet zeros of b.
  mlir::Value emitRow(mlir::OpBuilder &builder, mlir::Location loc,
                      const FlatBuffer &a, mlir::Value index,
                      int64_t count) const;
  /// The value of `emitRow` for ones in place of a.
  mlir::Value emitOnes(mlir::OpBuilder &builder, mlir::Location loc) const;
  /// Brings `columns`, a group of elements of b for each lane, into the form
  /// the step takes; past `count` in each group they are zero.
  mlir::Value emitColumns(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value columns, int64_t count) const;
  mlir::Value emitCombine(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value accumulator, mlir::Value row,
                          mlir::Value columns) const;

  /// Adds `count` adjacent elements of a' from `index` on to the lanes of
  /// `sums`; at most `elementsPerSum()`.
  mlir::Value emitElementSums(mlir::OpBuilder &builder, mlir::Location loc,
                              const FlatBuffer &a, mlir::Value index,
                              int64_t count, mlir::Value sums) const;
  int64_t elementsPerSum() const { return lanes * group(); }

private:
  enum class Kind {
    PerElement, ///< casts, then a fused or separate multiply and add
    DotBf16,    ///< pairs of bf16 to f32
    DotI8,      ///< fours of unsigned times signed bytes to i32
    DotI16,     ///< pairs of i16 to i32
  };
  bool chooseDot(const Nest &nest, const KernelTarget &target);
  /// Every byte with its sign inverted, where its place in its group is below
  /// `count` and in the vector below `active`.
  mlir::Value invertSigns(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value bytes, int64_t count,
                          int64_t active) const;
  mlir::Value castElements(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value value, const InputValue &input,
                           mlir::Type element) const;

  Kind kind = Kind::PerElement;
  StepCost stepCost;
  InputValue inputA, inputB;
  mlir::Type type, elementA, elementB;
  mlir::Value zeroPointA, zeroPointB;
  /// The sums are those of a' and b'.
  bool shifts = false;
  /// The sign bit of an input is inverted.
  bool flipA = false, flipB = false;
  int64_t lanes = 1;
};

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_MULTIPLYADD_H
