//===- Lowering.h - emitted kernels to the LLVM dialect ---------*- C++ -*-===//

#ifndef DCONV_KERNELS_LOWERING_H
#define DCONV_KERNELS_LOWERING_H

#include "mlir/Pass/Pass.h"
#include "llvm/ADT/StringRef.h"
#include <memory>

namespace dconv {

/// The unit attribute of a function that is a kernel.
inline constexpr llvm::StringLiteral kKernelAttrName = "dconv.kernel";

/// The entry point of kernel `k` is the C function
///
///     void dconv_kernel_k(void **args);
///
/// with one pointer per argument of the kernel, in order: to the first element
/// of a memref, and to the value itself of a scalar.
inline constexpr llvm::StringLiteral kKernelEntryPrefix = "dconv_kernel_";

/// Takes a module of emitted kernels to the LLVM dialect. Memrefs become bare
/// pointers; a kernel, the function with `dconv.kernel`, becomes internal and
/// gets its entry point.
void buildKernelLoweringPipeline(mlir::OpPassManager &pm);

/// The last step of the pipeline, on the LLVM dialect: makes kernels internal,
/// declares that their buffers do not overlap, lets code generation use the
/// widest vectors, and adds the entry points.
std::unique_ptr<mlir::Pass> createExportKernelsPass();

} // namespace dconv

#endif // DCONV_KERNELS_LOWERING_H
