//===- ModuleTest.cpp - convolutions amid other code ----------------------===//

#include "Runs.h"

#include <gtest/gtest.h>

using namespace dconv;
using namespace dconv::test;

/// Two convolutions, the first padded; bias, relu and a residual around them.
static const char *const block = R"(
func.func @main(%x: tensor<1x6x6x4xf32>, %w0: tensor<3x3x4x4xf32>,
                %w1: tensor<3x3x4x4xf32>, %bias: tensor<4xf32>)
    -> (tensor<1x6x6x4xf32>, tensor<1x6x6x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x6x6x4xf32> to tensor<1x8x8x4xf32>
  %e = tensor.empty() : tensor<1x6x6x4xf32>
  %b = linalg.broadcast ins(%bias : tensor<4xf32>)
      outs(%e : tensor<1x6x6x4xf32>) dimensions = [0, 1, 2]
  %0 = linalg.conv_2d_nhwc_hwcf
      ins(%p, %w0 : tensor<1x8x8x4xf32>, tensor<3x3x4x4xf32>)
      outs(%b : tensor<1x6x6x4xf32>) -> tensor<1x6x6x4xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x6x6x4xf32>)
      -> tensor<1x6x6x4xf32>
  %1 = linalg.max ins(%0, %z : tensor<1x6x6x4xf32>, tensor<1x6x6x4xf32>)
      outs(%e : tensor<1x6x6x4xf32>) -> tensor<1x6x6x4xf32>
  %q = tensor.pad %1 low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x6x6x4xf32> to tensor<1x8x8x4xf32>
  %2 = linalg.conv_2d_nhwc_hwcf
      ins(%q, %w1 : tensor<1x8x8x4xf32>, tensor<3x3x4x4xf32>)
      outs(%z : tensor<1x6x6x4xf32>) -> tensor<1x6x6x4xf32>
  %3 = linalg.add ins(%2, %x : tensor<1x6x6x4xf32>, tensor<1x6x6x4xf32>)
      outs(%e : tensor<1x6x6x4xf32>) -> tensor<1x6x6x4xf32>
  return %3, %0 : tensor<1x6x6x4xf32>, tensor<1x6x6x4xf32>
}
)";

static std::vector<float> padded(const float *x) {
  std::vector<float> result(8 * 8 * 4, 0);
  for (int h = 0; h < 6; ++h)
    for (int w = 0; w < 6; ++w)
      for (int c = 0; c < 4; ++c)
        result[((h + 1) * 8 + w + 1) * 4 + c] = x[(h * 6 + w) * 4 + c];
  return result;
}

/// A right run of `block`, its inputs times `scale`.
static TestRun runOfBlock(float scale = 1) {
  TestRun run(block);
  for (int i = 0; i < 6 * 6 * 4; ++i)
    run.argument<float>(0)[i] *= scale;
  std::vector<float> bias;
  for (int i = 0; i < 36; ++i)
    bias.insert(bias.end(), run.argument<float>(3),
                run.argument<float>(3) + 4);
  const float *x = run.argument<float>(0);
  std::vector<float> first = convolve(padded(x).data(), run.argument<float>(1),
                                      bias, 6, 6, 4, 4);
  std::vector<float> relu = first;
  for (float &value : relu)
    value = std::max(value, 0.0f);
  std::vector<float> second =
      convolve(padded(relu.data()).data(), run.argument<float>(2),
               std::vector<float>(6 * 6 * 4), 6, 6, 4, 4);
  run.addConvolution("main#0", "o0=2");
  run.addConvolution("main#1", "oc=2,ic=2");
  run.addRecord("main#0", first);
  run.addRecord("main#1", second);
  for (int i = 0; i < 6 * 6 * 4; ++i)
    second[i] += x[i];
  run.addResult(second);
  run.addResult(first);
  return run;
}

TEST(Module, ARightRunPasses) {
  for (bool sample : {false, true}) {
    CheckReport report = runOfBlock().report({sample});
    EXPECT_EQ(report.wrong, 0) << report.firstWrong;
    // Two convolutions and one result: the other is the first convolution.
    EXPECT_EQ(report.values, 3 * 144);
    EXPECT_EQ(report.bound, 0);
  }
}

// A rounding error of the first convolution is not one of the second, which
// computes on what the first really returned.
TEST(Module, RoundingDoesNotSpread) {
  TestRun run = runOfBlock(0.1f);
  CheckReport report = run.report();
  EXPECT_EQ(report.wrong, 0) << report.firstWrong;
  EXPECT_GT(report.bound, 0);
  EXPECT_LT(report.bound, 1e-2);
}

