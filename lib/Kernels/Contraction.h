//===- Contraction.h - the roles of loops in a product ----------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_CONTRACTION_H
#define DCONV_LIB_KERNELS_CONTRACTION_H

#include "Nest.h"

namespace dconv::kernels {

/// A nest y += a * b whose vectors run along the columns of `b` and `y` while
/// elements of `a` are broadcast. Convolutions of many channels, and their
/// derivatives, are all of this form.
struct Contraction {
  /// Positions in the inputs of the nest.
  unsigned a = 0, b = 1;
  /// Of b and y, which it walks element by element.
  unsigned columns = 0;
  /// Loops that b does not depend on, the one of the smallest steps in y last.
  llvm::SmallVector<unsigned> rows;
  /// Loops of y that b depends on, other than the columns: groups.
  llvm::SmallVector<unsigned> groups;
  /// The reduction loops: taps, the one of the smallest steps last, around the
  /// run, which walks a element by element where a loop does.
  llvm::SmallVector<unsigned> taps;
  unsigned run = 0;

  /// Positions of b's columns that lie in one panel.
  int64_t panelBlock(const Nest &nest) const;
};

/// The roles of the loops of `nest`, or nothing if it is no contraction.
std::optional<Contraction> findContraction(const Nest &nest);

/// Reads `op` as a contraction; with `layouts` as for `readNest`. Bounds that
/// would leave it with a run of few elements are dropped: short runs cost more
/// than skipped taps save.
std::optional<std::pair<Nest, Contraction>>
readContraction(mlir::linalg::GenericOp op,
                llvm::ArrayRef<BoundedPosition> bounds,
                llvm::ArrayRef<BufferLayout> layouts = {});

/// A run of fewer elements is short.
inline constexpr int64_t kShortRun = 16;

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_CONTRACTION_H
