//===- AccessMap.h - affine maps from loops to tensor positions -*- C++ -*-===//
//
// A linalg op is an iteration space and one affine map per operand. The
// footprint of a box of that space is interval arithmetic on the map, for any
// sign of the coefficients.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_GEOMETRY_ACCESSMAP_H
#define DCONV_GEOMETRY_ACCESSMAP_H

#include "dconv/Geometry/Box.h"

namespace dconv {

/// coefficient * (value of loop number `loop`); the coefficient is not 0.
struct Term {
  unsigned loop = 0;
  int64_t coefficient = 1;

  bool operator==(const Term &o) const {
    return loop == o.loop && coefficient == o.coefficient;
  }
};

/// The position along one dim: sum of terms (each loop at most once, loops
/// ascending) + constant.
struct LinearExpr {
  std::vector<Term> terms;
  int64_t constant = 0;

  /// The coefficient of `loop`, 0 where it does not occur.
  int64_t coefficientOf(unsigned loop) const;
  bool uses(unsigned loop) const { return coefficientOf(loop) != 0; }
  int64_t evaluate(const std::vector<int64_t> &loops) const;

  bool operator==(const LinearExpr &o) const {
    return terms == o.terms && constant == o.constant;
  }
};

/// One expression per dim of the operand.
using AccessMap = std::vector<LinearExpr>;

/// Hull of the positions that the iterations of `box` reach, gaps of strides
/// included. Empty where the box is.
Interval footprint(const LinearExpr &expr, const Box &box);
Box footprint(const AccessMap &map, const Box &box);

/// An error where a position reached from `extents` does not fit 64 bits.
Result<Interval> checkedFootprint(const LinearExpr &expr,
                                  const std::vector<int64_t> &extents);

} // namespace dconv

#endif // DCONV_GEOMETRY_ACCESSMAP_H
