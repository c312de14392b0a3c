//===- dconv-opt.cpp - runs passes of dconv and of upstream MLIR ----------===//

#include "dconv/Pipelines/Register.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  dconv::registerDialect(registry);
  dconv::registerPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "dconv: distributed convolutions\n", registry));
}
