//===- Depthwise.h - the roles of loops where channels stay apart -*- C++ -*-=//

#ifndef DCONV_LIB_KERNELS_DEPTHWISE_H
#define DCONV_LIB_KERNELS_DEPTHWISE_H

#include "Nest.h"

namespace dconv::kernels {

/// A nest y += a * b, or y = combine(y, a), with a loop that walks all of its
/// buffers element by element: vectors run along it, and what they hold never
/// meets. Depthwise convolutions of channels-last images, their derivatives,
/// and poolings are of this form.
struct Depthwise {
  /// Positions in the inputs of the nest.
  unsigned a = 0;
  std::optional<unsigned> b;
  unsigned channels = 0;
  /// Loops of a and y that b does not depend on, the columns of the smaller
  /// steps; and the taps that overlap along them. A step of the rows moves a as
  /// far as `rowStep` steps of their taps: what a row of a holds serves several
  /// rows of y. There are rows only where that is so.
  std::optional<unsigned> column, columnTap, row, rowTap;
  int64_t rowStep = 0;
  /// The other loops of y, and the other reduction loops, those of the smallest
  /// steps last.
  llvm::SmallVector<unsigned> outer, taps;

  /// The extent of a loop that may be missing.
  static int64_t extentOf(const Nest &nest, std::optional<unsigned> loop) {
    return loop ? nest.loops[*loop].extent : 1;
  }
};

/// The roles of the loops of `nest`, or nothing if it is not of this form.
/// Turns reduction loops of the nest so that a moves forward, and drops bounds
/// that are none of a row of a.
std::optional<Depthwise> findDepthwise(Nest &nest);

/// Rows of a, counted in steps of the row taps from the first row of a tile on,
/// that rows `[firstRow, lastRow)` of the tile need and no others.
struct RowPhase {
  int64_t begin, end;
  int64_t firstRow, lastRow;
};

/// The phases of a tile of `numRows` rows, in order.
llvm::SmallVector<RowPhase> rowPhases(int64_t numRows, int64_t numTaps,
                                      int64_t rowStep);

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_DEPTHWISE_H
