//===- MutationTest.cpp - programs at level 2 that are wrong --------------===//
//
// Each mutation of a right program is refused by the verifiers; and were it
// not, running it would show: as an access to what a shard does not hold, or as
// another result.
//
//===----------------------------------------------------------------------===//

#include "Support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace mlir;
using testing::HasSubstr;

namespace dconv::test {

/// 8 outputs of 3 taps, split over the image.
static const char *const overImage = R"mlir(
#grid = #dconv.grid<2>
#rows = #dconv.sharding<#grid, d0 = axis 0>
#halo = #dconv.sharding<#grid, d0 = axis 0 held [0 to 5], [3 to 8]>
#whole = #dconv.sharding<#grid>
!X = tensor<8xf32>
!W = tensor<3xf32>
!rows = !dconv.sharded<!X, #rows>
!held = !dconv.sharded<!X, #halo>
!filter = !dconv.sharded<!W, #whole>
func.func @main(%x: !X, %w: !W, %y: !X) -> !X {
  %xs = dconv.shard %x : !X -> !rows
  %xh = dconv.halo_exchange %xs : !rows -> !held
  %ws = dconv.shard %w : !W -> !filter
  %ys = dconv.shard %y : !X -> !rows
  %rs = dconv.sub_kernel ins(%xh, %ws : !held, !filter) outs(%ys : !rows)
      split #dconv.split<d0: 8 / 2>
      pad [#dconv.padding<low = [1], high = [1], value = 0.0 : f32>, none] {
  ^bb0(%a: tensor<10xf32>, %b: !W, %c: !X):
    %0 = linalg.conv_1d ins(%a, %b : tensor<10xf32>, !W) outs(%c : !X) -> !X
    dconv.yield %0 : !X
  } : !rows
  %r = dconv.unshard %rs : !rows -> !X
  return %r : !X
}
)mlir";

/// 6 outputs of 3 taps, split over the taps.
static const char *const overTaps = R"mlir(
#grid = #dconv.grid<2>
#rows = #dconv.sharding<#grid, d0 = axis 0>
#whole = #dconv.sharding<#grid>
#partial = #dconv.sharding<#grid, partial = axis 0 : add>
!X = tensor<8xf32>
!W = tensor<3xf32>
!Y = tensor<6xf32>
!image = !dconv.sharded<!X, #whole>
!taps = !dconv.sharded<!W, #rows>
!rows = !dconv.sharded<!Y, #rows>
!whole = !dconv.sharded<!Y, #whole>
!sum = !dconv.sharded<!Y, #partial>
!init = !sum
!result = !sum
func.func @main(%x: !X, %w: !W, %y: !Y) -> !Y {
  %xs = dconv.shard %x : !X -> !image
  %ws = dconv.shard %w : !W -> !taps
  %ys = dconv.shard %y : !Y -> !init
  %ps = dconv.sub_kernel ins(%xs, %ws : !image, !taps) outs(%ys : !init)
      split #dconv.split<d1: 3 / 2> {
  ^bb0(%a: !X, %b: !W, %c: !Y):
    %0 = linalg.conv_1d ins(%a, %b : !X, !W) outs(%c : !Y) -> !Y
    dconv.yield %0 : !Y
  } : !result
  %rs = dconv.reduce_scatter %ps : !result -> !rows
  %r = dconv.unshard %rs : !rows -> !Y
  return %r : !Y
}
)mlir";

namespace {
/// `program` with `from`, which occurs once, replaced by `to`.
struct Mutation {
  const char *name, *program, *from, *to;
  const char *refusal; ///< part of the verifier's message, or null: verifies
  const char *error;   ///< part of the interpreter's, or null: another result

  std::string text() const {
    std::string text = program;
    size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    EXPECT_EQ(text.find(from, at + 1), std::string::npos) << from;
    return text.replace(at, std::string(from).size(), to);
  }
};

void PrintTo(const Mutation &mutation, std::ostream *os) {
  *os << mutation.name;
}

/// What @main of `module` gives, or an error.
Result<Tensor> resultOf(ModuleOp module) {
  Interpreter interpreter(module);
  return runMain(interpreter, argumentsFor(module, /*seed=*/3));
}

class Mutated : public testing::TestWithParam<Mutation> {};

TEST_P(Mutated, IsNoticed) {
  OwningOpRef<ModuleOp> right = parse(GetParam().program);
  ASSERT_TRUE(right);
  OwningOpRef<ModuleOp> plain = right->clone();
  ASSERT_EQ(runPasses(*plain, "dconv-erase-sharding"), "");
  Result<Tensor> expected = resultOf(*plain), before = resultOf(*right);
  ASSERT_TRUE(expected) << expected.error();
  ASSERT_TRUE(before) << before.error();
  ASSERT_EQ(differenceOf(*before, *expected), "");

  std::string text = GetParam().text(), why;
  OwningOpRef<ModuleOp> wrong = parse(text, &why);
  if (GetParam().refusal)
    EXPECT_THAT(why, HasSubstr(GetParam().refusal));
  else
    EXPECT_EQ(why, "");

  wrong = parse(text, nullptr, /*verify=*/false);
  ASSERT_TRUE(wrong);
  Result<Tensor> result = resultOf(*wrong);
  if (GetParam().error) {
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error(), HasSubstr(GetParam().error));
  } else {
    ASSERT_TRUE(result) << result.error();
    EXPECT_NE(differenceOf(*result, *expected), "");
  }
}

