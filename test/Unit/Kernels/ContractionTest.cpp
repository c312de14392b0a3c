//===- ContractionTest.cpp - contractions against the definition ----------===//
//
// Types, layouts of the filter, bounds and initial values, on every instruction
// set that this machine has.
//
//===----------------------------------------------------------------------===//

#include "KernelCheck.h"
#include "gtest/gtest.h"

using namespace dconv;
using namespace dconv::test;

namespace {
/// `machine` with those of the dot products that this machine has for vectors
/// of this size.
KernelTarget withDots(KernelTarget target, bool bytesAndBf16) {
  KernelTarget host = KernelTarget::host();
  if (target.vectorBits > host.vectorBits)
    return target;
  target.dotI16 = host.dotI16;
  target.dotI8 = bytesAndBf16 && host.dotI8;
  target.dotBf16 = bytesAndBf16 && host.dotBf16;
  return target;
}

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
    {"u8", "u8", "u8", "i32"},
    {"i8_u8", "i8", "u8", "i32"},
    {"i8_q", "i8", "i8", "i32", true},
    {"u8_i8_q", "u8", "i8", "i32", true},
    {"i8_u8_q", "i8", "u8", "i32", true},
    {"i16", "i16", "i16", "i32"},
    {"i32", "i32", "i32", "i32"},
};

/// Shapes whose tiles, vectors and groups all have tails. Inputs hold their
/// zero outside of `inside`.
const KernelSpec kShapes[] = {
    {"same_3x3", "n=2 oh=7 ow=7 f=70 kh=3 kw=3 c=21", "n, oh+kh, ow+kw, c",
     "kh, kw, c, f", "n, oh, ow, f"},
    {"few_channels", "n=1 oh=5 ow=9 f=20 kh=5 kw=7 c=3",
     "n, oh*2+kh, ow*2+kw, c", "kh, kw, c, f", "n, oh, ow, f"},
    {"pointwise", "n=1 oh=5 ow=7 f=37 kh=1 kw=1 c=67", "n, oh+kh, ow+kw, c",
     "kh, kw, c, f", "n, oh, ow, f"},
    {"dilated", "n=1 oh=9 ow=9 f=18 kh=3 kw=3 c=18", "n, oh+kh*4, ow+kw*4, c",
     "kh, kw, c, f", "n, oh, ow, f"},
    {"filter_of_channels_last", "n=1 oh=4 ow=9 f=40 kh=3 kw=3 c=17",
     "n, oh+kh, ow+kw, c", "f, kh, kw, c", "n, oh, ow, f"},
    {"groups", "n=1 oh=4 ow=9 g=2 f=19 kh=3 kw=3 c=18", "n, oh+kh, ow+kw, g, c",
     "kh, kw, g, c, f", "n, oh, ow, g, f"},
    {"flipped", "n=1 ih=6 iw=9 c=35 kh=3 kw=3 f=22", "n, ih-kh+2, iw-kw+2, f",
     "kh, kw, c, f", "n, ih, iw, c"},
    {"volume", "n=1 od=4 oh=3 ow=5 f=17 kd=3 kh=3 kw=3 c=16",
     "n, od+kd, oh+kh, ow+kw, c", "kd, kh, kw, c, f", "n, od, oh, ow, f"},
    {"one_position_each", "n=1 oh=1 ow=1 f=3 kh=1 kw=1 c=2",
     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f"},
};

/// What is inside of the image of a shape: borders of different widths on the
/// sides, some wider than a tap or than the image.
std::vector<KernelSpec::Inside> insideOf(const std::string &shape) {
  if (shape == "same_3x3")
    return {{0, 1, 1, 8}, {0, 2, 2, 8}};
  if (shape == "few_channels")
    return {{0, 1, 2, 11}, {0, 2, 3, 20}};
  if (shape == "dilated")
    return {{0, 1, 4, 13}, {0, 2, 3, 14}};
  if (shape == "flipped")
    return {{0, 1, 2, 6}, {0, 2, 1, 9}};
  if (shape == "groups")
    return {{0, 2, 1, 10}, {0, 1, 5, 5}};
  if (shape == "volume")
    return {{0, 1, 1, 5}, {0, 2, 1, 4}, {0, 3, 1, 6}};
  return {};
}

/// `shape` with each of `types` and both layouts, every second one bounded and
/// every third one with an initial value.
void addSpecs(const KernelSpec &shape, llvm::ArrayRef<Types> types,
              std::vector<KernelSpec> &specs) {
  for (const Types &of : types) {
    for (const char *layout : {"row-major", "preferred"}) {
      KernelSpec spec = shape;
      spec.name +=
          std::string("_") + of.name + (spec.layout == layout ? "" : "_packed");
      spec.imageType = of.image;
      spec.filterType = of.filter;
      spec.resultType = of.result;
      spec.zeroPoints = of.zeroPoints;
      spec.layout = layout;
      // Neither always with the same layout.
      size_t turn = specs.size() + specs.size() / 2;
      if (turn % 2)
        spec.inside = insideOf(shape.name);
      if (turn % 3 == 0)
        spec.initial = 7;
      specs.push_back(spec);
    }
  }
}

/// Every type.
std::vector<KernelSpec> typeSpecs() {
  std::vector<KernelSpec> specs;
  for (const KernelSpec &shape : llvm::ArrayRef(kShapes).take_front(2))
    addSpecs(shape, kTypes, specs);
  return specs;
}

/// Every shape.
std::vector<KernelSpec> shapeSpecs() {
  std::vector<KernelSpec> specs;
  for (const KernelSpec &shape : llvm::ArrayRef(kShapes).drop_front(2))
    addSpecs(shape,
             {{"f32", "f32", "f32", "f32"},
              {"bf16", "bf16", "bf16", "f32"},
              {"i8_q", "i8", "i8", "i32", true}},
             specs);
  return specs;
}

class Contractions : public testing::TestWithParam<KernelSpec> {};
class ContractionTypes : public testing::TestWithParam<KernelSpec> {};
} // namespace

