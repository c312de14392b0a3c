//===- DropAnnotations.cpp - host code without the shard dialect ----------===//

#include "dconv/Transforms/Passes.h"

#include "mlir/Dialect/Shard/IR/ShardOps.h"

namespace dconv {
#define GEN_PASS_DEF_DROPANNOTATIONSPASS
#include "dconv/Transforms/Passes.h.inc"
} // namespace dconv

using namespace mlir;

namespace {
class DropAnnotations
    : public dconv::impl::DropAnnotationsPassBase<DropAnnotations> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    module.walk([](shard::ShardOp op) {
      op.getResult().replaceAllUsesWith(op.getSrc());
      op.erase();
    });
    module.walk([](shard::ShardingOp op) {
      if (op->use_empty())
        op.erase();
    });
    module.walk([](shard::GridOp op) {
      if (SymbolTable::symbolKnownUseEmpty(op, op->getParentOp()))
        op.erase();
    });
  }
};
} // namespace
