//===- RecognizeNamedTest.cpp - every named convolution and pooling -------===//

#include "Programs.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "llvm/ADT/STLExtras.h"
#include <gtest/gtest.h>
#include <map>

using namespace dconv;
using namespace dconv::test;
using namespace mlir;

namespace {
/// A named op and what the dims of its operands are: n batch, g group, c
/// channels of the input, f and m channels of the output, d h w the image (in
/// the filter: its taps).
struct NamedOp {
  const char *name, *input, *filter, *output;
};

class Named : public testing::TestWithParam<NamedOp> {};

bool isImage(char dim) { return dim == 'd' || dim == 'h' || dim == 'w'; }

/// conv_1d, conv_2d and conv_3d have neither strides nor dilations.
bool hasNoStrides(llvm::StringRef name) {
  return name.starts_with("conv_") && name.ends_with("d");
}

// Every extent is another, so that no loop can stand for another.
const std::map<char, int64_t> extentOf = {{'n', 2}, {'g', 3},  {'c', 5},
                                          {'f', 7}, {'m', 11}, {'d', 13},
                                          {'h', 4}, {'w', 6}};
const std::map<char, int64_t> tapsOf = {{'d', 8}, {'h', 9}, {'w', 10}};
const std::map<char, int64_t> strideOf = {{'d', 3}, {'h', 2}, {'w', 4}};
const std::map<char, int64_t> dilationOf = {{'d', 2}, {'h', 3}, {'w', 1}};

std::string typeOf(llvm::ArrayRef<int64_t> shape, const char *element) {
  std::string text = "tensor<";
  for (int64_t extent : shape)
    text += std::to_string(extent) + "x";
  return text + element + ">";
}

/// The op as a function on tensors, with a stride and dilation per image dim
/// where it has these attributes.
std::string moduleOf(const NamedOp &op) {
  llvm::StringRef name = op.name;
  bool isQuantised = name.ends_with("_q");
  bool isUnsigned = name.ends_with("_unsigned");
  bool isPlain = hasNoStrides(name);
  llvm::SmallVector<int64_t> input, filter, output;
  std::string strides, dilations;
  for (char dim : llvm::StringRef(op.input)) {
    if (!isImage(dim)) {
      input.push_back(extentOf.at(dim));
      continue;
    }
    int64_t stride = isPlain ? 1 : strideOf.at(dim);
    int64_t dilation = isPlain ? 1 : dilationOf.at(dim);
    input.push_back((extentOf.at(dim) - 1) * stride +
                    (tapsOf.at(dim) - 1) * dilation + 1);
    const char *comma = strides.empty() ? "" : ", ";
    strides += comma + std::to_string(stride);
    dilations += comma + std::to_string(dilation);
  }
  for (char dim : llvm::StringRef(op.filter))
    filter.push_back(isImage(dim) ? tapsOf.at(dim) : extentOf.at(dim));
  for (char dim : llvm::StringRef(op.output))
    output.push_back(extentOf.at(dim));

  const char *narrow = isQuantised || isUnsigned ? "i8" : "f32";
  const char *wide = isQuantised || isUnsigned ? "i32" : "f32";
  std::string inputType = typeOf(input, narrow);
  std::string filterType = typeOf(filter, narrow);
  std::string outputType = typeOf(output, wide);
  std::string rank =
      std::to_string(llvm::count_if(llvm::StringRef(op.input), isImage));
  std::string attributes;
  if (!isPlain)
    attributes = " {strides = dense<[" + strides + "]> : tensor<" + rank +
                 "xi64>, dilations = dense<[" + dilations + "]> : tensor<" +
                 rank + "xi64>}";
  std::string scalars = isQuantised ? ", %zx, %zw" : "";
  std::string scalarTypes = isQuantised ? ", i32, i32" : "";
  return "func.func @main(%x: " + inputType + ", %w: " + filterType +
         ", %zx: i32, %zw: i32, %y: " + outputType + ") -> " + outputType +
         " {\n  %r = linalg." + op.name + attributes + " ins(%x, %w" + scalars +
         " : " + inputType + ", " + filterType + scalarTypes +
         ") outs(%y : " + outputType + ") -> " + outputType +
         "\n  return %r : " + outputType + "\n}\n";
}

/// The name of the loop that moves along `dim`: of the output, or of the filter
/// where `isTap`, which differs for the image.
std::string loopOf(const NamedOp &op, char dim, bool isTap) {
  llvm::StringRef input = op.input, filter = op.filter, output = op.output;
  if (isImage(dim)) {
    std::string image;
    for (char c : input)
      if (isImage(c))
        image += c;
    return (isTap ? "k" : "o") + std::to_string(image.find(dim));
  }
  if (llvm::StringRef(op.name).starts_with("pooling"))
    return dim == 'n' ? "n0" : "n1";
  switch (dim) {
  case 'n':
    return "n";
  case 'c':
    return output.contains('c') ? "g" : "ic";
  case 'g':
    return "g";
  default:
    return "oc";
  }
}

std::string expectedBody(llvm::StringRef name) {
  if (name.ends_with("_q"))
    return "add ext.si(#0)-#2 * ext.si(#1)-#3 in i32";
  if (name.ends_with("max_unsigned"))
    return "max.u ext.ui(#0) in i32";
  if (name.ends_with("min_unsigned"))
    return "min.u ext.ui(#0) in i32";
  if (name.ends_with("_sum"))
    return "add #0 in f32";
  if (name.ends_with("_max"))
    return "max #0 in f32";
  if (name.ends_with("_min"))
    return "min #0 in f32";
  return "add #0 * #1 in f32";
}

/// "2*o0 + 3*k0", terms by name.
std::string textOf(const LinearExpr &expr, const Convolution &geometry) {
  std::map<std::string, int64_t> terms;
  for (const Term &term : expr.terms)
    terms[geometry.loopNames()[term.loop]] = term.coefficient;
  std::string text;
  for (auto &[name, coefficient] : terms)
    text +=
        (text.empty() ? "" : " + ") + std::to_string(coefficient) + "*" + name;
  EXPECT_EQ(expr.constant, 0);
  return text;
}

/// That loops, maps and body are those that the layouts of `op` say.
void expectRecognised(const NamedOp &op, Operation *linalgOp) {
  NotRecognized why;
  std::optional<RecognizedConvolution> found =
      recognizeConvolution(linalgOp, &why);
  ASSERT_TRUE(found) << why.reason;
  const Convolution &geometry = found->geometry;
  bool isPooling = llvm::StringRef(op.name).starts_with("pooling");
  bool isPlain = hasNoStrides(op.name);

  EXPECT_EQ(bodyOf(*found), expectedBody(op.name));
  EXPECT_EQ(found->input, 0u);
  EXPECT_EQ(found->shapeOnly.size(), isPooling ? 1u : 0u);
  EXPECT_EQ(found->scalars.size(),
            llvm::StringRef(op.name).ends_with("_q") ? 2u : 0u);
  ASSERT_EQ(geometry.inputs.size(), isPooling ? 1u : 2u);

  std::map<std::string, int64_t> extents;
  for (unsigned loop = 0; loop < geometry.numLoops(); ++loop)
    extents[geometry.loopNames()[loop]] = geometry.extents[loop];
  std::map<std::string, int64_t> expectedExtents;
  llvm::StringRef input = op.input, filter = op.filter, output = op.output;
  for (auto [d, dim] : llvm::enumerate(input)) {
    std::string loop = loopOf(op, dim, /*isTap=*/false);
    std::string expected = "1*" + loop;
    if (isImage(dim))
      expected = std::to_string(isPlain ? 1 : dilationOf.at(dim)) + "*" +
                 loopOf(op, dim, /*isTap=*/true) + " + " +
                 std::to_string(isPlain ? 1 : strideOf.at(dim)) + "*" + loop;
    EXPECT_EQ(textOf(geometry.inputs[0].map[d], geometry), expected);
    expectedExtents[loop] = extentOf.at(dim);
  }
  for (auto [d, dim] : llvm::enumerate(filter)) {
    std::string loop = loopOf(op, dim, /*isTap=*/true);
    if (!isPooling)
      EXPECT_EQ(textOf(geometry.inputs[1].map[d], geometry), "1*" + loop);
    expectedExtents[loop] = isImage(dim) ? tapsOf.at(dim) : extentOf.at(dim);
  }
  for (auto [d, dim] : llvm::enumerate(output))
    EXPECT_EQ(textOf(geometry.output.map[d], geometry),
              "1*" + loopOf(op, dim, /*isTap=*/false));
  EXPECT_EQ(extents, expectedExtents);
}

TEST_P(Named, HasTheLoopsOfItsLayouts) {
  OwningOpRef<ModuleOp> module = parse(moduleOf(GetParam()));
  ASSERT_TRUE(module);
  Operation *op = lastLinalgOp(*module);
  expectRecognised(GetParam(), op);

  // Its generalised form is the same convolution.
  IRRewriter rewriter(op);
  FailureOr<linalg::GenericOp> generic =
      linalg::generalizeNamedOp(rewriter, cast<linalg::LinalgOp>(op));
  ASSERT_TRUE(succeeded(generic));
  expectRecognised(GetParam(), *generic);
}

const NamedOp namedOps[] = {
#include "../NamedOps.inc"
};
static_assert(std::size(namedOps) == 30 + 17);

INSTANTIATE_TEST_SUITE_P(Linalg, Named, testing::ValuesIn(namedOps),
                         [](const testing::TestParamInfo<NamedOp> &info) {
                           return std::string(info.param.name);
                         });
} // namespace
