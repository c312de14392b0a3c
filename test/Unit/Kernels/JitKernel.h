//===- JitKernel.h - compiles and runs one kernel ---------------*- C++ -*-===//

#ifndef DCONV_TEST_KERNELS_JITKERNEL_H
#define DCONV_TEST_KERNELS_JITKERNEL_H

#include "KernelSpec.h"
#include "dconv/Kernels/Emitter.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include <memory>

namespace dconv::test {

/// A context with the dialects that kernels and their lowering use.
mlir::MLIRContext &kernelContext();

/// The kernel of a case, compiled for this machine.
class JitKernel {
public:
  /// On failure `error()` says at which step.
  JitKernel(const KernelCase &kernelCase, const KernelTarget &target);

  const std::string &error() const { return failure; }
  const EmittedKernel &emitted() const { return result; }
  /// How the kernel takes its tensors.
  const std::vector<BufferLayout> &layouts() const { return argumentLayouts; }
  /// Seconds for emission and lowering, and for LLVM.
  double emitSeconds = 0, llvmSeconds = 0;
  /// The emitted IR, before lowering.
  const std::string &ir() const { return text; }

  /// Runs the kernel on pointers to its arguments.
  void operator()(void **arguments) const { entry(arguments); }

private:
  /// Gives the arguments the layouts that the emitter prefers.
  void usePreferredLayouts(mlir::func::FuncOp function,
                           const KernelTarget &target);

  std::string failure, text;
  std::vector<BufferLayout> argumentLayouts;
  EmittedKernel result = {KernelPath::Loops, ""};
  std::unique_ptr<mlir::ExecutionEngine> engine;
  void (*entry)(void **) = nullptr;
};

} // namespace dconv::test

#endif // DCONV_TEST_KERNELS_JITKERNEL_H