TEST(Module, AWrongConvolutionIsNamed) {
  for (bool sample : {false, true}) {
    TestRun run = runOfBlock();
    float right = run.record<float>(1)[77];
    run.record<float>(1)[77] = right + 1;
    run.result<float>(0)[77] += 1;
    CheckReport report = run.report({sample});
    EXPECT_EQ(report.wrong, 1);
    EXPECT_EQ(report.maxAbsError, 1);
    std::string text = "main#1 at [0, 3, 1, 1] is ";
    EXPECT_EQ(report.firstWrong.substr(0, text.size()), text);
  }
}

TEST(Module, AWrongResultIsNamed) {
  TestRun run = runOfBlock();
  run.result<float>(0)[5] += 1;
  run.result<float>(1)[143] = 12345;
  CheckReport report = run.report();
  EXPECT_EQ(report.wrong, 2);
  std::string text = "result 0 at [0, 0, 1, 1] is ";
  EXPECT_EQ(report.firstWrong.substr(0, text.size()), text);
}

TEST(Module, SwappedRecordsAreFound) {
  TestRun run = runOfBlock();
  std::swap(run.run.records[0], run.run.records[1]);
  CheckReport report = run.report();
  EXPECT_EQ(report.wrong, 1);
  EXPECT_EQ(report.firstWrong,
            "execution 0 is 'main#1' but 'main#0' is expected");
  // Swapped under the right names, the values tell.
  std::swap(run.run.records[0].name, run.run.records[1].name);
  EXPECT_GT(run.report().wrong, 100);
}

TEST(Module, TooFewAndTooManyRecordsAreFound) {
  TestRun run = runOfBlock();
  ConvolutionRecord last = run.run.records[1];
  run.run.records.push_back(last);
  EXPECT_EQ(run.report().firstWrong,
            "execution 2, of 'main#1', is one too many");
  run.run.records.resize(1);
  CheckReport report = run.report();
  EXPECT_EQ(report.wrong, 1);
  EXPECT_EQ(report.firstWrong,
            "execution 1 is missing: 'main#1' is expected");
  last.output.resize(8);
  run.run.records.push_back(last);
  EXPECT_EQ(run.report().firstWrong, "execution 1, of 'main#1', returned 8 "
                                     "bytes but 576 are expected");
}

TEST(Module, WithoutRecordsTheResultsAreCompared) {
  TestRun run = runOfBlock();
  run.run.records.clear();
  for (PartitionedConvolution &convolution : run.run.convolutions)
    convolution.isRecorded = false;
  CheckReport report = run.report();
  EXPECT_EQ(report.wrong, 0) << report.firstWrong;
  EXPECT_EQ(report.values, 2 * 144);
  run.result<float>(0)[5] += 1;
  EXPECT_EQ(run.report().wrong, 1);

  Result<CheckReport> sampled = run.check({true});
  ASSERT_FALSE(sampled);
  EXPECT_NE(sampled.error().find("cannot be sampled"), std::string::npos);
}

TEST(Module, WithoutRecordsSumsMustBeExact) {
  TestRun run = runOfBlock(0.1f);
  run.run.records.clear();
  for (PartitionedConvolution &convolution : run.run.convolutions)
    convolution.isRecorded = false;
  Result<CheckReport> result = run.check();
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().find("'main#0'"), std::string::npos);
  EXPECT_NE(result.error().find("no integers"), std::string::npos);

  TestRun large = runOfBlock(1 << 20);
  large.run.records.clear();
  for (PartitionedConvolution &convolution : large.run.convolutions)
    convolution.isRecorded = false;
  result = large.check();
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().find("at most 16777216"), std::string::npos)
      << result.error();
}

// Of a module with both kinds of programs.
TEST(Module, SomeRecords) {
  TestRun run = runOfBlock();
  run.run.records.erase(run.run.records.begin());
  run.run.convolutions[0].isRecorded = false;
  CheckReport report = run.report();
  EXPECT_EQ(report.wrong, 0) << report.firstWrong;
  EXPECT_EQ(report.values, 3 * 144);
}

// What is not partitioned runs in the reference as it does on the host.
TEST(Module, AConvolutionOfTheHost) {
  TestRun run = runOfBlock();
  run.run.records.erase(run.run.records.begin());
  run.run.convolutions.erase(run.run.convolutions.begin());
  CheckReport report = run.report();
  EXPECT_EQ(report.wrong, 0) << report.firstWrong;
}

