//===- EmitLoops.cpp - loops of a kernel ----------------------------------===//

#include "EmitLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

/// Keeps LLVM from unrolling bodies whose size is chosen here.
static LLVM::LoopAnnotationAttr unrolledAlready(MLIRContext *context) {
  auto unroll = LLVM::LoopUnrollAttr::get(context, BoolAttr::get(context, true),
                                          {}, {}, {}, {}, {}, {});
  return LLVM::LoopAnnotationAttr::get(context, {}, {}, {}, unroll, {}, {}, {},
                                       {}, {}, {}, {}, {}, {}, {}, {});
}

SmallVector<Value> dconv::kernels::emitLoop(OpBuilder &builder, Location loc,
                                            Value begin, Value end,
                                            SmallVector<Value> carried,
                                            LoopBody body) {
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto loop = scf::ForOp::create(builder, loc, begin, end, one, carried);
  loop->setAttr("loop_annotation", unrolledAlready(builder.getContext()));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> results =
      body(loop.getInductionVar(),
           llvm::to_vector_of<Value>(loop.getRegionIterArgs()));
  // A loop that carries nothing is built with its terminator.
  if (!results.empty()) {
    builder.setInsertionPointToEnd(loop.getBody());
    scf::YieldOp::create(builder, loc, results);
  }
  return llvm::to_vector_of<Value>(loop.getResults());
}

SmallVector<Value> dconv::kernels::emitLoop(OpBuilder &builder, Location loc,
                                            int64_t trips,
                                            SmallVector<Value> carried,
                                            LoopBody body) {
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  if (trips == 1)
    return body(zero, std::move(carried));
  Value end = arith::ConstantIndexOp::create(builder, loc, trips);
  return emitLoop(builder, loc, zero, end, std::move(carried), body);
}

Value dconv::kernels::addProduct(OpBuilder &builder, Location loc, Value index,
                                 int64_t factor, Value iv) {
  if (factor == 0)
    return index;
  if (factor != 1) {
    Value constant = arith::ConstantIndexOp::create(builder, loc, factor);
    iv = arith::MulIOp::create(builder, loc, iv, constant);
  }
  return arith::AddIOp::create(builder, loc, index, iv);
}
