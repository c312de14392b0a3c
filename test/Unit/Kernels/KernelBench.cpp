//===- KernelBench.cpp - speed of kernels beside the peak of a core -------===//
//
// dconv-kernel-bench [part of a name]: prints, for each f32 kernel, its rate,
// its share of what the core's multiply-adds could do, and the time to compile.
//
//===----------------------------------------------------------------------===//

#include "JitKernel.h"
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace dconv;
using namespace dconv::test;

static const KernelSpec kKernels[] = {
    {"nhwc 3x3 64->64 @56", "n=1 oh=56 ow=56 f=64 kh=3 kw=3 c=64",
     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f"},
    {"nchw 3x3 64->64 @56", "n=1 f=64 oh=56 ow=56 c=64 kh=3 kw=3",
     "n, c, oh+kh, ow+kw", "f, c, kh, kw", "n, f, oh, ow"},
    {"nhwc_fhwc 3x3 64->64 @56", "n=1 oh=56 ow=56 f=64 kh=3 kw=3 c=64",
     "n, oh+kh, ow+kw, c", "f, kh, kw, c", "n, oh, ow, f"},
    {"nhwc 3x3/2 128->128 @28", "n=1 oh=28 ow=28 f=128 kh=3 kw=3 c=128",
     "n, oh*2+kh, ow*2+kw, c", "kh, kw, c, f", "n, oh, ow, f"},
    {"nchw 3x3/2 128->128 @28", "n=1 f=128 oh=28 ow=28 c=128 kh=3 kw=3",
     "n, c, oh*2+kh, ow*2+kw", "f, c, kh, kw", "n, f, oh, ow"},
    {"nhwc 3x3 64->48 @56x55", "n=1 oh=56 ow=55 f=48 kh=3 kw=3 c=64",
     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f"},
    {"nchw 3x3 64->48 @56x55", "n=1 f=48 oh=56 ow=55 c=64 kh=3 kw=3",
     "n, c, oh+kh, ow+kw", "f, c, kh, kw", "n, f, oh, ow"},
    {"nhwc 3x3 64->64 @19x56", "n=1 oh=19 ow=56 f=64 kh=3 kw=3 c=64",
     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f"},
    {"nchw 3x3 64->64 @18x56", "n=1 f=64 oh=18 ow=56 c=64 kh=3 kw=3",
     "n, c, oh+kh, ow+kw", "f, c, kh, kw", "n, f, oh, ow"},
    {"nhwc 3x3 32->64 @56", "n=1 oh=56 ow=56 f=64 kh=3 kw=3 c=32",
     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f"},
    {"nchw 3x3 32->64 @56", "n=1 f=64 oh=56 ow=56 c=32 kh=3 kw=3",
     "n, c, oh+kh, ow+kw", "f, c, kh, kw", "n, f, oh, ow"},
    {"nchw 7x7/2 3->64 @112", "n=1 f=64 oh=112 ow=112 c=3 kh=7 kw=7",
     "n, c, oh*2+kh, ow*2+kw", "f, c, kh, kw", "n, f, oh, ow"},
    {"nhwc 7x7/2 3->64 @112", "n=1 oh=112 ow=112 f=64 kh=7 kw=7 c=3",
     "n, oh*2+kh, ow*2+kw, c", "kh, kw, c, f", "n, oh, ow, f"},
    {"nchw 1x1 256->64 @56", "n=1 f=64 oh=56 ow=56 c=256 kh=1 kw=1",
     "n, c, oh+kh, ow+kw", "f, c, kh, kw", "n, f, oh, ow"},
    {"nchw 1x1 64->256 @56", "n=1 f=256 oh=56 ow=56 c=64 kh=1 kw=1",
     "n, c, oh+kh, ow+kw", "f, c, kh, kw", "n, f, oh, ow"},
    {"nchw 1x1/2 256->128 @28", "n=1 f=128 oh=28 ow=28 c=256 kh=1 kw=1",
     "n, c, oh*2+kh, ow*2+kw", "f, c, kh, kw", "n, f, oh, ow"},
    {"nhwc 1x1 256->64 @56", "n=1 oh=56 ow=56 f=64 kh=1 kw=1 c=256",
     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f"},
    {"nhwc 3x3 256->256 @14", "n=1 oh=14 ow=14 f=256 kh=3 kw=3 c=256",
     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f"},
    {"nchw 3x3 256->256 @14", "n=1 f=256 oh=14 ow=14 c=256 kh=3 kw=3",
     "n, c, oh+kh, ow+kw", "f, c, kh, kw", "n, f, oh, ow"},
    {"nhwc 3x3 64->64 @62", "n=1 oh=62 ow=62 f=64 kh=3 kw=3 c=64",
     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f"},
    {"nchw 3x3 64->64 @62", "n=1 f=64 oh=62 ow=62 c=64 kh=3 kw=3",
     "n, c, oh+kh, ow+kw", "f, c, kh, kw", "n, f, oh, ow"},
    {"nwc 9 128->128 @1024", "n=1 ow=1024 f=128 kw=9 c=128", "n, ow+kw, c",
     "kw, c, f", "n, ow, f"},
    {"ncw 9 128->128 @1024", "n=1 f=128 ow=1024 c=128 kw=9", "n, c, ow+kw",
     "f, c, kw", "n, f, ow"},
    {"nchw 3x3 512->512 @7", "n=1 f=512 oh=7 ow=7 c=512 kh=3 kw=3",
     "n, c, oh+kh, ow+kw", "f, c, kh, kw", "n, f, oh, ow"},
    {"nhwc 3x3 512->512 @7", "n=1 oh=7 ow=7 f=512 kh=3 kw=3 c=512",
     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f"},
    {"hw 64x1023 @128x512", "oh=128 ow=512 kh=64 kw=1023", "oh+kh, ow+kw",
     "kh, kw", "oh, ow"},
    {"hw 64x1023 @512x128", "oh=512 ow=128 kh=64 kw=1023", "oh+kh, ow+kw",
     "kh, kw", "oh, ow"},
    {"depthwise nhwc 3x3 128 @56", "n=1 oh=56 ow=56 c=128 kh=3 kw=3",
     "n, oh+kh, ow+kw, c", "kh, kw, c", "n, oh, ow, c"},
    {"depthwise nchw 3x3 128 @56", "n=1 oh=56 ow=56 c=128 kh=3 kw=3",
     "n, c, oh+kh, ow+kw", "c, kh, kw", "n, c, oh, ow"},
    {"depthwise nchw 31x31 64 @56", "n=1 oh=56 ow=56 c=64 kh=31 kw=31",
     "n, c, oh+kh, ow+kw", "c, kh, kw", "n, c, oh, ow"},
    {"backward filter 3x3 64x64 @56", "kh=3 kw=3 c=64 f=64 n=1 oh=56 ow=56",
     "n, oh+kh, ow+kw, c", "n, oh, ow, f", "kh, kw, c, f"},
    {"ndhwc 3x3x3 32->64 @16", "n=1 od=16 oh=16 ow=16 f=64 kd=3 kh=3 kw=3 c=32",
     "n, od+kd, oh+kh, ow+kw, c", "kd, kh, kw, c, f", "n, od, oh, ow, f"},
    {"bf16 nhwc 3x3 64->64 @56", "n=1 oh=56 ow=56 f=64 kh=3 kw=3 c=64",
     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f", "bf16", "bf16"},
    {"bf16 nchw 3x3 64->64 @56", "n=1 f=64 oh=56 ow=56 c=64 kh=3 kw=3",
     "n, c, oh+kh, ow+kw", "f, c, kh, kw", "n, f, oh, ow", "bf16", "bf16"},
    {"f16 nhwc 3x3 64->64 @56", "n=1 oh=56 ow=56 f=64 kh=3 kw=3 c=64",
     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f", "f16", "f16"},
    {"f64 nhwc 3x3 64->64 @56", "n=1 oh=56 ow=56 f=64 kh=3 kw=3 c=64",
     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f", "f64", "f64", "f64"},
    {"i8 nhwc 3x3 64->64 @56", "n=1 oh=56 ow=56 f=64 kh=3 kw=3 c=64",
     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f", "i8", "i8", "i32"},
    {"i8 zero points nhwc 3x3 64->64 @56",
     "n=1 oh=56 ow=56 f=64 kh=3 kw=3 c=64", "n, oh+kh, ow+kw, c",
     "kh, kw, c, f", "n, oh, ow, f", "i8", "i8", "i32", "mac", true},
    {"max nhwc 3x3/2 64 @56", "n=1 oh=56 ow=56 c=64 kh=3 kw=3",
     "n, oh*2+kh, ow*2+kw, c", "", "n, oh, ow, c", "f32", "f32", "f32",
     "maximumf"},
    {"max nchw 3x3/2 64 @56", "n=1 c=64 oh=56 ow=56 kh=3 kw=3",
     "n, c, oh*2+kh, ow*2+kw", "", "n, c, oh, ow", "f32", "f32", "f32",
     "maximumf"},
};

static double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// GFLOP/s of independent multiply-adds in registers.
static double measurePeak() {
#if defined(__AVX512F__)
  constexpr int bytes = 64;
#elif defined(__AVX__)
  constexpr int bytes = 32;
#else
  constexpr int bytes = 16;
#endif
  typedef float Vector __attribute__((vector_size(bytes)));
  constexpr int numChains = 12;
  // Short runs, so that one of them has the core for itself.
  constexpr long rounds = 500000;
  const Vector factor = Vector{} + 0.999f, term = Vector{} + 1e-3f;
  double best = 0;
  for (int repeat = 0; repeat < 200; ++repeat) {
    Vector sums[numChains];
    for (int chain = 0; chain < numChains; ++chain)
      sums[chain] = Vector{} + float(chain);
    double start = now();
    for (long round = 0; round < rounds; ++round) {
#pragma clang loop unroll(full)
      for (int chain = 0; chain < numChains; ++chain)
        sums[chain] = __builtin_elementwise_fma(sums[chain], factor, term);
    }
    // The work is done where its result is needed.
    Vector total = {};
    for (const Vector &sum : sums)
      total += sum;
    asm volatile("" : : "x"(total));
    double seconds = now() - start;
    best = std::max(best, 2e-9 * rounds * numChains * (bytes / 4) / seconds);
  }
  return best;
}

int main(int argc, char **argv) {
  const char *filter = argc > 1 ? argv[1] : "";
  KernelTarget target = KernelTarget::host();
  double peak = measurePeak();
  std::printf("peak of one core: %.1f GFLOP/s (f32)\n", peak);
  std::printf("%-36s %9s %6s %8s %8s\n", "kernel", "GFLOP/s", "peak", "emit ms",
              "LLVM ms");
  for (const KernelSpec &spec : kKernels) {
    if (!std::strstr(spec.name.c_str(), filter))
      continue;
    KernelCase data(kernelContext(), spec);
    JitKernel kernel(data, target);
    if (!kernel.error().empty()) {
      std::printf("%-36s failed: %s\n", spec.name.c_str(),
                  kernel.error().c_str());
      return EXIT_FAILURE;
    }
    if (getenv("DCONV_PRINT_KERNEL"))
      std::puts(kernel.ir().c_str());
    std::vector<std::vector<char>> buffers;
    std::vector<void *> arguments;
    for (const Tensor &tensor : data.tensors) {
      // Buffers start at a cache line, as they do in an arena.
      std::vector<char> content = tensor.encode();
      std::vector<char> &buffer = buffers.emplace_back(content.size() + 64);
      size_t space = buffer.size();
      void *begin = buffer.data();
      std::align(64, content.size(), begin, space);
      std::memcpy(begin, content.data(), content.size());
      arguments.push_back(begin);
    }
    for (int32_t &zeroPoint : data.zeroPoints)
      arguments.push_back(&zeroPoint);
    double best = 1e30, total = 0;
    while (total < 0.5) {
      double start = now();
      kernel(arguments.data());
      double seconds = now() - start;
      best = std::min(best, seconds);
      total += seconds;
    }
    double rate = 2e-9 * data.numIterations() / best;
    std::printf("%-36s %9.1f %5.0f%% %8.1f %8.1f  %s\n", spec.name.c_str(),
                rate, 100 * rate / peak, 1e3 * kernel.emitSeconds,
                1e3 * kernel.llvmSeconds, kernel.emitted().reason.c_str());
  }
  return EXIT_SUCCESS;
}
