//===- EraseSharding.cpp - from level 2 back to level 0 -------------------===//

#include "dconv/IR/ShardedValues.h"
#include "dconv/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace dconv {
#define GEN_PASS_DEF_ERASESHARDINGPASS
#include "dconv/Transforms/Passes.h.inc"
} // namespace dconv

using namespace mlir;
using namespace dconv;

namespace {
class EraseSharding : public dconv::impl::EraseShardingPassBase<EraseSharding> {
  void runOnOperation() override {
    if (failed(verifyShardedValues(getOperation())))
      return signalPassFailure();
    SmallVector<Operation *> erased;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa<ShardOp, HaloExchangeOp, ReshardOp, AllGatherOp, AllReduceOp,
              ReduceScatterOp>(op)) {
        whole.map(op->getResult(0), tensorOf(op->getOperand(0)));
        erased.push_back(op);
      } else if (auto unshard = dyn_cast<UnshardOp>(op)) {
        unshard.getResult().replaceAllUsesWith(tensorOf(unshard.getInput()));
        erased.push_back(op);
      } else if (auto kernel = dyn_cast<SubKernelOp>(op)) {
        inlineRegion(kernel);
        erased.push_back(op);
        return WalkResult::skip();
      }
      return WalkResult::advance();
    });
    for (Operation *op : llvm::reverse(erased))
      op->erase();
  }

  /// The whole tensor of what `operand` is, sharded or not.
  Value tensorOf(Value operand) { return whole.lookupOrDefault(operand); }

  void inlineRegion(SubKernelOp kernel) {
    OpBuilder builder(kernel);
    Block &body = kernel.getBody().front();
    IRMapping inlined;
    for (auto [i, operand] : llvm::enumerate(kernel.getOperands())) {
      Value tensor = tensorOf(operand);
      PaddingAttr padding =
          i < kernel.getInputs().size() ? kernel.paddingOf(i) : PaddingAttr();
      if (padding)
        tensor = pad(builder, kernel.getLoc(), tensor, padding,
                     body.getArgument(i).getType());
      inlined.map(body.getArgument(i), tensor);
    }
    for (Operation &op : body.without_terminator())
      builder.clone(op, inlined);
    whole.map(kernel.getResult(),
              inlined.lookup(body.getTerminator()->getOperand(0)));
  }

  static Value pad(OpBuilder &builder, Location loc, Value tensor,
                   PaddingAttr padding, Type type) {
    Value value =
        arith::ConstantOp::create(builder, loc, padding.getValue());
    auto indices = [&](ArrayRef<int64_t> amounts) {
      return getAsIndexOpFoldResult(builder.getContext(), amounts);
    };
    return tensor::PadOp::create(builder, loc, type, tensor,
                                 indices(padding.getLow()),
                                 indices(padding.getHigh()), value);
  }

  IRMapping whole;
};
} // namespace
