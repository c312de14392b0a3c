//===- KernelTest.cpp - kernels against the definition --------------------===//
//===----------------------------------------------------------------------===//

#include "KernelCheck.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace dconv;
using namespace dconv::test;

namespace {
class Kernels : public testing::TestWithParam<KernelSpec> {};
} // namespace

TEST_P(Kernels, Avx512) {
  checkKernel(GetParam(), machine(512, 32), KernelPath::Vector);
}
TEST_P(Kernels, Avx2) {
  checkKernel(GetParam(), machine(256, 16), KernelPath::Vector);
}
TEST_P(Kernels, Bits128) {
  checkKernel(GetParam(), machine(128, 16), KernelPath::Vector);
}

// Shapes are small and odd, so that every tile has a tail.
static const KernelSpec kSpecs[] = {
    // Named convolutions of one, two and three dims.
    {"conv_1d", "ow=21 kw=4", "ow+kw", "kw", "ow"},
    {"conv_2d", "oh=9 ow=37 kh=5 kw=11", "oh+kh, ow+kw", "kh, kw", "oh, ow"},
    {"conv_3d", "od=3 oh=4 ow=19 kd=2 kh=3 kw=2", "od+kd, oh+kh, ow+kw",
     "kd, kh, kw", "od, oh, ow"},
    {"conv_1d_nwc_wcf", "n=2 ow=11 f=19 kw=3 c=5", "n, ow+kw, c", "kw, c, f",
     "n, ow, f"},
    {"conv_1d_ncw_fcw", "n=2 f=5 ow=35 c=3 kw=3", "n, c, ow+kw", "f, c, kw",
     "n, f, ow"},
    {"conv_2d_nhwc_hwcf", "n=2 oh=5 ow=7 f=70 kh=3 kw=3 c=6",
     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f"},
    {"conv_2d_nhwc_fhwc", "n=2 oh=5 ow=7 f=9 kh=3 kw=3 c=21",
     "n, oh+kh, ow+kw, c", "f, kh, kw, c", "n, oh, ow, f"},
    {"conv_2d_nchw_fchw", "n=2 f=13 oh=5 ow=55 c=3 kh=3 kw=3",
     "n, c, oh+kh, ow+kw", "f, c, kh, kw", "n, f, oh, ow"},
    {"conv_2d_ngchw_fgchw", "n=2 g=3 f=5 oh=4 ow=9 c=2 kh=3 kw=3",
     "n, g, c, oh+kh, ow+kw", "f, g, c, kh, kw", "n, g, f, oh, ow"},
    {"conv_2d_ngchw_gfchw", "n=2 g=3 f=5 oh=4 ow=9 c=2 kh=3 kw=3",
     "n, g, c, oh+kh, ow+kw", "g, f, c, kh, kw", "n, g, f, oh, ow"},
    {"conv_2d_nhwgc_gfhwc", "n=2 oh=4 ow=5 g=3 f=5 kh=3 kw=3 c=9",
     "n, oh+kh, ow+kw, g, c", "g, f, kh, kw, c", "n, oh, ow, g, f"},
    {"conv_3d_ndhwc_dhwcf", "n=2 od=2 oh=3 ow=5 f=17 kd=2 kh=2 kw=3 c=4",
     "n, od+kd, oh+kh, ow+kw, c", "kd, kh, kw, c, f", "n, od, oh, ow, f"},
    {"conv_3d_ncdhw_fcdhw", "n=2 od=2 oh=3 ow=18 f=7 kd=2 kh=2 kw=3 c=3",
     "n, c, od+kd, oh+kh, ow+kw", "f, c, kd, kh, kw", "n, f, od, oh, ow"},
    {"depthwise_conv_1d_nwc_wc", "n=2 ow=9 c=19 kw=3", "n, ow+kw, c", "kw, c",
     "n, ow, c"},
    {"depthwise_conv_1d_ncw_cw", "n=2 ow=19 c=5 kw=3", "n, c, ow+kw", "c, kw",
     "n, c, ow"},
    {"depthwise_conv_1d_nwc_wcm", "n=2 ow=9 c=5 cm=3 kw=3", "n, ow+kw, c",
     "kw, c, cm", "n, ow, c, cm"},
    {"depthwise_conv_2d_nhwc_hwc", "n=2 oh=5 ow=11 c=37 kh=3 kw=3",
     "n, oh+kh, ow+kw, c", "kh, kw, c", "n, oh, ow, c"},
    {"depthwise_conv_2d_nchw_chw", "n=2 oh=6 ow=23 c=5 kh=5 kw=5",
     "n, c, oh+kh, ow+kw", "c, kh, kw", "n, c, oh, ow"},
    {"depthwise_conv_2d_nhwc_hwcm", "n=2 oh=5 ow=6 c=5 cm=20 kh=3 kw=3",
     "n, oh+kh, ow+kw, c", "kh, kw, c, cm", "n, oh, ow, c, cm"},
    {"depthwise_conv_3d_ncdhw_cdhw", "n=2 od=3 oh=4 ow=17 c=3 kd=2 kh=2 kw=3",
     "n, c, od+kd, oh+kh, ow+kw", "c, kd, kh, kw", "n, c, od, oh, ow"},
    {"depthwise_conv_3d_ndhwc_dhwcm",
     "n=2 od=3 oh=3 ow=4 c=3 cm=2 kd=2 kh=2 kw=2", "n, od+kd, oh+kh, ow+kw, c",
     "kd, kh, kw, c, cm", "n, od, oh, ow, c, cm"},
    {"conv_4d", "oa=2 ob=3 oh=3 ow=17 ka=2 kb=2 kh=2 kw=2",
     "oa+ka, ob+kb, oh+kh, ow+kw", "ka, kb, kh, kw", "oa, ob, oh, ow"},

    // Windows: strides, dilations, taps backwards, sizes of 1.
    {"nhwc_stride_2", "n=1 oh=6 ow=13 f=33 kh=3 kw=3 c=4",
     "n, oh*2+kh, ow*2+kw, c", "kh, kw, c, f", "n, oh, ow, f"},
    {"nchw_stride_2", "n=1 f=9 oh=6 ow=56 c=3 kh=3 kw=3",
     "n, c, oh*2+kh, ow*2+kw", "f, c, kh, kw", "n, f, oh, ow"},
    {"nchw_stride_3_dilation_2", "n=1 f=4 oh=3 ow=21 c=3 kh=3 kw=3",
     "n, c, oh*3+kh*2, ow*3+kw*2", "f, c, kh, kw", "n, f, oh, ow"},
    {"nchw_stride_4", "n=1 f=4 oh=3 ow=21 c=3 kh=3 kw=11",
     "n, c, oh*4+kh, ow*4+kw", "f, c, kh, kw", "n, f, oh, ow"},
    {"nhwc_stride_3_dilation_2", "n=1 oh=3 ow=5 f=18 kh=2 kw=3 c=4",
     "n, oh*3+kh*2, ow*3+kw*2, c", "kh, kw, c, f", "n, oh, ow, f"},
    {"conv1", "n=1 f=16 oh=20 ow=20 c=3 kh=7 kw=7", "n, c, oh*2+kh, ow*2+kw",
     "f, c, kh, kw", "n, f, oh, ow"},
    {"nchw_1x1", "n=2 f=18 oh=7 ow=7 c=5 kh=1 kw=1", "n, c, oh+kh, ow+kw",
     "f, c, kh, kw", "n, f, oh, ow"},
    {"nchw_1x1_stride_2", "n=2 f=18 oh=7 ow=7 c=5 kh=1 kw=1",
     "n, c, oh*2+kh, ow*2+kw", "f, c, kh, kw", "n, f, oh, ow"},
    {"nhwc_1x1", "n=2 oh=3 ow=7 f=20 kh=1 kw=1 c=50", "n, oh+kh, ow+kw, c",
     "kh, kw, c, f", "n, oh, ow, f"},
    {"nhwc_fhwc_1x1", "n=1 oh=3 ow=7 f=5 kh=1 kw=1 c=50", "n, oh+kh, ow+kw, c",
     "f, kh, kw, c", "n, oh, ow, f"},
    {"nchw_narrow", "n=1 f=30 oh=7 ow=7 c=9 kh=3 kw=3", "n, c, oh+kh, ow+kw",
     "f, c, kh, kw", "n, f, oh, ow"},
    {"nchw_one_pixel", "n=1 f=30 oh=1 ow=1 c=9 kh=3 kw=3", "n, c, oh+kh, ow+kw",
     "f, c, kh, kw", "n, f, oh, ow"},
    {"flipped_nchw", "n=1 c=4 ih=6 iw=19 f=3 kh=3 kw=3",
     "n, f, ih-kh+2, iw-kw+2", "f, c, kh, kw", "n, c, ih, iw"},
    {"flipped_nhwc", "n=1 ih=6 iw=7 c=20 f=3 kh=3 kw=3",
     "n, ih-kh+2, iw-kw+2, f", "kh, kw, f, c", "n, ih, iw, c"},
    {"constant_offset", "n=1 f=4 oh=6 ow=19 c=3 kh=3 kw=3",
     "n, c, oh+kh+1, ow+kw+2", "f, c, kh, kw", "n, f, oh, ow"},
    {"backward_filter", "kh=3 kw=3 c=5 f=19 n=2 oh=4 ow=5",
     "n, oh+kh, ow+kw, c", "n, oh, ow, f", "kh, kw, c, f"},
    {"backward_filter_nchw", "f=5 c=4 kh=3 kw=3 n=2 oh=4 ow=37",
     "n, c, oh+kh, ow+kw", "n, f, oh, ow", "f, c, kh, kw"},
    {"filter_first", "f=9 n=1 oh=5 ow=20 kw=3 kh=3 c=3", "f, c, kh, kw",
     "n, c, oh+kh, ow+kw", "n, f, oh, ow"},
    {"both_windowed", "oh=6 ow=18 kh=3 kw=2", "oh+kh, ow+kw", "oh+kh*2, kw",
     "oh, ow", "f32", "f32", "f32", "mac", false, true},
    {"big_filter", "oh=10 ow=40 kh=19 kw=37", "oh+kh, ow+kw", "kh, kw",
     "oh, ow"},
    {"many_channels", "n=1 oh=2 ow=29 f=64 kh=3 kw=3 c=40",
     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f"},

    // Types.
    {"f64", "n=1 oh=5 ow=7 f=21 kh=3 kw=3 c=6", "n, oh+kh, ow+kw, c",
     "kh, kw, c, f", "n, oh, ow, f", "f64", "f64", "f64"},
    {"f32_to_f64", "n=1 f=7 oh=5 ow=21 c=6 kh=3 kw=3", "n, c, oh+kh, ow+kw",
     "f, c, kh, kw", "n, f, oh, ow", "f32", "f32", "f64"},
    {"bf16_nhwc", "n=1 oh=5 ow=7 f=21 kh=3 kw=3 c=6", "n, oh+kh, ow+kw, c",
     "kh, kw, c, f", "n, oh, ow, f", "bf16", "bf16"},
    {"bf16_nchw_stride_2", "n=1 f=7 oh=5 ow=21 c=6 kh=3 kw=3",
     "n, c, oh*2+kh, ow*2+kw", "f, c, kh, kw", "n, f, oh, ow", "bf16", "bf16"},
    {"bf16_nhwc_fhwc", "n=1 oh=5 ow=7 f=5 kh=3 kw=3 c=21", "n, oh+kh, ow+kw, c",
     "f, kh, kw, c", "n, oh, ow, f", "bf16", "bf16"},
    {"f16_nhwc", "n=1 oh=5 ow=7 f=21 kh=3 kw=3 c=6", "n, oh+kh, ow+kw, c",
     "kh, kw, c, f", "n, oh, ow, f", "f16", "f16"},
    {"f16_nchw", "n=1 f=7 oh=5 ow=21 c=6 kh=3 kw=3", "n, c, oh+kh, ow+kw",
     "f, c, kh, kw", "n, f, oh, ow", "f16", "f16"},
    {"i8", "n=1 oh=5 ow=7 f=21 kh=3 kw=3 c=6", "n, oh+kh, ow+kw, c",
     "kh, kw, c, f", "n, oh, ow, f", "i8", "i8", "i32"},
    {"u8_i8", "n=1 f=7 oh=5 ow=21 c=6 kh=3 kw=3", "n, c, oh+kh, ow+kw",
     "f, c, kh, kw", "n, f, oh, ow", "u8", "i8", "i32"},
    {"u8_nhwc_fhwc", "n=1 oh=5 ow=7 f=5 kh=3 kw=3 c=21", "n, oh+kh, ow+kw, c",
     "f, kh, kw, c", "n, oh, ow, f", "u8", "u8", "i32"},
    {"i16", "n=1 oh=5 ow=7 f=21 kh=3 kw=3 c=6", "n, oh+kh, ow+kw, c",
     "kh, kw, c, f", "n, oh, ow, f", "i16", "i16", "i32"},
    {"i32", "n=1 oh=5 ow=7 f=21 kh=3 kw=3 c=60", "n, oh+kh, ow+kw, c",
     "kh, kw, c, f", "n, oh, ow, f", "i32", "i32", "i32"},
    {"i64", "n=1 oh=5 ow=7 f=21 kh=3 kw=3 c=6", "n, oh+kh, ow+kw, c",
     "kh, kw, c, f", "n, oh, ow, f", "i16", "i32", "i64"},
    {"i16_wrapping", "n=1 f=7 oh=5 ow=21 c=6 kh=3 kw=3", "n, c, oh+kh, ow+kw",
     "f, c, kh, kw", "n, f, oh, ow", "i16", "i16", "i16"},
    {"i8_wrapping", "n=1 oh=5 ow=7 f=21 kh=3 kw=3 c=6", "n, oh+kh, ow+kw, c",
     "kh, kw, c, f", "n, oh, ow, f", "i8", "i8", "i8"},
    {"conv_2d_nhwc_hwcf_q", "n=1 oh=5 ow=7 f=21 kh=3 kw=3 c=6",
     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f", "i8", "i8", "i32",
     "mac", true},
    {"conv_2d_nchw_fchw_q", "n=1 f=7 oh=5 ow=21 c=6 kh=3 kw=3",
     "n, c, oh+kh, ow+kw", "f, c, kh, kw", "n, f, oh, ow", "u8", "i8", "i32",
     "mac", true},
    {"conv_2d_nhwc_fhwc_q", "n=1 oh=5 ow=7 f=5 kh=3 kw=3 c=21",
     "n, oh+kh, ow+kw, c", "f, kh, kw, c", "n, oh, ow, f", "i8", "i8", "i32",
     "mac", true},
    {"depthwise_conv_2d_nhwc_hwc_q", "n=1 oh=5 ow=7 c=21 kh=3 kw=3",
     "n, oh+kh, ow+kw, c", "kh, kw, c", "n, oh, ow, c", "i8", "i8", "i32",
     "mac", true},

    // Poolings.
    {"pooling_nhwc_sum", "n=2 oh=5 ow=7 c=21 kh=3 kw=3", "n, oh+kh, ow+kw, c",
     "", "n, oh, ow, c", "f32", "", "f32", "addf"},
    {"pooling_nchw_sum", "n=2 c=3 oh=5 ow=21 kh=2 kw=2",
     "n, c, oh*2+kh, ow*2+kw", "", "n, c, oh, ow", "f32", "", "f32", "addf"},
    {"pooling_nhwc_max", "n=2 oh=5 ow=7 c=21 kh=3 kw=3",
     "n, oh*2+kh, ow*2+kw, c", "", "n, oh, ow, c", "f32", "", "f32",
     "maximumf"},
    {"pooling_nchw_max", "n=2 c=3 oh=5 ow=23 kh=3 kw=3",
     "n, c, oh*2+kh, ow*2+kw", "", "n, c, oh, ow", "f32", "", "f32",
     "maximumf"},
    {"pooling_nhwc_min", "n=2 oh=5 ow=7 c=21 kh=3 kw=3", "n, oh+kh, ow+kw, c",
     "", "n, oh, ow, c", "f64", "", "f64", "minimumf"},
    {"pooling_maxnum_bf16", "n=2 oh=5 ow=7 c=21 kh=3 kw=3",
     "n, oh+kh, ow+kw, c", "", "n, oh, ow, c", "bf16", "", "f32", "maxnumf"},
    {"pooling_nhwc_max_signed", "n=2 oh=5 ow=7 c=37 kh=3 kw=3",
     "n, oh+kh, ow+kw, c", "", "n, oh, ow, c", "i8", "", "i8", "maxsi"},
    {"pooling_nhwc_max_unsigned", "n=2 oh=5 ow=7 c=21 kh=3 kw=3",
     "n, oh+kh, ow+kw, c", "", "n, oh, ow, c", "u8", "", "i32", "maxui"},
    {"pooling_nwc_min_unsigned", "n=2 ow=7 c=21 kw=3", "n, ow*3+kw, c", "",
     "n, ow, c", "i16", "", "i16", "minui"},
    {"pooling_ncw_max", "n=2 c=5 ow=50 kw=3", "n, c, ow*2+kw", "", "n, c, ow",
     "i32", "", "i32", "maxsi"},
    {"pooling_ndhwc_sum", "n=2 od=2 oh=3 ow=4 c=19 kd=2 kh=2 kw=2",
     "n, od+kd, oh+kh, ow+kw, c", "", "n, od, oh, ow, c", "i8", "", "i32",
     "addi"},
    {"pooling_global_max", "n=2 c=5 oh=1 ow=1 kh=7 kw=7", "n, c, oh+kh, ow+kw",
     "", "n, c, oh, ow", "f32", "", "f32", "maximumf"},
    {"pooling_global_sum", "n=2 c=5 oh=1 ow=1 kh=7 kw=7", "n, c, oh+kh, ow+kw",
     "", "n, c, oh, ow", "f32", "", "f32", "addf"},
    {"pooling_global_minui", "n=2 c=5 oh=1 ow=1 kh=7 kw=7",
     "n, c, oh+kh, ow+kw", "", "n, c, oh, ow", "i16", "", "i32", "minui"},
};

INSTANTIATE_TEST_SUITE_P(, Kernels, testing::ValuesIn(kSpecs),
                         [](const auto &info) { return info.param.name; });

//===----------------------------------------------------------------------===//
// What the vector path does not take
//===----------------------------------------------------------------------===//

static std::string reasonOf(const KernelSpec &spec) {
  KernelCase data(kernelContext(), spec);
  return JitKernel(data, machine(512, 32)).emitted().reason;
}

TEST(KernelLoops, StridedEverywhere) {
  KernelSpec spec = {"", "oh=3 ow=6 k=3", "ow*5+k*2, oh", "k", "ow, oh"};
  spec.image = "ow*5+k*2, oh*5";
  checkKernel(spec, machine(512, 32), KernelPath::Loops);
  EXPECT_EQ(reasonOf(spec), "no loop walks the output, or both inputs, element "
                            "by element");
}

TEST(KernelLoops, OneIteration) {
  KernelSpec spec = {"", "ow=1 kw=1", "ow+kw", "kw", "ow"};
  checkKernel(spec, machine(512, 32), KernelPath::Loops);
  EXPECT_EQ(reasonOf(spec), "there is a single iteration");
}

TEST(KernelLoops, PoolingWindowIsNotRead) {
  KernelSpec spec = {
      "",    "ow=3 oh=2 kw=2", "ow*5+kw*2, oh*5", "", "ow, oh", "f32", "",
      "f32", "maximumf"};
  checkKernel(spec, machine(512, 32), KernelPath::Loops);
}

TEST(KernelLoops, NotLinear) {
  KernelSpec spec = {"", "ow=8 kw=3", "(ow+kw) floordiv 2", "kw", "ow"};
  KernelCase data(kernelContext(), spec);
  // The shape of a nonlinear index is not what the case computes.
  data.tensors[0].shape = {5};
  EXPECT_EQ(JitKernel(data, machine(512, 32)).emitted().reason,
            "operand 0 is not indexed by sums of loops times constants");
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

static std::string errorOf(const char *text) {
  mlir::MLIRContext &context = kernelContext();
  std::string message;
  mlir::ScopedDiagnosticHandler handler(&context,
                                        [&](mlir::Diagnostic &diagnostic) {
                                          message = diagnostic.str();
                                          return mlir::success();
                                        });
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    return "does not parse: " + message;
  auto kernel = *module->getOps<mlir::func::FuncOp>().begin();
  return succeeded(emitKernel(kernel, machine(512, 32))) ? "" : message;
}

TEST(KernelErrors, NoOp) {
  EXPECT_EQ(errorOf("func.func private @k() attributes {dconv.kernel} {\n"
                    "  return\n}"),
            "expected a linalg.generic in a kernel");
}

TEST(KernelErrors, NoBody) {
  EXPECT_EQ(errorOf("func.func private @k() attributes {dconv.kernel}"),
            "expected a kernel of one block");
}

TEST(KernelErrors, OtherOp) {
  EXPECT_EQ(errorOf("func.func private @k(%y: memref<4xf32>) {\n"
                    "  memref.dealloc %y : memref<4xf32>\n  return\n}"),
            "expected nothing but a linalg.generic in a kernel");
}

/// A kernel of one or two copies of a sum over `type`.
static std::string sumKernel(const std::string &type, unsigned copies = 1) {
  std::string op =
      "  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, "
      "affine_map<(d0) -> (d0)>], iterator_types = [\"parallel\"]} ins(%x : " +
      type + ") outs(%y : " + type +
      ") {\n  ^bb0(%a: f32, %b: f32):\n    %r = arith.addf %b, %a : f32\n"
      "    linalg.yield %r : f32\n  }\n";
  std::string body;
  for (unsigned copy = 0; copy < copies; ++copy)
    body += op;
  return "func.func private @k(%x: " + type + ", %y: " + type + ") {\n" + body +
         "  return\n}";
}

TEST(KernelErrors, TwoOps) {
  EXPECT_EQ(errorOf(sumKernel("memref<4xf32>", 2).c_str()),
            "expected one linalg.generic in a kernel");
}

TEST(KernelErrors, DynamicShape) {
  EXPECT_EQ(errorOf(sumKernel("memref<?xf32>").c_str()),
            "expected memrefs of static shape, row-major or with a "
            "#dconv.layout, got 'memref<?xf32>'");
}

TEST(KernelErrors, Layout) {
  EXPECT_EQ(errorOf(sumKernel("memref<4xf32, strided<[2]>>").c_str()),
            "expected memrefs of static shape, row-major or with a "
            "#dconv.layout, got 'memref<4xf32, strided<[2]>>'");
}

/// The error of a sum with these attributes of the function and of its output,
/// and these further arguments.
static std::string attributeError(const std::string &inside,
                                  const std::string &initial,
                                  const std::string &arguments) {
  std::string text = sumKernel("memref<4xf32>");
  auto replace = [&](const std::string &from, const std::string &to) {
    text.replace(text.find(from), from.size(), to);
  };
  replace("%y: memref<4xf32>)", "%y: memref<4xf32> {" + initial + "}" +
                                    arguments + ") attributes {" + inside +
                                    "}");
  return errorOf(text.c_str());
}

TEST(KernelErrors, Inside) {
  const char *indices = ", %low: index, %high: index";
  EXPECT_EQ(attributeError("dconv.inside = [[0, 0]]", "", indices), "");
  // Too few arguments, no such dim, no such argument, no indices, no list.
  for (auto [inside, arguments] : {std::pair{"[[0, 0], [1, 0]]", indices},
                                   {"[[0, 1]]", indices},
                                   {"[[7, 0]]", indices},
                                   {"[[0, 0]]", ", %low: index, %high: i64"},
                                   {"[0]", indices},
                                   {"[[2, 0]]", indices},
                                   {"0", indices}})
    EXPECT_EQ(
        attributeError("dconv.inside = " + std::string(inside), "", arguments)
            .find("expected dconv.inside to be [[memref argument, dim], "
                  "...] with two more index arguments at the end"),
        0u)
        << inside << arguments;
}

TEST(KernelErrors, Initial) {
  EXPECT_EQ(attributeError("", "dconv.initial = 1.0 : f32", ""), "");
  EXPECT_EQ(attributeError("", "dconv.initial = 1 : i32", ""),
            "expected dconv.initial of the output to be a value of type 'f32', "
            "got 1 : i32");
}
