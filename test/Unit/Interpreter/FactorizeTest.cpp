//===- FactorizeTest.cpp - two convolutions for one -----------------------===//
//
// Weights that are products by construction: every way to factor them, cheap or
// not, must compute the same, bit for bit, and so must the pass.
//
//===----------------------------------------------------------------------===//

#include "Cases.h"
#include "Support.h"
#include "Weights.h"

#include "FactorConvolution.h"
#include "dconv/Transforms/Factorize.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Verifier.h"

#include <gtest/gtest.h>
#include <map>
#include <random>

using namespace mlir;

namespace dconv::test {
namespace {

/// Weights that are products of factors drawn for each set of loops in
/// `factors`; small, so that every sum is exact.
Tensor drawProduct(const FilterAccess &access, Type type,
                   const std::vector<std::vector<unsigned>> &factors,
                   std::mt19937_64 &random) {
  Tensor weights = *makeTensor(type);
  std::vector<std::map<std::vector<int64_t>, int64_t>> drawn(factors.size());
  forEachWeight(access, [&](const Position &loops, const Position &at) {
    int64_t value = 1;
    for (size_t i = 0; i < factors.size(); ++i) {
      std::vector<int64_t> key;
      for (unsigned loop : factors[i])
        key.push_back(loops[loop]);
      value *= drawn[i]
                   .try_emplace(key, static_cast<int64_t>(random() % 4) - 1)
                   .first->second;
    }
    value += access.zero;
    *weights.find(at) = weights.type.isFloat()
                            ? Scalar{0, static_cast<double>(value)}
                            : weights.type.round({value, 0});
  });
  return weights;
}

class Factorize : public testing::TestWithParam<Program> {
protected:
  void SetUp() override {
    module = parse(GetParam().text);
    ASSERT_TRUE(module);
    access = filterAccess(*module);
    if (!access) // a pooling
      return expectUntouched(*module, "dconv-factorize");
    RecognizedConvolution found = convolutionsOf(*module)[0].second;
    const Factor &factor = found.body.factors[1 - found.input];
    access->zero = factor.zeroPoint ? 1 : 0;
    type = found.op->getOperand(access->operand).getType();
  }

  /// Sets the weights and computes what is expected.
  void prepare(ModuleOp copy, const Tensor &weights, uint64_t seed) {
    setWeights(copy, weights, access->zero);
    arguments = argumentsFor(copy, seed);
    Interpreter interpreter(copy);
    Result<Tensor> result = runMain(interpreter, arguments);
    ASSERT_TRUE(result) << result.error();
    expected.emplace(std::move(*result));
  }

  void check(ModuleOp copy, const std::string &what) {
    ASSERT_TRUE(succeeded(verify(copy))) << what;
    Interpreter interpreter(copy);
    Result<Tensor> got = runMain(interpreter, arguments);
    ASSERT_TRUE(got) << what << ": " << got.error();
    EXPECT_EQ(differenceOf(*got, *expected), "") << what;
    if (HasFailure())
      copy.dump();
  }

