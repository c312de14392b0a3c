//===- LeastSquares.h - coefficients that are not negative ------*- C++ -*-===//

#ifndef DCONV_LIB_CALIBRATE_LEASTSQUARES_H
#define DCONV_LIB_CALIBRATE_LEASTSQUARES_H

#include <vector>

namespace dconv {

/// One measurement: what a time depends on, and the time.
struct Observation {
  std::vector<double> features; ///< each >= 0
  double seconds = 0;           ///< > 0
};

/// The coefficients, none negative, whose sums of coefficient * feature come
/// closest to the seconds: relative errors count, squared up to `outlier` and
/// no more than linearly beyond it, so that a few measurements that do not fit
/// the model do not spoil the others. A feature that is zero throughout gets
/// the coefficient 0.
std::vector<double> fitNonNegative(const std::vector<Observation> &observations,
                                   double outlier = 0.1);

} // namespace dconv

#endif // DCONV_LIB_CALIBRATE_LEASTSQUARES_H