const Mutation mutations[] = {
    {"high_halo_off_by_one", overImage, "held [0 to 5]", "held [0 to 4]",
     "shard 0 reads [0, 5) of dim 0 of input 0 but holds [0, 4)",
     "'dconv.sub_kernel': shard 0 reads (5) of operand #0 of 'linalg.conv_1d' "
     "in iteration (3, 2) but has only [0, 4) of a tensor widened by (1)"},
    {"low_halo_off_by_one", overImage, "[3 to 8]", "[4 to 8]",
     "shard 1 reads [3, 8) of dim 0 of input 0 but holds [4, 8)",
     "shard 1 reads (4) of operand #0 of 'linalg.conv_1d' in iteration (4, 0)"},
    {"halo_lost", overImage, "!held = !dconv.sharded<!X, #halo>",
     "!held = !rows", "shard 0 reads [0, 5) of dim 0 of input 0 but holds",
     "shard 0 reads (5) of operand #0"},
    {"padding_on_the_wrong_side", overImage, "low = [1], high = [1]",
     "low = [2], high = [0]", "shard 1 reads [2, 8) of dim 0 of input 0",
     "shard 1 reads (4) of operand #0"},
    {"padding_lost", overImage, "low = [1], high = [1]",
     "low = [1], high = [0]", "region argument 0 needs type",
     "shard 1 reads (9) of operand #0"},
    {"padding_of_another_value", overImage, "value = 0.0", "value = 1.0",
     nullptr, nullptr},
    {"rows_computed_twice", overImage, "<d0: 8 / 2>", "<d0: [5, 4]>",
     "split: ", "shard 0 writes (4) of operand #2"},
    {"row_lost", overImage, "<d0: 8 / 2>", "<d0: [4, 3]>", "split: ", nullptr},
    {"tap_dropped", overTaps, "<d1: 3 / 2>", "<d1: [2, 0]>",
     "split: ", nullptr},
    {"tap_of_another_shard", overTaps, "<d1: 3 / 2>", "<d1: [1, 2]>",
     "shard 1 reads [1, 3) of dim 0 of input 1 but holds [2, 3)",
     "shard 1 reads (1) of operand #1"},
    {"initial_output_added_twice", overTaps, "!init = !sum", "!init = !whole",
     "the initial output lies as", nullptr},
    {"partial_sum_lost", overTaps, "!result = !sum", "!result = !whole",
     "result must lie like the initial output", nullptr},
    {"partial_sum_taken_for_the_sum", overTaps, "dconv.reduce_scatter",
     "dconv.reshard", "operand holds partial sums",
     "'dconv.reshard': moves partial sums as if they were the tensor"},
    {"another_combiner", overTaps, ": add>", ": max>",
     "partial sums combine by max", nullptr},
};

INSTANTIATE_TEST_SUITE_P(LevelTwo, Mutated, testing::ValuesIn(mutations),
                         [](const testing::TestParamInfo<Mutation> &info) {
                           return std::string(info.param.name);
                         });

// A halo that is wider than needed is no wrong program, but it moves more.
TEST(Mutation, WiderHaloMovesMore) {
  auto receivedBy = [](const std::string &text) {
    OwningOpRef<ModuleOp> module = parse(text);
    Interpreter interpreter(*module);
    EXPECT_TRUE(runMain(interpreter, argumentsFor(*module, 3)));
    return trafficOf(interpreter.movements(), 2).received;
  };
  EXPECT_EQ(receivedBy(overImage), (std::vector<int64_t>{4, 4}));
  Mutation wider{"", overImage, "held [0 to 5]", "held [0 to 6]", "", ""};
  EXPECT_EQ(receivedBy(wider.text()), (std::vector<int64_t>{8, 4}));
}
} // namespace

} // namespace dconv::test
