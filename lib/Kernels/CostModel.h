//===- CostModel.h - estimated time of a tiling -----------------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_COSTMODEL_H
#define DCONV_LIB_KERNELS_COSTMODEL_H

#include "Tiling.h"

namespace dconv::kernels {

/// The loads of the innermost body of a tiling: m x n accumulators, each
/// combined with some steps of the reduction loops.
struct BodyShape {
  /// Distinct loads of each input.
  llvm::SmallVector<int64_t, 2> loads;
  /// The input that is loaded value by value, each used and forgotten; values
  /// of the other input stay in registers.
  unsigned streamed = 0;
  /// A streamed value serves several steps of the reduction loops, so the body
  /// goes through the streamed values and not through the steps.
  bool reuse = false;
  /// Values of the other input that are alive at once.
  int64_t kept = 0;
};

BodyShape shapeOfBody(const Nest &nest, const Tiling &tiling, int64_t m,
                      int64_t n, llvm::ArrayRef<int64_t> unroll);

/// Vector registers that the innermost body of `tiling` keeps alive.
int64_t registersNeeded(const Nest &nest, const Tiling &tiling);

/// Cycles the core needs for the whole nest if all data lie in the first level
/// cache: for each body the most of arithmetic, loads and the latency of
/// accumulation, and what loops and tiles cost around it.
double coreCycles(const Nest &nest, const Tiling &tiling);

/// Cycles to bring the data to the first level cache; depends on the order of
/// `tiling.outerLoops`.
double memoryCycles(const Nest &nest, const Tiling &tiling,
                    const KernelTarget &target);

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_COSTMODEL_H
