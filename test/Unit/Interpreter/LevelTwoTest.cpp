//===- LevelTwoTest.cpp - what each op of level 2 means -------------------===//

#include "Support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace mlir;
using testing::ElementsAre;
using testing::HasSubstr;

namespace dconv::test {
namespace {
/// Runs @main of `text` on tensors with elements 1, 2, 3, ... in this order.
class MoveRun {
public:
  explicit MoveRun(const std::string &text) : module(parse(text, &error)) {
    EXPECT_TRUE(module) << error;
    if (!module)
      return;
    std::vector<Tensor> arguments;
    auto main = module->lookupSymbol<func::FuncOp>("main");
    int64_t next = 1;
    for (Type type : main.getArgumentTypes())
      for (Scalar &element : arguments.emplace_back(*makeTensor(type)).elements)
        element = arguments.back().type.isFloat()
                      ? Scalar{0, static_cast<double>(next++)}
                      : Scalar{next++, 0};
    Interpreter interpreter(*module);
    Result<Tensor> result = runMain(interpreter, arguments);
    movements = interpreter.movements();
    if (!result) {
      error = result.error();
      return;
    }
    for (Scalar element : result->elements)
      elements.push_back(result->type.isFloat() ? element.real
                                                : element.integer);
  }

  /// What the op named `op` gave to each shard: [destination][source].
  std::vector<std::vector<int64_t>> receivedIn(const std::string &op) const {
    for (const Movement &movement : movements)
      if (movement.op == op)
        return movement.received;
    return {};
  }

