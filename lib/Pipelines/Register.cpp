//===- Register.cpp - the dialect and passes of dconv, for tools ----------===//

#include "dconv/Pipelines/Register.h"

#include "dconv/IR/Dconv.h"
#include "dconv/Transforms/Passes.h"

void dconv::registerDialect(mlir::DialectRegistry &registry) {
  registry.insert<DconvDialect>();
}

void dconv::registerPasses() {
  registerDconvPasses();
}
