//===- Plugin.cpp - dconv for a stock mlir-opt ----------------------------===//
//
// mlir-opt-22 --load-dialect-plugin=DConvPlugin.so FILE.mlir \
//   --pass-pipeline='builtin.module(dconv-plan{split=o0=2},dconv-partition)'
//
// One flag brings dialect and passes. mlir-opt reads its options before it loads
// plugins, so passes of a plugin have no short flags, only --pass-pipeline.
//
//===----------------------------------------------------------------------===//

#include "dconv/Pipelines/Register.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "llvm/Config/llvm-config.h"

extern "C" LLVM_ATTRIBUTE_WEAK mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "dconv", LLVM_VERSION_STRING,
          [](mlir::DialectRegistry *registry) {
            dconv::registerDialect(*registry);
            dconv::registerPasses();
          }};
}
