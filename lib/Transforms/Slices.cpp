//===- Slices.cpp - parts of tensors, taken out and put back --------------===//

#include "Slices.h"

#include "dconv/IR/Recognize.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace dconv;
using namespace mlir;

int64_t dconv::sizeOf(const Pieces &pieces) {
  int64_t size = 0;
  for (const Piece &piece : pieces)
    size += piece.size;
  return size;
}

bool dconv::isWhole(const Pieces &pieces, int64_t extent) {
  return sizeOf(pieces) == extent;
}

static SmallVector<int64_t> sizesOf(ArrayRef<Pieces> pieces) {
  return llvm::map_to_vector(pieces, sizeOf);
}

/// A slice of `tensor`, one piece per dim, in static numbers.
static Value extractPiece(OpBuilder &builder, Location loc, Value tensor,
                          ArrayRef<Piece> box) {
  SmallVector<OpFoldResult> offsets, sizes, strides;
  for (const Piece &piece : box) {
    offsets.push_back(builder.getIndexAttr(piece.offset));
    sizes.push_back(builder.getIndexAttr(piece.size));
    strides.push_back(builder.getIndexAttr(piece.stride));
  }
  return tensor::ExtractSliceOp::create(builder, loc, tensor, offsets, sizes,
                                        strides);
}

static Value insertPiece(OpBuilder &builder, Location loc, Value part,
                         Value into, ArrayRef<Piece> box) {
  SmallVector<OpFoldResult> offsets, sizes, strides;
  for (const Piece &piece : box) {
    offsets.push_back(builder.getIndexAttr(piece.offset));
    sizes.push_back(builder.getIndexAttr(piece.size));
    strides.push_back(builder.getIndexAttr(piece.stride));
  }
  return tensor::InsertSliceOp::create(builder, loc, part, into, offsets, sizes,
                                       strides);
}

/// Calls `visit` with each box of one piece per dim of the tensor, and the same
/// box of the dense tensor that the pieces make.
static void
forEachBox(ArrayRef<Pieces> pieces,
           function_ref<void(ArrayRef<Piece>, ArrayRef<Piece>)> visit) {
  SmallVector<size_t> at(pieces.size(), 0);
  while (true) {
    SmallVector<Piece> in, dense;
    for (auto [dim, chosen] : llvm::zip(pieces, at)) {
      int64_t before = 0;
      for (size_t i = 0; i < chosen; ++i)
        before += dim[i].size;
      in.push_back(dim[chosen]);
      dense.push_back({before, dim[chosen].size, 1});
    }
    visit(in, dense);
    size_t d = at.size();
    while (d > 0 && ++at[d - 1] == pieces[d - 1].size())
      at[--d] = 0;
    if (d == 0)
      return;
  }
}

/// The pieces of a constant, as one.
static Attribute takeConstant(DenseElementsAttr constant, RankedTensorType type,
                              ArrayRef<Pieces> pieces) {
  if (constant.isSplat())
    return DenseElementsAttr::get(type, constant.getSplatValue<Attribute>());
  ArrayRef<int64_t> shape = constant.getType().getShape();
  SmallVector<int64_t> from{0};
  for (auto [dim, extent] : llvm::zip(pieces, shape)) {
    SmallVector<int64_t> next;
    for (int64_t at : from)
      for (const Piece &piece : dim)
        for (int64_t i = 0; i < piece.size; ++i)
          next.push_back(at * extent + piece.offset + i * piece.stride);
    from = std::move(next);
  }
  const int64_t bytes = type.getElementTypeBitWidth() / 8;
  ArrayRef<char> data = constant.getRawData();
  std::vector<char> taken;
  taken.reserve(from.size() * bytes);
  for (int64_t at : from)
    taken.insert(taken.end(), data.begin() + at * bytes,
                 data.begin() + (at + 1) * bytes);
  return DenseElementsAttr::getFromRawBuffer(type, taken);
}

