//===- ColumnLoads.h - vectors of b's columns -------------------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_COLUMNLOADS_H
#define DCONV_LIB_KERNELS_COLUMNLOADS_H

#include "MultiplyAdd.h"

namespace dconv::kernels {

/// The columns of b that a tile reads: where they are in their panel, and how
/// wide that is.
struct TileColumns {
  /// The first column of the panel, and of the tile in the panel.
  mlir::Value panelBegin, begin;
  int64_t width = 0;
  int64_t vectors = 1;
  /// Active lanes of the last vector.
  int64_t lastLanes = 0;
};

/// Reads steps of the run from b, whatever the groups it lies in: elements of
/// one column are brought together lane by lane.
class ColumnLoads {
public:
  ColumnLoads(const Nest &nest, const Contraction &contraction,
              const MultiplyAdd &step, const FlatBuffer &b);

  /// Positions of the run that are read together.
  int64_t unit() const { return std::max(step.group(), group); }
  /// How far the index moves for `count` positions of `loop`.
  int64_t stepOf(unsigned loop, const TileColumns &columns) const;
  /// The index of the panel.
  mlir::Value panelIndex(mlir::OpBuilder &builder, mlir::Location loc,
                         const TileColumns &columns) const;

  /// The columns of vector `vector` for each step of the `count` <= unit()
  /// positions of the run at `index`; the last step may be shorter.
  llvm::SmallVector<mlir::Value, 4> load(mlir::OpBuilder &builder,
                                         mlir::Location loc, mlir::Value index,
                                         const TileColumns &columns,
                                         int64_t vector, int64_t lanes,
                                         int64_t count) const;

private:
  /// Columns of some adjacent positions, those of a column next to each other.
  struct Piece {
    mlir::Value value;
    int64_t begin, count;
  };
  Piece join(mlir::OpBuilder &builder, mlir::Location loc, const Piece &first,
             const Piece &second, int64_t lanes) const;
  Piece cut(mlir::OpBuilder &builder, mlir::Location loc, const Piece &piece,
            int64_t begin, int64_t count, int64_t lanes) const;

  const Access &access;
  const Contraction &contraction;
  const MultiplyAdd &step;
  const FlatBuffer &buffer;
  int64_t group;
};

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_COLUMNLOADS_H
