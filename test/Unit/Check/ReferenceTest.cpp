//===- ReferenceTest.cpp - the serial run against the definition ----------===//

#include "Runs.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <gtest/gtest.h>

using namespace dconv;
using namespace dconv::test;

namespace {
struct Case {
  const char *name;
  const char *module;
};
std::ostream &operator<<(std::ostream &os, const Case &test) {
  return os << test.name;
}

class Reference : public ::testing::TestWithParam<Case> {};
} // namespace

/// A named op over arguments: "%a: ..., %b: ..." and its text up to the types.
#define NAMED(op, x, w, y)                                                     \
  "func.func @main(%x: " x ", %w: " w ", %y: " y ") -> " y " {\n"              \
  "  %r = linalg." op " ins(%x, %w : " x ", " w ") outs(%y : " y ") -> " y     \
  "\n  return %r : " y "\n}\n"

/// A 1-D multiply-add over `x` and `w` with the body in the type of `y`.
#define CAST(x, w, y, body)                                                    \
  "#x = affine_map<(o, k) -> (o + k)>\n"                                       \
  "#w = affine_map<(o, k) -> (k)>\n"                                           \
  "#y = affine_map<(o, k) -> (o)>\n"                                           \
  "func.func @main(%x: tensor<34x" x ">, %w: tensor<3x" w                      \
  ">, %y: tensor<32x" y ">) -> tensor<32x" y "> {\n"                           \
  "  %r = linalg.generic {indexing_maps = [#x, #w, #y],\n"                     \
  "      iterator_types = [\"parallel\", \"reduction\"]}\n"                    \
  "      ins(%x, %w : tensor<34x" x ">, tensor<3x" w ">)\n"                    \
  "      outs(%y : tensor<32x" y ">) {\n"                                      \
  "  ^bb0(%a: " x ", %b: " w ", %c: " y "):\n" body                            \
  "  } -> tensor<32x" y ">\n"                                                  \
  "  return %r : tensor<32x" y ">\n}\n"

