//===- TapBounds.h - the taps that a tile needs -----------------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_TAPBOUNDS_H
#define DCONV_LIB_KERNELS_TAPBOUNDS_H

#include "Contraction.h"

namespace dconv::kernels {

/// Part of the iteration space: for each loop its first iteration, null for
/// zero, and the number of iterations.
struct Part {
  llvm::SmallVector<mlir::Value> begin;
  llvm::SmallVector<int64_t> size;
};

/// The taps of one loop that a tile needs, and how far each moves.
struct TapRange {
  mlir::Value begin, end;
  int64_t stepA = 0, stepB = 0, stepSums = 0;
};

/// Indices that move with the taps: in a, in b, and in sums kept for each tap.
struct TapPlace {
  mlir::Value a, b, sums;
};

/// Loops over `ranges` that carry `carried` through `body`.
llvm::SmallVector<mlir::Value>
emitTaps(mlir::OpBuilder &builder, mlir::Location loc,
         llvm::ArrayRef<TapRange> ranges, TapPlace place,
         llvm::SmallVector<mlir::Value> carried,
         llvm::function_ref<llvm::SmallVector<mlir::Value>(
             const TapPlace &, llvm::SmallVector<mlir::Value>)>
             body);

/// Whether the taps of `loop` that are needed depend on the tile.
bool isBounded(const Nest &nest, const Contraction &contraction, unsigned loop);

/// The first and the last but one of the taps of `loop` for which an iteration
/// of `part` reads inside the bounds of the nest; the sizes of the reduction
/// loops in `part` are ignored. Empty ranges may have their end before their
/// begin.
std::pair<mlir::Value, mlir::Value>
emitTapBounds(mlir::OpBuilder &builder, mlir::Location loc, const Nest &nest,
              const Part &part, unsigned loop);

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_TAPBOUNDS_H
