//===- OrderedTensorTest.cpp - host tensors whose dims are in another order
//===//
//
// Boxes between a tensor of the host and one of the program, element by element
// against the definition of the order.
//
//===----------------------------------------------------------------------===//

#include "dconv/Runtime/BoxView.h"
#include "dconv/Runtime/Checksum.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>
#include <random>

using namespace dconv;
using namespace dconv::runtime;

namespace {

int64_t offsetOf(const std::vector<int64_t> &position,
                 const std::vector<int64_t> &shape) {
  int64_t offset = 0;
  for (size_t d = 0; d < shape.size(); ++d)
    offset = offset * shape[d] + position[d];
  return offset;
}

/// The next position of `box`, row-major; false after the last.
bool next(std::vector<int64_t> &position, const Box &box) {
  for (unsigned d = box.rank(); d-- > 0;) {
    if (++position[d] < box[d].end)
      return true;
    position[d] = box[d].begin;
  }
  return false;
}

/// Copies `box`, in dims of the program, to the program and back.
template <typename T>
void expectMoved(ElementType type, const Argument &argument, const Box &box) {
  const std::vector<int64_t> shape = argument.orderedShape();
  const Box whole = Box::whole(shape);
  std::vector<T> host(whole.volume()), inside(whole.volume(), T(77));
  std::iota(host.begin(), host.end(), T(1));
  std::vector<T> expected = inside, returned(host.size(), T(55)),
                 back = returned;
  std::vector<int64_t> position;
  for (Interval dim : box.dims)
    position.push_back(dim.begin);
  do {
    std::vector<int64_t> onHost(position.size());
    for (size_t d = 0; d < position.size(); ++d)
      onHost[argument.order.empty() ? d : argument.order[d]] = position[d];
    const int64_t at = offsetOf(onHost, argument.shape);
    expected[offsetOf(position, shape)] = host[at];
    returned[at] = host[at];
  } while (next(position, box));

  auto bytes = [](std::vector<T> &data) {
    return reinterpret_cast<std::byte *>(data.data());
  };
  auto text = [&] {
    std::string order;
    for (uint32_t d : argument.order)
      order += std::to_string(d) + " ";
    return toString(box) + " of " + toString(whole) + ", order " + order;
  };
  copyBox(viewOf(bytes(inside), type, whole, box),
          viewOf(bytes(host), argument, box));
  ASSERT_EQ(inside, expected) << text();
  copyBox(viewOf(bytes(back), argument, box),
          viewOf(bytes(inside), type, whole, box));
  ASSERT_EQ(back, returned) << text();
  EXPECT_EQ(checksum(viewOf(bytes(host), argument, box)),
            checksum(viewOf(bytes(inside), type, whole, box)));
}

template <typename T> void expectRandomBoxesMoved(ElementType type) {
  std::mt19937 random(1);
  for (int i = 0; i < 1500; ++i) {
    Argument argument{type, {}};
    const unsigned rank = 1 + random() % 5;
    for (unsigned d = 0; d < rank; ++d) {
      argument.shape.push_back(1 + random() % (rank > 3 ? 9 : 40));
      argument.order.push_back(d);
    }
    std::shuffle(argument.order.begin(), argument.order.end(), random);
    Box box;
    for (int64_t size : argument.orderedShape()) {
      const int64_t begin = random() % 2 ? 0 : random() % size;
      const int64_t end =
          random() % 2 ? size : begin + 1 + random() % (size - begin);
      box.dims.push_back({begin, end});
    }
    expectMoved<T>(type, argument, box);
  }
}

TEST(OrderedTensor, Bytes) { expectRandomBoxesMoved<uint8_t>(ElementType::I8); }
TEST(OrderedTensor, Halves) {
  expectRandomBoxesMoved<uint16_t>(ElementType::BF16);
}
TEST(OrderedTensor, Words) {
  expectRandomBoxesMoved<uint32_t>(ElementType::I32);
}
TEST(OrderedTensor, Doubles) {
  expectRandomBoxesMoved<uint64_t>(ElementType::I64);
}

// Sizes around those of vectors and cache lines, of images and of rows.
TEST(OrderedTensor, ImagesOfAllSmallSizes) {
  for (int64_t channels : {1, 2, 3, 4, 7, 8, 15, 16, 17, 33, 64, 65})
    for (int64_t columns : {1, 3, 4, 5, 8, 16, 17, 31, 63, 64, 66}) {
      Argument image{ElementType::I8, {2, channels, 3, columns}};
      image.order = {0, 2, 3, 1};
      const Box whole = Box::whole(image.orderedShape());
      Box row = whole;
      row.dims[1] = {1, 2};
      row.dims[2].begin = columns > 2 ? 1 : 0;
      for (const Box &box : {whole, row}) {
        image.type = ElementType::I8;
        expectMoved<uint8_t>(ElementType::I8, image, box);
        image.type = ElementType::BF16;
        expectMoved<uint16_t>(ElementType::BF16, image, box);
        image.type = ElementType::F32;
        expectMoved<uint32_t>(ElementType::F32, image, box);
        image.type = ElementType::F64;
        expectMoved<uint64_t>(ElementType::F64, image, box);
      }
    }
}

TEST(OrderedTensor, AnEmptyBoxMovesNothing) {
  Argument image{ElementType::I32, {4, 5}};
  image.order = {1, 0};
  std::vector<uint32_t> host(20, 1), inside(20, 2);
  const Box box{{2, 2}, {0, 4}};
  copyBox(viewOf(reinterpret_cast<std::byte *>(inside.data()), ElementType::I32,
                 Box::whole({5, 4}), box),
          viewOf(reinterpret_cast<std::byte *>(host.data()), image, box));
  EXPECT_EQ(inside, std::vector<uint32_t>(20, 2));
}

} // namespace