Value dconv::takePieces(OpBuilder &builder, Location loc, Value tensor,
                        ArrayRef<Pieces> pieces) {
  auto type = cast<RankedTensorType>(tensor.getType());
  bool isAll =
      llvm::all_of(llvm::zip(pieces, type.getShape()), [](const auto &dim) {
        return isWhole(std::get<0>(dim), std::get<1>(dim));
      });
  if (isAll)
    return tensor;
  auto smaller = RankedTensorType::get(sizesOf(pieces), type.getElementType());
  DenseElementsAttr constant;
  if (matchPattern(tensor, m_Constant(&constant)))
    return arith::ConstantOp::create(
        builder, loc, cast<TypedAttr>(takeConstant(constant, smaller, pieces)));
  if (TypedAttr fill = constantFill(tensor))
    return createFill(builder, loc, smaller, fill);
  Value result;
  bool isOne =
      llvm::all_of(pieces, [](const Pieces &dim) { return dim.size() == 1; });
  if (!isOne)
    result = tensor::EmptyOp::create(builder, loc, smaller.getShape(),
                                     smaller.getElementType());
  forEachBox(pieces, [&](ArrayRef<Piece> from, ArrayRef<Piece> to) {
    Value part = extractPiece(builder, loc, tensor, from);
    result = isOne ? part : insertPiece(builder, loc, part, result, to);
  });
  return result;
}

Value dconv::putPieces(OpBuilder &builder, Location loc, Value taken,
                       Value into, ArrayRef<Pieces> pieces) {
  bool isOne =
      llvm::all_of(pieces, [](const Pieces &dim) { return dim.size() == 1; });
  forEachBox(pieces, [&](ArrayRef<Piece> to, ArrayRef<Piece> from) {
    Value part = isOne ? taken : extractPiece(builder, loc, taken, from);
    into = insertPiece(builder, loc, part, into, to);
  });
  return into;
}

Value dconv::createFill(OpBuilder &builder, Location loc,
                        RankedTensorType tensor, TypedAttr value) {
  Value scalar = arith::ConstantOp::create(builder, loc, value);
  Value space = tensor::EmptyOp::create(builder, loc, tensor.getShape(),
                                        tensor.getElementType());
  return linalg::FillOp::create(builder, loc, scalar, space).getResult(0);
}

Value dconv::createPad(OpBuilder &builder, Location loc, Value tensor,
                       ArrayRef<int64_t> low, ArrayRef<int64_t> high,
                       TypedAttr value) {
  auto isZero = [](int64_t width) { return width == 0; };
  if (llvm::all_of(low, isZero) && llvm::all_of(high, isZero))
    return tensor;
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<int64_t> shape;
  SmallVector<OpFoldResult> lows, highs;
  for (auto [extent, below, above] : llvm::zip(type.getShape(), low, high)) {
    shape.push_back(extent + below + above);
    lows.push_back(builder.getIndexAttr(below));
    highs.push_back(builder.getIndexAttr(above));
  }
  Value scalar = arith::ConstantOp::create(builder, loc, value);
  return tensor::PadOp::create(
      builder, loc, RankedTensorType::get(shape, type.getElementType()), tensor,
      lows, highs, scalar);
}

AffineMap dconv::affineMapOf(const AccessMap &map, unsigned loops,
                             MLIRContext *context) {
  SmallVector<AffineExpr> results;
  for (const LinearExpr &expr : map) {
    AffineExpr result = getAffineConstantExpr(expr.constant, context);
    for (const Term &term : expr.terms)
      result = result + getAffineDimExpr(term.loop, context) * term.coefficient;
    results.push_back(result);
  }
  return AffineMap::get(loops, 0, results, context);
}

void dconv::eraseUnread(Value value) {
  SmallVector<Value> unread{value};
  while (!unread.empty()) {
    Operation *op = unread.pop_back_val().getDefiningOp();
    if (!op || !isOpTriviallyDead(op))
      continue;
    // Each operand once: an op must not be looked at after it is erased.
    llvm::SmallSetVector<Operation *, 4> sources;
    SmallVector<Value> operands;
    llvm::SetVector<Value> read(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), read);
    for (Value operand : read)
      if (sources.insert(operand.getDefiningOp()))
        operands.push_back(operand);
    op->erase();
    unread.append(operands);
  }
}
