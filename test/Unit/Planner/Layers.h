//===- Layers.h - convolutions for tests of the planner ---------*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_PLANNER_LAYERS_H
#define DCONV_TEST_UNIT_PLANNER_LAYERS_H

#include "dconv/Geometry/Convolution.h"

#include <string>
#include <vector>

namespace dconv::test {

/// Sizes of a forward convolution; channels count all groups.
struct Layer {
  std::string name;
  int64_t batch = 1, groups = 1, inChannels = 1, outChannels = 1;
  std::vector<int64_t> input, kernel, stride, dilation, padLow, padHigh;

  int64_t outputs(unsigned dim) const;
};

/// benchmarks/layers.json.
std::vector<Layer> realLayers();
const Layer &layerNamed(const std::vector<Layer> &layers,
                        const std::string &name);

/// One dim of an image.
struct WindowSizes {
  int64_t input = 1, kernel = 1, stride = 1, dilation = 1;
  int64_t padLow = 0, padHigh = 0;
};
Layer makeLayer(int64_t batch, int64_t groups, int64_t inChannels,
                int64_t outChannels, const std::vector<WindowSizes> &windows);

/// Loops n, g, o.., oc, ic, k..; input (n, g, image.., ic), filter
/// (g, k.., ic, oc), output (n, g, o.., oc).
Convolution forwardOf(const Layer &layer);

/// The gradient of the filter: sums over n and o.., so that these are
/// reductions and k.. outputs.
Convolution filterGradientOf(const Layer &layer);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_PLANNER_LAYERS_H