TEST_P(Contractions, Avx512Dots) {
  checkKernel(GetParam(), withDots(machine(512, 32), true), KernelPath::Vector);
}
TEST_P(Contractions, Avx2) {
  checkKernel(GetParam(), withDots(machine(256, 16), false),
              KernelPath::Vector);
}
TEST_P(ContractionTypes, Bits256Dots) {
  checkKernel(GetParam(), withDots(machine(256, 32), true), KernelPath::Vector);
}
TEST_P(ContractionTypes, Bits128) {
  checkKernel(GetParam(), machine(128, 16), KernelPath::Vector);
}

TEST_P(ContractionTypes, Avx512Dots) {
  checkKernel(GetParam(), withDots(machine(512, 32), true), KernelPath::Vector);
}
TEST_P(ContractionTypes, Avx2) {
  checkKernel(GetParam(), withDots(machine(256, 16), false),
              KernelPath::Vector);
}

INSTANTIATE_TEST_SUITE_P(, Contractions, testing::ValuesIn(shapeSpecs()),
                         [](const auto &info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(, ContractionTypes, testing::ValuesIn(typeSpecs()),
                         [](const auto &info) { return info.param.name; });

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

static KernelSpec withLayout(const char *layout, const char *type,
                             const char *result) {
  KernelSpec spec = {"", "n=1 oh=4 ow=7 f=70 kh=3 kw=2 c=21",
                     "n, oh+kh, ow+kw, c", "kh, kw, c, f", "n, oh, ow, f"};
  spec.layout = layout;
  spec.imageType = spec.filterType = type;
  spec.resultType = result;
  return spec;
}

// Panels and groups need not be those that the step of the target likes.
TEST(ContractionLayouts, AnyPanelsAndGroups) {
  for (const char *layout :
       {"d3 by 32, d0, d1, d2, d3", "d3 by 16, d1, d0, d2 by 2, d3, d2",
        "d3 by 64, d0, d1, d2 by 4, d3, d2", "d3 by 24, d0, d1, d2, d3",
        "d0, d1, d2 by 2, d3, d2", "d1, d0, d2, d3"}) {
    for (auto [type, result] :
         {std::pair{"f32", "f32"}, {"bf16", "f32"}, {"i8", "i32"}}) {
      KernelSpec spec = withLayout(layout, type, result);
      SCOPED_TRACE(std::string(layout) + " of " + type);
      checkKernel(spec, withDots(machine(512, 32), true), KernelPath::Vector);
    }
  }
}

// Columns that are not the innermost dim, but for groups, are no vectors.
TEST(ContractionLayouts, PlainLoopsFollowLayouts) {
  for (const char *layout :
       {"d3 by 8, d2 by 4, d3, d2, d1, d0", "d3, d2, d1, d0"}) {
    KernelSpec spec = withLayout(layout, "f32", "f32");
    spec.initial = -3;
    SCOPED_TRACE(layout);
    checkKernel(spec, machine(256, 16), KernelPath::Loops);
  }
}
