//===- RandomBufferLayout.h - any order of elements -------------*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_GEOMETRY_RANDOMBUFFERLAYOUT_H
#define DCONV_TEST_UNIT_GEOMETRY_RANDOMBUFFERLAYOUT_H

#include "dconv/Geometry/BufferLayout.h"

#include <algorithm>
#include <random>

namespace dconv::test {

/// A layout for `rank` dims of up to three levels per dim, blocks up to 9;
/// row-major where that is what comes out.
inline BufferLayout randomBufferLayout(std::mt19937 &random, unsigned rank) {
  std::vector<std::vector<int64_t>> blocks(rank);
  std::vector<unsigned> order;
  for (unsigned d = 0; d < rank; ++d) {
    int64_t block = 1;
    for (int i = random() % 3; i >= 0; --i) {
      blocks[d].push_back(block);
      order.push_back(d);
      block *= 2 + random() % 2;
    }
  }
  std::shuffle(order.begin(), order.end(), random);
  BufferLayout layout;
  bool ascend = true;
  for (unsigned d : order) {
    ascend &= d == layout.levels.size() && blocks[d].back() == 1;
    layout.levels.push_back({d, blocks[d].back()});
    blocks[d].pop_back();
  }
  return ascend ? BufferLayout() : layout;
}

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_GEOMETRY_RANDOMBUFFERLAYOUT_H
