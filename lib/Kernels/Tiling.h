//===- Tiling.h - which loops and sizes a kernel is tiled by ----*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_TILING_H
#define DCONV_LIB_KERNELS_TILING_H

#include "Nest.h"
#include "dconv/Kernels/Target.h"

namespace dconv::kernels {

/// `count` tiles of `size` steps each, the first at step `begin`.
struct TileRun {
  int64_t begin;
  int64_t count;
  int64_t size;
  /// The last step of the (only) tile is an incomplete vector.
  bool partial;
};

/// How a nest is computed with vectors.
///
/// The vector loop advances by `lanes` iterations a step, every other loop by
/// one; sizes below are in steps. A tile of m x n accumulators is kept in
/// registers while the reduction loops run. A parallel vector loop is the n
/// loop; with a vector loop that is a reduction, an accumulator is the vector
/// of partial sums of one output.
struct Tiling {
  unsigned vectorLoop = 0;
  int64_t lanes = 1;
  /// The loops of the register tile; nothing for a tile of size 1 that no loop
  /// moves.
  std::optional<unsigned> mLoop, nLoop;
  int64_t m = 1, n = 1;
  /// The loops around the register tile, outermost first; the m and n loops
  /// stand for the loops over tiles.
  llvm::SmallVector<unsigned> outerLoops;
  /// The reduction loops, outermost first, and how many steps of each (by
  /// position here) the innermost body holds.
  llvm::SmallVector<unsigned> reductionLoops;
  llvm::SmallVector<int64_t> unroll;

  /// Number of steps of `loop`, the incomplete one at its end included.
  int64_t numSteps(const Nest &nest, unsigned loop) const;
  /// Lanes of the incomplete last step of the vector loop, 0 if there is none.
  int64_t partialLanes(const Nest &nest) const;
  /// Elements that one step of `loop` moves `access` by.
  int64_t stepOf(const Access &access, unsigned loop) const;
  /// The tiles of the m or n loop: at most two sizes, which differ by one, and
  /// a run of its own for a tile that ends in an incomplete vector.
  llvm::SmallVector<TileRun, 3> tileRuns(const Nest &nest, unsigned loop) const;
};

/// The tiling with the lowest estimated time; it may want a reduction loop of
/// `nest` split in two, of which the outer one is then among the outer loops.
/// Nothing, with `why` set, if no loop can be a vector loop: the output must
/// advance by one element or not at all, and inputs by at most 4, for a loop of
/// the output, and inputs by one for a reduction.
std::optional<Tiling> chooseTiling(Nest &nest, const KernelTarget &target,
                                   std::string &why);

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_TILING_H
