//===- Compile.h - a module as something that can run -----------*- C++ -*-===//

#ifndef DCONV_COMPILER_COMPILE_H
#define DCONV_COMPILER_COMPILE_H

#include "dconv/Compiler/CodeCache.h"
#include "dconv/Runner/Runner.h"
#include "dconv/Transforms/Passes.h"

#include "mlir/IR/OwningOpRef.h"

namespace dconv {

/// What reports say of a convolution that runs on devices.
struct CompiledConvolution {
  std::string name;  ///< "func#index"
  std::string split; ///< SPEC
  std::vector<int64_t> grid;
  int64_t macs = 0;     ///< multiply-adds of the whole convolution
  int64_t program = 0;  ///< number in CompiledModule::programs
  bool isVector = true; ///< no shard is computed by plain loops
};

/// A module whose code is a shared object (Abi.h).
struct CompiledModule {
  bool fromCache = false; ///< its code was not compiled now
  std::vector<runtime::Program> programs;
  std::vector<CompiledConvolution> convolutions;
  int64_t kernels = 0; ///< functions for convolutions
};

/// The signature of function `entry`, or a diagnostic where it is missing, has
/// dynamic shapes or types that files cannot hold, or returns a scalar.
mlir::FailureOr<Signature> signatureOf(mlir::ModuleOp module,
                                       llvm::StringRef entry);

/// 0: linalg; 1: with plans; 2: with sharded values; 3: with programs.
int levelOf(mlir::ModuleOp module);

/// Brings `module` from any level to level 3; without `layout`, with the dims of
/// all operands as they are.
mlir::LogicalResult scheduleModule(
    mlir::ModuleOp module, const PlanPassOptions &options,
    std::optional<ChannelsLastPassOptions> layout = ChannelsLastPassOptions());

/// Compiles a module at level 3 into the shared object `path`, or takes it from
/// `cache`. `module` is consumed: its functions are lowered. A cache that cannot
/// be written is a warning.
mlir::FailureOr<CompiledModule> compileModule(mlir::ModuleOp module,
                                              llvm::StringRef path,
                                              const CodeCache *cache = nullptr);

} // namespace dconv

#endif // DCONV_COMPILER_COMPILE_H
