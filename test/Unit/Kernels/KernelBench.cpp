//===- KernelBench.cpp - speed of kernels beside the peak of a core -------===//
//
// dconv-kernel-bench [part of a name]: prints, for each kernel, its best time
// and rate, the share of it, and of the median, of what the core's
// multiply-adds could do in the same seconds, the share of the time in which as
// many bytes as its tensors have are copied, and the time to compile. Work
// counts real taps.
//
//===----------------------------------------------------------------------===//

#include "JitKernel.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

using namespace dconv;
using namespace dconv::test;

/// A dense convolution of images that hold zeros around them.
struct Dense {
  const char *name;
  int64_t batch, size, filters, taps, channels, stride, dilation, padding;
  int64_t width = 0; ///< where it is not `size`
};

static const Dense kDense[] = {
    {"3x3 64 @56", 8, 56, 64, 3, 64, 1, 1, 1},
    {"3x3 128 @28", 8, 28, 128, 3, 128, 1, 1, 1},
    {"3x3 256 @14", 8, 14, 256, 3, 256, 1, 1, 1},
    {"3x3 512 @7", 8, 7, 512, 3, 512, 1, 1, 1},
    {"1x1 256->64 @56", 8, 56, 64, 1, 256, 1, 1, 0},
    {"1x1 64->256 @56", 8, 56, 256, 1, 64, 1, 1, 0},
    {"1x1/2 256->512 @28", 8, 28, 512, 1, 256, 2, 1, 0},
    {"7x7/2 3->64 @112", 8, 112, 64, 7, 3, 2, 1, 3},
    {"3x3 dilation 2 256 @64", 2, 64, 256, 3, 256, 1, 2, 2},
    {"3x3 dilation 18 256 @64", 1, 64, 256, 3, 256, 1, 18, 18},
    {"3x3/2 128 @28", 8, 28, 128, 3, 128, 2, 1, 1},
    {"3x3 60->70 @31x29", 4, 31, 70, 3, 60, 1, 1, 1, 29},
    {"3x3 64 @56 one image", 1, 56, 64, 3, 64, 1, 1, 1},
    {"3x3 512 @7 one image", 1, 7, 512, 3, 512, 1, 1, 1},
};

/// The convolution with the image in the order of linalg's NHWC ops.
static KernelSpec specOf(const Dense &dense, const char *type,
                         const char *result) {
  auto loop = [](const char *name, int64_t extent) {
    return std::string(name) + "=" + std::to_string(extent) + " ";
  };
  int64_t width = dense.width ? dense.width : dense.size;
  KernelSpec spec;
  spec.name = std::string(type) + " " + dense.name;
  spec.loops = loop("n", dense.batch) + loop("oh", dense.size) +
               loop("ow", width) + loop("f", dense.filters) +
               loop("kh", dense.taps) + loop("kw", dense.taps) +
               loop("c", dense.channels);
  std::string stride = "*" + std::to_string(dense.stride) + "+";
  std::string dilation = "*" + std::to_string(dense.dilation) + ", ";
  spec.image = "n, oh" + stride + "kh" + dilation + "ow" + stride + "kw" +
               dilation + "c";
  spec.filter = "kh, kw, c, f";
  spec.result = "n, oh, ow, f";
  spec.imageType = spec.filterType = type;
  spec.resultType = result;
  spec.layout = "preferred";
  spec.initial = 0;
  auto read = [&](int64_t size) {
    return (size - 1) * dense.stride + (dense.taps - 1) * dense.dilation + 1;
  };
  if (dense.padding)
    spec.inside = {{0, 1, dense.padding, read(dense.size) - dense.padding},
                   {0, 2, dense.padding, read(width) - dense.padding}};
  return spec;
}

/// A depthwise convolution of square images that hold zeros around them.
struct ByChannel {
  const char *name;
  int64_t batch, size, channels, tapRows, tapColumns, stride = 1;
};

