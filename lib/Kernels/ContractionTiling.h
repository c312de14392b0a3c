//===- ContractionTiling.h - register tile and loop order -------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_CONTRACTIONTILING_H
#define DCONV_LIB_KERNELS_CONTRACTIONTILING_H

#include "Contraction.h"
#include "dconv/Kernels/Target.h"

namespace dconv::kernels {

/// How one step multiplies and adds: so many positions of the run at once, and
/// what that costs in operations on vectors.
struct StepCost {
  int64_t group = 1;
  /// Operations per accumulator, per vector of b and per row of a.
  double perAccumulator = 1, perColumns = 0, perRow = 0;
  /// Registers it needs beside accumulators, vectors of b and one row of a.
  int64_t registers = 0;
  /// The fewest lanes of an accumulator.
  int64_t minLanes = 1;
};

/// `count` tiles of `size` positions of a loop, the first at `begin`.
struct TileSpan {
  int64_t begin, count, size;
};

/// At most two spans whose sizes differ by one, each at most `most`.
llvm::SmallVector<TileSpan, 2> evenSpans(int64_t extent, int64_t most);

/// The part of a panel that tiles of one kind cover: `count` of `vectors`
/// vectors each, of which the last has `lastLanes` lanes.
struct ColumnSpan {
  int64_t begin, count, vectors, lastLanes;
};

/// The spans that cover `width` columns with tiles of `vectors` vectors.
llvm::SmallVector<ColumnSpan, 2> vectorSpans(int64_t width, int64_t lanes,
                                             int64_t vectors);

/// A register tile of some rows and columns, and the order of what is around
/// it.
struct ContractionTiling {
  int64_t lanes = 1;
  /// Vectors of a tile side by side.
  int64_t vectors = 1;
  /// The most positions a tile takes of each of the contraction's rows.
  llvm::SmallVector<int64_t> rows;
  /// Steps of the run in the innermost body.
  int64_t unroll = 1;
  /// Tiles side by side go through all rows before the next ones, so that what
  /// they read of b stays in a cache; else all columns are done for some rows.
  bool columnsOutside = false;

  int64_t numRows() const;
  /// The tiles that cover `width` columns.
  llvm::SmallVector<ColumnSpan, 2> columnSpans(int64_t width) const;
};

/// The tiling with the lowest estimated time. With `packable`, any tile may be
/// a panel of b; else tiles divide the panels that are there.
ContractionTiling chooseContractionTiling(const Nest &nest,
                                          const Contraction &contraction,
                                          const StepCost &step,
                                          const KernelTarget &target,
                                          bool packable = false);

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_CONTRACTIONTILING_H
