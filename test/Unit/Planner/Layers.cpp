//===- Layers.cpp - convolutions for tests of the planner -----------------===//

#include "Layers.h"

#include "nlohmann/json.hpp"
#include "gtest/gtest.h"

#include <fstream>

using namespace dconv;
using namespace dconv::test;

int64_t Layer::outputs(unsigned dim) const {
  return (input[dim] + padLow[dim] + padHigh[dim] -
          dilation[dim] * (kernel[dim] - 1) - 1) /
             stride[dim] +
         1;
}

std::vector<Layer> dconv::test::realLayers() {
  std::ifstream file(DCONV_LAYERS_JSON);
  nlohmann::json json = nlohmann::json::parse(file);
  std::vector<Layer> layers;
  for (const auto &entry : json["layers"]) {
    Layer layer;
    entry["name"].get_to(layer.name);
    entry["batch"].get_to(layer.batch);
    entry["groups"].get_to(layer.groups);
    entry["in_channels"].get_to(layer.inChannels);
    entry["out_channels"].get_to(layer.outChannels);
    entry["input"].get_to(layer.input);
    entry["kernel"].get_to(layer.kernel);
    entry["stride"].get_to(layer.stride);
    entry["dilation"].get_to(layer.dilation);
    entry["pad_low"].get_to(layer.padLow);
    entry["pad_high"].get_to(layer.padHigh);
    layers.push_back(std::move(layer));
  }
  return layers;
}

const Layer &dconv::test::layerNamed(const std::vector<Layer> &layers,
                                     const std::string &name) {
  for (const Layer &layer : layers)
    if (layer.name == name)
      return layer;
  ADD_FAILURE() << "no layer " << name;
  return layers.front();
}

Layer dconv::test::makeLayer(int64_t batch, int64_t groups, int64_t inChannels,
                             int64_t outChannels,
                             const std::vector<WindowSizes> &windows) {
  Layer layer;
  layer.name = "made";
  layer.batch = batch;
  layer.groups = groups;
  layer.inChannels = inChannels;
  layer.outChannels = outChannels;
  for (const WindowSizes &window : windows) {
    layer.input.push_back(window.input);
    layer.kernel.push_back(window.kernel);
    layer.stride.push_back(window.stride);
    layer.dilation.push_back(window.dilation);
    layer.padLow.push_back(window.padLow);
    layer.padHigh.push_back(window.padHigh);
  }
  return layer;
}

static LinearExpr loop(unsigned number) { return {{{number, 1}}, 0}; }

static Operand unpadded(AccessMap map, std::vector<int64_t> shape) {
  std::vector<int64_t> none(shape.size(), 0);
  return {std::move(map), std::move(shape), none, none, 4};
}

Convolution dconv::test::forwardOf(const Layer &layer) {
  unsigned image = layer.input.size();
  unsigned o = 2, oc = o + image, ic = oc + 1, k = ic + 1;
  int64_t outs = layer.outChannels / layer.groups;
  int64_t ins = layer.inChannels / layer.groups;

  Convolution result;
  result.extents = {layer.batch, layer.groups};
  result.roles = {Role::Batch, Role::Group};
  for (unsigned d = 0; d < image; ++d) {
    result.extents.push_back(layer.outputs(d));
    result.roles.push_back(Role::Output);
  }
  result.extents.insert(result.extents.end(), {outs, ins});
  result.roles.insert(result.roles.end(),
                      {Role::OutputChannel, Role::InputChannel});
  Operand input = unpadded({loop(0), loop(1)}, {layer.batch, layer.groups});
  Operand filter = unpadded({loop(1)}, {layer.groups});
  result.output = unpadded({loop(0), loop(1)}, {layer.batch, layer.groups});
  for (unsigned d = 0; d < image; ++d) {
    result.extents.push_back(layer.kernel[d]);
    result.roles.push_back(Role::Tap);
    input.map.push_back(
        {{{o + d, layer.stride[d]}, {k + d, layer.dilation[d]}}, 0});
    input.shape.push_back(layer.input[d]);
    input.padLow.push_back(layer.padLow[d]);
    input.padHigh.push_back(layer.padHigh[d]);
    filter.map.push_back(loop(k + d));
    filter.shape.push_back(layer.kernel[d]);
    result.output.map.push_back(loop(o + d));
    result.output.shape.push_back(layer.outputs(d));
  }
  auto add = [](Operand &operand, unsigned number, int64_t extent) {
    operand.map.push_back(loop(number));
    operand.shape.push_back(extent);
    operand.padLow.resize(operand.shape.size());
    operand.padHigh.resize(operand.shape.size());
  };
  add(input, ic, ins);
  add(filter, ic, ins);
  add(filter, oc, outs);
  add(result.output, oc, outs);
  result.inputs = {input, filter};
  return result;
}

Convolution dconv::test::filterGradientOf(const Layer &layer) {
  Convolution result = forwardOf(layer);
  std::swap(result.inputs[1], result.output);
  for (Role &role : result.roles) {
    switch (role) {
    case Role::Batch:
      role = Role::InputChannel;
      break;
    case Role::InputChannel:
      role = Role::Batch;
      break;
    case Role::Output:
      role = Role::Tap;
      break;
    case Role::Tap:
      role = Role::Output;
      break;
    case Role::Group:
    case Role::OutputChannel:
      break;
    }
  }
  return result;
}