static const ByChannel kByChannel[] = {
    {"7x7 96 @56", 8, 56, 96, 7, 7},   {"31x31 128 @56", 1, 56, 128, 31, 31},
    {"51x5 64 @56", 1, 56, 64, 51, 5}, {"5x51 64 @56", 1, 56, 64, 5, 51},
    {"3x3 128 @56", 8, 56, 128, 3, 3}, {"3x3/2 128 @56", 8, 28, 128, 3, 3, 2},
    {"5x5 240 @14", 8, 14, 240, 5, 5},
};

static KernelSpec specOf(const ByChannel &layer, const char *type,
                         const char *result) {
  KernelSpec spec;
  spec.name = std::string(type) + " depthwise " + layer.name;
  auto loop = [&](const char *name, int64_t extent) {
    spec.loops += std::string(name) + "=" + std::to_string(extent) + " ";
  };
  loop("n", layer.batch);
  loop("oh", layer.size);
  loop("ow", layer.size);
  loop("c", layer.channels);
  loop("kh", layer.tapRows);
  loop("kw", layer.tapColumns);
  std::string stride = "*" + std::to_string(layer.stride) + "+";
  spec.image = "n, oh" + stride + "kh, ow" + stride + "kw, c";
  spec.filter = "kh, kw, c";
  spec.result = "n, oh, ow, c";
  spec.imageType = spec.filterType = type;
  spec.resultType = result;
  spec.initial = 0;
  int64_t size = layer.stride * layer.size;
  spec.inside = {{0, 1, layer.tapRows / 2, layer.tapRows / 2 + size},
                 {0, 2, layer.tapColumns / 2, layer.tapColumns / 2 + size}};
  return spec;
}

