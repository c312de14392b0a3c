//===- RecognizePaddingTest.cpp - constants around and under convolutions -===//

#include "Programs.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <gtest/gtest.h>

using namespace dconv;
using namespace dconv::test;
using namespace mlir;

namespace {
/// A 1-D convolution of %p, which `pad` makes from %x, with the filter %w.
std::string paddedBy(std::string pad, std::string input = "tensor<8xf32>") {
  return "func.func @main(%x: " + input +
         ", %v: tensor<1xf32>, %y: tensor<6xf32>, %f: f32, %i: index)"
         " -> tensor<6xf32> {\n%c = arith.constant 2.0 : f32\n"
         "%w = tensor.empty() : tensor<3xf32>\n" +
         pad +
         "%r = linalg.conv_1d ins(%p, %w : tensor<8xf32>, tensor<3xf32>)"
         " outs(%y : tensor<6xf32>) -> tensor<6xf32>\n"
         "return %r : tensor<6xf32>\n}\n";
}

std::string pad(std::string widths, std::string value = "%c",
                std::string input = "tensor<5xf32>") {
  return "%p = tensor.pad %x " + widths + " {\n^bb0(%b: index):\n" +
         "tensor.yield " + value + " : f32\n} : " + input +
         " to tensor<8xf32>\n";
}

/// The pad of input 0 that can become local padding, as its widths.
std::string fusedOf(const std::string &text) {
  OwningOpRef<ModuleOp> module = parse(text);
  std::optional<RecognizedConvolution> found =
      recognizeConvolution(lastLinalgOp(*module));
  if (!found)
    return "refused";
  tensor::PadOp fused = fusiblePad(*found, 0);
  Convolution geometry = geometryWithPadding(*found);
  const Operand &input = geometry.inputs[0];
  if (!fused) {
    EXPECT_EQ(input.shape, found->geometry.inputs[0].shape);
    EXPECT_EQ(input.padLow, (std::vector<int64_t>{0}));
    return "none";
  }
  EXPECT_TRUE(checkSizes(geometry));
  std::string result;
  llvm::raw_string_ostream(result)
      << input.padLow[0] << ", " << input.shape[0] << ", " << input.padHigh[0]
      << " of " << padValue(fused);
  return result;
}

TEST(RecognizePadding, ConstantPadIsFused) {
  EXPECT_EQ(fusedOf(paddedBy(pad("low[1] high[2]"), "tensor<5xf32>")),
            "1, 5, 2 of 2.000000e+00 : f32");
  EXPECT_EQ(fusedOf(paddedBy(pad("nofold low[0] high[3]"), "tensor<5xf32>")),
            "0, 5, 3 of 2.000000e+00 : f32");
}

TEST(RecognizePadding, ConstantInsideThePadIsFused) {
  EXPECT_EQ(fusedOf(paddedBy("%p = tensor.pad %x low[2] high[1] {\n"
                             "^bb0(%b: index):\n"
                             "%z = arith.constant 0.0 : f32\n"
                             "tensor.yield %z : f32\n"
                             "} : tensor<5xf32> to tensor<8xf32>\n",
                             "tensor<5xf32>")),
            "2, 5, 1 of 0.000000e+00 : f32");
}

// The pad stays for its other users; each use decides for itself.
TEST(RecognizePadding, PadWithOtherUsersIsFused) {
  EXPECT_EQ(fusedOf(paddedBy(pad("low[1] high[2]") +
                                 "%o = tensor.extract %p[%i] : tensor<8xf32>\n",
                             "tensor<5xf32>")),
            "1, 5, 2 of 2.000000e+00 : f32");
}

TEST(RecognizePadding, NegativePadIsNot) {
  EXPECT_EQ(fusedOf(paddedBy(pad("low[-1] high[0]", "%c", "tensor<9xf32>"),
                             "tensor<9xf32>")),
            "none");
}

TEST(RecognizePadding, DynamicPadIsNot) {
  EXPECT_EQ(fusedOf(paddedBy(pad("low[%i] high[2]"), "tensor<5xf32>")), "none");
  EXPECT_EQ(fusedOf(paddedBy(pad("low[1] high[2]", "%c", "tensor<?xf32>"),
                             "tensor<?xf32>")),
            "none");
}

TEST(RecognizePadding, PadWithAnArgumentIsNot) {
  EXPECT_EQ(fusedOf(paddedBy(pad("low[1] high[2]", "%f"), "tensor<5xf32>")),
            "none");
}

TEST(RecognizePadding, PadWithItsPositionIsNot) {
  EXPECT_EQ(fusedOf(paddedBy("%p = tensor.pad %x low[1] high[2] {\n"
                             "^bb0(%b: index):\n"
                             "%j = arith.index_cast %b : index to i32\n"
                             "%z = arith.sitofp %j : i32 to f32\n"
                             "tensor.yield %z : f32\n"
                             "} : tensor<5xf32> to tensor<8xf32>\n",
                             "tensor<5xf32>")),
            "none");
}

// A pad of the filter stays a host op.
TEST(RecognizePadding, PadOfTheFilterIsNot) {
  OwningOpRef<ModuleOp> module = parse(R"(
    func.func @main(%x: tensor<8xf32>, %w: tensor<1xf32>, %y: tensor<6xf32>)
        -> tensor<6xf32> {
      %c = arith.constant 0.0 : f32
      %p = tensor.pad %w low[1] high[1] {
      ^bb0(%b: index):
        tensor.yield %c : f32
      } : tensor<1xf32> to tensor<3xf32>
      %r = linalg.conv_1d ins(%x, %p : tensor<8xf32>, tensor<3xf32>)
                          outs(%y : tensor<6xf32>) -> tensor<6xf32>
      return %r : tensor<6xf32>
    })");
  std::optional<RecognizedConvolution> found =
      recognizeConvolution(lastLinalgOp(*module));
  ASSERT_TRUE(found);
  EXPECT_FALSE(fusiblePad(*found, 1));
  EXPECT_EQ(geometryWithPadding(*found).inputs[1].shape,
            (std::vector<int64_t>{3}));
}

/// The constant that the returned tensor is filled with.
std::string fillOf(std::string ops, std::string type = "tensor<4xf32>") {
  OwningOpRef<ModuleOp> module =
      parse("func.func @main(%x: " + type + ", %f: f32) -> " + type + " {\n" +
            ops + "return %r : " + type + "\n}\n");
  if (!module)
    return "unreadable";
  auto function = *module->getOps<func::FuncOp>().begin();
  Value result = function.getBody().front().getTerminator()->getOperand(0);
  std::string text;
  if (TypedAttr fill = constantFill(result))
    llvm::raw_string_ostream(text) << fill;
  return text.empty() ? "none" : text;
}

TEST(ConstantFill, FillOfAConstant) {
  EXPECT_EQ(fillOf("%c = arith.constant 1.5 : f32\n"
                   "%r = linalg.fill ins(%c : f32) outs(%x : tensor<4xf32>)"
                   " -> tensor<4xf32>\n"),
            "1.500000e+00 : f32");
  EXPECT_EQ(fillOf("%c = arith.constant 1.5 : f32\n"
                   "%r = linalg.generic {indexing_maps = ["
                   "affine_map<(i) -> ()>, affine_map<(i) -> (i)>],"
                   "iterator_types = [\"parallel\"]} ins(%c : f32)"
                   " outs(%x : tensor<4xf32>) {\n^bb0(%a: f32, %b: f32):\n"
                   "linalg.yield %a : f32\n} -> tensor<4xf32>\n"),
            "1.500000e+00 : f32");
}

TEST(ConstantFill, SplatConstants) {
  EXPECT_EQ(fillOf("%r = arith.constant dense<-3.0> : tensor<4xf32>\n"),
            "-3.000000e+00 : f32");
  EXPECT_EQ(fillOf("%c = arith.constant 2.0 : f32\n"
                   "%r = tensor.splat %c : tensor<4xf32>\n"),
            "2.000000e+00 : f32");
  EXPECT_EQ(
      fillOf("%r = arith.constant dense<7> : tensor<4xi32>\n", "tensor<4xi32>"),
      "7 : i32");
}

TEST(ConstantFill, OtherTensors) {
  EXPECT_EQ(fillOf("%r = linalg.fill ins(%f : f32) outs(%x : tensor<4xf32>)"
                   " -> tensor<4xf32>\n"),
            "none");
  EXPECT_EQ(fillOf("%r = arith.constant dense<[1.0, 2.0, 3.0, 4.0]>"
                   " : tensor<4xf32>\n"),
            "none");
  EXPECT_EQ(fillOf("%r = tensor.cast %x : tensor<4xf32> to tensor<4xf32>\n"),
            "none");
}
} // namespace
