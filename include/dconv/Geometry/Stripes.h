//===- Stripes.h - dividing an interval into stripes ------------*- C++ -*-===//

#ifndef DCONV_GEOMETRY_STRIPES_H
#define DCONV_GEOMETRY_STRIPES_H

#include "dconv/Geometry/Box.h"

namespace dconv {

/// Consecutive intervals that cover a dim, in order of position.
using Stripes = std::vector<Interval>;

/// `whole` in `parts` (>= 1) stripes whose lengths differ by at most one, the
/// longer ones first. Stripes are empty where there are more parts than
/// elements.
Stripes balancedStripes(Interval whole, int64_t parts);

/// [0, weights.size()) in `parts` stripes, none empty, so that the heaviest
/// weighs as little as it can. Weights are not negative, and there are 1 to
/// weights.size() parts. Of several such divisions the one whose stripes, from
/// the first on, come closest to equal lengths of what is left; where all
/// weights are equal that is `balancedStripes`.
Stripes stripesByWeight(const std::vector<int64_t> &weights, int64_t parts);

/// Stripes of the given lengths, from 0.
Stripes stripesOf(const std::vector<int64_t> &lengths);

} // namespace dconv

#endif // DCONV_GEOMETRY_STRIPES_H
