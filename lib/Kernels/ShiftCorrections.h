//===- ShiftCorrections.h - sums without their zero points ------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_SHIFTCORRECTIONS_H
#define DCONV_LIB_KERNELS_SHIFTCORRECTIONS_H

#include "ColumnLoads.h"
#include "TapBounds.h"

namespace dconv::kernels {

/// What the sums of a' and b' lack of those of a and b, over the K positions of
/// the taps that a tile uses:
///
///     K * shift(a) * shift(b) - shift(a) * sum(b') - shift(b) * sum(a')
///
/// The sums of b' are kept for each column, and for each tap that not all tiles
/// use. Those of a' are taken by each tile, where shift(b) is not zero.
class ShiftCorrections {
public:
  ShiftCorrections(const Nest &nest, const Contraction &contraction,
                   const MultiplyAdd &step, const ContractionTiling &tiling,
                   const FlatBuffer &a, const ColumnLoads &loads);

  /// Whether sums of b' are needed: `emitTapSums` for all columns, before
  /// tiles.
  bool keepsSums() const { return step.hasShiftA(); }
  /// Makes room for sums.
  void allocate(mlir::OpBuilder &builder, mlir::Location loc);
  int64_t stepOfSums(unsigned loop) const { return steps[loop]; }
  /// Takes the sums of `columns`, whose elements in b start at `index`.
  void emitTapSums(mlir::OpBuilder &builder, mlir::Location loc,
                   const TileColumns &columns, mlir::Value index);
  /// Adds the corrections of a tile to its accumulators. `firstColumn` is its
  /// first of all columns, `rows` are where its rows begin in a.
  void apply(mlir::OpBuilder &builder, mlir::Location loc,
             const TileColumns &columns, mlir::Value firstColumn,
             mlir::Value indexA, llvm::ArrayRef<int64_t> rows,
             llvm::ArrayRef<TapRange> ranges,
             llvm::SmallVectorImpl<mlir::Value> &accumulators);

private:
  int64_t activeLanes(const TileColumns &columns, int64_t vector) const {
    return vector + 1 == columns.vectors ? columns.lastLanes : tiling.lanes;
  }
  llvm::SmallVector<mlir::Value> columnSums(mlir::OpBuilder &builder,
                                            mlir::Location loc,
                                            const TileColumns &columns,
                                            mlir::Value firstColumn,
                                            llvm::ArrayRef<TapRange> ranges);
  llvm::SmallVector<mlir::Value> rowSums(mlir::OpBuilder &builder,
                                         mlir::Location loc, mlir::Value indexA,
                                         llvm::ArrayRef<int64_t> rows,
                                         llvm::ArrayRef<TapRange> ranges,
                                         mlir::Value shift);
  mlir::Value zeros(mlir::OpBuilder &builder, mlir::Location loc) const;

  const Nest &nest;
  const Contraction &contraction;
  const MultiplyAdd &step;
  const ContractionTiling &tiling;
  const FlatBuffer &a;
  const ColumnLoads &loads;
  /// How far one more iteration of each loop is in the sums.
  llvm::SmallVector<int64_t> steps;
  Access accessSums;
  std::optional<FlatBuffer> sums;
};

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_SHIFTCORRECTIONS_H
