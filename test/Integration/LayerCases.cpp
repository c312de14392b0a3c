//===- LayerCases.cpp - layers that peers compute wrongly or refuse -------===//
//
// What XLA's SPMD partitioner (JAX 0.10.2, CPU) and PyTorch's DTensor (2.15,
// gloo) return silently wrong or end in an error on, each under its own split.
// Batch, channels and image are smaller than measured there; stride, filter,
// padding, dilation, groups per channel and the split are the same.
//
//===----------------------------------------------------------------------===//

#include "Case.h"

#include "llvm/ADT/StringExtras.h"

#include <algorithm>

namespace dconv::test {

namespace {
/// Which tensor is computed: the result, or a gradient.
enum class Direction { Forward, BackwardData, BackwardFilter };

/// One image dim of a layer.
struct LayerDim {
  int64_t size, taps, stride = 1, low = 0, high = 0, dilation = 1;

  int64_t result(bool isTransposed) const {
    const int64_t reach = dilation * (taps - 1) + 1;
    return isTransposed ? (size - 1) * stride + reach - low - high
                        : (size + low + high - reach) / stride + 1;
  }
};

struct Layer {
  std::string name;
  int64_t batch, groups, channels, filters; ///< channels, filters: per group
  std::vector<LayerDim> image;
  bool isTransposed = false;
  ElementType type = ElementType::F32;

  bool isDepthwise() const {
    return groups > 1 && channels == 1 && filters == 1;
  }
};

/// The operands of a layer as layouts, channels last (JAX) or first (PyTorch).
struct LayerLayout {
  std::string input, filter, output;

