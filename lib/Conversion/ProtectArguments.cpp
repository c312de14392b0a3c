//===- ProtectArguments.cpp - public functions keep off their inputs ------===//

#include "dconv/Transforms/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace dconv {
#define GEN_PASS_DEF_PROTECTARGUMENTSPASS
#include "dconv/Transforms/Passes.h.inc"
} // namespace dconv

using namespace mlir;

namespace {
class ProtectArguments
    : public dconv::impl::ProtectArgumentsPassBase<ProtectArguments> {
  void runOnOperation() override {
    Builder builder(&getContext());
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function.isPublic())
        continue;
      for (unsigned i = 0; i < function.getNumArguments(); ++i)
        if (isa<TensorType>(function.getArgumentTypes()[i]))
          function.setArgAttr(
              i, bufferization::BufferizationDialect::kWritableAttrName,
              builder.getBoolAttr(false));
    }
  }
};
} // namespace
