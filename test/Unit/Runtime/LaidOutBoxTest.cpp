//===- LaidOutBoxTest.cpp - boxes of buffers with layouts -----------------===//
//
// Every operation on boxes, between any two layouts, element by element against
// the offset that the layout gives.
//
//===----------------------------------------------------------------------===//

#include "../Geometry/RandomBufferLayout.h"
#include "dconv/Runtime/Checksum.h"
#include "dconv/Runtime/HostDevice.h"

#include <functional>
#include <gtest/gtest.h>

using namespace dconv;
using namespace dconv::runtime;
using dconv::test::randomBufferLayout;

namespace {

/// A buffer over `window` whose elements are all different.
template <typename T> struct TestBuffer {
  Box window;
  BufferLayout layout;
  ElementType type;
  std::vector<T> data;

  TestBuffer(Box window, BufferLayout layout, ElementType type, T first)
      : window(window), layout(std::move(layout)), type(type),
        data(window.volume()) {
    for (T &value : data)
      value = first++;
  }
  BoxView view(const Box &box) {
    return viewOf(reinterpret_cast<std::byte *>(data.data()), type, window, box,
                  layout);
  }
  T &at(const std::vector<int64_t> &position) {
    std::vector<int64_t> inWindow = position;
    for (size_t d = 0; d < inWindow.size(); ++d)
      inWindow[d] -= window[d].begin;
    return data[layout.offsetOf(inWindow, window.sizes())];
  }
};

/// Calls `body` with each position of `box`, in row-major order.
void forEachPosition(
    const Box &box,
    const std::function<void(const std::vector<int64_t> &)> &body,
    std::vector<int64_t> position = {}) {
  if (position.size() == box.rank())
    return body(position);
  const Interval dim = box[position.size()];
  position.push_back(0);
  for (int64_t i = dim.begin; i < dim.end; ++i) {
    position.back() = i;
    forEachPosition(box, body, position);
  }
}

/// Two windows that share `box`, with layouts of their own.
struct RandomPair {
  Box box, to, from;
  BufferLayout toLayout, fromLayout;

  explicit RandomPair(std::mt19937 &random) {
    const unsigned rank = 1 + random() % 4;
    for (unsigned d = 0; d < rank; ++d) {
      const int64_t size = random() % 12 == 0 ? 0 : 1 + random() % 9;
      const int64_t begin = int64_t(random() % 7) - 3;
      auto around = [&](unsigned most) {
        return Interval{begin - int64_t(random() % most),
                        begin + size + int64_t(random() % most)};
      };
      const unsigned most = random() % 3 ? 1 : 5; // mostly the whole window
      box.dims.push_back({begin, begin + size});
      to.dims.push_back(around(most));
      from.dims.push_back(around(most));
    }
    toLayout = randomBufferLayout(random, rank);
    fromLayout = randomBufferLayout(random, rank);
    if (random() % 3 == 0)
      fromLayout = {};
    else if (random() % 3 == 0)
      toLayout = {};
    else if (random() % 3 == 0)
      toLayout = fromLayout;
  }
  std::string text() const {
    return toString(box) + " into " + toString(to) + ", " + toString(toLayout) +
           ", from " + toString(from) + ", " + toString(fromLayout);
  }
};

template <typename T> void expectCopies(ElementType type, uint32_t seed) {
  std::mt19937 random(seed);
  for (int i = 0; i < 3000; ++i) {
    RandomPair pair(random);
    TestBuffer<T> to(pair.to, pair.toLayout, type, 100);
    TestBuffer<T> from(pair.from, pair.fromLayout, type, 0);
    TestBuffer<T> expected = to, summed = to;
    std::vector<T> payload;
    forEachPosition(pair.box, [&](const std::vector<int64_t> &position) {
      payload.push_back(from.at(position));
      expected.at(position) = payload.back();
    });
    copyBox(to.view(pair.box), from.view(pair.box));
    ASSERT_EQ(to.data, expected.data) << pair.text();

    // A message is the same bytes whatever the layouts of its ends.
    const uint32_t sum = checksum(payload.data(), payload.size() * sizeof(T));
    ASSERT_EQ(checksum(from.view(pair.box)), sum) << pair.text();
    ASSERT_EQ(copyWithChecksum(summed.view(pair.box), from.view(pair.box)), sum)
        << pair.text();
    ASSERT_EQ(summed.data, expected.data) << pair.text();
  }
}

} // namespace

