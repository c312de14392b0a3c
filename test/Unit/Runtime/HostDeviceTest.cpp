//===- HostDeviceTest.cpp - fill, convert, accumulate ---------------------===//

#include "Programs.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>

using namespace dconv;
using namespace dconv::runtime;
using namespace dconv::runtime::test;

namespace {

template <typename T> BoxView viewOf(std::vector<T> &values, ElementType type) {
  const Box box = Box::whole({static_cast<int64_t>(values.size())});
  return runtime::viewOf(reinterpret_cast<std::byte *>(values.data()), type,
                         box, box);
}

class HostDeviceTest : public testing::Test {
protected:
  template <typename To, typename From>
  std::vector<To> convert(ElementType to, ElementType from,
                          std::vector<From> values) {
    std::vector<To> result(values.size());
    device.convert({viewOf(result, to), viewOf(values, from)});
    return result;
  }
  template <typename T>
  std::vector<T> accumulate(ElementType type, Combiner combiner,
                            std::vector<T> to, std::vector<T> from) {
    device.accumulate({viewOf(to, type), viewOf(from, type)}, combiner);
    return to;
  }

  HostDevice device{std::make_shared<TestKernels>()};
};

constexpr float inf = std::numeric_limits<float>::infinity();
const float nan = std::numeric_limits<float>::quiet_NaN();

uint64_t bitsOf(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}

TEST_F(HostDeviceTest, FillsABoxAndNothingElse) {
  std::vector<int16_t> memory(12, 7);
  device.fill({runtime::viewOf(reinterpret_cast<std::byte *>(memory.data()),
                               ElementType::I16, Box::whole({3, 4}),
                               Box{{1, 3}, {1, 3}})},
              0xFFFE);
  EXPECT_EQ(memory,
            (std::vector<int16_t>{7, 7, 7, 7, 7, -2, -2, 7, 7, -2, -2, 7}));
}

// All f16 numbers, against the definition.
TEST_F(HostDeviceTest, WidensF16) {
  std::vector<uint16_t> halves(1 << 16);
  for (size_t i = 0; i < halves.size(); ++i)
    halves[i] = static_cast<uint16_t>(i);
  std::vector<float> wide =
      convert<float>(ElementType::F32, ElementType::F16, halves);
  for (size_t i = 0; i < halves.size(); ++i) {
    const int exponent = i >> 10 & 31, mantissa = i & 1023;
    if (exponent == 31 && mantissa) {
      EXPECT_TRUE(std::isnan(wide[i]));
      continue;
    }
    double value = exponent == 31 ? inf
                   : exponent     ? std::ldexp(1024 + mantissa, exponent - 25)
                                  : std::ldexp(mantissa, -24);
    EXPECT_EQ(bitsOf(wide[i]), bitsOf(i >> 15 ? -value : value)) << i;
  }
}

/// The steps between neighbouring values of a narrow type: exact, below, at and
/// above the middle.
void checkRounding(HostDevice &device, ElementType narrow, uint16_t infinity) {
  std::vector<double> inputs;
  std::vector<uint16_t> expected;
  std::vector<uint16_t> bits(infinity);
  for (uint16_t i = 0; i < infinity; ++i)
    bits[i] = i;
  std::vector<double> values(infinity);
  device.convert({viewOf(values, ElementType::F64), viewOf(bits, narrow)});
  for (uint16_t i = 0; i + 1 < infinity; ++i) {
    const double middle = (values[i] + values[i + 1]) / 2;
    const uint16_t even = i % 2 ? i + 1 : i;
    for (auto [x, y] : {std::pair(values[i], i),
                        {middle, even},
                        {std::nextafter(middle, 0), i},
                        {std::nextafter(middle, inf), uint16_t(i + 1)}}) {
      inputs.push_back(x);
      expected.push_back(y);
      inputs.push_back(-x);
      expected.push_back(y | 0x8000);
    }
  }
  std::vector<uint16_t> got(inputs.size());
  device.convert({viewOf(got, narrow), viewOf(inputs, ElementType::F64)});
  EXPECT_EQ(got, expected);

  // From f32 where it holds the input.
  std::vector<float> singles;
  std::vector<uint16_t> expectedOfSingles;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (static_cast<float>(inputs[i]) == inputs[i]) {
      singles.push_back(static_cast<float>(inputs[i]));
      expectedOfSingles.push_back(expected[i]);
    }
  ASSERT_GT(singles.size(), inputs.size() / 3);
  got.resize(singles.size());
  device.convert({viewOf(got, narrow), viewOf(singles, ElementType::F32)});
  EXPECT_EQ(got, expectedOfSingles);
}

TEST_F(HostDeviceTest, RoundsToF16) {
  checkRounding(device, ElementType::F16, 0x7C00);
}

TEST_F(HostDeviceTest, RoundsToBF16) {
  checkRounding(device, ElementType::BF16, 0x7F80);
}

TEST_F(HostDeviceTest, RoundsToInfinityAndKeepsNaN) {
  using Bits = std::vector<uint16_t>;
  EXPECT_EQ(
      convert<uint16_t>(ElementType::F16, ElementType::F32,
                        std::vector<float>{65519.99f, 65520, -1e30f, inf}),
      (Bits{0x7BFF, 0x7C00, 0xFC00, 0x7C00}));
  EXPECT_EQ(convert<uint16_t>(ElementType::BF16, ElementType::F64,
                              std::vector<double>{1e300, -1e300, 1e-300, inf}),
            (Bits{0x7F80, 0xFF80, 0, 0x7F80}));
  for (ElementType from : {ElementType::F32, ElementType::F64})
    for (ElementType to : {ElementType::F16, ElementType::BF16}) {
      std::vector<float> single{nan, -nan};
      std::vector<double> wide{nan, -nan};
      auto narrow = from == ElementType::F32
                        ? convert<uint16_t>(to, from, single)
                        : convert<uint16_t>(to, from, wide);
      auto back = convert<float>(ElementType::F32, to, narrow);
      EXPECT_TRUE(std::isnan(back[0]) && !std::signbit(back[0]));
      EXPECT_TRUE(std::isnan(back[1]) && std::signbit(back[1]));
    }
}

TEST_F(HostDeviceTest, ConvertsBetweenF32AndF64) {
  EXPECT_EQ(convert<float>(ElementType::F32, ElementType::F64,
                           std::vector<double>{0.1, 16777217}),
            (std::vector<float>{0.1f, 16777216}));
  EXPECT_EQ(convert<double>(ElementType::F64, ElementType::F32,
                            std::vector<float>{0.1f}),
            (std::vector<double>{0.1f}));
}

TEST_F(HostDeviceTest, AddsEveryType) {
  auto adds = [&](ElementType type, auto zero) {
    using T = decltype(zero);
    EXPECT_EQ(accumulate<T>(type, Combiner::Add, {1, 2}, {10, 20}),
              (std::vector<T>{11, 22}));
  };
  adds(ElementType::F32, 0.f);
  adds(ElementType::F64, 0.);
  adds(ElementType::I8, int8_t());
  adds(ElementType::I16, int16_t());
  adds(ElementType::I32, int32_t());
  adds(ElementType::I64, int64_t());
  // 1 + 1 = 2, rounded once: 256 + 1 is a tie in bf16, 2048 + 3 one in f16.
  EXPECT_EQ(accumulate<uint16_t>(ElementType::BF16, Combiner::Add,
                                 {0x3F80, 0x4380}, {0x3F80, 0x3F80}),
            (std::vector<uint16_t>{0x4000, 0x4380}));
  EXPECT_EQ(accumulate<uint16_t>(ElementType::F16, Combiner::Add,
                                 {0x3C00, 0x6800}, {0x3C00, 0x4200}),
            (std::vector<uint16_t>{0x4000, 0x6802}));
}

TEST_F(HostDeviceTest, IntegersWrap) {
  EXPECT_EQ(accumulate<int8_t>(ElementType::I8, Combiner::Add, {127}, {1}),
            (std::vector<int8_t>{-128}));
  EXPECT_EQ(
      accumulate<int64_t>(ElementType::I64, Combiner::Add, {INT64_MIN}, {-1}),
      (std::vector<int64_t>{INT64_MAX}));
}

TEST_F(HostDeviceTest, SignednessIsOfTheCombiner) {
  using V = std::vector<int16_t>;
  const V a{-1, 5}, b{3, 4};
  const ElementType type = ElementType::I16;
  EXPECT_EQ(accumulate(type, Combiner::Max, a, b), (V{3, 5}));
  EXPECT_EQ(accumulate(type, Combiner::Min, a, b), (V{-1, 4}));
  EXPECT_EQ(accumulate(type, Combiner::MaxUnsigned, a, b), (V{-1, 5}));
  EXPECT_EQ(accumulate(type, Combiner::MinUnsigned, a, b), (V{3, 4}));
}

// As arith.maximumf and arith.minimumf.
TEST_F(HostDeviceTest, ExtremesOfFloatsPropagateNaNAndOrderZeros) {
  for (bool isMax : {true, false}) {
    const Combiner combiner = isMax ? Combiner::Max : Combiner::Min;
    std::vector<float> got =
        accumulate<float>(ElementType::F32, combiner, {nan, 1, 0.f, -0.f, 2},
                          {1, nan, -0.f, 0.f, 3});
    EXPECT_TRUE(std::isnan(got[0]) && std::isnan(got[1]));
    EXPECT_EQ(std::signbit(got[2]), !isMax);
    EXPECT_EQ(std::signbit(got[3]), !isMax);
    EXPECT_EQ(got[4], isMax ? 3 : 2);
  }
}

TEST_F(HostDeviceTest, ArenasAreAlignedAndMarkTheirPeak) {
  EXPECT_FALSE(device.allocate(1000).failed());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(device.arena().data()) % 64, 0u);
  Buffer buffer;
  buffer.window = Box{{0, 10}};
  buffer.offset = 64;
  device.arena().noteAlloc(buffer);
  EXPECT_EQ(device.arena().peakBytes(), 128);
  buffer.offset = 0;
  device.arena().noteAlloc(buffer);
  EXPECT_EQ(device.arena().peakBytes(), 128);
}

} // namespace
