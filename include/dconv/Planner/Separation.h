//===- Separation.h - filters that are products of two ----------*- C++ -*-===//
//
// A filter that is first[tap, shared] * second[all loops but tap] is two
// smaller filters, one after the other. For each value of the shared loops that
// is a question of rank: are the filter's rows, one per tap, all multiples of
// one row?
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_PLANNER_SEPARATION_H
#define DCONV_PLANNER_SEPARATION_H

#include "dconv/Planner/WeightStatistics.h"

namespace dconv {

struct Separation {
  /// The factors, integers or floats as the filter is. The dims of `first` are
  /// the shared loops, ascending, and then the tap; those of `second` all loops
  /// of the filter but the tap, ascending.
  FilterValues first, second;
  /// Each product is the filter's value, exactly.
  bool exact = false;
  /// |filter - first * second| / |filter| in the Frobenius norm; of the nearest
  /// floats where not exact, whatever the filter is made of.
  double distance = 0;
};

/// Separates loop `tap` of the filter that `access` reads `values` by. `shared`
/// are further loops of it, ascending.
///
/// Exact where it can be: integers, and floats that are integers times one
/// power of two as far as 62 bits reach, are compared by cross products. Then
/// the values of `first` along the tap have no common divisor and the first
/// that is not 0 is positive. Otherwise the factors are the nearest ones, by
/// the largest singular value, as floats. An error where a value is infinite or
/// no number.
Result<Separation> separate(const LoopStrides &access,
                            const FilterValues &values, unsigned tap,
                            const std::vector<unsigned> &shared);

} // namespace dconv

#endif // DCONV_PLANNER_SEPARATION_H
