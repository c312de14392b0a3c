//===- CheckBench.cpp - how long checks of real layers take ---------------===//

#include "Runs.h"

#include <chrono>
#include <cstdio>

using namespace dconv;
using namespace dconv::test;

static double secondsOf(TestRun &run, const CheckOptions &options,
                        CheckReport &report) {
  auto start = std::chrono::steady_clock::now();
  report = *run.check(options);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                       start)
      .count();
}

/// One convolution whose recorded values are all 0: wrong, in the same time.
static void bench(const char *name, const std::string &op,
                  const std::string &x, const std::string &w,
                  const std::string &y, int64_t outputBytes, double macs,
                  bool full, bool fractions = false) {
  TestRun run("func.func @main(%x: tensor<" + x + ">, %w: tensor<" + w +
          ">, %y: tensor<" + y + ">) -> tensor<" + y + "> {\n  %r = linalg." +
          op + " ins(%x, %w : tensor<" + x + ">, tensor<" + w +
          ">) outs(%y : tensor<" + y + ">) -> tensor<" + y +
          ">\n  return %r : tensor<" + y + ">\n}\n");
  if (fractions)
    run.argument<float>(1)[0] = 0.3f;
  Bytes zeros(outputBytes);
  run.addConvolution("main#0");
  run.addRecord("main#0", zeros);
  run.addResult(zeros);
  for (bool sample : {false, true}) {
    if (!sample && !full)
      continue;
    CheckReport report;
    double seconds = secondsOf(run, {sample}, report);
    std::printf("%-28s %-6s %8.1f M multiply-adds  %6.3f s  %ld values\n", name,
                report.kind.c_str(), macs * 1e-6, seconds,
                static_cast<long>(report.values));
  }
}

int main() {
  bench("3x3 64 channels nhwc_hwcf", "conv_2d_nhwc_hwcf", "1x58x58x64xf32",
        "3x3x64x64xf32", "1x56x56x64xf32", 56 * 56 * 64 * 4, 115.6e6, true);
  bench("the same, fractions", "conv_2d_nhwc_hwcf", "1x58x58x64xf32",
        "3x3x64x64xf32", "1x56x56x64xf32", 56 * 56 * 64 * 4, 115.6e6, true,
        true);
  bench("3x3 64 channels nchw_fchw", "conv_2d_nchw_fchw", "1x64x58x58xf32",
        "64x64x3x3xf32", "1x64x56x56xf32", 56 * 56 * 64 * 4, 115.6e6, true);
  bench("3x3 64 channels nhwc_fhwc", "conv_2d_nhwc_fhwc", "1x58x58x64xf32",
        "64x3x3x64xf32", "1x56x56x64xf32", 56 * 56 * 64 * 4, 115.6e6, true);
  bench("7x7 stride 2 nchw_fchw",
        "conv_2d_nchw_fchw {strides = dense<2> : tensor<2xi64>}",
        "1x3x229x229xf32", "64x3x7x7xf32", "1x64x112x112xf32",
        112 * 112 * 64 * 4, 118e6, true);
  bench("i8 to i32", "conv_2d_nhwc_hwcf", "1x58x58x64xi8", "3x3x64x64xi8",
        "1x56x56x64xi32", 56 * 56 * 64 * 4, 115.6e6, true);
  bench("f64", "conv_2d_nhwc_hwcf", "1x58x58x64xf64", "3x3x64x64xf64",
        "1x56x56x64xf64", 56 * 56 * 64 * 8, 115.6e6, true);
  bench("bf16", "conv_2d_nhwc_hwcf", "1x58x58x64xbf16", "3x3x64x64xbf16",
        "1x56x56x64xbf16", 56 * 56 * 64 * 2, 115.6e6, true);
  bench("1023x1023 taps", "conv_2d", "1534x1534xf32", "1023x1023xf32",
        "512x512xf32", 512 * 512 * 4, 2.74e11, false);
}
