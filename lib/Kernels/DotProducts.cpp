//===- DotProducts.cpp - instructions over adjacent elements --------------===//

#include "DotProducts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

static Value callIntrinsic(OpBuilder &builder, Location loc, const Twine &name,
                           Type type, ArrayRef<Value> operands) {
  return LLVM::CallIntrinsicOp::create(builder, loc, type,
                                       builder.getStringAttr(name), operands)
      .getResult(0);
}

static int64_t lanesOf(Value accumulator) {
  return cast<VectorType>(accumulator.getType()).getNumElements();
}

Value dconv::kernels::emitDotBf16(OpBuilder &builder, Location loc,
                                  Value accumulator, Value x, Value y) {
  return callIntrinsic(builder, loc,
                       "llvm.x86.avx512bf16.dpbf16ps." +
                           Twine(32 * lanesOf(accumulator)),
                       accumulator.getType(), {accumulator, x, y});
}

Value dconv::kernels::emitDotI8(OpBuilder &builder, Location loc,
                                Value accumulator, Value x, Value y) {
  return callIntrinsic(builder, loc,
                       "llvm.x86.avx512.vpdpbusd." +
                           Twine(32 * lanesOf(accumulator)),
                       accumulator.getType(), {accumulator, x, y});
}

Value dconv::kernels::emitDotI16(OpBuilder &builder, Location loc,
                                 Value accumulator, Value x, Value y) {
  int64_t lanes = lanesOf(accumulator);
  StringRef name = lanes == 4   ? "llvm.x86.sse2.pmadd.wd"
                   : lanes == 8 ? "llvm.x86.avx2.pmadd.wd"
                                : "llvm.x86.avx512.pmaddw.d.512";
  Value products =
      callIntrinsic(builder, loc, name, accumulator.getType(), {x, y});
  return arith::AddIOp::create(builder, loc, products, accumulator);
}
