//===- Bounds.h - words that no schedule can avoid --------------*- C++ -*-===//
//
// Lower bounds for classical algorithms (every multiply-add is done, none
// twice, no FFT or Winograd), from inequalities between the iterations of a
// device and the elements they touch. Loops and tensors are those of
// Convolution; iterations that read padding count nothing.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_PLANNER_BOUNDS_H
#define DCONV_PLANNER_BOUNDS_H

#include "dconv/Geometry/Convolution.h"

namespace dconv {

/// The numbers of a convolution that its bounds depend on. Operands are the
/// inputs, then the output.
struct BoundTerms {
  std::vector<int64_t> elements; ///< per operand
  double macs = 0;               ///< multiply-adds that read no padding
  /// Per operand, at least the multiply-adds that touch one of its elements.
  std::vector<double> uses;
  /// Q: a product over the windows. With s and d the coefficients of the output
  /// loop and the tap loop, g their greatest common divisor, it is the least of
  /// ceil(taps * g / s), ceil(outputs * g / d), and the outputs, taps and
  /// positions of the input that take part in an iteration without padding.
  double reuse = 1;
};

/// An error where an expression has more than two loops, or the loops of a
/// window share more than one expression.
Result<BoundTerms> boundTerms(const Convolution &convolution);

/// x of one operand: no device that does `macs` multiply-adds touches fewer
/// elements, since none is used more than `uses` times.
double leastTouched(const BoundTerms &terms, unsigned operand, double macs);

/// L: the product of the elements of three operands that a device touches is at
/// least this where it does `macs` multiply-adds. The greater of
///
///   macs^2 / Q    For fixed k div (s / g), the elements of input, filter and
///                 output determine an iteration as in the inequality of Loomis
///                 and Whitney (1949), with exponents 1/2; the slices of the
///                 filter are disjoint, so Cauchy and Schwarz add up Q of them.
///   macs^(3/2)    Two of the elements determine an iteration, so each of three
///                 pairs has a product of at least macs.
double leastProduct(const BoundTerms &terms, double macs);

/// The least sum of the elements of all operands that a device touches where it
/// does `macs` multiply-adds and touches or owns at least `owned` of each:
/// min x1 + x2 + x3 with x1 x2 x3 >= L and each x at least its least. The three
/// cases are those of Al Daas, Ballard, Grigori, Kumar and Rouse, "Tight
/// memory-independent parallel matrix multiplication communication lower
/// bounds", SPAA 2022.
double leastTouchedSum(const BoundTerms &terms, double macs,
                       const std::vector<int64_t> &owned);

/// What a device may own of each operand: ceil(elements / devices), or the
/// largest share of a plan where that is more. `largestShare` may be empty.
std::vector<int64_t> ownedShares(const BoundTerms &terms, int64_t devices,
                                 const std::vector<int64_t> &largestShare);

/// Words, received of inputs and sent of partial sums, that some device cannot
/// avoid whatever its memory: with one copy of each tensor before and after,
/// and no device owning more than `owned`. Some device does at least the mean
/// of the work; what it touches and does not own moves. 0 where nothing needs
/// to move.
int64_t memoryIndependentBound(const BoundTerms &terms, int64_t devices,
                               const std::vector<int64_t> &owned);

/// Words that some device with a memory of `memory` words cannot avoid, or a
/// negative number, where element t of `wordsPerElement` is the size of an
/// element of operand t. For three operands, the greater of
///
///   C V / M - M                      with C = (p1 + p2 + p3)^2 / 4, or
///                                    p1 (p2 + p3) where p1 > p2 + p3
///   2 sqrt(p1 p2 p3 / (Q M)) V - 2 M
///
/// for V = macs / devices: the schedule is cut into pieces that move M, or 2 M,
/// words each; a piece touches at most what it moves and M, so the inequalities
/// of `leastProduct` bound its work. Source: Chen, Demmel, Dinh, Haberle and
/// Holtz, "Communication bounds for convolutional neural networks", PASC 2022.
/// An error for less than three operands.
Result<double> memoryDependentBound(const BoundTerms &terms, int64_t devices,
                                    double memory,
                                    const std::vector<double> &wordsPerElement);

} // namespace dconv

#endif // DCONV_PLANNER_BOUNDS_H
