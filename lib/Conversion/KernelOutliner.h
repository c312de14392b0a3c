//===- KernelOutliner.h - one kernel function per shard shape ---*- C++ -*-===//

#ifndef DCONV_LIB_CONVERSION_KERNELOUTLINER_H
#define DCONV_LIB_CONVERSION_KERNELOUTLINER_H

#include "dconv/IR/Dconv.h"
#include "dconv/IR/Recognize.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <map>

namespace dconv {

/// Outlines the convolution of a sub-kernel into functions on memrefs: one per
/// distinct local problem, shared by all shards that have it.
///
/// A kernel takes the buffers of the inputs, in the order of the sub-kernel's
/// operands, the buffer of the result in the accumulator's type, and the scalars
/// of the op; it combines into the result. Its body is a linalg.generic in a
/// normal form: each input cast to the accumulator's type, zero point
/// subtracted, multiplied, combined.
class KernelOutliner {
public:
  /// New functions go before `before`; their names begin with `prefix`.
  KernelOutliner(mlir::Operation *before, mlir::SymbolTable &symbols,
                 std::string prefix)
      : before(before), symbols(symbols), prefix(std::move(prefix)) {}

  /// The number in `names()` of the kernel for the iterations `iterations` of
  /// `op`, whose inputs lie in buffers over `windows` and whose result in one
  /// over `output` (positions of the unpadded tensors).
  unsigned kernelFor(SubKernelOp op, RecognizedConvolution &recognized,
                     const Convolution &geometry, const Box &iterations,
                     const std::vector<Box> &windows, const Box &output);

  const std::vector<std::string> &names() const { return kernelNames; }

private:
  mlir::Operation *before;
  mlir::SymbolTable &symbols;
  std::string prefix;
  std::vector<std::string> kernelNames;
  /// The number of a kernel by op and the integers of its local problem.
  std::map<std::pair<mlir::Operation *, std::vector<int64_t>>, unsigned> known;
};

} // namespace dconv

#endif // DCONV_LIB_CONVERSION_KERNELOUTLINER_H
