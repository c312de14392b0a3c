//===- InputsTest.cpp -----------------------------------------------------===//

#include "dconv/Check/Inputs.h"
#include "Elements.h"

#include <gtest/gtest.h>

using namespace dconv;
using runtime::ElementType;

template <typename T>
static std::vector<T> filled(ElementType type, std::vector<int64_t> shape,
                             uint64_t seed = 1, uint64_t number = 0) {
  std::vector<T> data(Box::whole(shape).volume());
  fillInput(type, shape, seed, number, data.data());
  return data;
}

TEST(Inputs, DependOnSeedAndNumberAlone) {
  std::vector<float> values = filled<float>(ElementType::F32, {4, 6}, 7, 2);
  EXPECT_EQ(values, filled<float>(ElementType::F32, {4, 6}, 7, 2));
  EXPECT_NE(values, filled<float>(ElementType::F32, {4, 6}, 8, 2));
  EXPECT_NE(values, filled<float>(ElementType::F32, {4, 6}, 7, 3));
}

TEST(Inputs, HaveTheSameValuesInEveryType) {
  std::vector<float> f32 = filled<float>(ElementType::F32, {5, 40});
  auto expectSame = [&](auto values) {
    for (size_t i = 0; i < f32.size(); ++i)
      ASSERT_EQ(f32[i], values[i]) << i;
  };
  expectSame(filled<double>(ElementType::F64, {5, 40}));
  expectSame(filled<int8_t>(ElementType::I8, {5, 40}));
  expectSame(filled<int16_t>(ElementType::I16, {5, 40}));
  expectSame(filled<int32_t>(ElementType::I32, {5, 40}));
  expectSame(filled<int64_t>(ElementType::I64, {5, 40}));
}

TEST(Inputs, AreSmallAndNeverZero) {
  for (float value : filled<float>(ElementType::F32, {3, 50, 7})) {
    EXPECT_NE(value, 0);
    EXPECT_LE(std::abs(value), 6);
    EXPECT_EQ(value, std::floor(value));
  }
  for (F16 value : filled<F16>(ElementType::F16, {3, 50, 7})) {
    EXPECT_NE(widened(value), 0);
    EXPECT_LE(std::abs(widened(value)), 2);
  }
  std::vector<BF16> bf16 = filled<BF16>(ElementType::BF16, {3, 50, 7});
  std::vector<F16> f16 = filled<F16>(ElementType::F16, {3, 50, 7});
  for (size_t i = 0; i < f16.size(); ++i)
    EXPECT_EQ(widened(bf16[i]), widened(f16[i]));
}

// What the neighbour block holds, or the same block of another argument, would
// not pass for a block's own.
TEST(Inputs, NeighbouringBlocksHaveDifferentScales) {
  constexpr int64_t height = 64, width = 48, channels = 32;
  std::vector<float> x =
      filled<float>(ElementType::F32, {height, width, channels});
  auto sumOfBlock = [&](int64_t h, int64_t w, int64_t c) {
    float sum = 0;
    for (int64_t i = 0; i < 4; ++i)
      for (int64_t j = 0; j < 3; ++j)
        for (int64_t k = 0; k < 2; ++k)
          sum += std::abs(x[((4 * h + i) * width + 3 * w + j) * channels +
                            2 * c + k]);
    return sum;
  };
  // 24 elements of scale s times 1 or 2: the means differ by at least a third.
  int different = 0, all = 0;
  for (int64_t h = 0; h + 1 < 16; ++h)
    for (int64_t w = 0; w + 1 < 16; ++w)
      for (int64_t c = 0; c + 1 < 16; ++c) {
        float here = sumOfBlock(h, w, c);
        all += 3;
        different += here != sumOfBlock(h + 1, w, c);
        different += here != sumOfBlock(h, w + 1, c);
        different += here != sumOfBlock(h, w, c + 1);
      }
  EXPECT_GT(different, all * 95 / 100);
}

TEST(Inputs, FillScalars) {
  EXPECT_NE(filled<int32_t>(ElementType::I32, {})[0], 0);
  EXPECT_EQ(filled<float>(ElementType::F32, {3, 0, 2}).size(), 0u);
}
