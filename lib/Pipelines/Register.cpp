//===- Register.cpp - the dialect and passes of dconv, for tools ----------===//

#include "dconv/Pipelines/Register.h"

#include "dconv/Conversion/ExecuteBufferization.h"
#include "dconv/IR/Dconv.h"
#include "dconv/Pipelines/Pipelines.h"

void dconv::registerDialect(mlir::DialectRegistry &registry) {
  registry.insert<DconvDialect>();
  registerExecuteBufferization(registry);
}

void dconv::registerPasses() {
  registerDconvPasses();
  registerPipelines();
}
