//===- VectorLoads.cpp - values of the inputs as vectors ------------------===//

#include "VectorLoads.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace dconv::kernels;

Value dconv::kernels::addOffset(OpBuilder &builder, Location loc, Value index,
                                int64_t offset) {
  if (offset == 0)
    return index;
  Value constant = arith::ConstantIndexOp::create(builder, loc, offset);
  return arith::AddIOp::create(builder, loc, index, constant);
}

Value dconv::kernels::laneMask(OpBuilder &builder, Location loc, int64_t lanes,
                               int64_t active) {
  SmallVector<bool> bits(lanes, false);
  std::fill_n(bits.begin(), active, true);
  auto type = VectorType::get(lanes, builder.getI1Type());
  return arith::ConstantOp::create(builder, loc,
                                   DenseElementsAttr::get(type, bits));
}

FlatBuffer::FlatBuffer(OpBuilder &builder, Location loc, Value buffer,
                       const Access &access)
    : accessed(&access) {
  auto type = cast<MemRefType>(buffer.getType());
  auto flat =
      MemRefType::get({access.numElements}, type.getElementType(),
                      MemRefLayoutAttrInterface(), type.getMemorySpace());
  memref = type == flat ? buffer
                        : memref::ReinterpretCastOp::create(
                              builder, loc, flat, buffer, /*offset=*/0,
                              ArrayRef<int64_t>{access.numElements},
                              ArrayRef<int64_t>{1});
}

Type FlatBuffer::elementType() const {
  return cast<MemRefType>(memref.getType()).getElementType();
}

Value FlatBuffer::loadScalar(OpBuilder &builder, Location loc,
                             Value index) const {
  return memref::LoadOp::create(builder, loc, memref, index);
}

void FlatBuffer::storeScalar(OpBuilder &builder, Location loc, Value value,
                             Value index) const {
  memref::StoreOp::create(builder, loc, value, memref, index);
}

void FlatBuffer::prefetch(OpBuilder &builder, Location loc, Value index) const {
  memref::PrefetchOp::create(builder, loc, memref, index, /*isWrite=*/false,
                             /*localityHint=*/3, /*isDataCache=*/true);
}

Value FlatBuffer::loadAdjacent(OpBuilder &builder, Location loc, Value index,
                               int64_t lanes, int64_t active) const {
  auto type = VectorType::get(lanes, elementType());
  if (active == lanes)
    return vector::LoadOp::create(builder, loc, type, memref, index);
  Value zeros =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  return vector::MaskedLoadOp::create(builder, loc, type, memref, index,
                                      laneMask(builder, loc, lanes, active),
                                      zeros);
}

Value FlatBuffer::loadVector(OpBuilder &builder, Location loc, Value index,
                             int64_t lanes, int64_t active,
                             int64_t distance) const {
  if (distance == 1)
    return loadAdjacent(builder, loc, index, lanes, active);
  // As many vectors as cover the elements, the last one moved back so that it
  // ends with the last element wanted; then lane by lane from one of them.
  int64_t span = (active - 1) * distance + 1;
  int64_t last = std::max<int64_t>(span - lanes, 0);
  Value gathered;
  SmallVector<int64_t> lanesOf(lanes, 0);
  int64_t done = 0;
  for (int64_t begin = 0; done < active; begin += lanes) {
    int64_t from = std::min(begin, last);
    Value piece =
        loadAdjacent(builder, loc, addOffset(builder, loc, index, from), lanes,
                     std::min(lanes, span));
    for (int64_t lane = 0; lane < done; ++lane)
      lanesOf[lane] = lane;
    for (; done < active && done * distance < from + lanes; ++done)
      lanesOf[done] = done * distance - from + (gathered ? lanes : 0);
    gathered = vector::ShuffleOp::create(
        builder, loc, gathered ? gathered : piece, piece, lanesOf);
  }
  return gathered;
}

void FlatBuffer::storeVector(OpBuilder &builder, Location loc, Value value,
                             Value index, int64_t active) const {
  int64_t lanes = cast<VectorType>(value.getType()).getNumElements();
  if (active == lanes) {
    vector::StoreOp::create(builder, loc, value, memref, index);
    return;
  }
  vector::MaskedStoreOp::create(builder, loc, memref, index,
                                laneMask(builder, loc, lanes, active), value);
}
