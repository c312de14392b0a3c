//===- Emitter.h - code for the convolution of one shard --------*- C++ -*-===//

#ifndef DCONV_KERNELS_EMITTER_H
#define DCONV_KERNELS_EMITTER_H

#include "dconv/Kernels/Target.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <string>

namespace dconv {

/// How a kernel is computed.
enum class KernelPath {
  Vector, ///< register-tiled vector code
  Loops,  ///< scalar loops, one iteration of the linalg op after the other
};

/// What became of a kernel.
struct EmittedKernel {
  KernelPath path;
  /// Why the kernel is computed by plain loops; empty on the vector path.
  std::string reason;
};

/// On the output's argument: an attribute of its element type. What the output
/// holds is not read; sums start from this value.
inline constexpr llvm::StringLiteral kInitialAttrName = "dconv.initial";

/// On the function: `[[argument, dim], ...]`. For each entry there are two more
/// arguments of type index at the end, low and high. Positions of that dim of
/// that memref outside of [low, high) hold the identity of the body, zero or
/// the zero point, so that the emitted code need not read them.
inline constexpr llvm::StringLiteral kInsideAttrName = "dconv.inside";

/// Replaces the convolution or pooling in `kernel` by code over the arith,
/// memref, scf and vector dialects, with loop annotations of the LLVM dialect;
/// all of them have to be loaded.
///
/// Expects a function on memrefs of static shape that do not overlap, row-major
/// or with a `#dconv.layout`, and integer zero points, whose body is one
/// `linalg.generic` in buffer semantics (next to a `ub.poison` memref for a
/// shape-only operand) and a return. The op accumulates into its only output:
///
///     y = combine(y, a * b)  or  y = combine(y, a)
///
/// where a and b are inputs cast to the type of y, less a zero point for
/// integers, and the product goes with an addition only. Every such kernel is
/// computed; one the vector path does not take runs as plain loops and the
/// result says why. Anything else is an error on the function, which is then
/// left as it was.
mlir::FailureOr<EmittedKernel> emitKernel(mlir::func::FuncOp kernel,
                                          const KernelTarget &target);

} // namespace dconv

#endif // DCONV_KERNELS_EMITTER_H
