//===- Register.h - the dialect and passes of dconv, for tools --*- C++ -*-===//

#ifndef DCONV_PIPELINES_REGISTER_H
#define DCONV_PIPELINES_REGISTER_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace dconv {

/// Adds the dconv dialect and its bufferization to `registry`.
void registerDialect(mlir::DialectRegistry &registry);

/// Registers the passes of dconv and the pipeline `dconv-pipeline`.
void registerPasses();

} // namespace dconv

#endif // DCONV_PIPELINES_REGISTER_H
