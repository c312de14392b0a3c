//===- ExecuteBufferization.h - dconv.execute on buffers --------*- C++ -*-===//

#ifndef DCONV_CONVERSION_EXECUTEBUFFERIZATION_H
#define DCONV_CONVERSION_EXECUTEBUFFERIZATION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace dconv {

/// Lets one-shot-bufferize turn `dconv.execute` on tensors into one on dense
/// buffers that writes its results to `outs`.
void registerExecuteBufferization(mlir::DialectRegistry &registry);

} // namespace dconv

#endif // DCONV_CONVERSION_EXECUTEBUFFERIZATION_H
