//===- ShardedValues.cpp - where sharded values may be --------------------===//

#include "dconv/IR/ShardedValues.h"

#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace dconv;

bool dconv::isDistributed(Operation *op) {
  return isa<ShardOp, UnshardOp, HaloExchangeOp, ReshardOp, AllGatherOp,
             AllReduceOp, ReduceScatterOp, SubKernelOp>(op);
}

SmallVector<SmallVector<Operation *>> dconv::connectedOps(Operation *root) {
  llvm::EquivalenceClasses<Operation *> classes;
  SmallVector<Operation *> ops;
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!isDistributed(op))
      return;
    ops.push_back(op);
    classes.insert(op);
    for (Value operand : op->getOperands())
      if (isa<ShardedType>(operand.getType()))
        classes.unionSets(operand.getDefiningOp(), op);
  });
  llvm::MapVector<Operation *, SmallVector<Operation *>> groups;
  for (Operation *op : ops)
    groups[classes.getLeaderValue(op)].push_back(op);
  SmallVector<SmallVector<Operation *>> result;
  for (auto &group : groups)
    result.push_back(std::move(group.second));
  return result;
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
