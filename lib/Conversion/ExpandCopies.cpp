//===- ExpandCopies.cpp - copies of buffers as linalg ---------------------===//

#include "dconv/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"

namespace dconv {
#define GEN_PASS_DEF_EXPANDCOPIESPASS
#include "dconv/Transforms/Passes.h.inc"
} // namespace dconv

using namespace mlir;

namespace {
class ExpandCopies : public dconv::impl::ExpandCopiesPassBase<ExpandCopies> {
  void runOnOperation() override {
    SmallVector<memref::CopyOp> copies;
    getOperation().walk([&](memref::CopyOp copy) { copies.push_back(copy); });
    for (memref::CopyOp copy : copies) {
      if (copy.getSource() != copy.getTarget()) {
        OpBuilder builder(copy);
        linalg::makeMemRefCopyOp(builder, copy.getLoc(), copy.getSource(),
                                 copy.getTarget());
      }
      copy.erase();
    }
  }
};
} // namespace
