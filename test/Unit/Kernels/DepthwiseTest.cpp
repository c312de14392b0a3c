//===- DepthwiseTest.cpp - depthwise nests against the definition ---------===//
//
// Shapes, types, bounds and initial values, on vectors of every size.
//
//===----------------------------------------------------------------------===//

#include "KernelCheck.h"
#include "gtest/gtest.h"

using namespace dconv;
using namespace dconv::test;

namespace {
struct Types {
  const char *name, *image, *filter, *result;
  bool zeroPoints = false;
};
const Types kTypes[] = {
    {"f32", "f32", "f32", "f32"},
    {"f64", "f64", "f64", "f64"},
    {"bf16", "bf16", "bf16", "f32"},
    {"f16", "f16", "f16", "f32"},
    {"i8", "i8", "i8", "i32"},
    {"u8_i8", "u8", "i8", "i32"},
    {"i8_u8", "i8", "u8", "i32"},
    {"i8_q", "i8", "i8", "i32", true},
    {"u8_i8_q", "u8", "i8", "i32", true},
    {"i16", "i16", "i16", "i32"},
    {"u16_i8", "u16", "i8", "i32"},
    {"i32", "i32", "i32", "i32"},
    {"bf16_f32", "bf16", "f32", "f32"},
};

/// Shapes with tails of rows, columns and vectors. Inputs hold their zero
/// outside of what is inside.
struct Shape {
  KernelSpec spec;
  std::vector<KernelSpec::Inside> inside;
};
const Shape kShapes[] = {
    {{"same_3x3", "n=2 oh=7 ow=23 c=37 kh=3 kw=3", "n, oh+kh, ow+kw, c",
      "kh, kw, c", "n, oh, ow, c"},
     {{0, 1, 1, 8}, {0, 2, 1, 24}}},
    {{"large_filter", "n=1 oh=9 ow=11 c=20 kh=8 kw=13", "n, oh+kh, ow+kw, c",
      "kh, kw, c", "n, oh, ow, c"},
     {{0, 1, 4, 13}, {0, 2, 6, 17}}},
    {{"same_7x7", "n=1 oh=8 ow=8 c=16 kh=7 kw=7", "n, oh+kh, ow+kw, c",
      "kh, kw, c", "n, oh, ow, c"},
     {{0, 1, 3, 11}, {0, 2, 3, 11}}},
    {{"tall", "n=1 oh=14 ow=5 c=33 kh=21 kw=2", "n, oh+kh, ow+kw, c",
      "kh, kw, c", "n, oh, ow, c"},
     {{0, 1, 10, 24}}},
    {{"wide", "n=1 oh=5 ow=14 c=33 kh=2 kw=21", "n, oh+kh, ow+kw, c",
      "kh, kw, c", "n, oh, ow, c"},
     {{0, 2, 10, 24}}},
    {{"stride_2", "n=1 oh=7 ow=13 c=19 kh=3 kw=3", "n, oh*2+kh, ow*2+kw, c",
      "kh, kw, c", "n, oh, ow, c"},
     {{0, 1, 1, 15}, {0, 2, 1, 26}}},
    {{"stride_2_even_taps", "n=1 oh=7 ow=13 c=19 kh=4 kw=12",
      "n, oh*2+kh, ow*2+kw, c", "kh, kw, c", "n, oh, ow, c"},
     {{0, 1, 1, 17}, {0, 2, 5, 31}}},
    {{"stride_past_taps", "n=1 oh=5 ow=6 c=19 kh=2 kw=3",
      "n, oh*3+kh, ow*4+kw, c", "kh, kw, c", "n, oh, ow, c"},
     {{0, 1, 1, 13}, {0, 2, 2, 22}}},
    {{"dilated", "n=1 oh=9 ow=9 c=18 kh=3 kw=3", "n, oh+kh*4, ow+kw*4, c",
      "kh, kw, c", "n, oh, ow, c"},
     {{0, 1, 4, 13}, {0, 2, 3, 14}}},
    {{"dilated_large", "n=1 oh=9 ow=9 c=18 kh=5 kw=11",
      "n, oh+kh*2, ow+kw*2, c", "kh, kw, c", "n, oh, ow, c"},
     {{0, 1, 4, 13}, {0, 2, 10, 19}}},
    {{"stride_and_dilation", "n=1 oh=5 ow=7 c=18 kh=4 kw=3",
      "n, oh*4+kh*2, ow*2+kw*3, c", "kh, kw, c", "n, oh, ow, c"},
     {{0, 1, 2, 20}, {0, 2, 3, 16}}},
    {{"line", "n=2 ow=41 c=35 kw=9", "n, ow+kw, c", "kw, c", "n, ow, c"},
     {{0, 1, 4, 45}}},
    {{"long_line", "n=1 ow=29 c=17 kw=37", "n, ow+kw, c", "kw, c", "n, ow, c"},
     {{0, 1, 18, 47}}},
    {{"volume", "n=1 od=4 oh=5 ow=6 c=17 kd=3 kh=3 kw=3",
      "n, od+kd, oh+kh, ow+kw, c", "kd, kh, kw, c", "n, od, oh, ow, c"},
     {{0, 1, 1, 5}, {0, 2, 1, 6}, {0, 3, 1, 7}}},
    {{"flipped", "n=1 ih=6 iw=9 c=35 kh=3 kw=3", "n, ih-kh+2, iw-kw+2, c",
      "kh, kw, c", "n, ih, iw, c"},
     {{0, 1, 2, 6}, {0, 2, 1, 9}}},
    {{"flipped_large", "n=1 ih=6 iw=9 c=35 kh=5 kw=12",
      "n, ih-kh+4, iw-kw+11, c", "kh, kw, c", "n, ih, iw, c"},
     {{0, 1, 2, 7}, {0, 2, 6, 15}}},
    {{"backward_filter", "kh=3 kw=5 c=21 n=2 oh=4 ow=13", "n, oh+kh, ow+kw, c",
      "n, oh, ow, c", "kh, kw, c"},
     {{0, 1, 1, 5}, {0, 2, 2, 15}}},
    {{"backward_filter_bounded", "kh=3 kw=5 c=21 n=2 oh=4 ow=13",
      "n, oh+kh, ow+kw, c", "n, oh, ow, c", "kh, kw, c"},
     {{1, 1, 1, 3}, {1, 2, 2, 11}}},
    {{"filter_first", "n=1 oh=5 ow=9 c=21 kh=3 kw=3", "kh, kw, c",
      "n, oh+kh, ow+kw, c", "n, oh, ow, c"},
     {{1, 1, 1, 6}, {1, 2, 1, 10}}},
    {{"nothing_inside", "n=1 oh=5 ow=9 c=21 kh=3 kw=3", "n, oh+kh, ow+kw, c",
      "kh, kw, c", "n, oh, ow, c"},
     {{0, 1, 3, 3}}},
    {{"one_column", "n=3 oh=9 ow=1 c=21 kh=3 kw=3", "n, oh+kh, ow+kw, c",
      "kh, kw, c", "n, oh, ow, c"},
     {{0, 1, 1, 10}, {0, 2, 1, 2}}},
    {{"one_row", "n=3 oh=1 ow=9 c=50 kh=3 kw=11", "n, oh+kh, ow+kw, c",
      "kh, kw, c", "n, oh, ow, c"},
     {{0, 1, 1, 2}, {0, 2, 5, 14}}},
    {{"one_position", "n=1 oh=1 ow=1 c=70 kh=3 kw=5", "n, oh+kh, ow+kw, c",
      "kh, kw, c", "n, oh, ow, c"},
     {{0, 1, 1, 2}, {0, 2, 2, 4}}},
    {{"one_tap", "n=2 oh=3 ow=5 c=70 kh=1 kw=1", "n, oh+kh, ow+kw, c",
      "kh, kw, c", "n, oh, ow, c"},
     {}},
    {{"few_channels", "n=2 oh=5 ow=9 c=3 kh=3 kw=3", "n, oh+kh, ow+kw, c",
      "kh, kw, c", "n, oh, ow, c"},
     {{0, 1, 1, 6}}},
    {{"filter_for_each_image", "n=3 oh=5 ow=9 c=18 kh=3 kw=3",
      "n, oh+kh, ow+kw, c", "n, kh, kw, c", "n, oh, ow, c"},
     {{0, 1, 1, 6}, {0, 2, 1, 10}}},
};

/// `shape` with each of `types`, bounded and, with `unbounded`, not; every
/// third one with an initial value.
void addSpecs(const Shape &shape, llvm::ArrayRef<Types> types, bool unbounded,
              std::vector<KernelSpec> &specs) {
  for (const Types &of : types) {
    for (bool bounded : {true, false}) {
      if (!bounded && !unbounded)
        continue;
      KernelSpec spec = shape.spec;
      spec.name += std::string("_") + of.name + (bounded ? "_bounded" : "");
      spec.imageType = of.image;
      spec.filterType = of.filter;
      spec.resultType = of.result;
      spec.zeroPoints = of.zeroPoints;
      if (bounded)
        spec.inside = shape.inside;
      if (specs.size() % 3 == 0)
        spec.initial = 7;
      specs.push_back(spec);
    }
  }
}

/// Every type.
std::vector<KernelSpec> typeSpecs() {
  std::vector<KernelSpec> specs;
  for (const Shape &shape : llvm::ArrayRef(kShapes).take_front(2))
    addSpecs(shape, kTypes, /*unbounded=*/true, specs);
  return specs;
}

/// Every shape.
std::vector<KernelSpec> shapeSpecs() {
  std::vector<KernelSpec> specs;
  for (const Shape &shape : llvm::ArrayRef(kShapes).drop_front(2)) {
    addSpecs(shape, {{"f32", "f32", "f32", "f32"}}, /*unbounded=*/true, specs);
    addSpecs(
        shape,
        {{"bf16", "bf16", "bf16", "f32"}, {"i8_q", "i8", "i8", "i32", true}},
        /*unbounded=*/false, specs);
  }
  return specs;
}

/// Poolings whose identity is zero, so that what is outside can be left out.
std::vector<KernelSpec> poolingSpecs() {
  std::vector<KernelSpec> specs;
  for (auto [combiner, type, result] : {std::tuple{"addf", "bf16", "f32"},
                                        {"addi", "i8", "i32"},
                                        {"maxui", "u8", "u8"},
                                        {"maxui", "u16", "i32"}}) {
    for (const char *shape : {"same", "reduced"}) {
      KernelSpec &spec = specs.emplace_back();
      bool same = shape == std::string("same");
      spec.name = std::string(combiner) + "_" + type + "_" + shape;
      spec.loops = "n=2 oh=7 ow=11 c=37 kh=3 kw=3";
      spec.image = same ? "n, oh+kh, ow+kw, c" : "n, oh*2+kh, ow*2+kw, c";
      spec.result = "n, oh, ow, c";
      spec.imageType = type;
      spec.resultType = result[0] == 'u' ? "i8" : result;
      spec.combiner = combiner;
      spec.initial = 0;
      spec.inside = {{0, 1, 1, same ? 8 : 14}, {0, 2, 1, same ? 12 : 23}};
    }
    // Lanes walk columns, which have bounds too.
    KernelSpec &spec = specs.emplace_back(specs.back());
    spec.name = std::string(combiner) + "_" + type + "_channels_first";
    spec.loops = "n=2 c=3 oh=7 ow=37 kh=3 kw=3";
    spec.image = "n, c, oh*2+kh, ow+kw*2";
    spec.result = "n, c, oh, ow";
    spec.inside = {{0, 2, 1, 14}, {0, 3, 2, 39}};
  }
  return specs;
}

class Depthwise : public testing::TestWithParam<KernelSpec> {};
class DepthwiseTypes : public testing::TestWithParam<KernelSpec> {};

/// `machine` with the dot products that this machine has.
KernelTarget withDots(KernelTarget target) {
  KernelTarget host = KernelTarget::host();
  if (target.vectorBits > host.vectorBits)
    return target;
  target.dotI16 = host.dotI16;
  target.dotI8 = host.dotI8;
  target.dotBf16 = host.dotBf16;
  return target;
}
} // namespace

TEST_P(Depthwise, Avx512Dots) {
  checkKernel(GetParam(), withDots(machine(512, 32)), KernelPath::Vector);
}
TEST_P(Depthwise, Avx2) {
  checkKernel(GetParam(), machine(256, 16), KernelPath::Vector);
}
TEST_P(DepthwiseTypes, Avx512) {
  checkKernel(GetParam(), machine(512, 32), KernelPath::Vector);
}
TEST_P(DepthwiseTypes, Avx512Dots) {
  checkKernel(GetParam(), withDots(machine(512, 32)), KernelPath::Vector);
}
TEST_P(DepthwiseTypes, Avx2Dots) {
  checkKernel(GetParam(), withDots(machine(256, 16)), KernelPath::Vector);
}
TEST_P(DepthwiseTypes, Bits128) {
  checkKernel(GetParam(), machine(128, 16), KernelPath::Vector);
}

INSTANTIATE_TEST_SUITE_P(, Depthwise, testing::ValuesIn(shapeSpecs()),
                         [](const auto &info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(, DepthwiseTypes, testing::ValuesIn(typeSpecs()),
                         [](const auto &info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(Poolings, Depthwise, testing::ValuesIn(poolingSpecs()),
                         [](const auto &info) { return info.param.name; });
