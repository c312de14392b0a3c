//===- FlatLayouts.cpp - buffers with layouts as flat memory --------------===//

#include "FlatLayouts.h"
#include "EmitLoops.h"
#include "VectorLoads.h"
#include "dconv/IR/Dconv.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace dconv;
using namespace dconv::kernels;

/// Where the element at `indices` lies, by the definition of layouts.
static Value emitOffset(OpBuilder &builder, Location loc, MemRefType type,
                        const BufferLayout &layout, ValueRange indices) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  SmallVector<Value> position(indices), extents;
  for (int64_t extent : type.getShape())
    extents.push_back(constant(extent));
  Value offset = constant(0);
  for (BufferLayout::Level level : layout.levels) {
    Value &at = position[level.dim], &extent = extents[level.dim];
    Value block = constant(level.block);
    Value inside = arith::RemUIOp::create(builder, loc, at, block);
    Value begin = arith::SubIOp::create(builder, loc, at, inside);
    Value before = begin;
    for (auto [dim, other] : llvm::enumerate(extents))
      if (dim != level.dim)
        before = arith::MulIOp::create(builder, loc, before, other);
    offset = arith::AddIOp::create(builder, loc, offset, before);
    at = inside;
    Value left = arith::SubIOp::create(builder, loc, extent, begin);
    extent = arith::MinUIOp::create(builder, loc, block, left);
  }
  return offset;
}

static void flattenArgument(BlockArgument argument, MemRefType type,
                            const BufferLayout &layout) {
  auto flat =
      MemRefType::get({type.getNumElements()}, type.getElementType(),
                      MemRefLayoutAttrInterface(), type.getMemorySpace());
  argument.setType(flat);
  for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
    OpBuilder builder(user);
    Location loc = user->getLoc();
    if (auto load = dyn_cast<memref::LoadOp>(user)) {
      Value offset = emitOffset(builder, loc, type, layout, load.getIndices());
      Value value = memref::LoadOp::create(builder, loc, argument, offset);
      load.replaceAllUsesWith(value);
      load.erase();
    } else if (auto store = dyn_cast<memref::StoreOp>(user)) {
      Value offset = emitOffset(builder, loc, type, layout, store.getIndices());
      memref::StoreOp::create(builder, loc, store.getValueToStore(), argument,
                              offset);
      store.erase();
    }
  }
}

void dconv::kernels::flattenLayouts(func::FuncOp kernel) {
  for (BlockArgument argument : kernel.getArguments()) {
    auto type = dyn_cast<MemRefType>(argument.getType());
    if (!type)
      continue;
    std::optional<BufferLayout> layout = LayoutAttr::of(type);
    if (layout && !layout->isRowMajor())
      flattenArgument(argument, type, *layout);
  }
  kernel.setFunctionType(FunctionType::get(
      kernel.getContext(), kernel.getBody().getArgumentTypes(),
      kernel.getFunctionType().getResults()));
}

void dconv::kernels::emitFill(OpBuilder &builder, Location loc, Value memref,
                              TypedAttr value) {
  Access all;
  all.numElements = cast<MemRefType>(memref.getType()).getNumElements();
  FlatBuffer buffer(builder, loc, memref, all);
  Value constant = arith::ConstantOp::create(builder, loc, value);
  emitLoop(builder, loc, all.numElements, {},
           [&](Value index, SmallVector<Value>) {
             buffer.storeScalar(builder, loc, constant, index);
             return SmallVector<Value>();
           });
}
