//===- RecognizeRefusalTest.cpp - what is no convolution, and why ---------===//

#include "Programs.h"

#include <gtest/gtest.h>

using namespace dconv::test;

namespace {
const char *const noCandidate = " (no candidate)";

/// A 1-D convolution of 8 values and 3 taps with another body.
Generic withBody(std::string body) {
  return {"o, k",
          {"o + k", "k", "o"},
          "pr",
          {"tensor<8xf32>", "tensor<3xf32>", "tensor<6xf32>"},
          body};
}

std::string refusalOfBody(std::string body) {
  return refusalOf(moduleOf(withBody(body + "linalg.yield %s : f32\n")));
}

/// The same with types that the body does not fit, so that the type is why.
std::string refusalOfType(std::string element, std::string body) {
  return refusalOf(
      moduleOf({"o, k",
                {"o + k", "k", "o"},
                "pr",
                {"tensor<8x" + element + ">", "tensor<3x" + element + ">",
                 "tensor<6x" + element + ">"},
                body}));
}

TEST(RecognizeRefusal, DynamicShapes) {
  EXPECT_EQ(refusalOf(R"(
    func.func @main(%x: tensor<1x?x8x4xf32>, %w: tensor<3x3x4x5xf32>,
                    %y: tensor<1x?x6x5xf32>) -> tensor<1x?x6x5xf32> {
      %r = linalg.conv_2d_nhwc_hwcf
          ins(%x, %w : tensor<1x?x8x4xf32>, tensor<3x3x4x5xf32>)
          outs(%y : tensor<1x?x6x5xf32>) -> tensor<1x?x6x5xf32>
      return %r : tensor<1x?x6x5xf32>
    })"),
            "dim 1 of operand #0 is dynamic; needs static shapes");
  EXPECT_EQ(refusalOf(R"(
    func.func @main(%x: tensor<8xf32>, %w: tensor<?xf32>, %y: tensor<6xf32>)
        -> tensor<6xf32> {
      %r = linalg.conv_1d ins(%x, %w : tensor<8xf32>, tensor<?xf32>)
                          outs(%y : tensor<6xf32>) -> tensor<6xf32>
      return %r : tensor<6xf32>
    })"),
            "dim 0 of operand #1 is dynamic; needs static shapes");
}

TEST(RecognizeRefusal, Buffers) {
  EXPECT_EQ(refusalOf(R"(
    func.func @main(%x: memref<8xf32>, %w: memref<3xf32>, %y: memref<6xf32>) {
      linalg.conv_1d ins(%x, %w : memref<8xf32>, memref<3xf32>)
                     outs(%y : memref<6xf32>)
      return
    })"),
            "works on memrefs; needs tensors");
}

TEST(RecognizeRefusal, ElementTypes) {
  const std::string needs = "; needs f16, bf16, f32, f64, i8, i16, i32 or i64";
  EXPECT_EQ(refusalOfType("complex<f32>",
                          "%p = complex.mul %a, %b : complex<f32>\n"
                          "%s = complex.add %c, %p : complex<f32>\n"
                          "linalg.yield %s : complex<f32>\n"),
            "operand #0 has elements of type complex<f32>" + needs);
  EXPECT_EQ(refusalOfType("i1", "%p = arith.andi %a, %b : i1\n"
                                "%s = arith.ori %c, %p : i1\n"
                                "linalg.yield %s : i1\n"),
            "operand #0 has elements of type i1" + needs);
  EXPECT_EQ(refusalOfType("f8E5M2", "%p = arith.mulf %a, %b : f8E5M2\n"
                                    "%s = arith.addf %c, %p : f8E5M2\n"
                                    "linalg.yield %s : f8E5M2\n"),
            "operand #0 has elements of type f8E5M2" + needs);
}

TEST(RecognizeRefusal, Encodings) {
  EXPECT_EQ(refusalOf(R"(
    func.func @main(%x: tensor<8xf32, "mine">, %w: tensor<3xf32>,
                    %y: tensor<6xf32>) -> tensor<6xf32> {
      %r = linalg.conv_1d ins(%x, %w : tensor<8xf32, "mine">, tensor<3xf32>)
                          outs(%y : tensor<6xf32>) -> tensor<6xf32>
      return %r : tensor<6xf32>
    })"),
            "operand #0 has an encoding, \"mine\"");
}

TEST(RecognizeRefusal, SeveralResults) {
  EXPECT_EQ(refusalOf(R"(
    func.func @main(%x: tensor<8xf32>, %w: tensor<3xf32>, %y: tensor<6xf32>)
        -> (tensor<6xf32>, tensor<6xf32>) {
      %r:2 = linalg.generic {
          indexing_maps = [affine_map<(o, k) -> (o + k)>,
                           affine_map<(o, k) -> (k)>,
                           affine_map<(o, k) -> (o)>,
                           affine_map<(o, k) -> (o)>],
          iterator_types = ["parallel", "reduction"]}
          ins(%x, %w : tensor<8xf32>, tensor<3xf32>)
          outs(%y, %y : tensor<6xf32>, tensor<6xf32>) {
        ^bb0(%a: f32, %b: f32, %c: f32, %d: f32):
          linalg.yield %a, %b : f32, f32
        } -> (tensor<6xf32>, tensor<6xf32>)
      return %r#0, %r#1 : tensor<6xf32>, tensor<6xf32>
    })"),
            "has 2 results; needs 1");
}

// The upstream interface takes this for a convolution: it does not look at the
// body.
TEST(RecognizeRefusal, MaxPlus) {
  EXPECT_EQ(refusalOfBody("%p = arith.addf %a, %b : f32\n"
                          "%s = arith.maximumf %c, %p : f32\n"),
            "the body has 'arith.addf' where an input, widened or not, is "
            "needed");
  EXPECT_EQ(refusalOfBody("%p = arith.mulf %a, %b : f32\n"
                          "%s = arith.maximumf %c, %p : f32\n"),
            "the body does not add its products");
}

TEST(RecognizeRefusal, OtherBodies) {
  EXPECT_EQ(refusalOfBody("%p = arith.mulf %a, %b : f32\n"
                          "%s = arith.subf %c, %p : f32\n"),
            "the body ends in 'arith.subf'; needs an addition, a maximum or a "
            "minimum");
  EXPECT_EQ(refusalOf(moduleOf(withBody("linalg.yield %a : f32\n"))),
            "the body ends in no op; needs an addition, a maximum or a "
            "minimum");
  EXPECT_EQ(refusalOfBody("%s = arith.addf %a, %b : f32\n"),
            "the body's 'arith.addf' does not read the output");
  EXPECT_EQ(refusalOfBody("%p = arith.mulf %a, %a : f32\n"
                          "%s = arith.addf %c, %p : f32\n"),
            "the body multiplies operand #0 by itself");
  EXPECT_EQ(refusalOfBody("%p = arith.mulf %a, %c : f32\n"
                          "%s = arith.addf %c, %p : f32\n"),
            "the body reads the output more than once");
  EXPECT_EQ(refusalOfBody("%p = math.exp %a : f32\n"
                          "%q = arith.mulf %p, %b : f32\n"
                          "%s = arith.addf %c, %q : f32\n"),
            "the body has 'math.exp' where an input, widened or not, is "
            "needed");
  EXPECT_EQ(refusalOfBody("%p = arith.mulf %a, %b : f32\n"
                          "%q = math.exp %p : f32\n"
                          "%s = arith.addf %c, %p : f32\n"),
            "the body has 'math.exp', which its result does not need");
  EXPECT_EQ(refusalOfBody("%s = math.fma %a, %b, %c : f32\n"),
            "the body ends in 'math.fma'; needs an addition, a maximum or a "
            "minimum");
  EXPECT_EQ(refusalOfBody("%i = linalg.index 0 : index\n"
                          "%j = arith.index_cast %i : index to i32\n"
                          "%f = arith.sitofp %j : i32 to f32\n"
                          "%p = arith.mulf %a, %f : f32\n"
                          "%s = arith.addf %c, %p : f32\n"),
            "the body reads loop indices");
}

// A product rounded or wrapped before it is widened is another number.
TEST(RecognizeRefusal, WidenedProduct) {
  EXPECT_EQ(
      refusalOf(moduleOf({"o, k",
                          {"o + k", "k", "o"},
                          "pr",
                          {"tensor<8xi8>", "tensor<3xi8>", "tensor<6xi32>"},
                          "%p = arith.muli %a, %b : i8\n"
                          "%q = arith.extsi %p : i8 to i32\n"
                          "%s = arith.addi %c, %q : i32\n"
                          "linalg.yield %s : i32\n"})),
      "the body has 'arith.muli' where an input, widened or not, is "
      "needed");
  EXPECT_EQ(
      refusalOf(moduleOf({"o, k",
                          {"o + k", "k", "o"},
                          "pr",
                          {"tensor<8xf64>", "tensor<3xf64>", "tensor<6xf32>"},
                          "%u = arith.truncf %a : f64 to f32\n"
                          "%v = arith.truncf %b : f64 to f32\n"
                          "%p = arith.mulf %u, %v : f32\n"
                          "%s = arith.addf %c, %p : f32\n"
                          "linalg.yield %s : f32\n"})),
      "the body has 'arith.truncf' where an input, widened or not, is "
      "needed");
}

TEST(RecognizeRefusal, ValuesFromOutside) {
  EXPECT_EQ(refusalOf(R"(
    func.func @main(%x: tensor<8xf32>, %w: tensor<3xf32>, %y: tensor<6xf32>,
                    %scale: f32) -> tensor<6xf32> {
      %r = linalg.generic {
          indexing_maps = [affine_map<(o, k) -> (o + k)>,
                           affine_map<(o, k) -> (k)>,
                           affine_map<(o, k) -> (o)>],
          iterator_types = ["parallel", "reduction"]}
          ins(%x, %w : tensor<8xf32>, tensor<3xf32>)
          outs(%y : tensor<6xf32>) {
        ^bb0(%a: f32, %b: f32, %c: f32):
          %p = arith.mulf %a, %scale : f32
          %s = arith.addf %c, %p : f32
          linalg.yield %s : f32
        } -> tensor<6xf32>
      return %r : tensor<6xf32>
    })"),
            "the body reads a value from outside");
}

TEST(RecognizeRefusal, Scalars) {
  const std::string body = "%u = arith.subi %a, %c : i32\n"
                           "%p = arith.muli %u, %b : i32\n"
                           "%s = arith.addi %d, %p : i32\n"
                           "linalg.yield %s : i32\n";
  EXPECT_EQ(refusalOf(moduleOf({"o, k",
                                {"o + k", "k", "k", "o"},
                                "pr",
                                {"tensor<8xi32>", "tensor<3xi32>",
                                 "tensor<3xi32>", "tensor<6xi32>"},
                                body})),
            "the body subtracts operand #2, which is not a scalar");
  EXPECT_EQ(refusalOf(moduleOf(
                {"o, k",
                 {"o + k", "", "k", "o"},
                 "pr",
                 {"tensor<8xf32>", "f32", "tensor<3xf32>", "tensor<6xf32>"},
                 "%p = arith.mulf %a, %b : f32\n"
                 "%s = arith.addf %d, %p : f32\n"
                 "linalg.yield %s : f32\n"})),
            "the body combines operand #1, which is a scalar");
}

TEST(RecognizeRefusal, MapsThatAreNotLinear) {
  EXPECT_EQ(refusalOf(moduleOf(
                {"o, k",
                 {"(o + k) floordiv 2", "k", "o"},
                 "pr",
                 {"tensor<4xf32>", "tensor<3xf32>", "tensor<6xf32>"}})),
            std::string("dim 0 of operand #0 is (d0 + d1) floordiv 2; needs a "
                        "sum of loops times constants") +
                noCandidate);
}

// Backward-data in scatter form: two iterations write one element.
TEST(RecognizeRefusal, Scatter) {
  EXPECT_EQ(
      refusalOf(
          moduleOf({"o, k",
                    {"o", "k", "o + k"},
                    "rr",
                    {"tensor<6xf32>", "tensor<3xf32>", "tensor<8xf32>"}})),
      std::string("dim 0 of the result is not a single loop") + noCandidate);
}

TEST(RecognizeRefusal, LoopsWithoutARole) {
  EXPECT_EQ(refusalOf(moduleOf(
                {"o, p, k",
                 {"o + k", "k", "o, p"},
                 "ppr",
                 {"tensor<8xf32>", "tensor<3xf32>", "tensor<6x4xf32>"}})),
            "loop d1 is in no input that the body reads");
  EXPECT_EQ(refusalOf(moduleOf(
                {"o, k",
                 {"o + k, k", "k", "o"},
                 "pr",
                 {"tensor<8x3xf32>", "tensor<3xf32>", "tensor<6xf32>"}})),
            "loop d1 is in two dims of an input");
  EXPECT_EQ(refusalOf(moduleOf(
                {"o, k",
                 {"o + k", "k", "o"},
                 "pp",
                 {"tensor<8xf32>", "tensor<3xf32>", "tensor<6xf32>"}})),
            "loop d1 is parallel but not in the result");
}

TEST(RecognizeRefusal, NoReduction) {
  EXPECT_EQ(refusalOf(moduleOf(
                {"o",
                 {"o", "o", "o"},
                 "p",
                 {"tensor<6xf32>", "tensor<6xf32>", "tensor<6xf32>"}})),
            std::string("no loop is a reduction") + noCandidate);
}

TEST(RecognizeRefusal, ReductionWithoutAWindow) {
  EXPECT_EQ(refusalOf(R"(
    func.func @main(%x: tensor<8x4xf32>, %y: tensor<8xf32>) -> tensor<8xf32> {
      %r = linalg.reduce {arith.addf} ins(%x : tensor<8x4xf32>)
                         outs(%y : tensor<8xf32>) dimensions = [1]
      return %r : tensor<8xf32>
    })"),
            std::string("the only input is read without a window") +
                noCandidate);
}

TEST(RecognizeRefusal, ResultWithoutDims) {
  EXPECT_EQ(refusalOf(R"(
    func.func @main(%x: tensor<8xf32>, %w: tensor<8xf32>, %y: tensor<f32>)
        -> tensor<f32> {
      %r = linalg.generic {
          indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>,
                           affine_map<(d0) -> ()>],
          iterator_types = ["reduction"]}
          ins(%x, %w : tensor<8xf32>, tensor<8xf32>) outs(%y : tensor<f32>) {
      ^bb0(%a: f32, %b: f32, %sum: f32):
        %0 = arith.mulf %a, %b : f32
        %1 = arith.addf %sum, %0 : f32
        linalg.yield %1 : f32
      } -> tensor<f32>
      return %r : tensor<f32>
    })"),
            std::string("the result has no dims") + noCandidate);
}

// A SPEC for every convolution must not have to fit a fully connected layer.
TEST(RecognizeRefusal, NamedMatrixProduct) {
  EXPECT_EQ(refusalOf(R"(
    func.func @main(%x: tensor<4x8xf32>, %w: tensor<8x6xf32>,
                    %y: tensor<4x6xf32>) -> tensor<4x6xf32> {
      %r = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x6xf32>)
                         outs(%y : tensor<4x6xf32>) -> tensor<4x6xf32>
      return %r : tensor<4x6xf32>
    })"),
            std::string("is a matrix product") + noCandidate);
}

TEST(RecognizeRefusal, EmptyTensors) {
  EXPECT_EQ(refusalOf(R"(
    func.func @main(%x: tensor<0x8x4xf32>, %w: tensor<3x4x5xf32>,
                    %y: tensor<0x6x5xf32>) -> tensor<0x6x5xf32> {
      %r = linalg.conv_1d_nwc_wcf
          ins(%x, %w : tensor<0x8x4xf32>, tensor<3x4x5xf32>)
          outs(%y : tensor<0x6x5xf32>) -> tensor<0x6x5xf32>
      return %r : tensor<0x6x5xf32>
    })"),
            "loop d0 has extent 0; needs at least 1");
}
} // namespace