  std::string error;
  std::vector<double> elements;
  std::vector<Movement> movements;

private:
  OwningOpRef<ModuleOp> module;
};

/// Moves a tensor from sharding `from` to `to` by `op` and assembles it.
std::string moveText(const std::string &type, const std::string &grid,
                     const std::string &from, const std::string &op,
                     const std::string &to) {
  std::string a =
      "!dconv.sharded<" + type + ", #dconv.sharding<" + grid + from + ">>";
  std::string b =
      "!dconv.sharded<" + type + ", #dconv.sharding<" + grid + to + ">>";
  return "func.func @main(%x: " + type + ") -> " + type +
         " {\n  %0 = dconv.shard %x : " + type + " -> " + a +
         "\n  %1 = dconv." + op + " %0 : " + a + " -> " + b +
         "\n  %2 = dconv.unshard %1 : " + b + " -> " + type +
         "\n  return %2 : " + type + "\n}\n";
}
} // namespace

TEST(LevelTwo, ShardsOwnBalancedStripesOnce) {
  MoveRun run("!S = !dconv.sharded<tensor<5xf32>,"
              " #dconv.sharding<#dconv.grid<2>, d0 = axis 0>>\n"
              "func.func @main(%x: tensor<5xf32>) -> tensor<5xf32> {\n"
              "  %0 = dconv.shard %x : tensor<5xf32> -> !S\n"
              "  %1 = dconv.unshard %0 : !S -> tensor<5xf32>\n"
              "  return %1 : tensor<5xf32>\n}\n");
  EXPECT_THAT(run.elements, ElementsAre(1, 2, 3, 4, 5)) << run.error;
  EXPECT_THAT(run.movements[0].fromHost, ElementsAre(3, 2));
  EXPECT_THAT(run.movements[1].toHost, ElementsAre(3, 2));
}

TEST(LevelTwo, UnshardTakesTheFirstReplica) {
  MoveRun run("!S = !dconv.sharded<tensor<4xf32>,"
              " #dconv.sharding<#dconv.grid<2x2>, d0 = axis 1>>\n"
              "func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {\n"
              "  %0 = dconv.shard %x : tensor<4xf32> -> !S\n"
              "  %1 = dconv.unshard %0 : !S -> tensor<4xf32>\n"
              "  return %1 : tensor<4xf32>\n}\n");
  EXPECT_THAT(run.elements, ElementsAre(1, 2, 3, 4)) << run.error;
  EXPECT_THAT(run.movements[0].fromHost, ElementsAre(2, 2, 2, 2));
  EXPECT_THAT(run.movements[1].toHost, ElementsAre(2, 2, 0, 0));
}

TEST(LevelTwo, HaloExchangeBringsWhatOthersOwn) {
  MoveRun run(moveText("tensor<5xf32>", "#dconv.grid<2>", ", d0 = axis 0",
                       "halo_exchange",
                       ", d0 = axis 0 held [0 to 4], [2 to 5]"));
  EXPECT_THAT(run.elements, ElementsAre(1, 2, 3, 4, 5)) << run.error;
  EXPECT_THAT(run.receivedIn("dconv.halo_exchange"),
              ElementsAre(ElementsAre(0, 1), ElementsAre(1, 0)));
}

TEST(LevelTwo, WideHaloComesFromSeveralOwners) {
  MoveRun run(moveText(
      "tensor<4xf32>", "#dconv.grid<4>", ", d0 = axis 0", "halo_exchange",
      ", d0 = axis 0 held [0 to 4], [1 to 2], [2 to 3], [0 to 4]"));
  EXPECT_THAT(run.elements, ElementsAre(1, 2, 3, 4)) << run.error;
  EXPECT_THAT(run.receivedIn("dconv.halo_exchange"),
              ElementsAre(ElementsAre(0, 1, 1, 1), ElementsAre(0, 0, 0, 0),
                          ElementsAre(0, 0, 0, 0), ElementsAre(1, 1, 1, 0)));
}

TEST(LevelTwo, ReshardMovesStripes) {
  MoveRun run(moveText("tensor<2x3xi8>", "#dconv.grid<2>", ", d0 = axis 0",
                       "reshard", ", d1 = axis 0"));
  EXPECT_THAT(run.elements, ElementsAre(1, 2, 3, 4, 5, 6)) << run.error;
  EXPECT_THAT(run.receivedIn("dconv.reshard"),
              ElementsAre(ElementsAre(0, 2), ElementsAre(1, 0)));
}

// Of replicas along axis 0 the source is the one with the same coordinate.
TEST(LevelTwo, AllGatherStaysWithinReplicas) {
  MoveRun run(moveText("tensor<3xi32>", "#dconv.grid<2x2>", ", d0 = axis 1",
                       "all_gather", ""));
  EXPECT_THAT(run.elements, ElementsAre(1, 2, 3)) << run.error;
  EXPECT_THAT(run.receivedIn("dconv.all_gather"),
              ElementsAre(ElementsAre(0, 1, 0, 0), ElementsAre(2, 0, 0, 0),
                          ElementsAre(0, 0, 0, 1), ElementsAre(0, 0, 2, 0)));
}

// The others hold the identity, so that the combination is the tensor.
TEST(LevelTwo, PartialShardsCombineToTheTensor) {
  for (const char *combiner : {"add", "max", "min", "maxu", "minu"}) {
    SCOPED_TRACE(combiner);
    std::string partial = std::string(", partial = axis 0 : ") + combiner;
    MoveRun all(
        moveText("tensor<2xi8>", "#dconv.grid<3>", partial, "all_reduce", ""));
    EXPECT_THAT(all.elements, ElementsAre(1, 2)) << all.error;
    EXPECT_THAT(all.movements[0].fromHost, ElementsAre(2, 0, 0));
    EXPECT_THAT(all.receivedIn("dconv.all_reduce")[0], ElementsAre(0, 2, 2));

    MoveRun scattered(moveText("tensor<2xi8>", "#dconv.grid<3>", partial,
                               "reduce_scatter", ", d0 = axis 0"));
    EXPECT_THAT(scattered.elements, ElementsAre(1, 2)) << scattered.error;
    // The third piece is empty.
    EXPECT_THAT(scattered.receivedIn("dconv.reduce_scatter"),
                ElementsAre(ElementsAre(0, 1, 1), ElementsAre(1, 0, 1),
                            ElementsAre(0, 0, 0)));
  }
}

TEST(LevelTwo, UnshardReportsAnOwnerWithoutItsElement) {
  std::string held = ", d0 = axis 0 held [0 to 3], [4 to 5]";
  std::string text = moveText("tensor<5xf32>", "#dconv.grid<2>",
                              ", d0 = axis 0", "halo_exchange", held);
  std::string why;
  EXPECT_FALSE(parse(text, &why));
  EXPECT_THAT(why, HasSubstr("owns [3, 5) of dim 0 but holds [4, 5)"));
  OwningOpRef<ModuleOp> module = parse(text, nullptr, /*verify=*/false);
  Interpreter interpreter(*module);
  Result<Tensor> result = runMain(interpreter, argumentsFor(*module, 1));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), "'dconv.unshard': shard 1 is to give (3) but holds "
                            "only [4, 5)");
}

/// The sum of `filter` over its taps, which are split in `parts` unless that is
/// 0.
static double sumOver(const std::string &type, const std::string &filter,
                      int taps, int parts) {
  std::string x = "tensor<" + std::to_string(taps) + "x" + type + ">";
  std::string y = "tensor<1x" + type + ">";
  std::string text = "func.func @main() -> " + y +
                     " {\n  %x = arith.constant dense<1.0> : " + x +
                     "\n  %w = arith.constant dense<" + filter + "> : " + x +
                     "\n  %y = arith.constant dense<0.0> : " + y +
                     "\n  %r = linalg.conv_1d ins(%x, %w : " + x + ", " + x +
                     ") outs(%y : " + y + ") -> " + y + "\n  return %r : " + y +
                     "\n}\n";
  OwningOpRef<ModuleOp> module = parse(text);
  if (parts > 0)
    EXPECT_EQ(
        runPasses(*module, "dconv-plan{split=k0=" + std::to_string(parts) +
                               "},dconv-partition"),
        "");
  Interpreter interpreter(*module);
  Result<Tensor> result = runMain(interpreter, {});
  EXPECT_TRUE(result) << result.error();
  return result->elements[0].real;
}