static const KernelSpec kOthers[] = {
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

static std::vector<KernelSpec> kernels() {
  std::vector<KernelSpec> specs;
  for (auto [type, result] : {std::pair{"f32", "f32"},
                              {"bf16", "f32"},
                              {"u8", "i32"},
                              {"i8", "i32"},
                              {"f16", "f32"},
                              {"f64", "f64"}})
    for (const Dense &dense : kDense) {
      specs.push_back(specOf(dense, type, result));
      if (std::string(type) == "u8")
        specs.back().filterType = "i8";
    }
  for (auto [type, result] : {std::pair{"f32", "f32"},
                              {"bf16", "f32"},
                              {"f16", "f32"},
                              {"i8", "i32"}})
    for (const ByChannel &layer : kByChannel)
      specs.push_back(specOf(layer, type, result));
  llvm::append_range(specs, kOthers);
  for (auto [type, result] :
       {std::pair{"f32", "f32"}, {"bf16", "f32"}, {"i8", "i32"}}) {
    KernelSpec spec = {std::string(type) + " 3x3x3 32->64 @32",
                       "n=1 od=32 oh=32 ow=32 f=64 kd=3 kh=3 kw=3 c=32",
                       "n, od+kd, oh+kh, ow+kw, c",
                       "kd, kh, kw, c, f",
                       "n, od, oh, ow, f",
                       type,
                       type,
                       result};
    spec.layout = "preferred";
    spec.initial = 0;
    spec.inside = {{0, 1, 1, 33}, {0, 2, 1, 33}, {0, 3, 1, 33}};
    specs.push_back(spec);
  }
  return specs;
}

/// Seconds that this thread has had a core: others may use the machine.
static double now() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

/// GFLOP/s of independent multiply-adds in registers.
static double measurePeak(int repeats) {
#if defined(__AVX512F__)
  constexpr int bytes = 64;
#elif defined(__AVX__)
  constexpr int bytes = 32;
#else
  constexpr int bytes = 16;
#endif
  typedef float Vector __attribute__((vector_size(bytes)));
  constexpr int numChains = 12;
  // Milliseconds, like a kernel.
  constexpr long rounds = 1000000;
  const Vector factor = Vector{} + 0.999f, term = Vector{} + 1e-3f;
  double best = 0;
  for (int repeat = 0; repeat < repeats; ++repeat) {
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

/// Seconds to read half of `bytes` and write the other half.
static double measureCopy(size_t bytes, int repeats) {
  std::vector<char> from(bytes / 2, 1), to(bytes / 2, 2);
  double best = 1;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    double start = now();
    std::memcpy(to.data(), from.data(), from.size());
    asm volatile("" : : "r"(to.data()) : "memory");
    best = std::min(best, now() - start);
  }
  return best;
}

/// The peak for multiply-adds of `type` on `target`: dot products do twice or
/// four times as many as f32.
static double peakOf(const std::string &type, const KernelTarget &target,
                     double peak) {
  if (type == "bf16" && target.dotBf16)
    return 2 * peak;
  if ((type == "i8" || type == "u8") && target.dotI8)
    return 4 * peak;
  return type == "f64" ? peak / 2 : peak;
}

/// Runs `kernel` on the data of the case for half a second and prints a line.
static void measure(KernelCase &data, const JitKernel &kernel,
                    const KernelTarget &target) {
  std::vector<std::vector<char>> buffers;
  std::vector<void *> arguments;
  size_t bytes = 0;
  for (auto [tensor, layout] :
       llvm::zip_equal(data.tensors, kernel.layouts())) {
    // Buffers start at a cache line, as they do in an arena.
    std::vector<char> content = tensor.encode(layout);
    std::vector<char> &buffer = buffers.emplace_back(content.size() + 64);
    size_t space = buffer.size();
    void *begin = buffer.data();
    std::align(64, content.size(), begin, space);
    std::memcpy(begin, content.data(), content.size());
    bytes += content.size();
    arguments.push_back(begin);
  }
  for (void *scalar : data.scalarArguments())
    arguments.push_back(scalar);
  std::vector<double> times;
  double peak = 0, copy = measureCopy(bytes, 10);
  for (double total = 0; total < 0.3;) {
    // Peak and kernel in turns: both see the same clock and neighbours.
    if (times.size() % 16 == 0)
      peak = std::max(peak, measurePeak(3));
    double start = now();
    kernel(arguments.data());
    times.push_back(now() - start);
    total += times.back();
  }
  llvm::sort(times);
  double work = 2e-9 * data.numInsideIterations();
  double best = work / times.front(), median = work / times[times.size() / 2];
  peak = peakOf(data.spec.imageType, target, peak);
  std::printf("%-34s %9.3f %9.1f %5.0f%% %5.0f%% %5.0f%% %8.1f %8.1f  %s %s\n",
              data.spec.name.c_str(), 1e3 * times.front(), best,
              100 * best / peak, 100 * median / peak,
              100 * copy / times.front(), 1e3 * kernel.emitSeconds,
              1e3 * kernel.llvmSeconds, kernel.emitted().reason.c_str(),
              kernel.layouts().size() > 1 && !kernel.layouts()[1].isRowMajor()
                  ? toString(kernel.layouts()[1]).c_str()
                  : "");
  std::fflush(stdout);
}

int main(int argc, char **argv) {
  const char *filter = argc > 1 ? argv[1] : "";
  KernelTarget target = KernelTarget::host();
  std::printf("%s, peak of one core: %.1f GFLOP/s (f32)\n",
              target.instructionSet.c_str(), measurePeak(100));
  std::printf("%-34s %9s %9s %6s %6s %6s %8s %8s\n", "kernel", "ms", "GFLOP/s",
              "peak", "median", "copy", "emit ms", "LLVM ms");
  for (const KernelSpec &spec : kernels()) {
    if (!std::strstr(spec.name.c_str(), filter))
      continue;
    KernelCase data(kernelContext(), spec);
    JitKernel kernel(data, target);
    if (!kernel.error().empty()) {
      std::printf("%-34s failed: %s\n", spec.name.c_str(),
                  kernel.error().c_str());
      return EXIT_FAILURE;
    }
    if (getenv("DCONV_PRINT_KERNEL"))
      std::puts(kernel.ir().c_str());
    measure(data, kernel, target);
  }
  return EXIT_SUCCESS;
}
