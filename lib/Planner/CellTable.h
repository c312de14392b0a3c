//===- CellTable.h - what the parts of a component hold ---------*- C++ -*-===//
//
// Like Division, for stripes of any lengths and with all that time and memory
// depend on. What a shard holds is a product over the components, of the
// numbers of the cell that it has in each.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_LIB_PLANNER_CELLTABLE_H
#define DCONV_LIB_PLANNER_CELLTABLE_H

#include "Components.h"

#include "dconv/Geometry/Stripes.h"

namespace dconv {

/// The shards at one combination of the parts of a component. Numbers of
/// elements and of messages are products over the dims of the component.
struct CellCounts {
  PerOperand<int64_t> held{1, 1, 1}; ///< read, within the tensor
  PerOperand<int64_t> owned{1, 1, 1};
  PerOperand<int64_t> common{1, 1, 1};     ///< held and owned
  PerOperand<int64_t> window{1, 1, 1};     ///< read, padding included
  PerOperand<int64_t> hull{1, 1, 1};       ///< of `owned` and `window`
  PerOperand<int64_t> sources{1, 1, 1};    ///< owners of what is held
  PerOperand<int64_t> self{1, 1, 1};       ///< 1 where it is one of them
  PerOperand<int64_t> served{1, 1, 1};     ///< what of its own is read by all
  PerOperand<bool> lies{true, true, true}; ///< reads its stripe, all of it
  int64_t macs = 1;
  /// Of these, those that read nothing but what the shard owns, and padding.
  int64_t interior = 1;
};

/// A dim of the result, which a reduction may divide again.
struct ResultDim {
  unsigned dim = 0;
  int64_t longest = 0;
  std::vector<int64_t> lengths; ///< of its stripes, each once
  std::vector<int64_t> ofCell;  ///< that of each cell
};

/// Numbers of which one cell has more and no other cell more of all.
struct HaloCell {
  int64_t held = 1, common = 1, sources = 1, self = 1;

  /// Whether no cost that grows with what is missing is greater for `o`.
  bool dominates(const HaloCell &o) const {
    return held >= o.held && common <= o.common && sources >= o.sources &&
           self <= o.self;
  }
};

/// What a stripe, a window and the hull of both take in a cell.
struct RoomCell {
  int64_t owned = 1, window = 1, hull = 1;

  /// Whether the hull saves no more memory here than in `o`.
  bool dominates(const RoomCell &o) const {
    return owned <= o.owned && window <= o.window && hull >= o.hull;
  }
};

/// A component whose loops are divided in given stripes.
class CellTable {
public:
  /// `stripes`: per loop of `component`, each not empty.
  CellTable(const Convolution &convolution, const Component &component,
            const std::vector<Stripes> &stripes);

  /// Row-major over the loops of the component.
  const std::vector<CellCounts> &cells() const { return all; }

  // What the cells have in common.
  PerOperand<int64_t> cut{1, 1, 1}; ///< parts that each operand is cut in
  PerOperand<int64_t> mostOwned{1, 1, 1}, mostWindow{1, 1, 1},
      mostHull{1, 1, 1};
  std::vector<ResultDim> resultDims;       ///< those of the component
  PerOperand<std::vector<HaloCell>> halos; ///< those not dominated
  PerOperand<std::vector<RoomCell>>
      rooms; ///< likewise, where something is owned
  PerOperand<double> sumHeld{0, 0, 0}, sumCommon{0, 0, 0}, sumSources{0, 0, 0},
      sumSelf{0, 0, 0};
  double interiorShare = 1; ///< least interior / macs

private:
  struct Dim;
  class Builder;
  std::vector<CellCounts> all;
};

/// The dim of the result whose stripes a reduction divides again in pieces, as
/// `scatteredLayout` does; of scalars, and without a reduction, none.
class PiecesDim {
public:
  /// `tables`: per component of `convolution`, and outlive this.
  PiecesDim(const Convolution &convolution,
            const std::vector<const CellTable *> &tables, int64_t pieces);

  int64_t pieces() const { return number; }
  /// Of the stripes along the dim; 1 without one.
  int64_t longest() const { return dim ? dim->longest : 1; }
  /// The component of the dim.
  unsigned component() const { return place; }
  /// Of the stripe of a cell of that component.
  int64_t lengthOf(int64_t cell) const { return dim ? dim->ofCell[cell] : 1; }
  /// Of a stripe of `length`, the longest piece.
  int64_t longestPiece(int64_t length) const {
    return (length + number - 1) / number;
  }
  /// Whether pieces are made of many short rows.
  bool cutsRows() const { return innermost; }

private:
  int64_t number;
  const ResultDim *dim = nullptr;
  unsigned place = 0;
  bool innermost = false;
};

} // namespace dconv

#endif // DCONV_LIB_PLANNER_CELLTABLE_H