TEST(Module, TheRunMustFit) {
  TestRun run = runOfBlock();
  auto errorOf = [&] {
    Result<CheckReport> result = run.check();
    return result ? "no error" : result.error();
  };
  run.addConvolution("main#7");
  EXPECT_EQ(errorOf(), "the module has no convolution 'main#7'");
  run.run.convolutions.pop_back();
  run.run.convolutions[0].split = "o7=2";
  EXPECT_EQ(errorOf().find("'main#0': "), 0u);
  run.run.convolutions[0].split = "";
  run.run.arguments.pop_back();
  EXPECT_EQ(errorOf(), "'main' has 4 arguments and 2 results but the run 3 "
                       "and 2");
  run.run.entry = "other";
  EXPECT_EQ(errorOf(), "the module has no function 'other'");
}

/// A function with a convolution, called twice.
static const char *const called = R"(
func.func private @layer(%x: tensor<1x6x6x4xf32>, %w: tensor<3x3x4x4xf32>)
    -> tensor<1x4x4x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x4x4x4xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x4x4x4xf32>)
      -> tensor<1x4x4x4xf32>
  %r = linalg.conv_2d_nhwc_hwcf
      ins(%x, %w : tensor<1x6x6x4xf32>, tensor<3x3x4x4xf32>)
      outs(%z : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  return %r : tensor<1x4x4x4xf32>
}
func.func @main(%x: tensor<1x6x6x4xf32>, %w0: tensor<3x3x4x4xf32>,
                %w1: tensor<3x3x4x4xf32>) -> tensor<1x4x4x4xf32> {
  %0 = call @layer(%x, %w0)
      : (tensor<1x6x6x4xf32>, tensor<3x3x4x4xf32>) -> tensor<1x4x4x4xf32>
  %1 = call @layer(%x, %w1)
      : (tensor<1x6x6x4xf32>, tensor<3x3x4x4xf32>) -> tensor<1x4x4x4xf32>
  %e = tensor.empty() : tensor<1x4x4x4xf32>
  %2 = linalg.sub ins(%0, %1 : tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>)
      outs(%e : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  return %2 : tensor<1x4x4x4xf32>
}
)";

TEST(Module, CalledFunctions) {
  TestRun run(called);
  std::vector<float> values[2], zeros(64);
  for (int i : {0, 1})
    values[i] = convolve(run.argument<float>(0), run.argument<float>(1 + i),
                         zeros, 4, 4, 4, 4);
  run.addConvolution("layer#0", "n=1,o0=[3,1]");
  run.addRecord("layer#0", values[0]);
  run.addRecord("layer#0", values[1]);
  for (int i = 0; i < 64; ++i)
    values[0][i] -= values[1][i];
  run.addResult(values[0]);
  EXPECT_EQ(run.report().wrong, 0);
  EXPECT_EQ(run.report({true}).wrong, 0);
  std::swap(run.run.records[0], run.run.records[1]);
  EXPECT_GT(run.report().wrong, 0);
}

// In place of its initial output a convolution may be computed; the data of the
// run stay what they were.
TEST(Module, ArgumentsStayAsTheyAre) {
  TestRun run(R"(
func.func @main(%x: tensor<12xf32>, %w: tensor<5xf32>, %y: tensor<8xf32>)
    -> tensor<8xf32> {
  %0 = linalg.conv_1d ins(%x, %w : tensor<12xf32>, tensor<5xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  %1 = linalg.add ins(%0, %y : tensor<8xf32>, tensor<8xf32>)
      outs(%y : tensor<8xf32>) -> tensor<8xf32>
  return %1 : tensor<8xf32>
}
)");
  std::vector<float> init(run.argument<float>(2), run.argument<float>(2) + 8);
  std::vector<float> sums = init;
  for (int o = 0; o < 8; ++o)
    for (int k = 0; k < 5; ++k)
      sums[o] += run.argument<float>(0)[o + k] * run.argument<float>(1)[k];
  run.addConvolution("main#0");
  run.addRecord("main#0", sums);
  for (int o = 0; o < 8; ++o)
    sums[o] += init[o];
  run.addResult(sums);
  for (int repetition : {0, 1}) {
    CheckReport report = run.report();
    EXPECT_EQ(report.wrong, 0) << repetition << ": " << report.firstWrong;
  }
  EXPECT_EQ(std::vector<float>(run.argument<float>(2),
                               run.argument<float>(2) + 8),
            init);
}
