//===- Nest.h - a kernel as loops over linear memory ------------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_NEST_H
#define DCONV_LIB_KERNELS_NEST_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>
#include <string>

namespace dconv::kernels {

/// One loop of the iteration space; it runs over [0, extent).
struct Loop {
  int64_t extent;
  bool reduction;
};

/// Where a buffer is touched: element `offset + sum(coefs[l] * iter[l])` of its
/// row-major order. What the tensor's dims were no longer matters here.
struct Access {
  llvm::SmallVector<int64_t> coefs;
  int64_t offset = 0;
  /// Number of elements of the buffer.
  int64_t numElements = 0;
  unsigned elementBits = 0;
};

/// What a value read from memory goes through before it is combined.
struct InputValue {
  /// Position in the operands of the op.
  unsigned operand;
  /// arith.extf, extsi or extui; null where the types agree.
  mlir::Operation *cast = nullptr;
  /// Subtracted after the cast; null where there is none.
  mlir::Value zeroPoint;
};

/// A convolution or pooling: output = combine(output, product of inputs).
struct Nest {
  llvm::SmallVector<Loop> loops;
  /// One or two inputs; two are multiplied.
  llvm::SmallVector<Access, 2> inputs;
  llvm::SmallVector<InputValue, 2> values;
  Access output;
  mlir::vector::CombiningKind combiner;
  /// The type of the output's elements, in which everything is computed.
  mlir::Type type;

  /// The inputs, then the output.
  llvm::SmallVector<const Access *, 3> accesses() const;
};

/// Splits `loop` in two, of which the outer one, of `parts` iterations, becomes
/// the last loop of the nest. `parts` divides the loop's extent.
void splitLoop(Nest &nest, unsigned loop, int64_t parts);

/// Reads `op`, drops loops of one iteration and fuses loops that walk all
/// buffers like one. Nothing, with `why` set, for what is not of the form above
/// or has no iterations.
std::optional<Nest> readNest(mlir::linalg::GenericOp op, std::string &why);

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_NEST_H
