//===- ColumnLoads.cpp - vectors of b's columns ---------------------------===//

#include "ColumnLoads.h"
#include "EmitLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace dconv::kernels;

ColumnLoads::ColumnLoads(const Nest &nest, const Contraction &contraction,
                         const MultiplyAdd &step, const FlatBuffer &b)
    : access(nest.inputs[contraction.b]), contraction(contraction), step(step),
      buffer(b), group(access.panels ? access.panels->group : 1) {}

int64_t ColumnLoads::stepOf(unsigned loop, const TileColumns &columns) const {
  return access.coefs[loop] * (access.panels ? columns.width : 1);
}

Value ColumnLoads::panelIndex(OpBuilder &builder, Location loc,
                              const TileColumns &columns) const {
  if (!access.panels)
    return arith::ConstantIndexOp::create(builder, loc, access.offset);
  Value index = arith::ConstantIndexOp::create(builder, loc,
                                               access.offset * columns.width);
  return addProduct(builder, loc, index, access.panels->perPosition,
                    columns.panelBegin);
}

ColumnLoads::Piece ColumnLoads::cut(OpBuilder &builder, Location loc,
                                    const Piece &piece, int64_t begin,
                                    int64_t count, int64_t lanes) const {
  if (count == piece.count)
    return piece;
  SmallVector<int64_t> from;
  for (int64_t lane = 0; lane < lanes; ++lane)
    for (int64_t position = 0; position < count; ++position)
      from.push_back(lane * piece.count + begin - piece.begin + position);
  Value value =
      vector::ShuffleOp::create(builder, loc, piece.value, piece.value, from);
  return {value, begin, count};
}

ColumnLoads::Piece ColumnLoads::join(OpBuilder &builder, Location loc,
                                     const Piece &first, const Piece &second,
                                     int64_t lanes) const {
  // A shuffle takes two vectors of one type.
  int64_t most = std::max(first.count, second.count);
  auto widen = [&](const Piece &piece) -> Value {
    if (piece.count == most)
      return piece.value;
    SmallVector<int64_t> from;
    for (int64_t lane = 0; lane < lanes * most; ++lane)
      from.push_back(std::min(lane, lanes * piece.count - 1));
    return vector::ShuffleOp::create(builder, loc, piece.value, piece.value,
                                     from);
  };
  SmallVector<int64_t> from;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    for (int64_t position = 0; position < first.count; ++position)
      from.push_back(lane * first.count + position);
    for (int64_t position = 0; position < second.count; ++position)
      from.push_back(lanes * most + lane * second.count + position);
  }
  Value value = vector::ShuffleOp::create(builder, loc, widen(first),
                                          widen(second), from);
  return {value, first.begin, first.count + second.count};
}

SmallVector<Value, 4> ColumnLoads::load(OpBuilder &builder, Location loc,
                                        Value index, const TileColumns &columns,
                                        int64_t vector, int64_t lanes,
                                        int64_t count) const {
  int64_t active = vector + 1 == columns.vectors ? columns.lastLanes : lanes;
  SmallVector<Piece> pieces;
  for (int64_t begin = 0; begin < count; begin += group) {
    int64_t size = std::min(group, count - begin);
    Value at = addProduct(builder, loc,
                          addOffset(builder, loc, index,
                                    begin * stepOf(contraction.run, columns)),
                          size, columns.begin);
    at = addOffset(builder, loc, at, vector * lanes * size);
    pieces.push_back(
        {buffer.loadVector(builder, loc, at, lanes * size, active * size),
         begin, size});
  }
  SmallVector<Value, 4> steps;
  for (int64_t begin = 0; begin < count; begin += step.group()) {
    int64_t end = std::min(begin + step.group(), count);
    SmallVector<Piece> parts;
    for (const Piece &piece : pieces) {
      int64_t low = std::max(begin, piece.begin);
      int64_t high = std::min(end, piece.begin + piece.count);
      if (low < high)
        parts.push_back(cut(builder, loc, piece, low, high - low, lanes));
    }
    // Neighbours in pairs, so that each is moved few times.
    while (parts.size() > 1) {
      SmallVector<Piece> joined;
      for (size_t i = 0; i + 1 < parts.size(); i += 2)
        joined.push_back(join(builder, loc, parts[i], parts[i + 1], lanes));
      if (parts.size() % 2)
        joined.push_back(parts.back());
      parts = std::move(joined);
    }
    Piece whole = parts.front();
    if (whole.count < step.group()) {
      auto type = cast<VectorType>(whole.value.getType());
      Value zeros =
          arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
      SmallVector<int64_t> from;
      for (int64_t lane = 0; lane < lanes; ++lane)
        for (int64_t position = 0; position < step.group(); ++position)
          from.push_back(position < whole.count ? lane * whole.count + position
                                                : lanes * whole.count);
      whole.value =
          vector::ShuffleOp::create(builder, loc, whole.value, zeros, from);
    }
    steps.push_back(step.emitColumns(builder, loc, whole.value, end - begin));
  }
  return steps;
}