  OwningOpRef<ModuleOp> module;
  std::optional<FilterAccess> access;
  Type type;
  std::vector<Tensor> arguments;
  std::optional<Tensor> expected;
};

TEST_P(Factorize, EveryPlanComputesTheSame) {
  SCOPED_TRACE(GetParam().text);
  if (!access)
    return;
  RecognizedConvolution whole = convolutionsOf(*module)[0].second;
  auto plans = factorPlans(whole, access->geometry);
  std::mt19937_64 random(1);
  if (!plans) { // a window of one dim, say
    setWeights(*module, drawProduct(*access, type, {access->loops}, random),
               access->zero);
    return expectUntouched(*module, "dconv-factorize");
  }
  for (const FactorPlan &plan : *plans) {
    std::vector<unsigned> single = plan.shared, rest = access->loops;
    single.push_back(plan.tap);
    llvm::erase(rest, plan.tap);
    std::string what = "tap d" + std::to_string(plan.tap) +
                       (plan.isFirst ? " first" : " last");
    OwningOpRef<ModuleOp> copy = module->clone();
    prepare(*copy, drawProduct(*access, type, {single, rest}, random),
            random());

    RecognizedConvolution convolution = convolutionsOf(*copy)[0].second;
    Result<FilterValues> values = filterOf(convolution, {});
    ASSERT_TRUE(values) << values.error();
    auto separation = separate(
        LoopStrides::of(access->geometry,
                        access->geometry.inputs[1 - convolution.input]),
        *values, plan.tap, plan.shared);
    ASSERT_TRUE(separation && separation->exact) << what;
    ASSERT_TRUE(fitsAccumulator(convolution, *separation));
    IRRewriter rewriter(convolution.op);
    FactoredConvolution created = createFactors(
        rewriter, convolution, access->geometry, plan, *separation);
    rewriter.replaceOp(convolution.op, created.result);
    check(*copy, what);

    // Both are convolutions, and need as much as was said.
    int64_t macs = 0;
    auto found = convolutionsOf(*copy);
    ASSERT_EQ(found.size(), 2u) << what;
    for (auto &[name, part] : found)
      macs += Box::whole(part.geometry.extents).volume();
    EXPECT_EQ(macs, plan.macs) << what;
    ASSERT_EQ(runPasses(*copy, passesThatSplit(*copy)), "");
    check(*copy, what + ", partitioned");
    if (HasFailure())
      return;
  }
}

TEST_P(Factorize, ThePassComputesTheSame) {
  SCOPED_TRACE(GetParam().text);
  if (!access)
    return;
  std::mt19937_64 random(2);
  for (int round = 0; round < 8; ++round) {
    // One factor per tap and one for the channels; half of the rounds no
    // product at all.
    std::vector<std::vector<unsigned>> factors{{}};
    for (unsigned loop : access->loops)
      if (access->geometry.roles[loop] == Role::Tap)
        factors.push_back({loop});
      else
        factors[0].push_back(loop);
    if (round % 2)
      factors = {access->loops};
    OwningOpRef<ModuleOp> copy = module->clone();
    prepare(*copy, drawProduct(*access, type, factors, random), random());
    ASSERT_EQ(runPasses(*copy, "dconv-factorize"), "");
    check(*copy, "factorized");
    OwningOpRef<ModuleOp> both = module->clone();
    prepare(*both, drawProduct(*access, type, factors, random), random());
    ASSERT_EQ(runPasses(*both, "dconv-drop-zeros,dconv-factorize"), "");
    check(*both, "dropped and factorized");
    if (HasFailure())
      return;
  }
}

/// Windows of which every part is at work: strides, dilations, padding on both
/// sides with and without zero, in every type.
std::vector<Program> largerPrograms() {
  static const NamedOp namedOps[] = {
#include "../NamedOps.inc"
  };
  struct Types {
    const char *input, *filter, *output, *padding;
  };
  const Types floats[] = {{"f32", "f32", "f32", "0.0"},
                          {"f16", "f16", "f16", "0.0"},
                          {"bf16", "bf16", "f32", "-0.0"},
                          {"f32", "f32", "f64", "2.0"},
                          {"bf16", "bf16", "bf16", "1.0"}};
  const Types integers[] = {{"i8", "i8", "i32", "0"},
                            {"i16", "i16", "i16", "0"},
                            {"i8", "i16", "i32", "-3"},
                            {"i32", "i32", "i64", "0"},
                            {"i64", "i64", "i64", "0"}};
  std::vector<Program> programs;
  for (const NamedOp &op : namedOps) {
    if (op.isPooling() || op.imageDims() < 2)
      continue;
    for (int variant = 0; variant < 3; ++variant) {
      NamedProgram program{op, {}};
      for (unsigned d = 0; d < op.imageDims(); ++d) {
        Window window;
        window.image = 6 - static_cast<int64_t>(op.imageDims()) + d % 2;
        window.taps = 2 + (d + variant) % 2;
        window.stride = op.hasStrides() ? 1 + (d + variant) % 2 : 1;
        window.dilation = op.hasStrides() ? 1 + variant % 2 : 1;
        window.low = (d + variant) % 3;
        window.high = (d + 2 * variant) % 2;
        program.windows.push_back(window);
      }
      program.channels = {{'n', 1}, {'g', 2}, {'c', 2}, {'f', 2}, {'m', 2}};
      size_t number = programs.size();
      const Types &types = op.isQuantised() ? integers[0]
                           : (number / 3) % 2
                               ? integers[number % std::size(integers)]
                               : floats[number % std::size(floats)];
      program.input = types.input;
      program.filter = types.filter;
      program.output = types.output;
      program.padValue = types.padding;
      program.fillsOutput = variant == 1;
      programs.push_back({std::string(op.name) + "_" + std::to_string(variant),
                          program.text()});
    }
  }
  return programs;
}

std::string nameOf(const testing::TestParamInfo<Program> &info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Larger, Factorize, testing::ValuesIn(largerPrograms()),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Named, Factorize, testing::ValuesIn(namedPrograms(11)),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Window, Factorize, testing::ValuesIn(windowPrograms()),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Generic, Factorize,
                         testing::ValuesIn(genericPrograms()), nameOf);

} // namespace
} // namespace dconv::test