  LayerLayout(const Layer &layer, bool isChannelsLast) {
    const std::string image = std::string("dhw").substr(3 - layer.image.size());
    const bool isGrouped = layer.groups > 1;
    const bool isDepthwise = layer.isDepthwise();
    const std::string g = isGrouped ? "g" : "";
    const std::string c = isDepthwise ? "" : "c", f = isDepthwise ? "" : "f";
    if (isChannelsLast) {
      input = "n" + image + g + c;
      filter = image + c + g + f;
      output = "n" + image + g + f;
    } else {
      input = "n" + g + c + image;
      filter = g + f + c + image;
      output = "n" + g + f + image;
    }
  }
};

/// An operation and what is done to its input before.
struct LayerOperation {
  Operation operation;
  Setting setting;
};
} // namespace

/// A convolution with stride 1 over the input with zeros between its elements:
/// the gradient of a strided one, whose filter is given backwards.
static LayerOperation spreading(const std::string &name, const Layout &layout,
                                const std::map<char, int64_t> &extents,
                                const Layer &layer, bool toInput) {
  std::vector<ImageDim> image;
  LayerOperation result;
  for (const LayerDim &dim : layer.image) {
    const int64_t reach = dim.dilation * (dim.taps - 1);
    const int64_t out = toInput ? dim.size : dim.result(true);
    const int64_t in = toInput ? dim.result(false) : dim.size;
    const int64_t low = reach - dim.low;
    const int64_t wide = (in - 1) * dim.stride + 1;
    image.push_back(
        {out, dim.taps, 1, dim.dilation, low, out + reach - low - wide});
  }
  size_t next = 0;
  for (char letter : layout.input)
    result.setting.spread.push_back(
        letter == 'd' || letter == 'h' || letter == 'w'
            ? layer.image[next++].stride
            : 1);
  result.operation = describe(name, layout, extents, image);
  return result;
}

/// A convolution whose input is read at stride and padding of the layer;
/// `toFilter` where the taps are the result.
static LayerOperation striding(const std::string &name, const Layout &layout,
                               const std::map<char, int64_t> &extents,
                               const Layer &layer, bool toFilter) {
  std::vector<ImageDim> image;
  Shape unread;
  for (const LayerDim &dim : layer.image) {
    // Of a transposed layer the windows are in its result.
    const int64_t in = layer.isTransposed ? dim.result(true) : dim.size;
    const int64_t out = layer.isTransposed ? dim.size : dim.result(false);
    const int64_t rest = in + dim.low + dim.high -
                         ((out - 1) * dim.stride +
                          dim.dilation * (dim.taps - 1) + 1);
    // What no window reaches is not padded.
    const int64_t high = std::max<int64_t>(dim.high - rest, 0);
    unread.push_back(std::max<int64_t>(rest - dim.high, 0));
    if (toFilter)
      image.push_back(
          {dim.taps, out, dim.dilation, dim.stride, dim.low, high});
    else
      image.push_back(
          {out, dim.taps, dim.stride, dim.dilation, dim.low, high});
  }
  LayerOperation result;
  result.operation = describe(name, layout, extents, image);
  if (!toFilter)
    result.operation.attributes = stridesText(image);
  Shape enlarge;
  size_t next = 0;
  for (char letter : layout.input)
    enlarge.push_back(letter == 'd' || letter == 'h' || letter == 'w'
                          ? unread[next++]
                          : 0);
  enlargeInput(result.operation, enlarge);
  return result;
}

/// A gradient of the input at stride 1, as a gather.
static LayerOperation gathering(const std::string &name, const Layout &layout,
                                const std::map<char, int64_t> &extents,
                                const Layer &layer) {
  std::vector<ImageDim> image;
  for (const LayerDim &dim : layer.image) {
    const int64_t reach = dim.dilation * (dim.taps - 1);
    image.push_back({dim.size, dim.taps, 1, -dim.dilation, reach - dim.low,
                     reach - dim.high});
  }
  return {describe(name, layout, extents, image), {}};
}

/// The name of the op of MLIR that is a forward convolution of this layout.
static std::string mnemonicOf(const Layer &layer, const LayerLayout &layout) {
  std::string dims = std::to_string(layer.image.size()) + "d_";
  std::string input = layout.input, filter = layout.filter;
  if (layer.isDepthwise()) {
    // MLIR calls the group of a depthwise convolution its channel.
    std::replace(input.begin(), input.end(), 'g', 'c');
    std::replace(filter.begin(), filter.end(), 'g', 'c');
    return "depthwise_conv_" + dims + input + "_" + filter;
  }
  // Groups with the channels last have no named op that JAX would use.
  if (layer.groups > 1 && layout.input[1] != 'g')
    return "";
  return "conv_" + dims + input + "_" + filter;
}

static LayerOperation operationOf(const Layer &layer, Direction direction,
                                  bool isChannelsLast,
                                  const std::string &name) {
  const LayerLayout layout(layer, isChannelsLast);
  const std::map<char, int64_t> extents = {{'n', layer.batch},
                                           {'g', layer.groups},
                                           {'c', layer.channels},
                                           {'f', layer.filters}};
  const bool isStrided =
      std::any_of(layer.image.begin(), layer.image.end(),
                  [](const LayerDim &dim) { return dim.stride > 1; });
  LayerOperation result;
  switch (direction) {
  case Direction::Forward:
    if (layer.isTransposed) {
      result = spreading(name, {layout.input, layout.filter, layout.output},
                         extents, layer, /*toInput=*/false);
      break;
    }
    result = striding(name, {layout.input, layout.filter, layout.output},
                      extents, layer, /*toFilter=*/false);
    result.operation.mnemonic = mnemonicOf(layer, layout);
    break;
  case Direction::BackwardData: {
    const Layout back{layout.output, layout.filter, layout.input};
    if (layer.isTransposed)
      result = striding(name, back, extents, layer, /*toFilter=*/false);
    else if (isStrided)
      result = spreading(name, back, extents, layer, /*toInput=*/true);
    else
      result = gathering(name, back, extents, layer);
    break;
  }
  case Direction::BackwardFilter:
    if (layer.isTransposed)
      result = striding(name, {layout.output, layout.input, layout.filter},
                        extents, layer, /*toFilter=*/true);
    else
      result = striding(name, {layout.input, layout.output, layout.filter},
                        extents, layer, /*toFilter=*/true);
    break;
  }
  setTypes(result.operation, layer.type,
           layer.type == ElementType::I8 ? ElementType::I32 : layer.type);
  return result;
}

/// The SPEC for a sharding in the words of the peers, "k2+sH2": b batch, s
/// image, k filters, c channels, t taps; H (or none) the first image dim, W the
/// last, and "s2x2" the first two.
static std::string specOf(const Layer &layer, Direction direction,
                          llvm::StringRef sharding) {
  const bool isFilter = direction == Direction::BackwardFilter;
  const bool isData = direction == Direction::BackwardData;
  auto loopOf = [&](char what) -> std::string {
    if (layer.isDepthwise() && (what == 'k' || what == 'c'))
      return "g";
    switch (what) {
    case 'b':
      return isFilter ? "ic" : "n";
    case 's':
      return isFilter ? "k" : "o";
    case 't':
      return isFilter ? "o" : "k";
    case 'k':
      return isData                           ? "ic"
             : isFilter && layer.isTransposed ? "n"
                                              : "oc";
    case 'c':
      return isData                           ? "oc"
             : isFilter && layer.isTransposed ? "oc"
             : isFilter                       ? "n"
                                              : "ic";
    default:
      return "g";
    }
  };
  std::string spec;
  llvm::SmallVector<llvm::StringRef> parts;
  sharding.split(parts, '+');
  for (llvm::StringRef part : parts) {
    const std::string loop = loopOf(part[0]);
    const bool isImage = part[0] == 's' || part[0] == 't';
    size_t dim = part.contains('W') ? layer.image.size() - 1 : 0;
    llvm::SmallVector<llvm::StringRef> numbers;
    part.drop_until([](char c) { return llvm::isDigit(c); })
        .split(numbers, 'x');
    for (llvm::StringRef number : numbers) {
      spec += spec.empty() ? "" : ",";
      spec += loop + (isImage ? std::to_string(dim++) : "") + "=" +
              number.str();
    }
  }
  return spec;
}

/// Adds a case for each of `shardings`, separated by spaces.
static void addLayer(Cases &cases, const std::string &peer, const Layer &layer,
                     Direction direction, bool isChannelsLast,
                     llvm::StringRef shardings, int64_t devices) {
  std::string suffix;
  if (direction == Direction::BackwardData && peer == "dtensor")
    suffix = "_input_gradient";
  if (direction == Direction::BackwardFilter && peer == "dtensor")
    suffix = "_filter_gradient";
  // DTensor was measured on several numbers of processes.
  if (peer == "dtensor")
    suffix += "@" + std::to_string(devices);
  const std::string name = peer + "/" + layer.name;
  const LayerOperation made =
      operationOf(layer, direction, isChannelsLast, name);
  llvm::SmallVector<llvm::StringRef> list;
  shardings.split(list, ' ', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef sharding : list) {
    const std::string spec = specOf(layer, direction, sharding);
    cases.push_back({name + "/" + sharding.str() + suffix, devices,
                     [made, spec] {
                       return programOf(made.operation, made.setting, spec);
                     }});
  }
}

Cases xlaCases() {
  Cases cases;
  using D = Direction;
  auto layer = [&](const Layer &given, D direction, const char *onFour,
                   const char *onEight = "") {
    addLayer(cases, "xla", given, direction, true, onFour, 4);
    addLayer(cases, "xla", given, direction, true, onEight, 8);
  };
  const char *const both = "k2+s2x2";
  // Fields: name, batch, groups, channels, filters, then per image dim size,
  // taps, stride, low, high, dilation.
  layer({"r50_conv1", 1, 1, 3, 8, {{32, 7, 2, 3, 3}, {32, 7, 2, 3, 3}}},
        D::Forward, "s2+k2", both);
  layer({"r50_conv1_SAME", 1, 1, 3, 8, {{32, 7, 2, 2, 3}, {32, 7, 2, 2, 3}}},
        D::Forward, "s2+k2", both);
  layer({"r50_c3_3x3", 2, 1, 16, 16, {{14, 3, 1, 1, 1}, {14, 3, 1, 1, 1}}},
        D::Forward, "s2+k2", both);
  layer({"r50_c3_1x1s2", 2, 1, 16, 32, {{16, 1, 2}, {16, 1, 2}}}, D::Forward,
        "s2+k2", both);
  layer({"mesh_1k", 1, 1, 6, 16, {{32, 5, 2, 2, 2}, {32, 5, 2, 2, 2}}},
        D::Forward, "s2+k2", both);
  layer({"unet3d", 1, 1, 4, 8,
         {{6, 3, 1, 1, 1}, {8, 3, 1, 1, 1}, {8, 3, 1, 1, 1}}},
        D::Forward, "s2+k2", both);
  layer({"replk_dw31", 1, 4, 1, 1, {{33, 31, 1, 15, 15}, {33, 31, 1, 15, 15}}},
        D::Forward, "s2+tW2");
  layer({"dil2", 1, 1, 16, 16, {{16, 3, 1, 2, 2, 2}, {16, 3, 1, 2, 2, 2}}},
        D::Forward, "s2+k2", both);
  layer({"dil4", 1, 1, 16, 16, {{16, 3, 1, 4, 4, 4}, {16, 3, 1, 4, 4, 4}}},
        D::Forward, "s2+k2", both);
  layer({"dil12", 1, 1, 8, 8,
         {{28, 3, 1, 12, 12, 12}, {28, 3, 1, 12, 12, 12}}},
        D::Forward, "s2+k2", both);
  layer({"dil24", 1, 1, 4, 4,
         {{52, 3, 1, 24, 24, 24}, {52, 3, 1, 24, 24, 24}}},
        D::Forward, "s2+k2", both);
  layer({"odd225_s2", 2, 1, 3, 8, {{33, 3, 2}, {33, 3, 2}}}, D::Forward,
        "s2+k2", both);
  layer({"odd113_s2", 2, 1, 8, 16, {{17, 3, 2, 1, 1}, {17, 3, 2, 1, 1}}},
        D::Forward, "s2+k2", both);
  layer({"odd65_dil4", 1, 1, 8, 8,
         {{17, 3, 1, 4, 4, 4}, {17, 3, 1, 4, 4, 4}}},
        D::Forward, "s2+k2", both);
  layer({"s3_f5", 1, 1, 8, 16, {{24, 5, 3, 2, 2}, {24, 5, 3, 2, 2}}},
        D::Forward, "s2+k2", both);
  layer({"bigk_img2", 1, 1, 1, 2,
         {{33, 32, 1, 16, 15}, {33, 32, 1, 16, 15}}},
        D::Forward, "s2+tW2");
  layer({"bigk_valid", 1, 1, 2, 2, {{54, 48}, {54, 48}}}, D::Forward, "s2+tW2");
  layer({"wavenet_d512", 1, 1, 8, 16, {{1200, 2, 1, 512, 0, 512}}}, D::Forward,
        "s2+k2");
  layer({"conv1d_d1024", 2, 1, 8, 8, {{1100, 3, 1, 1024, 1024, 1024}}},
        D::Forward, "s2+k2");
  layer({"bwdD_c3_3x3", 2, 1, 16, 16, {{14, 3, 1, 1, 1}, {14, 3, 1, 1, 1}}},
        D::BackwardData, "s2+c2");
  layer({"bwdF_c3_3x3", 2, 1, 16, 16, {{14, 3, 1, 1, 1}, {14, 3, 1, 1, 1}}},
        D::BackwardFilter, "s2+k2", both);
  layer({"bwdF_conv1", 1, 1, 3, 8, {{32, 7, 2, 3, 3}, {32, 7, 2, 3, 3}}},
        D::BackwardFilter, "s2+c2");
  layer({"bwdF_s2", 2, 1, 8, 16, {{16, 3, 2, 1, 1}, {16, 3, 2, 1, 1}}},
        D::BackwardFilter, "s2+k2 s2+c2", both);
  layer({"bwdF_unet3d", 1, 1, 4, 8,
         {{6, 3, 1, 1, 1}, {8, 3, 1, 1, 1}, {8, 3, 1, 1, 1}}},
        D::BackwardFilter, "s2+c2");
  // 64 channels: with 16 XLA was right.
  layer({"i8_3x3", 1, 1, 64, 64, {{12, 3, 1, 1, 1}, {12, 3, 1, 1, 1}}, false,
         ElementType::I8},
        D::Forward, "s2+k2", "s8 k2+s2x2");
  layer({"bf16_c3_3x3", 2, 1, 16, 16, {{14, 3, 1, 1, 1}, {14, 3, 1, 1, 1}},
         false, ElementType::BF16},
        D::Forward, "s2+k2", both);
  return cases;
}

Cases dtensorCases() {
  Cases cases;
  /// Shardings of the forward pass, and of the gradients, of both of which the
  /// two tensors of a backward pass are made.
  auto layer = [&](const Layer &given, int64_t devices, const char *forward,
                   const char *backward) {
    auto each = [&](Direction direction, const char *shardings) {
      addLayer(cases, "dtensor", given, direction, false, shardings, devices);
    };
    each(Direction::Forward, forward);
    each(Direction::BackwardData, backward);
    each(Direction::BackwardFilter, backward);
  };
  const char *const all = "sH2 sW2 k2 c2 tH2";
  const char *const image = "sH2 sW2";
  const char *const image4 = "sH4 sW4";
  const std::vector<LayerDim> same = {{12, 3, 1, 1, 1}, {12, 3, 1, 1, 1}};
  const Layer c3{"r50_c3_3x3", 2, 1, 8, 8, same};
  layer(c3, 2, all, image);
  // Three taps make at most three shards, so both tap dims are split.
  layer(c3, 4, "sH4 sW4 k4 c4 tH2+tW2", image4);
  const Layer c1{"r50_c3_1x1", 2, 1, 16, 8, {{12, 1}, {12, 1}}};
  layer(c1, 2, "sH2 k2 c2", "");
  layer(c1, 4, "sH4 k4 c4", "");
  const Layer conv1{"r50_conv1_7x7s2", 1, 1, 4, 8,
                    {{24, 7, 2, 3, 3}, {24, 7, 2, 3, 3}}};
  layer(conv1, 2, "sH2", "sH2");
  layer(conv1, 4, "sH4 sW4 k4 c4 tH4", image4);
  const Layer patches{"patchify_4x4s4", 2, 1, 4, 8, {{16, 4, 4}, {16, 4, 4}}};
  layer(patches, 2, "sH2 k2 c2 tH2", "");
  layer(patches, 4, "sH4 k4 c4 tH4", "");
  const Layer valid{"3x3_valid", 2, 1, 8, 8, {{12, 3}, {12, 3}}};
  layer(valid, 2, all, image);
  layer(valid, 4, "sH4", "sH4");
  layer({"3x3s2_p1", 2, 1, 8, 16, {{16, 3, 2, 1, 1}, {16, 3, 2, 1, 1}}}, 2, all,
        image);
  layer({"dil2_3x3", 1, 1, 8, 8, {{16, 3, 1, 2, 2, 2}, {16, 3, 1, 2, 2, 2}}}, 2,
        all, image);
  layer({"uneven_3x3", 1, 1, 8, 8, {{17, 3, 1, 1, 1}, {17, 3, 1, 1, 1}}}, 2,
        "sH2", "sH2");
  const Layer depthwise{"dw7_convnext", 2, 12, 1, 1,
                        {{12, 7, 1, 3, 3}, {12, 7, 1, 3, 3}}};
  layer(depthwise, 2, all, image);
  layer(depthwise, 4, "sH4 sW4 k4 c4 tH4", image4);
  layer({"resnext_g32", 1, 32, 4, 4, {{8, 3, 1, 1, 1}, {8, 3, 1, 1, 1}}}, 2,
        all, image);
  layer({"unet3d_3x3x3", 1, 1, 4, 8,
         {{6, 3, 1, 1, 1}, {6, 3, 1, 1, 1}, {8, 3, 1, 1, 1}}},
        2, all, image);
  layer({"conv1d_k3", 2, 1, 8, 8, {{40, 3, 1, 1, 1}}}, 2, all, image);
  layer({"tconv_4x4s2", 1, 1, 8, 6, {{8, 4, 2, 1, 1}, {8, 4, 2, 1, 1}}, true},
        2, all, image);
  layer({"even_4x4_p2", 1, 1, 8, 8, {{12, 4, 1, 2, 2}, {12, 4, 1, 2, 2}}}, 2,
        "sH2", "sH2");
  layer({"3x3_p2", 1, 1, 8, 8, {{12, 3, 1, 2, 2}, {12, 3, 1, 2, 2}}}, 2, all,
        image);
  layer({"bf16_3x3", 2, 1, 8, 8, same, false, ElementType::BF16}, 2, all,
        image);
  return cases;
}

} // namespace dconv::test
