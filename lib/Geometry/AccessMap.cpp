//===- AccessMap.cpp - affine maps from loops to tensor positions ---------===//

#include "dconv/Geometry/AccessMap.h"

#include <algorithm>

using namespace dconv;

int64_t LinearExpr::coefficientOf(unsigned loop) const {
  for (const Term &term : terms)
    if (term.loop == loop)
      return term.coefficient;
  return 0;
}

int64_t LinearExpr::evaluate(const std::vector<int64_t> &loops) const {
  int64_t position = constant;
  for (const Term &term : terms)
    position += term.coefficient * loops[term.loop];
  return position;
}

Interval dconv::footprint(const LinearExpr &expr, const Box &box) {
  if (box.empty())
    return {};
  Interval reached{expr.constant, expr.constant + 1};
  for (const Term &term : expr.terms) {
    int64_t first = term.coefficient * box[term.loop].begin;
    int64_t last = term.coefficient * (box[term.loop].end - 1);
    reached.begin += std::min(first, last);
    reached.end += std::max(first, last);
  }
  return reached;
}

Box dconv::footprint(const AccessMap &map, const Box &box) {
  Box result;
  for (const LinearExpr &expr : map)
    result.dims.push_back(footprint(expr, box));
  return result;
}

Result<Interval> dconv::checkedFootprint(const LinearExpr &expr,
                                         const std::vector<int64_t> &extents) {
  Interval reached{expr.constant, expr.constant};
  bool overflow = __builtin_add_overflow(reached.end, int64_t(1), &reached.end);
  for (const Term &term : expr.terms) {
    int64_t last;
    overflow |= __builtin_mul_overflow(term.coefficient,
                                       extents[term.loop] - 1, &last);
    int64_t &side = last < 0 ? reached.begin : reached.end;
    overflow |= __builtin_add_overflow(side, last, &side);
  }
  if (overflow)
    return Error{"a position reached does not fit 64 bits"};
  return reached;
}
