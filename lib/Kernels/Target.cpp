//===- Target.cpp - the machine a kernel is emitted for -------------------===//

#include "dconv/Kernels/Target.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <unistd.h>

using namespace dconv;

KernelTarget KernelTarget::host() {
  KernelTarget target;
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  auto has = [&](llvm::StringRef name) { return features.lookup(name); };
  if (has("avx512f") && has("avx512bw") && has("avx512dq") && has("avx512vl")) {
    target.vectorBits = 512;
    target.numRegisters = 32;
    target.dotBf16 = has("avx512bf16");
    target.dotI8 = has("avx512vnni");
    target.dotI16 = true;
    target.instructionSet = "AVX-512";
    if (target.dotI8)
      target.instructionSet += " VNNI";
    if (target.dotBf16)
      target.instructionSet += " BF16";
  } else if (has("avx2")) {
    target.vectorBits = 256;
    target.dotI16 = true;
    target.instructionSet = "AVX2";
  } else if (llvm::Triple(llvm::sys::getProcessTriple()).isAArch64()) {
    target.numRegisters = 32;
    target.instructionSet = "NEON";
  }
#ifdef _SC_LEVEL2_CACHE_SIZE
  // Zero or negative where the system does not know.
  if (long bytes = sysconf(_SC_LEVEL1_DCACHE_SIZE); bytes > 0)
    target.l1Bytes = bytes;
  if (long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE); bytes > 0)
    target.l2Bytes = bytes;
#endif
  return target;
}
