//===- KernelCheck.h - kernels against the definition -----------*- C++ -*-===//

#ifndef DCONV_TEST_KERNELS_KERNELCHECK_H
#define DCONV_TEST_KERNELS_KERNELCHECK_H

#include "JitKernel.h"

namespace dconv::test {

/// A target without instructions of its own.
KernelTarget machine(unsigned vectorBits, unsigned numRegisters);

/// Emits the kernel, compiles it for this machine, runs it on integer-valued
/// data, and compares value by value. Buffers are surrounded by a pattern that
/// must survive.
void checkKernel(const KernelSpec &spec, const KernelTarget &target,
                 KernelPath path);

void PrintTo(const KernelSpec &spec, std::ostream *os);

} // namespace dconv::test

#endif // DCONV_TEST_KERNELS_KERNELCHECK_H
