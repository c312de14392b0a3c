//===- Recognize.h - which linalg ops are convolutions ----------*- C++ -*-===//
//
// Reads indexing maps and bodies, never op names: a named convolution, its
// generalised form and a generic written by another front end are the same.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_IR_RECOGNIZE_H
#define DCONV_IR_RECOGNIZE_H

#include "dconv/Geometry/Convolution.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dconv {

/// How partial sums and the initial output combine.
enum class CombinerKind { Add, Max, Min, MaxUnsigned, MinUnsigned };

/// How the body widens a value to the type of the output.
enum class CastKind { None, ExtF, ExtSI, ExtUI };

/// One factor of the body: cast(input) - zeroPointCast(zeroPoint), all in the
/// type of the output. Only integers have a zero point.
struct Factor {
  unsigned operand = 0; ///< operand number in the linalg op
  CastKind cast = CastKind::None;
  /// Operand number of a scalar: of a scalar type or a tensor without dims.
  std::optional<unsigned> zeroPoint;
  CastKind zeroPointCast = CastKind::None;
};

/// out = combiner(out, product of the factors): one factor for a pooling, two
/// for a convolution (whose combiner is Add).
struct Body {
  llvm::SmallVector<Factor, 2> factors; ///< ascending by operand number
  CombinerKind combiner = CombinerKind::Add;
  /// Max and Min of floats: a NaN loses against a number (arith.maxnumf,
  /// arith.minnumf); otherwise it wins (arith.maximumf, arith.minimumf).
  bool ignoresNaN = false;
  /// Of partial sums: the type of the output; f32 where that is f16 or bf16 and
  /// the combiner is Add.
  mlir::Type accumulator;
};

/// A linalg op on ranked, static tensors that dconv can partition.
struct RecognizedConvolution {
  mlir::linalg::LinalgOp op;
  /// `inputs[i]` is the operand of `body.factors[i]`; no local padding.
  Convolution geometry;
  /// Which of `geometry.inputs` is the input, the other being the filter: the
  /// one whose map alone has a window, else the first.
  unsigned input = 0;
  Body body;
  llvm::SmallVector<unsigned> scalars;   ///< operand numbers of scalar inputs
  llvm::SmallVector<unsigned> shapeOnly; ///< of tensor inputs the body ignores

  mlir::Value inputValue(unsigned i) {
    return op->getOperand(body.factors[i].operand);
  }
  mlir::Value initValue() { return op.getDpsInits()[0]; }
};

/// Why an op is no convolution for dconv: "dim 0 of operand #1 is dynamic".
/// `isCandidate` where a user would expect it to be one (a named convolution or
/// pooling, or a linalg op that reads an input through a window), so that a
/// diagnostic is due.
struct NotRecognized {
  std::string reason;
  bool isCandidate = false;
};

/// Classifies the loops of `op` (Role), its operands and its body. Every loop
/// must get a role and every map be a sum of coefficient * loop + constant; the
/// output map permutes the parallel loops; a loop may not occur in two dims of
/// one operand. At least one reduction with two factors, or a window with one.
/// Shapes must be static and sizes fit 64 bits. On failure `why` (may be null)
/// says the reason.
///
/// The letter of the rules: a parallel loop alone in an expression of the input
/// is Batch whatever its coefficient, so the image loops of a 1x1 convolution
/// written without tap loops are n0, n1, ... as is the image of a matrix
/// product. A reduction outside of any window is InputChannel, also where one
/// input only reads along it. Where both inputs have windows, those of either
/// make Output and Tap.
std::optional<RecognizedConvolution>
recognizeConvolution(mlir::Operation *op, NotRecognized *why = nullptr);

/// An error that names op and dim where an op on tensors below `root` would be a
/// convolution if its shapes were static: it must not pass silently.
mlir::LogicalResult refuseDynamicConvolutions(mlir::Operation *root);

/// The tensor.pad in front of input `i` that can become local padding: of the
/// input, not the filter; constant value, static, not negative. Null otherwise.
/// It may have other users.
mlir::tensor::PadOp fusiblePad(RecognizedConvolution &convolution, unsigned i);

/// The constant that `pad` pads with, or null where that is none.
mlir::TypedAttr padValue(mlir::tensor::PadOp pad);

/// The geometry with each fusible pad as local padding of its input.
Convolution geometryWithPadding(RecognizedConvolution &convolution);

/// The constant element that `value`, a tensor, is filled with (linalg.fill or
/// tensor.splat of a constant, splat constant), or null.
mlir::TypedAttr constantFill(mlir::Value value);

/// "func#index" for each convolution of `module`, in text order from 0 in each
/// function: how reports and SPECs name them. Convolutions inside the region of
/// a dconv.sub_kernel count like any other.
std::vector<std::pair<std::string, RecognizedConvolution>>
convolutionsOf(mlir::Operation *module);

} // namespace dconv

#endif // DCONV_IR_RECOGNIZE_H
