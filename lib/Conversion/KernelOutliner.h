//===- KernelOutliner.h - one kernel function per shard shape ---*- C++ -*-===//

#ifndef DCONV_LIB_CONVERSION_KERNELOUTLINER_H
#define DCONV_LIB_CONVERSION_KERNELOUTLINER_H

#include "dconv/IR/Dconv.h"
#include "dconv/IR/Recognize.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <map>
#include <optional>

namespace dconv {

/// What a kernel may rely on beyond its local problem.
struct KernelContract {
  /// Dims of inputs (each an input and a dim) of which it is told, by two
  /// arguments of type index, which positions do not hold neutral padding.
  std::vector<std::pair<unsigned, unsigned>> inside;
  /// The bits that results start from, in the accumulator's type; otherwise from
  /// what the result's buffer holds.
  std::optional<uint64_t> initial;
};

/// The factor of the body that reads operand `input` of the sub-kernel.
const Factor &factorOf(RecognizedConvolution &recognized, unsigned input);

/// Outlines the convolutions of sub-kernels into functions on memrefs: one per
/// distinct local problem of the module, shared by all shards that have it.
///
/// A kernel takes the buffers of the inputs, in the order of the sub-kernel's
/// operands, the buffer of the result in the accumulator's type, the scalars of
/// the op, and the bounds of its `dconv.inside`; it combines into the result, or
/// into the value of `dconv.initial`. Its body is a linalg.generic in a
/// normal form: each input cast to the accumulator's type, zero point
/// subtracted, multiplied, combined.
class KernelOutliner {
public:
  explicit KernelOutliner(mlir::SymbolTable &symbols) : symbols(symbols) {}

  /// From here on new functions go before `before`; their names begin with
  /// `prefix`.
  void startProgram(mlir::Operation *before, std::string prefix) {
    this->before = before;
    this->prefix = std::move(prefix);
    namesInProgram = 0;
  }

  /// The name of the kernel for the iterations `iterations` of `op`, whose
  /// inputs lie in buffers over `windows` and whose result in one over `output`
  /// (positions of the unpadded tensors).
  std::string kernelFor(SubKernelOp op, RecognizedConvolution &recognized,
                     const Convolution &geometry, const Box &iterations,
                     const std::vector<Box> &windows, const Box &output,
                     const KernelContract &contract);

  size_t numKernels() const { return known.size(); }

private:
  mlir::SymbolTable &symbols;
  mlir::Operation *before = nullptr;
  std::string prefix;
  unsigned namesInProgram = 0;
  /// The name of a kernel by all that its code depends on, as numbers.
  std::map<std::vector<int64_t>, std::string> known;
};

} // namespace dconv

#endif // DCONV_LIB_CONVERSION_KERNELOUTLINER_H
