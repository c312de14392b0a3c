//===- ExecuteBufferization.cpp - dconv.execute on buffers ----------------===//

#include "dconv/Conversion/ExecuteBufferization.h"

#include "dconv/IR/Dconv.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace dconv;

namespace {
/// A program reads its arguments and returns results in memory of their own.
struct ExecuteInterface
    : BufferizableOpInterface::ExternalModel<ExecuteInterface, ExecuteOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const AnalysisState &) const {
    return true;
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const AnalysisState &) const {
    return false;
  }
  AliasingValueList getAliasingValues(Operation *, OpOperand &,
                                      const AnalysisState &) const {
    return {};
  }
  bool bufferizesToAllocation(Operation *, Value) const { return true; }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto execute = cast<ExecuteOp>(op);
    Location loc = execute.getLoc();
    SmallVector<Value> inputs, outs;
    for (Value input : execute.getInputs()) {
      auto tensor = dyn_cast<RankedTensorType>(input.getType());
      if (!tensor) {
        inputs.push_back(input);
        continue;
      }
      FailureOr<Value> buffer = getBuffer(rewriter, input, options, state);
      if (failed(buffer))
        return failure();
      // The runtime takes dense buffers.
      auto type = cast<MemRefType>(buffer->getType());
      if (!type.getLayout().isIdentity()) {
        Value dense = memref::AllocOp::create(rewriter, loc, denseType(tensor));
        memref::CopyOp::create(rewriter, loc, *buffer, dense);
        buffer = dense;
      }
      inputs.push_back(*buffer);
    }
    for (Type result : execute.getResultTypes())
      outs.push_back(memref::AllocOp::create(
          rewriter, loc, denseType(cast<RankedTensorType>(result))));
    ExecuteOp::create(rewriter, loc, TypeRange(), execute.getProgramAttr(),
                      inputs, outs);
    replaceOpWithBufferizedValues(rewriter, op, outs);
    return success();
  }

  static MemRefType denseType(RankedTensorType tensor) {
    return MemRefType::get(tensor.getShape(), tensor.getElementType());
  }
};
} // namespace

void dconv::registerExecuteBufferization(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, DconvDialect *) {
    ExecuteOp::attachInterface<ExecuteInterface>(*context);
  });
}