// In bf16 a sum of ones would stop at 256; the sum is kept in f32 and rounded
// once, also where it is split.
TEST(LevelTwo, NarrowSumsAccumulateInF32) {
  EXPECT_EQ(sumOver("bf16", "1.0", 300, 0), 300);
  EXPECT_EQ(sumOver("bf16", "1.0", 300, 7), 300);
  EXPECT_EQ(sumOver("f16", "1.0", 2100, 0), 2100);
  EXPECT_EQ(sumOver("f16", "1.0", 2100, 3), 2100);
}

// (1e8 + 1) - 1e8 is 0 in f32; 1e8 - 1e8 + 1 would be 1.
TEST(LevelTwo, PartialSumsAddInAscendingOrder) {
  EXPECT_EQ(sumOver("f32", "[1.0e8, 1.0, -1.0e8]", 3, 0), 0);
  EXPECT_EQ(sumOver("f32", "[1.0e8, 1.0, -1.0e8]", 3, 3), 0);
  EXPECT_EQ(sumOver("f32", "[1.0e8, -1.0e8, 1.0]", 3, 3), 1);
}

/// Convolutions among other ops, in a function that is called twice; both read
/// the same padded input, as does a host op.
static const char *const network = R"mlir(
!X = tensor<1x6x2xf32>
!P = tensor<1x8x2xf32>
!W = tensor<3x2x2xf32>
!B = tensor<2xf32>
func.func private @block(%x: !X, %w: !W, %b: !B) -> !X {
  %zero = arith.constant 0.0 : f32
  %zeroth = arith.constant 0 : index
  %p = tensor.pad %x low[0, 1, 0] high[0, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index):
    tensor.yield %zero : f32
  } : !X to !P
  %e = tensor.empty() : !X
  %init = linalg.fill ins(%zero : f32) outs(%e : !X) -> !X
  %c = linalg.conv_1d_nwc_wcf ins(%p, %w : !P, !W) outs(%init : !X) -> !X
  %relu = linalg.generic {
      indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>,
                       affine_map<(i, j, k) -> (k)>,
                       affine_map<(i, j, k) -> (i, j, k)>],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%c, %b : !X, !B) outs(%e : !X) {
  ^bb0(%in: f32, %bias: f32, %out: f32):
    %s = arith.addf %in, %bias : f32
    %m = arith.maximumf %s, %zero : f32
    linalg.yield %m : f32
  } -> !X
  %window = tensor.empty() : tensor<3xf32>
  %max = linalg.pooling_nwc_max ins(%p, %window : !P, tensor<3xf32>)
                                outs(%x : !X) -> !X
  %difference = arith.subf %relu, %max : !X
  %one = arith.constant 1 : index
  %first = tensor.extract %p[%zeroth, %one, %zeroth] : !P
  %all = tensor.splat %first : !X
  %r = arith.addf %difference, %all : !X
  return %r : !X
}
func.func @main(%x: !X, %w: !W, %b: !B) -> !X {
  %0 = call @block(%x, %w, %b) : (!X, !W, !B) -> !X
  %1 = call @block(%0, %w, %b) : (!X, !W, !B) -> !X
  return %1 : !X
}
)mlir";

TEST(LevelTwo, ConvolutionsAmongOtherOps) {
  OwningOpRef<ModuleOp> module = parse(network);
  ASSERT_TRUE(module);
  std::vector<Tensor> arguments = argumentsFor(*module, 1);
  Interpreter interpreter(*module);
  Result<Tensor> expected = runMain(interpreter, arguments);
  ASSERT_TRUE(expected) << expected.error();
  EXPECT_TRUE(interpreter.movements().empty());
  for (const char *plan :
       {"devices=1", "devices=3", "split=o0=2,k0=3", "split=k0=2,o0=[1,5]",
        "split=block#0:ic=2,oc=2;block#1:n1=2"}) {
    SCOPED_TRACE(plan);
    OwningOpRef<ModuleOp> copy = module->clone();
    ASSERT_EQ(runPasses(*copy, std::string("dconv-plan{") + plan +
                                   "},dconv-partition"),
              "");
    unsigned kernels = 0;
    copy->walk([&](SubKernelOp) { ++kernels; });
    EXPECT_EQ(kernels, 2u);
    for (const char *passes : {"", "dconv-erase-sharding"}) {
      ASSERT_EQ(runPasses(*copy, passes), "");
      Interpreter again(*copy);
      Result<Tensor> result = runMain(again, arguments);
      ASSERT_TRUE(result) << result.error();
      EXPECT_EQ(differenceOf(*result, *expected), "");
    }
  }
}

} // namespace dconv::test