TEST(LaidOutBox, CopiesBytes) { expectCopies<uint8_t>(ElementType::I8, 1); }
TEST(LaidOutBox, CopiesHalves) { expectCopies<uint16_t>(ElementType::BF16, 2); }
TEST(LaidOutBox, CopiesWords) { expectCopies<uint32_t>(ElementType::I32, 3); }
TEST(LaidOutBox, CopiesDoubles) { expectCopies<uint64_t>(ElementType::I64, 4); }

TEST(LaidOutBox, FillsAccumulatesAndConverts) {
  HostDevice device(nullptr);
  std::mt19937 random(5);
  for (int i = 0; i < 2000; ++i) {
    RandomPair pair(random);
    TestBuffer<int32_t> to(pair.to, pair.toLayout, ElementType::I32, 100);
    TestBuffer<int32_t> from(pair.from, pair.fromLayout, ElementType::I32, 0);
    TestBuffer<int32_t> summed = to, filled = to;
    TestBuffer<float> single(pair.to, pair.toLayout, ElementType::F32, 100);
    TestBuffer<double> wide(pair.from, pair.fromLayout, ElementType::F64, 0);
    TestBuffer<float> converted = single;
    forEachPosition(pair.box, [&](const std::vector<int64_t> &position) {
      summed.at(position) += from.at(position);
      filled.at(position) = -7;
      converted.at(position) = static_cast<float>(wide.at(position));
    });
    TestBuffer<int32_t> sum = to;
    device.accumulate({sum.view(pair.box), from.view(pair.box)}, Combiner::Add);
    ASSERT_EQ(sum.data, summed.data) << pair.text();
    device.fill({to.view(pair.box)}, static_cast<uint32_t>(-7));
    ASSERT_EQ(to.data, filled.data) << pair.text();
    device.convert({single.view(pair.box), wide.view(pair.box)});
    ASSERT_EQ(single.data, converted.data) << pair.text();
  }
}

// Long slabs, interleaved in twos and fours, and rows that no block divides.
TEST(LaidOutBox, PackedFilters) {
  const Box window = Box::whole({3, 2, 70, 150});
  for (int64_t group : {1, 2, 4}) {
    BufferLayout packed{{{3, 64}, {0, 1}, {1, 1}, {2, group}, {3, 1}, {2, 1}}};
    if (group == 1)
      packed.levels.pop_back();
    TestBuffer<uint32_t> from(window, {}, ElementType::I32, 0);
    TestBuffer<uint32_t> to(window, packed, ElementType::I32, 1u << 20);
    EXPECT_EQ(copyWithChecksum(to.view(window), from.view(window)),
              checksum(from.data.data(), from.data.size() * 4));
    forEachPosition(window, [&](const std::vector<int64_t> &position) {
      ASSERT_EQ(to.at(position), from.at(position));
    });
    TestBuffer<uint32_t> back(window, {}, ElementType::I32, 1u << 20);
    EXPECT_EQ(copyWithChecksum(back.view(window), to.view(window)),
              checksum(from.view(window)));
    EXPECT_EQ(back.data, from.data);
  }
}

// What a packed filter costs is in the number of strided pieces, which does not
// grow with the filter.
TEST(LaidOutBox, AFilterIsFewPieces) {
  const BufferLayout packed{{{3, 64}, {0, 1}, {1, 1}, {2, 4}, {3, 1}, {2, 1}}};
  auto pieces = [&](const std::vector<int64_t> &shape) {
    const Box window = Box::whole(shape);
    std::byte data;
    const BoxView to = viewOf(&data, ElementType::I8, window, window, packed);
    const BoxView from = viewOf(&data, ElementType::I8, window, window);
    return stridedPieces({&to, &from}).size();
  };
  EXPECT_EQ(pieces({3, 3, 512, 512}), 1u);
  EXPECT_EQ(pieces({3, 3, 510, 512}), 2u);
  EXPECT_EQ(pieces({3, 3, 510, 500}), 4u);
}