static const Case cases[] = {
    {"f32", NAMED("conv_2d_nhwc_hwcf", "tensor<2x7x9x5xf32>",
                  "tensor<3x3x5x16xf32>", "tensor<2x5x7x16xf32>")},
    {"f64", NAMED("conv_2d_nhwc_hwcf", "tensor<2x7x9x5xf64>",
                  "tensor<3x3x5x16xf64>", "tensor<2x5x7x16xf64>")},
    {"f16", NAMED("conv_2d_nhwc_hwcf", "tensor<1x7x9x5xf16>",
                  "tensor<3x3x5x8xf16>", "tensor<1x5x7x8xf16>")},
    {"bf16", NAMED("conv_2d_nhwc_hwcf", "tensor<1x7x9x5xbf16>",
                   "tensor<3x3x5x8xbf16>", "tensor<1x5x7x8xbf16>")},
    {"bf16_to_f32", NAMED("conv_2d_nchw_fchw", "tensor<1x5x7x12xbf16>",
                          "tensor<8x5x3x3xbf16>", "tensor<1x8x5x10xf32>")},
    {"i8_to_i32", NAMED("conv_2d_nchw_fchw", "tensor<1x5x7x12xi8>",
                        "tensor<8x5x3x3xi8>", "tensor<1x8x5x10xi32>")},
    {"u8_to_i32",
     NAMED("conv_1d_nwc_wcf {cast = #linalg.type_fn<cast_unsigned>}",
           "tensor<1x12x3xi8>", "tensor<3x3x4xi8>", "tensor<1x10x4xi32>")},
    {"i16_to_i32", NAMED("conv_1d_ncw_fcw", "tensor<2x3x12xi16>",
                         "tensor<4x3x3xi16>", "tensor<2x4x10xi32>")},
    {"i32", NAMED("conv_1d", "tensor<12xi32>", "tensor<5xi32>",
                  "tensor<8xi32>")},
    {"i64", NAMED("conv_1d", "tensor<12xi64>", "tensor<5xi64>",
                  "tensor<8xi64>")},
    {"i8_wraps", NAMED("conv_1d_nwc_wcf", "tensor<1x12x30xi8>",
                       "tensor<3x30x4xi8>", "tensor<1x10x4xi8>")},
    {"strides_dilations",
     NAMED("conv_2d_nhwc_fhwc {strides = dense<[2, 1]> : tensor<2xi64>, "
           "dilations = dense<[1, 3]> : tensor<2xi64>}",
           "tensor<1x11x13x4xf32>", "tensor<6x3x3x4xf32>",
           "tensor<1x5x7x6xf32>")},
    {"depthwise", NAMED("depthwise_conv_2d_nhwc_hwc", "tensor<1x7x9x6xf32>",
                        "tensor<3x3x6xf32>", "tensor<1x5x7x6xf32>")},
    {"three_dims", NAMED("conv_3d_ndhwc_dhwcf", "tensor<1x4x5x6x3xf32>",
                         "tensor<2x2x2x3x4xf32>", "tensor<1x3x4x5x4xf32>")},
    {"sum_f32", NAMED("pooling_nhwc_sum", "tensor<1x6x8x3xf32>",
                      "tensor<2x3xf32>", "tensor<1x5x6x3xf32>")},
    {"sum_f16", NAMED("pooling_nhwc_sum", "tensor<1x6x8x3xf16>",
                      "tensor<2x3xf16>", "tensor<1x5x6x3xf16>")},
    {"max_f32", NAMED("pooling_nchw_max", "tensor<1x3x6x8xf32>",
                      "tensor<2x3xf32>", "tensor<1x3x5x6xf32>")},
    {"min_bf16", NAMED("pooling_nhwc_min", "tensor<1x6x8x3xbf16>",
                       "tensor<2x3xbf16>", "tensor<1x5x6x3xbf16>")},
    {"max_f64", NAMED("pooling_nhwc_max", "tensor<1x6x8x3xf64>",
                      "tensor<2x3xf64>", "tensor<1x5x6x3xf64>")},
    {"max_i8", NAMED("pooling_nhwc_max", "tensor<1x6x8x3xi8>",
                     "tensor<2x3xi8>", "tensor<1x5x6x3xi8>")},
    {"max_unsigned_i16",
     NAMED("pooling_nhwc_max_unsigned", "tensor<1x6x8x3xi16>",
           "tensor<2x3xi16>", "tensor<1x5x6x3xi16>")},
    {"min_unsigned_i32",
     NAMED("pooling_nwc_min_unsigned", "tensor<1x8x3xi32>", "tensor<3xi32>",
           "tensor<1x6x3xi32>")},
    {"narrow_body", CAST("f16", "f16", "f16",
                         "  %p = arith.mulf %b, %a : f16\n"
                         "  %s = arith.addf %p, %c : f16\n"
                         "  linalg.yield %s : f16\n")},
    {"mixed_floats", CAST("f16", "f32", "f64",
                          "  %d = arith.extf %a : f16 to f64\n"
                          "  %e = arith.extf %b : f32 to f64\n"
                          "  %p = arith.mulf %d, %e : f64\n"
                          "  %s = arith.addf %c, %p : f64\n"
                          "  linalg.yield %s : f64\n")},
    {"mixed_signs", CAST("i8", "i16", "i32",
                         "  %d = arith.extui %a : i8 to i32\n"
                         "  %e = arith.extsi %b : i16 to i32\n"
                         "  %p = arith.muli %d, %e : i32\n"
                         "  %s = arith.addi %c, %p : i32\n"
                         "  linalg.yield %s : i32\n")},
    {"flipped", R"(
#x = affine_map<(o, k, c) -> (o - k + 2, c)>
#w = affine_map<(o, k, c) -> (c, k)>
#y = affine_map<(o, k, c) -> (o)>
func.func @main(%w: tensor<5x3xf32>, %x: tensor<12x5xf32>, %y: tensor<10xf32>)
    -> tensor<10xf32> {
  %r = linalg.generic {indexing_maps = [#w, #x, #y],
      iterator_types = ["parallel", "reduction", "reduction"]}
      ins(%w, %x : tensor<5x3xf32>, tensor<12x5xf32>)
      outs(%y : tensor<10xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %b, %a : f32
    %s = arith.addf %p, %c : f32
    linalg.yield %s : f32
  } -> tensor<10xf32>
  return %r : tensor<10xf32>
}
)"},
    {"zero_points", R"(
func.func @main(%x: tensor<1x7x9x5xi8>, %w: tensor<3x3x5x8xi8>, %xz: i32,
                %wz: i32, %y: tensor<1x5x7x8xi32>) -> tensor<1x5x7x8xi32> {
  %r = linalg.conv_2d_nhwc_hwcf_q
      ins(%x, %w, %xz, %wz : tensor<1x7x9x5xi8>, tensor<3x3x5x8xi8>, i32, i32)
      outs(%y : tensor<1x5x7x8xi32>) -> tensor<1x5x7x8xi32>
  return %r : tensor<1x5x7x8xi32>
}
)"},
    {"zero_point_in_a_tensor", R"(
#x = affine_map<(o, k) -> (o + k)>
#w = affine_map<(o, k) -> (k)>
#z = affine_map<(o, k) -> ()>
#y = affine_map<(o, k) -> (o)>
func.func @main(%x: tensor<12xi8>, %w: tensor<5xi8>, %xz: tensor<i32>,
                %y: tensor<8xi32>) -> tensor<8xi32> {
  %r = linalg.generic {indexing_maps = [#x, #w, #z, #y],
      iterator_types = ["parallel", "reduction"]}
      ins(%x, %w, %xz : tensor<12xi8>, tensor<5xi8>, tensor<i32>)
      outs(%y : tensor<8xi32>) {
  ^bb0(%a: i8, %b: i8, %z: i32, %c: i32):
    %d = arith.extui %a : i8 to i32
    %e = arith.subi %d, %z : i32
    %f = arith.extsi %b : i8 to i32
    %p = arith.muli %f, %e : i32
    %s = arith.addi %c, %p : i32
    linalg.yield %s : i32
  } -> tensor<8xi32>
  return %r : tensor<8xi32>
}
)"},
};

/// The number of elements that @main returns.
static int64_t numResults(TestRun &run) {
  auto main = run.module->lookupSymbol<mlir::func::FuncOp>("main");
  return mlir::cast<mlir::RankedTensorType>(main.getResultTypes()[0])
      .getNumElements();
}

TEST_P(Reference, AgreesWithTheDefinition) {
  TestRun run(GetParam().module);
  run.computeByDefinition();
  int64_t count = numResults(run);
  for (bool sample : {false, true}) {
    CheckReport report = run.report({sample});
    EXPECT_EQ(report.kind, sample ? "sample" : "full");
    EXPECT_EQ(report.values, count);
    EXPECT_EQ(report.wrong, 0) << report.firstWrong;
    EXPECT_EQ(report.bound, 0);
    EXPECT_EQ(report.maxAbsError, 0);
  }
}

// The value next to the right one is found, and only there.
TEST_P(Reference, FindsTheLastBit) {
  TestRun run(GetParam().module);
  run.computeByDefinition();
  size_t bytes = run.run.records[0].output.size();
  int64_t count = numResults(run);
  size_t byte = bytes / count * (count / 2);
  run.record<std::byte>(0)[byte] ^= std::byte(1);
  run.result<std::byte>(0)[byte] ^= std::byte(1);
  for (bool sample : {false, true}) {
    CheckReport report = run.report({sample});
    EXPECT_EQ(report.wrong, 1);
    EXPECT_EQ(report.values, count);
    EXPECT_EQ(report.firstWrong.find("main#0 at ["), 0u) << report.firstWrong;
    EXPECT_GT(report.maxAbsError, 0);
  }
}

// Alone, what is computed without records is what the definition says.
TEST_P(Reference, AgreesWithTheDefinitionWithoutRecords) {
  TestRun run(GetParam().module);
  run.computeByDefinition();
  run.run.records.clear();
  run.run.convolutions[0].isRecorded = false;
  CheckReport report = run.report();
  EXPECT_EQ(report.wrong, 0) << report.firstWrong;
  EXPECT_GT(report.values, 0);
}

INSTANTIATE_TEST_SUITE_P(Ops, Reference, ::testing::ValuesIn(cases),
                         [](const auto &info) { return info.param.name; });

TEST(ReferenceReport, SaysWhereAndWhat) {
  TestRun run(NAMED("conv_1d", "tensor<12xi32>", "tensor<5xi32>",
                    "tensor<8xi32>"));
  run.computeByDefinition();
  int32_t right = run.record<int32_t>(0)[3];
  run.record<int32_t>(0)[3] = run.result<int32_t>(0)[3] = 1000000;
  EXPECT_EQ(run.report().firstWrong, "main#0 at [3] is 1000000 but " +
                                         std::to_string(right) +
                                         " is expected");
}

/// Data that are no integers.
static TestRun fractions(const char *module) {
  TestRun run(module);
  for (unsigned argument : {0, 1})
    for (int i = 0; i < 34 * (argument == 0) + 3 * (argument == 1); ++i)
      run.argument<float>(argument)[i] *= 0.1f;
  return run;
}
static const char *const plain = CAST("f32", "f32", "f32",
                                      "  %p = arith.mulf %a, %b : f32\n"
                                      "  %s = arith.addf %c, %p : f32\n"
                                      "  linalg.yield %s : f32\n");

TEST(ReferenceBound, HoldsOrNot) {
  // |x| <= 0.6, |w| <= 0.6, |init| <= 6, 3 terms: bounds below 1e-5.
  for (bool sample : {false, true}) {
    TestRun run = fractions(plain);
    run.computeByDefinition();
    CheckReport report = run.report({sample});
    EXPECT_EQ(report.wrong, 0) << report.firstWrong;
    EXPECT_GT(report.bound, 1e-7);
    EXPECT_LT(report.bound, 1e-5);
    EXPECT_LT(report.maxAbsError, 1e-6);

    run.record<float>(0)[9] += 2e-5f;
    run.result<float>(0)[9] = run.record<float>(0)[9];
    report = run.report({sample});
    EXPECT_EQ(report.wrong, 1);
    EXPECT_NEAR(report.maxAbsError, 2e-5, 1e-6);
    EXPECT_NE(report.firstWrong.find(" off"), std::string::npos);
  }
}

TEST(ReferenceBound, NaNEqualsNaN) {
  TestRun run(plain);
  run.argument<float>(0)[20] = NAN;
  run.computeByDefinition();
  EXPECT_TRUE(std::isnan(run.record<float>(0)[19]));
  for (bool sample : {false, true})
    EXPECT_EQ(run.report({sample}).wrong, 0);
  run.record<float>(0)[19] = 3;
  for (bool sample : {false, true}) {
    CheckReport report = run.report({sample});
    // In the record and in the result, which says NaN still.
    EXPECT_EQ(report.wrong, 2);
    EXPECT_EQ(report.firstWrong, "main#0 at [19] is 3 but nan is expected");
  }
}

// A split reduction has more roundings, and no others.
TEST(ReferenceBound, GrowsWithPartialSums) {
  TestRun whole = fractions(plain), split = fractions(plain);
  whole.computeByDefinition();
  split.computeByDefinition("o0=4,k0=3");
  EXPECT_GT(split.report().bound, whole.report().bound);
}

TEST(ReferenceBound, MaximaOfFractionsAreExact) {
  TestRun run(R"(
func.func @main(%x: tensor<1x6x8x3xf32>, %w: tensor<2x3xf32>,
                %y: tensor<1x5x6x3xf32>) -> tensor<1x5x6x3xf32> {
  %r = linalg.pooling_nhwc_max
      ins(%x, %w : tensor<1x6x8x3xf32>, tensor<2x3xf32>)
      outs(%y : tensor<1x5x6x3xf32>) -> tensor<1x5x6x3xf32>
  return %r : tensor<1x5x6x3xf32>
}
)");
  for (int i = 0; i < 6 * 8 * 3; ++i)
    run.argument<float>(0)[i] *= 0.37f;
  run.argument<float>(0)[30] = NAN;
  run.computeByDefinition();
  for (bool sample : {false, true}) {
    CheckReport report = run.report({sample});
    EXPECT_EQ(report.wrong, 0) << report.firstWrong;
    EXPECT_EQ(report.bound, 0);
  }
}
