//===- Nest.h - a kernel as loops over linear memory ------------*- C++ -*-===//

#ifndef DCONV_LIB_KERNELS_NEST_H
#define DCONV_LIB_KERNELS_NEST_H

#include "dconv/Geometry/BufferLayout.h"
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

/// How a buffer lies in panels: blocks of the positions of one loop, one panel
/// after the other. With `width` the number of positions in a panel, all of
/// them but the last as wide as `block`, an element is at
///
///     perPosition * (first position of its panel)
///     + width * (what the other loops move) + position within the panel
///
/// and with groups the positions of `groupLoop` lie `group` at a time next to
/// each other within each position of the panel.
struct Panels {
  unsigned loop = 0;
  int64_t block = 1;
  int64_t perPosition = 1;
  int64_t group = 1;
  std::optional<unsigned> groupLoop;
};

/// Where a buffer is touched: element `offset + sum(coefs[l] * iter[l])` in the
/// order of its memory. What the tensor's dims were no longer matters here.
struct Access {
  llvm::SmallVector<int64_t> coefs;
  int64_t offset = 0;
  /// Number of elements of the buffer.
  int64_t numElements = 0;
  unsigned elementBits = 0;
  /// Where the buffer lies in panels; `coefs` then count in widths of the panel
  /// and say nothing of the panels' loop.
  std::optional<Panels> panels;
};

/// A position along a dim of a buffer, `offset + sum(coefs[l] * iter[l])`, and
/// the bounds outside of which elements are the identity of the body.
struct BoundedPosition {
  mlir::Value buffer;
  unsigned dim;
  mlir::Value low, high;
  llvm::SmallVector<int64_t> coefs;
  int64_t offset = 0;
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
  /// Stay sums of loops times constants when loops are fused.
  llvm::SmallVector<BoundedPosition> bounds;

  /// The inputs, then the output.
  llvm::SmallVector<const Access *, 3> accesses() const;
};

/// Splits `loop` in two, of which the outer one, of `parts` iterations, becomes
/// the last loop of the nest. `parts` divides the loop's extent.
void splitLoop(Nest &nest, unsigned loop, int64_t parts);

/// Reads `op`, whose operands lie as their types or, where given, `layouts`
/// say, drops loops of one iteration and fuses loops that walk all buffers and
/// positions in `bounds` like one. Nothing, with `why` set, for what is not of
/// the form above, has no iterations, or has a buffer whose layout is neither
/// an order of the dims nor one of panels.
std::optional<Nest> readNest(mlir::linalg::GenericOp op,
                             llvm::ArrayRef<BoundedPosition> bounds,
                             std::string &why,
                             llvm::ArrayRef<BufferLayout> layouts = {});

} // namespace dconv::kernels

#endif // DCONV_LIB_KERNELS_NEST_H
