//===- BoxViewTest.cpp - boxes and checksums of strided memory ------------===//

#include "dconv/Runtime/BoxView.h"
#include "dconv/Runtime/Checksum.h"

#include <cstring>
#include <gtest/gtest.h>
#include <numeric>

using namespace dconv;
using namespace dconv::runtime;

namespace {

template <typename T> std::byte *bytes(std::vector<T> &values) {
  return reinterpret_cast<std::byte *>(values.data());
}

std::vector<int32_t> counting(int64_t count) {
  std::vector<int32_t> values(count);
  std::iota(values.begin(), values.end(), 0);
  return values;
}

TEST(BoxView, CopiesABoxBetweenWindows) {
  const Box source{{-1, 3}, {0, 5}}, target{{0, 4}, {2, 4}};
  const Box box{{1, 3}, {2, 4}};
  std::vector<int32_t> from = counting(20), to(8, -1);
  copyBox(viewOf(bytes(to), ElementType::I32, target, box),
          viewOf(bytes(from), ElementType::I32, source, box));
  EXPECT_EQ(to, (std::vector<int32_t>{-1, -1, 12, 13, 17, 18, -1, -1}));
}

TEST(BoxView, CopiesScalarsAndEmptyBoxes) {
  std::vector<int32_t> from{7}, to{0};
  copyBox(viewOf(bytes(to), ElementType::I32, Box{}, Box{}),
          viewOf(bytes(from), ElementType::I32, Box{}, Box{}));
  EXPECT_EQ(to[0], 7);
  from[0] = 8;
  copyBox(viewOf(bytes(to), ElementType::I32, Box{{0, 1}}, Box{{1, 1}}),
          viewOf(bytes(from), ElementType::I32, Box{{0, 1}}, Box{{1, 1}}));
  EXPECT_EQ(to[0], 7);
}

// What is contiguous on both sides moves in one piece.
TEST(BoxView, JoinsContiguousDims) {
  std::vector<int32_t> memory(4 * 5 * 6);
  const Box window = Box::whole({4, 5, 6});
  auto runs = [&](const Box &box) {
    BoxView view = viewOf(bytes(memory), ElementType::I32, window, box);
    std::vector<int64_t> counts;
    BoxRuns<1>(view).forEach(
        [&](const auto &, int64_t n) { counts.push_back(n); });
    return counts;
  };
  EXPECT_EQ(runs(window), (std::vector<int64_t>{120}));
  EXPECT_EQ(runs(Box{{1, 3}, {0, 5}, {0, 6}}), (std::vector<int64_t>{60}));
  EXPECT_EQ(runs(Box{{1, 3}, {2, 4}, {0, 6}}), (std::vector<int64_t>{12, 12}));
  EXPECT_EQ(runs(Box{{1, 2}, {0, 3}, {5, 6}}), (std::vector<int64_t>{1, 1, 1}));
}

// RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
TEST(Checksum, KnownAnswers) {
  EXPECT_EQ(checksum("123456789", 9), 0xE3069283u);
  std::vector<uint8_t> block(32, 0);
  EXPECT_EQ(checksum(block.data(), 32), 0x8A9136AAu);
  block.assign(32, 0xFF);
  EXPECT_EQ(checksum(block.data(), 32), 0x62A8AB43u);
}

TEST(Checksum, OfABoxIsThatOfItsElementsInOrder) {
  std::vector<int32_t> from = counting(200 * 100);
  const Box window = Box::whole({200, 100}), box{{3, 190}, {7, 60}};
  std::vector<int32_t> dense(box.volume());
  BoxView view = viewOf(bytes(from), ElementType::I32, window, box);
  BoxView to = viewOf(bytes(dense), ElementType::I32, box, box);
  const uint32_t copied = copyWithChecksum(to, view);
  EXPECT_EQ(copied, checksum(dense.data(), dense.size() * sizeof(int32_t)));
  EXPECT_EQ(copied, checksum(view));
  EXPECT_EQ(dense[53], 407);
}

} // namespace
