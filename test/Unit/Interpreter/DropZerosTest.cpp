//===- DropZerosTest.cpp - fewer weights, the same result -----------------===//
//
// Weights of which drawn slices are zero become constants; dconv-drop-zeros
// must give the same values, compute no slice that it could leave out, and
// leave a convolution that can be partitioned.
//
//===----------------------------------------------------------------------===//

#include "Cases.h"
#include "Support.h"
#include "Weights.h"

#include "dconv/Transforms/DropZeros.h"

#include "mlir/IR/Verifier.h"

#include <gtest/gtest.h>
#include <random>
#include <set>

using namespace mlir;

namespace dconv::test {
namespace {

/// Per loop of the filter, which of its slices are to be zero.
std::vector<std::vector<bool>> drawDead(const FilterAccess &access,
                                        std::mt19937_64 &random) {
  std::vector<std::vector<bool>> dead(access.geometry.numLoops());
  for (unsigned loop : access.loops) {
    const int64_t extent = access.geometry.extents[loop];
    const uint64_t kind = random() % 5;
    const int64_t one = random() % extent, step = 2 + random() % 2;
    for (int64_t i = 0; i < extent; ++i)
      dead[loop].push_back(kind == 0   ? false
                           : kind == 1 ? random() % 2 == 0
                           : kind == 2 ? i < one // hull
                           : kind == 3 ? i % step != one % step
                                       : i == one && extent > 1);
  }
  return dead;
}

/// The slices of `loop` that must be left, by the definition: for taps, and
/// where the slices cannot be copied apart, the shortest progression.
int64_t slicesLeft(const FilterAccess &access, unsigned loop,
                   const std::set<int64_t> &alive) {
  bool isTap = access.geometry.roles[loop] == Role::Tap;
  if (!isTap || alive.size() < 2)
    return alive.size();
  for (int64_t step = *alive.rbegin() - *alive.begin();; --step) {
    bool fits = true;
    for (int64_t i : alive)
      fits &= (i - *alive.begin()) % step == 0;
    if (fits)
      return (*alive.rbegin() - *alive.begin()) / step + 1;
  }
}

int64_t multiplyAdds(ModuleOp module) {
  int64_t sum = 0;
  for (auto &[name, convolution] : convolutionsOf(module))
    sum += Box::whole(convolution.geometry.extents).volume();
  return sum;
}

class DropZeros : public testing::TestWithParam<Program> {
protected:
  void tryOnce(uint64_t seed) {
    std::mt19937_64 random(seed);
    OwningOpRef<ModuleOp> module = parse(GetParam().text);
    ASSERT_TRUE(module);
    std::optional<FilterAccess> access = filterAccess(*module);
    if (!access) // a pooling
      return expectUntouched(*module, "dconv-drop-zeros");
    RecognizedConvolution found = convolutionsOf(*module)[0].second;
    if (found.body.factors[1 - found.input].zeroPoint)
      access->zero = 1 + random() % 3;
    Tensor weights =
        *makeTensor(found.op->getOperand(access->operand).getType());

    std::vector<std::vector<bool>> dead = drawDead(*access, random);
    std::vector<std::set<int64_t>> alive(access->geometry.numLoops());
    auto put = [&](const Position &at, int64_t value) {
      *weights.find(at) = weights.type.isFloat()
                              ? Scalar{0, static_cast<double>(value)}
                              : weights.type.round({value, 0});
    };
    for (const Position &at : Positions(weights.box))
      put(at, access->zero);
    forEachWeight(*access, [&](const Position &loops, const Position &at) {
      bool isZero = random() % 7 == 0;
      for (unsigned loop : access->loops)
        isZero |= dead[loop][loops[loop]];
      int64_t value = 1 + random() % 3;
      put(at, isZero ? access->zero : access->zero + value);
    });
    // Where the filter has a window, one weight is for several loops.
    forEachWeight(*access, [&](const Position &loops, const Position &at) {
      const Scalar &value = *weights.find(at);
      if (value.real != 0 ||
          (!weights.type.isFloat() && value.integer != access->zero))
        for (unsigned loop : access->loops)
          alive[loop].insert(loops[loop]);
    });
    setWeights(*module, weights, access->zero);

    std::vector<Tensor> arguments = argumentsFor(*module, seed);
    Interpreter before(*module);
    Result<Tensor> expected = runMain(before, arguments);
    ASSERT_TRUE(expected) << expected.error();
    OwningOpRef<ModuleOp> cut = module->clone();
    ASSERT_EQ(runPasses(*module, "dconv-drop-zeros"), "");
    ASSERT_TRUE(succeeded(verify(*module)));
    check(*module, arguments, *expected, "dropped");

    ASSERT_EQ(runPasses(*cut, "dconv-drop-zeros{cut=1}"), "");
    ASSERT_TRUE(succeeded(verify(*cut)));
    check(*cut, arguments, *expected, "cut");
    EXPECT_LE(multiplyAdds(*cut), multiplyAdds(*module));

    // An operand read for its shape alone, as in two programs, prevents it.
    if (!convolutionsOf(*module).empty() &&
        !convolutionsOf(*module)[0].second.shapeOnly.empty())
      return;
    int64_t left = 1;
    for (unsigned loop = 0; loop < access->geometry.numLoops(); ++loop) {
      bool isFilter = llvm::is_contained(access->loops, loop) &&
                      access->geometry.roles[loop] != Role::Output;
      left *= isFilter ? slicesLeft(*access, loop, alive[loop])
                       : access->geometry.extents[loop];
    }
    EXPECT_EQ(multiplyAdds(*module), left);
    if (left == 0)
      return;
    ASSERT_EQ(runPasses(*module, passesThatSplit(*module)), "");
    check(*module, arguments, *expected, "partitioned");
  }

  void check(ModuleOp module, const std::vector<Tensor> &arguments,
             const Tensor &expected, const char *what) {
    Interpreter interpreter(module);
    Result<Tensor> got = runMain(interpreter, arguments);
    ASSERT_TRUE(got) << what << ": " << got.error();
    EXPECT_EQ(differenceOf(*got, expected), "") << what;
    if (HasFailure())
      module.dump();
  }
};

TEST_P(DropZeros, ComputesTheSame) {
  SCOPED_TRACE(GetParam().text);
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    tryOnce(hash(seed));
    if (HasFailure())
      return;
  }
}

std::string nameOf(const testing::TestParamInfo<Program> &info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Named, DropZeros, testing::ValuesIn(namedPrograms(7)),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Typed, DropZeros, testing::ValuesIn(typedPrograms()),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Window, DropZeros, testing::ValuesIn(windowPrograms()),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Generic, DropZeros,
                         testing::ValuesIn(genericPrograms()), nameOf);

} // namespace
} // namespace dconv::test
