//===- RealPairs.h - iterations of a window that read no padding -*- C++ -*-==//

#ifndef DCONV_LIB_PLANNER_REALPAIRS_H
#define DCONV_LIB_PLANNER_REALPAIRS_H

#include "dconv/Geometry/AccessMap.h"

namespace dconv {

/// Number of pairs (a, b) of first x second whose position
/// firstCoefficient * a + secondCoefficient * b + constant lies in
/// [0, extent), in logarithmic time. The coefficients are not 0.
int64_t countRealPairs(int64_t firstCoefficient, Interval first,
                       int64_t secondCoefficient, Interval second,
                       int64_t constant, int64_t extent);

/// The values a with coefficient * a + constant in `positions`, which is not
/// empty. The coefficient is not 0.
Interval valuesInside(int64_t coefficient, int64_t constant,
                      Interval positions);

} // namespace dconv

#endif // DCONV_LIB_PLANNER_REALPAIRS_H
