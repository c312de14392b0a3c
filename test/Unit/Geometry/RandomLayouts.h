//===- RandomLayouts.h - any two layouts on any grid ------------*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_GEOMETRY_RANDOMLAYOUTS_H
#define DCONV_TEST_UNIT_GEOMETRY_RANDOMLAYOUTS_H

#include "dconv/Geometry/Layout.h"

#include <algorithm>
#include <random>

namespace dconv::test {

class RandomLayouts {
public:
  explicit RandomLayouts(unsigned seed) : random(seed) {}

  int64_t pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  }

  /// Draws the grid and the shape of a tensor; there may be fewer devices than
  /// shards and more.
  void draw() {
    grid.shape.resize(pick(0, 3));
    for (int64_t &parts : grid.shape)
      parts = pick(1, 4);
    grid.devices = pick(1, grid.numShards() + 2);
    shape.resize(pick(0, 3));
    for (int64_t &extent : shape)
      extent = pick(0, 7);
  }

  /// Each axis cuts a dim or none. The stripes need not ascend and may be
  /// empty; what is held is any interval of the dim.
  TensorLayout layout() {
    TensorLayout result;
    result.dims.resize(shape.size());
    for (unsigned axis = 0; axis < grid.shape.size(); ++axis)
      if (int64_t d = pick(-1, int64_t(shape.size()) - 1); d >= 0)
        result.dims[d].axes.push_back(axis);
    for (size_t d = 0; d < shape.size(); ++d) {
      DimLayout &dim = result.dims[d];
      std::shuffle(dim.axes.begin(), dim.axes.end(), random);
      int64_t pieces = 1;
      for (unsigned axis : dim.axes)
        pieces *= grid.shape[axis];
      std::vector<int64_t> cuts{0, shape[d]};
      while (int64_t(cuts.size()) <= pieces)
        cuts.push_back(pick(0, shape[d]));
      std::sort(cuts.begin(), cuts.end());
      for (int64_t i = 0; i < pieces; ++i) {
        dim.owned.push_back({cuts[i], cuts[i + 1]});
        dim.held.push_back({pick(0, shape[d]), pick(0, shape[d])});
      }
      std::shuffle(dim.owned.begin(), dim.owned.end(), random);
    }
    return result;
  }

  Grid grid;
  std::vector<int64_t> shape;

private:
  std::mt19937 random;
};

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_GEOMETRY_RANDOMLAYOUTS_H
