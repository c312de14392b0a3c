//===- RecognizeGenericTest.cpp - convolutions that have no name ----------===//

#include "Programs.h"

#include <gtest/gtest.h>

using namespace dconv;
using namespace dconv::test;
using namespace mlir;

namespace {
/// A 1-D convolution, channels last, with another body or other types.
Generic channelsLast(std::string element = "f32", std::string output = "f32",
                     std::string body = "") {
  return {"n, o, f, k, c",
          {"n, o + k, c", "k, c, f", "n, o, f"},
          "ppprr",
          {"tensor<2x8x4x" + element + ">", "tensor<3x4x5x" + element + ">",
           "tensor<2x6x5x" + output + ">"},
          body};
}

/// A sum or another combiner over a window of three.
Generic pooling(std::string element, std::string body) {
  return {"o, k",
          {"o + k", "k", "o"},
          "pr",
          {"tensor<8x" + element + ">", "tensor<3x" + element + ">",
           "tensor<6x" + element + ">"},
          body};
}

RecognizedConvolution recognise(OwningOpRef<ModuleOp> &module) {
  std::optional<RecognizedConvolution> found =
      recognizeConvolution(lastLinalgOp(*module));
  EXPECT_TRUE(found);
  return *found;
}

// The roles are read from the maps: which operand comes first changes nothing
// but the order of the inputs.
TEST(RecognizeGeneric, TakesTheFilterFirst) {
  Generic swapped = channelsLast();
  std::swap(swapped.maps[0], swapped.maps[1]);
  std::swap(swapped.types[0], swapped.types[1]);
  OwningOpRef<ModuleOp> module = parse(moduleOf(swapped));
  RecognizedConvolution found = recognise(module);
  EXPECT_EQ(loopsOf(found), "n=2 o0=6 oc=5 k0=3 ic=4");
  EXPECT_EQ(found.input, 1u);
  EXPECT_EQ(found.geometry.inputs[0].shape, (std::vector<int64_t>{3, 4, 5}));
  EXPECT_EQ(loopsOf(moduleOf(channelsLast())), "n=2 o0=6 oc=5 k0=3 ic=4");
}

TEST(RecognizeGeneric, TakesLoopsInAnyOrder) {
  EXPECT_EQ(loopsOf(moduleOf({"c, k, f, o, n",
                              {"n, o + k, c", "k, c, f", "n, o, f"},
                              "rrppp",
                              {"tensor<2x8x4xf32>", "tensor<3x4x5xf32>",
                               "tensor<2x6x5xf32>"}})),
            "ic=4 k0=3 oc=5 o0=6 n=2");
}

TEST(RecognizeGeneric, TakesTheBodyInAnyOrder) {
  const char *expected = "add #0 * #1 in f32";
  for (const char *product : {"%a, %b", "%b, %a"})
    for (const char *sum : {"%c, %p", "%p, %c"})
      EXPECT_EQ(bodyOf(moduleOf(
                    channelsLast("f32", "f32",
                                 std::string("%p = arith.mulf ") + product +
                                     " : f32\n%s = arith.addf " + sum +
                                     " : f32\nlinalg.yield %s : f32\n"))),
                expected);
}

TEST(RecognizeGeneric, SeesHowInputsAreWidened) {
  auto body = [](std::string cast, std::string from, std::string to, char f) {
    return "%u = arith." + cast + " %a : " + from + " to " + to +
           "\n%v = arith." + cast + " %b : " + from + " to " + to +
           "\n%p = arith.mul" + f + " %u, %v : " + to + "\n%s = arith.add" + f +
           " %c, %p : " + to + "\nlinalg.yield %s : " + to + "\n";
  };
  EXPECT_EQ(bodyOf(moduleOf(
                channelsLast("bf16", "f32", body("extf", "bf16", "f32", 'f')))),
            "add ext.f(#0) * ext.f(#1) in f32");
  EXPECT_EQ(bodyOf(moduleOf(
                channelsLast("i16", "i32", body("extsi", "i16", "i32", 'i')))),
            "add ext.si(#0) * ext.si(#1) in i32");
  EXPECT_EQ(bodyOf(moduleOf(
                channelsLast("i8", "i32", body("extui", "i8", "i32", 'i')))),
            "add ext.ui(#0) * ext.ui(#1) in i32");
}

// Partial sums of a narrow float are kept in f32, whatever the body does.
TEST(RecognizeGeneric, WidensNarrowAccumulators) {
  for (std::string type : {"f16", "bf16"}) {
    std::string module =
        moduleOf(channelsLast(type, type,
                              "%p = arith.mulf %a, %b : " + type +
                                  "\n%s = arith.addf %c, %p : " + type +
                                  "\nlinalg.yield %s : " + type + "\n"));
    EXPECT_EQ(bodyOf(module), "add #0 * #1 in f32");
    OwningOpRef<ModuleOp> parsed = parse(module);
    RecognizedConvolution found = recognise(parsed);
    EXPECT_EQ(found.geometry.accumulatorBytes, 4);
    EXPECT_EQ(found.geometry.output.elementBytes, 2);
    EXPECT_EQ(found.geometry.inputs[0].elementBytes, 2);
    // The greatest of several values needs no more bits than they have.
    EXPECT_EQ(bodyOf(moduleOf(
                  pooling(type, "%s = arith.maximumf %c, %a : " + type +
                                    "\nlinalg.yield %s : " + type + "\n"))),
              "max #0 in " + type);
  }
}

TEST(RecognizeGeneric, TakesEveryCombinerOfAPooling) {
  struct {
    const char *op, *type, *expected;
  } cases[] = {
      {"addf", "f32", "add #0 in f32"},
      {"addi", "i32", "add #0 in i32"},
      {"maximumf", "f32", "max #0 in f32"},
      {"minimumf", "f64", "min #0 in f64"},
      {"maxnumf", "f32", "max.num #0 in f32"},
      {"minnumf", "f32", "min.num #0 in f32"},
      {"maxsi", "i8", "max #0 in i8"},
      {"minsi", "i32", "min #0 in i32"},
      {"maxui", "i8", "max.u #0 in i8"},
      {"minui", "i16", "min.u #0 in i16"},
  };
  for (auto &[op, type, expected] : cases)
    for (std::string operands : {"%a, %c", "%c, %a"}) {
      std::string module = moduleOf(pooling(
          type, std::string("%s = arith.") + op + " " + operands + " : " +
                    type + "\nlinalg.yield %s : " + type + "\n"));
      EXPECT_EQ(bodyOf(module), expected);
      EXPECT_EQ(loopsOf(module), "o0=6 k0=3");
    }
}

/// A quantised convolution whose zero points have these types.
std::string quantised(std::string inputPoint, std::string filterPoint,
                      std::string body) {
  return moduleOf({"o, k",
                   {"o + k", "k", "", "", "o"},
                   "pr",
                   {"tensor<8xi8>", "tensor<3xi8>", inputPoint, filterPoint,
                    "tensor<6xi32>"},
                   "%u = arith.extui %a : i8 to i32\n"
                   "%v = arith.extsi %b : i8 to i32\n" +
                       body +
                       "%p = arith.muli %x, %y : i32\n"
                       "%s = arith.addi %p, %e : i32\n"
                       "linalg.yield %s : i32\n"});
}

TEST(RecognizeGeneric, TakesZeroPointsOfAnyWidth) {
  EXPECT_EQ(bodyOf(quantised("i32", "tensor<i32>",
                             "%x = arith.subi %u, %c : i32\n"
                             "%y = arith.subi %v, %d : i32\n")),
            "add ext.ui(#0)-#2 * ext.si(#1)-#3 in i32");
  EXPECT_EQ(bodyOf(quantised("i8", "i16",
                             "%z = arith.extui %c : i8 to i32\n"
                             "%w = arith.extsi %d : i16 to i32\n"
                             "%x = arith.subi %u, %z : i32\n"
                             "%y = arith.subi %v, %w : i32\n")),
            "add ext.ui(#0)-ext.ui(#2) * ext.si(#1)-ext.si(#3) in i32");
}

// Symmetric filters have no zero point; one may serve both.
TEST(RecognizeGeneric, TakesOneZeroPoint) {
  std::string one = "%x = arith.subi %u, %c : i32\n";
  EXPECT_EQ(
      bodyOf(quantised("i32", "i32", one + "%y = arith.subi %v, %c : i32\n")),
      "add ext.ui(#0)-#2 * ext.si(#1)-#2 in i32");
}

// dW[kh, kw, c, f] = sum of I[n, 2 oh + 3 kh, 2 ow + 3 kw, c] dO[n, oh, ow, f]:
// the taps are the image of this convolution and the image its taps.
TEST(RecognizeGeneric, BackwardFilter) {
  EXPECT_EQ(loopsOf(moduleOf({"a, b, c, f, n, p, q",
                              {"n, 2 * p + 3 * a, 2 * q + 3 * b, c",
                               "n, p, q, f", "a, b, c, f"},
                              "pppprrr",
                              {"tensor<2x13x15x6xf32>", "tensor<2x4x5x7xf32>",
                               "tensor<3x3x6x7xf32>"}})),
            "o0=3 o1=3 n=6 oc=7 ic=2 k0=4 k1=5");
}

// dI[n, i, c] = sum of dO[n, i - k + 2, f] W[k, c, f]: gather with negative
// coefficients, the gradient padded by two on both sides.
TEST(RecognizeGeneric, BackwardData) {
  OwningOpRef<ModuleOp> module = parse(moduleOf(
      {"n, i, c, k, f",
       {"n, i - k + 2, f", "k, c, f", "n, i, c"},
       "ppprr",
       {"tensor<2x10x5xf32>", "tensor<3x4x5xf32>", "tensor<2x8x4xf32>"}}));
  RecognizedConvolution found = recognise(module);
  EXPECT_EQ(loopsOf(found), "n=2 o0=8 oc=4 k0=3 ic=5");
  EXPECT_EQ(found.geometry.inputs[0].map[1],
            (LinearExpr{{{1, 1}, {3, -1}}, 2}));
}

TEST(RecognizeGeneric, ReadsConstantOffsets) {
  OwningOpRef<ModuleOp> module =
      parse(moduleOf({"o, k",
                      {"3 * (o + 2 * k + 1) - k", "k", "o"},
                      "pr",
                      {"tensor<29xf32>", "tensor<3xf32>", "tensor<6xf32>"}}));
  RecognizedConvolution found = recognise(module);
  EXPECT_EQ(loopsOf(found), "o0=6 k0=3");
  EXPECT_EQ(found.geometry.inputs[0].map[0], (LinearExpr{{{0, 3}, {1, 5}}, 3}));
}

// Eight loops, group and channel apart, as JAX writes grouped convolutions.
TEST(RecognizeGeneric, GroupedAsInJax) {
  EXPECT_EQ(loopsOf(moduleOf({"n, h, w, g, f, kh, kw, c",
                              {"n, h * 2 + kh, w * 2 + kw, g, c",
                               "kh, kw, c, g, f", "n, h, w, g, f"},
                              "ppppprrr",
                              {"tensor<1x9x9x3x4xf32>", "tensor<3x3x4x3x5xf32>",
                               "tensor<1x4x4x3x5xf32>"}})),
            "n=1 o0=4 o1=4 g=3 oc=5 k0=3 k1=3 ic=4");
}

// A reduce-window over all dims, as JAX writes poolings: one tap in some.
TEST(RecognizeGeneric, PoolingAsInJax) {
  Generic reduceWindow{
      "n, h, w, c, k, l, m, o",
      {"n + k, h * 2 + l, w * 2 + m, c + o", "k, l, m, o", "n, h, w, c"},
      "pppprrrr",
      {"tensor<2x9x9x4xf32>", "tensor<1x3x3x1xf32>", "tensor<2x4x4x4xf32>"},
      "%s = arith.maximumf %a, %c : f32\n"
      "linalg.yield %s : f32\n"};
  EXPECT_EQ(loopsOf(moduleOf(reduceWindow)),
            "o0=2 o1=4 o2=4 o3=4 k0=1 k1=3 k2=3 k3=1");
}

TEST(RecognizeGeneric, FourImageDims) {
  EXPECT_EQ(loopsOf(moduleOf(
                {"a, b, c, d, k, l, m, n",
                 {"a + k, b + l, c + m, d + n", "k, l, m, n", "a, b, c, d"},
                 "pppprrrr",
                 {"tensor<4x5x6x7xf32>", "tensor<2x3x2x3xf32>",
                  "tensor<3x3x5x5xf32>"}})),
            "o0=3 o1=3 o2=5 o3=5 k0=2 k1=3 k2=2 k3=3");
}

// Without a window the first operand is the input and the image is batch, also
// where a stride is left.
TEST(RecognizeGeneric, OneByOne) {
  EXPECT_EQ(loopsOf(moduleOf({"n, h, w, f, c",
                              {"n, h, w, c", "c, f", "n, h, w, f"},
                              "ppppr",
                              {"tensor<2x3x4x5xf32>", "tensor<5x6xf32>",
                               "tensor<2x3x4x6xf32>"}})),
            "n0=2 n1=3 n2=4 oc=6 ic=5");
  EXPECT_EQ(loopsOf(moduleOf({"n, h, w, f, c",
                              {"n, h * 2, w * 2, c", "c, f", "n, h, w, f"},
                              "ppppr",
                              {"tensor<2x5x7x5xf32>", "tensor<5x6xf32>",
                               "tensor<2x3x4x6xf32>"}})),
            "n0=2 n1=3 n2=4 oc=6 ic=5");
  EXPECT_EQ(loopsOf(moduleOf(
                {"f, p, c",
                 {"f, c", "c, p", "f, p"},
                 "ppr",
                 {"tensor<6x5xf32>", "tensor<5x8xf32>", "tensor<6x8xf32>"}})),
            "n=6 oc=8 ic=5");
}

// The product of windows of two tensors; an operand that the body does not read
// says how long they are.
TEST(RecognizeGeneric, BothInputsWindowed) {
  EXPECT_EQ(loopsOf(moduleOf({"o, p, c, k",
                              {"o + k, c", "2 * p + k, c", "k", "o, p"},
                              "pprr",
                              {"tensor<9x3xf32>", "tensor<11x3xf32>",
                               "tensor<5xf32>", "tensor<5x4xf32>"},
                              "%p = arith.mulf %a, %b : f32\n"
                              "%s = arith.addf %d, %p : f32\n"
                              "linalg.yield %s : f32\n"})),
            "o0=5 o1=4 ic=3 k0=5");
}

// A reduction that only one of the inputs reads along is no tap.
TEST(RecognizeGeneric, ReductionInOneInput) {
  EXPECT_EQ(loopsOf(moduleOf(
                {"o, k, c",
                 {"o + k, c", "k", "o"},
                 "prr",
                 {"tensor<8x4xf32>", "tensor<3xf32>", "tensor<6xf32>"}})),
            "o0=6 k0=3 ic=4");
}

// An operand that only gives the extent of a loop is neither input nor filter.
TEST(RecognizeGeneric, ShapeOnlyOperands) {
  OwningOpRef<ModuleOp> module =
      parse(moduleOf(pooling("f32", "%s = arith.addf %c, %a : f32\n"
                                    "linalg.yield %s : f32\n")));
  RecognizedConvolution found = recognise(module);
  EXPECT_EQ(found.geometry.inputs.size(), 1u);
  EXPECT_EQ(found.shapeOnly, (llvm::SmallVector<unsigned>{1}));
  EXPECT_EQ(found.body.factors[0].operand, 0u);
}

// More than 2^31 elements are not an error.
TEST(RecognizeGeneric, LargeTensors) {
  EXPECT_EQ(
      loopsOf(moduleOf({"n, o, f, k, c",
                        {"n, o + k, c", "k, c, f", "n, o, f"},
                        "ppprr",
                        {"tensor<64x65538x4096xf32>", "tensor<3x4096x4096xf32>",
                         "tensor<64x65536x4096xf32>"}})),
      "n=64 o0=65536 oc=4096 k0=3 ic=4096");
}

// Reports and SPECs name convolutions by function and position.
TEST(RecognizeGeneric, NamesOfConvolutions) {
  const char *text = R"(
    func.func private @declared(tensor<8xf32>)
    func.func @first(%x: tensor<8xf32>, %w: tensor<3xf32>, %y: tensor<6xf32>,
                     %c: i1) -> tensor<6xf32> {
      %0 = linalg.conv_1d ins(%x, %w : tensor<8xf32>, tensor<3xf32>)
                          outs(%y : tensor<6xf32>) -> tensor<6xf32>
      %1 = linalg.exp ins(%0 : tensor<6xf32>) outs(%y : tensor<6xf32>)
          -> tensor<6xf32>
      %2 = scf.if %c -> (tensor<6xf32>) {
        %3 = linalg.conv_1d ins(%x, %w : tensor<8xf32>, tensor<3xf32>)
                            outs(%1 : tensor<6xf32>) -> tensor<6xf32>
        scf.yield %3 : tensor<6xf32>
      } else {
        scf.yield %1 : tensor<6xf32>
      }
      return %2 : tensor<6xf32>
    }
    func.func @second(%x: tensor<8xf32>, %w: tensor<3xf32>, %y: tensor<6xf32>)
        -> tensor<6xf32> {
      %0 = linalg.conv_1d ins(%x, %w : tensor<8xf32>, tensor<3xf32>)
                          outs(%y : tensor<6xf32>) -> tensor<6xf32>
      return %0 : tensor<6xf32>
    })";
  OwningOpRef<ModuleOp> module = parse(text);
  std::vector<std::string> names;
  for (auto &[name, found] : convolutionsOf(*module))
    names.push_back(name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"first#0", "first#1", "second#0"}));
}
} // namespace
