//===- ShardedValues.cpp - where sharded values may be --------------------===//

#include "dconv/IR/ShardedValues.h"

using namespace mlir;
using namespace dconv;

bool dconv::isDistributed(Operation *op) {
  return isa<ShardOp, UnshardOp, HaloExchangeOp, ReshardOp, AllGatherOp,
             AllReduceOp, ReduceScatterOp, SubKernelOp>(op);
}

LogicalResult dconv::verifyShardedValues(Operation *root) {
  auto isSharded = [](Type type) { return isa<ShardedType>(type); };
  WalkResult result = root->walk([&](Operation *op) {
    if (isDistributed(op))
      return WalkResult::advance();
    const char *what = nullptr;
    if (llvm::any_of(op->getOperandTypes(), isSharded))
      what = "uses a sharded value; dconv.unshard it before";
    else if (llvm::any_of(op->getResultTypes(), isSharded))
      what = "makes a sharded value; only ops of dconv can";
    for (Region &region : op->getRegions())
      for (Block &block : region)
        if (llvm::any_of(block.getArgumentTypes(), isSharded))
          what = "has a sharded argument, but sharded values do not cross "
                 "blocks or functions";
    if (!what)
      return WalkResult::advance();
    op->emitOpError(what);
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}
