//===- Slices.h - parts of tensors, taken out and put back ------*- C++ -*-===//

#ifndef DCONV_LIB_TRANSFORMS_SLICES_H
#define DCONV_LIB_TRANSFORMS_SLICES_H

#include "dconv/Geometry/AccessMap.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AffineMap.h"

namespace dconv {

/// Positions offset, offset + stride, ... of a dim; `size` of them.
struct Piece {
  int64_t offset = 0, size = 0, stride = 1;
};

/// What is taken of one dim: pieces in order of position, without overlap.
using Pieces = llvm::SmallVector<Piece, 1>;

/// How many positions `pieces` have.
int64_t sizeOf(const Pieces &pieces);

/// True where that is all of a dim of `extent`.
bool isWhole(const Pieces &pieces, int64_t extent);

/// The dense tensor of `pieces` per dim of `tensor`, which is static. Constants
/// and fills become smaller ones; of others slices are taken.
mlir::Value takePieces(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value tensor, llvm::ArrayRef<Pieces> pieces);

/// `into` with `pieces` per dim replaced by the elements of `taken`.
mlir::Value putPieces(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value taken, mlir::Value into,
                      llvm::ArrayRef<Pieces> pieces);

/// `tensor` filled with the constant `value`.
mlir::Value createFill(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::RankedTensorType tensor, mlir::TypedAttr value);

/// `tensor`, static, widened by the constant `value`; itself where no width is
/// positive.
mlir::Value createPad(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value tensor, llvm::ArrayRef<int64_t> low,
                      llvm::ArrayRef<int64_t> high, mlir::TypedAttr value);

mlir::AffineMap affineMapOf(const AccessMap &map, unsigned loops,
                            mlir::MLIRContext *context);

/// Erases the op of `value` where nobody reads it any more, and what it alone
/// has read.
void eraseUnread(mlir::Value value);

} // namespace dconv

#endif // DCONV_LIB_TRANSFORMS_SLICES_H
