//===- CalibrationLayers.cpp - what a calibration measures ----------------===//

#include "CalibrationLayers.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <sstream>

using namespace dconv;

const std::vector<CalibrationLayer> &dconv::calibrationLayers() {
  using L = CalibrationLayer;
  // Drawn at random once: sizes, taps, strides and dilations as networks have
  // them, each a few milliseconds of one processor, and splits of each.
  static const std::vector<L> layers = {
      {L::Grouped, true, 2, 4, 2, 48, {82, 121}, {5, 5}, 1, 1,
       {"g=2", "o0=5", "o0=6", "o1=8"}},
      {L::Dense, true, 4, 1, 56, 72, {64, 67}, {1, 1}, 1, 1,
       {"o0=4,o1=2", "oc=6", "o0=2,o1=3", "oc=5"}},
      {L::Dense, false, 3, 1, 320, 20, {94, 144}, {1, 1}, 1, 1,
       {"oc=4", "n=2,ic=2", "o1=6", "o1=7"}},
      {L::Grouped, false, 2, 4, 12, 16, {124, 121}, {5, 5}, 1, 1,
       {"ic=7", "o0=7", "ic=5", "o1=2,oc=3"}},
      {L::Dense, true, 1, 1, 32, 280, {59, 83}, {3, 3}, 1, 1,
       {"o1=6", "o0=8", "o1=4", "oc=6"}},
      {L::Grouped, true, 1, 8, 8, 16, {105, 119}, {5, 5}, 1, 1,
       {"oc=7", "ic=8", "o0=4,o1=2", "g=4"}},
      {L::Depthwise, true, 3, 92, 1, 1, {47, 66}, {7, 7}, 1, 1,
       {"g=8", "g=7", "o0=5", "o0=4,o1=2"}},
      {L::Depthwise, false, 4, 96, 1, 1, {65, 69}, {3, 3}, 1, 1,
       {"n=2,o0=4", "o0=5", "n=2,o1=2", "o0=2,o1=3"}},
      {L::Grouped, false, 3, 16, 8, 2, {73, 89}, {5, 5}, 1, 1,
       {"n=2,ic=3", "g=4", "o0=4", "ic=3"}},
      {L::Dense, true, 2, 1, 32, 256, {6436}, {1}, 1, 1,
       {"oc=6", "oc=5", "o0=2,oc=4", "o0=8"}},
      {L::Dense, false, 1, 1, 48, 288, {6944}, {3}, 1, 1,
       {"ic=2", "ic=4", "ic=6", "oc=2,ic=2"}},
      {L::Dense, true, 3, 1, 3, 320, {40, 63}, {7, 7}, 1, 1,
       {"o0=3,ic=2", "n=2,oc=2", "o1=4", "o1=5"}},
      {L::Dense, true, 1, 1, 112, 32, {48, 42}, {3, 3}, 1, 4,
       {"o0=5", "o1=6", "o0=4,o1=2", "ic=2"}},
      {L::Depthwise, false, 1, 144, 1, 1, {53, 81}, {7, 7}, 1, 1,
       {"g=2,o0=3", "o0=3,o1=2", "o0=5", "g=2"}},
      {L::Depthwise, true, 4, 32, 1, 1, {104, 96}, {3, 3}, 1, 1,
       {"o0=3", "n=3", "o0=3,o1=2", "o0=6"}},
      {L::Grouped, false, 1, 16, 16, 48, {61, 60}, {7, 7}, 2, 2,
       {"o0=7", "o1=2", "oc=2,ic=4", "o1=2,oc=2"}},
      {L::Depthwise, true, 2, 56, 1, 1, {37, 36}, {7, 7}, 1, 2,
       {"n=2,o0=2", "o0=7", "o1=3", "n=2,o0=3"}},
      {L::Depthwise, false, 3, 64, 1, 1, {139, 165}, {3, 3}, 1, 2,
       {"o0=2", "o0=2,o1=3", "o0=2,o1=2", "o0=4"}},
      {L::Dense, true, 2, 1, 48, 64, {60, 66}, {7, 7}, 2, 4,
       {"o0=6", "oc=5", "n=2,ic=4", "o1=6"}},
      {L::Grouped, true, 2, 16, 32, 16, {27, 22}, {3, 3}, 1, 4,
       {"oc=8", "o0=2,oc=2", "g=2,o0=2", "ic=3"}},
      {L::Grouped, true, 1, 4, 2, 24, {76, 70}, {7, 7}, 1, 1,
       {"g=4,o1=2", "o1=5", "oc=2,ic=2", "o1=4"}},
      {L::Grouped, false, 4, 8, 16, 16, {32, 33}, {3, 3}, 1, 1,
       {"oc=8", "oc=4,ic=2", "oc=7", "n=3,o1=2"}},
      {L::Grouped, true, 3, 8, 16, 8, {26, 34}, {7, 7}, 1, 1,
       {"o0=8", "ic=7", "o1=3", "oc=3"}},
      {L::Dense, false, 1, 1, 80, 124, {61, 61}, {3, 3}, 2, 1,
       {"o0=2,ic=2", "ic=3", "ic=6", "o1=3"}},
      {L::Dense, false, 1, 1, 40, 48, {89, 158}, {3, 3}, 1, 2,
       {"o1=7", "oc=2,ic=2", "oc=3", "oc=4"}},
      {L::Depthwise, true, 3, 208, 1, 1, {59, 70}, {5, 5}, 1, 1,
       {"n=3,o1=2", "o1=8", "n=2,o1=4", "o0=5"}},
      {L::Dense, false, 4, 1, 288, 16, {50, 61}, {1, 1}, 1, 1,
       {"n=2,o1=4", "o0=4,ic=2", "o0=5", "oc=3"}},
      {L::Grouped, false, 1, 16, 16, 16, {56, 46}, {3, 3}, 1, 1,
       {"ic=4", "oc=6", "oc=4,ic=2", "o1=2,oc=3"}},
      {L::Dense, false, 1, 1, 456, 496, {1678}, {3}, 2, 2,
       {"ic=8", "o0=3", "oc=3", "o0=2,oc=3"}},
      {L::Dense, true, 4, 1, 16, 28, {72, 113}, {5, 5}, 1, 1,
       {"ic=7", "o1=4", "o0=2,o1=2", "oc=5"}},
      {L::Depthwise, true, 2, 96, 1, 1, {95, 89}, {5, 5}, 1, 2,
       {"n=2,o0=2", "n=2,o1=3", "o0=8", "o1=4"}},
      {L::Depthwise, true, 4, 104, 1, 1, {25, 24}, {7, 7}, 1, 1,
       {"g=2,o0=4", "o0=3", "g=6", "o0=5"}},
      {L::Dense, true, 1, 1, 352, 32, {1806}, {7}, 2, 1,
       {"oc=2,ic=3", "o0=2,oc=2", "oc=8", "o0=3"}},
      {L::Dense, false, 3, 1, 336, 48, {75, 57}, {1, 1}, 1, 1,
       {"n=2,ic=2", "o0=6", "n=2", "o0=4,ic=2"}},
      {L::Dense, true, 3, 1, 72, 504, {10, 17}, {5, 5}, 1, 4,
       {"o1=4", "o1=2", "oc=5", "o0=8"}},
      {L::Dense, false, 2, 1, 96, 44, {24, 40}, {7, 7}, 1, 1,
       {"n=2,oc=3", "o0=2,oc=3", "n=2,ic=3", "n=2"}},
      {L::Depthwise, false, 4, 16, 1, 1, {133, 147}, {5, 5}, 1, 1,
       {"o1=5", "o1=8", "n=3", "o0=5"}},
      {L::Dense, false, 2, 1, 224, 192, {1759}, {3}, 1, 1,
       {"oc=2", "oc=7", "ic=4", "n=2,ic=2"}},
      {L::Depthwise, true, 3, 176, 1, 1, {67, 66}, {5, 5}, 1, 1,
       {"g=7", "g=2", "o0=4", "g=3,o1=2"}},
      {L::Depthwise, false, 3, 240, 1, 1, {79, 92}, {3, 3}, 2, 2,
       {"o0=7", "g=2,o0=2", "g=2,o0=3", "g=2"}},
      {L::Dense, true, 1, 1, 368, 32, {29, 28}, {3, 3}, 1, 2,
       {"ic=5", "oc=2", "o1=7", "o1=5"}},
      {L::Depthwise, false, 1, 48, 1, 1, {117, 130}, {5, 5}, 1, 1,
       {"g=3", "o1=7", "o0=2,o1=4", "o0=2,o1=2"}},
      {L::Dense, true, 4, 1, 304, 320, {9, 13}, {3, 3}, 1, 1,
       {"oc=4", "o1=6", "ic=6", "n=3,oc=2"}},
      {L::Depthwise, false, 3, 96, 1, 1, {25, 29}, {7, 7}, 1, 1,
       {"g=3", "o0=3", "g=2,o0=4", "o1=8"}},
      {L::Depthwise, false, 1, 64, 1, 1, {76, 112}, {5, 5}, 1, 4,
       {"o0=3,o1=2", "g=2,o0=3", "g=5", "o1=4"}},
      {L::Depthwise, false, 3, 56, 1, 1, {150, 115}, {7, 7}, 2, 1,
       {"o0=5", "o1=6", "n=2,o1=4", "n=2,g=2"}},
      {L::Dense, false, 4, 1, 48, 48, {63, 83}, {3, 3}, 1, 1,
       {"n=3,o0=2", "oc=3", "n=2,oc=2", "n=4,o1=2"}},
      {L::Dense, true, 1, 1, 128, 32, {39, 40}, {3, 3}, 1, 1,
       {"o1=3", "ic=8", "o1=2,oc=2", "o0=2"}},
      {L::Depthwise, true, 3, 144, 1, 1, {86, 84}, {3, 3}, 2, 1,
       {"g=4", "g=2,o0=3", "n=2", "o0=2,o1=4"}},
      {L::Dense, true, 3, 1, 176, 40, {31, 35}, {5, 5}, 1, 1,
       {"n=2,ic=2", "ic=8", "n=3", "o0=5"}},
      {L::Dense, true, 2, 1, 96, 336, {7149}, {1}, 1, 1,
       {"o0=5", "ic=7", "ic=5", "o0=6"}},
      {L::Depthwise, true, 3, 128, 1, 1, {84, 93}, {3, 3}, 1, 1,
       {"g=2", "o1=2", "g=2,o1=2", "g=4"}},
      {L::Dense, true, 1, 1, 64, 176, {4, 30, 24}, {3, 3, 3}, 2, 4,
       {"o1=4", "o0=2", "o1=2", "oc=6"}},
      {L::Dense, false, 1, 1, 480, 32, {71, 68}, {3, 3}, 2, 1,
       {"o0=2,oc=3", "oc=3", "o0=3", "oc=4"}},
      {L::Dense, true, 1, 1, 240, 192, {13, 16}, {7, 7}, 1, 1,
       {"o1=5", "oc=5", "ic=2", "o0=2,ic=2"}},
      {L::Dense, false, 2, 1, 492, 192, {49, 63}, {1, 1}, 1, 1,
       {"o1=4", "o1=5", "n=2,ic=4", "n=2,oc=2"}},
      {L::Dense, true, 3, 1, 128, 16, {12, 12, 15}, {3, 3, 3}, 1, 1,
       {"o0=5", "ic=2", "oc=5", "o2=2,ic=3"}},
      {L::Dense, true, 1, 1, 3, 480, {60, 71}, {5, 5}, 1, 1,
       {"o0=2,ic=3", "o0=2,o1=3", "o0=6", "o1=6"}},
      {L::Dense, false, 1, 1, 44, 56, {54, 53}, {5, 5}, 1, 4,
       {"o1=7", "ic=3", "oc=5", "o0=6"}},
      {L::Dense, true, 2, 1, 168, 272, {701}, {3}, 1, 1,
       {"ic=6", "n=2,o0=4", "oc=2,ic=4", "o0=6"}},
      {L::Dense, true, 1, 1, 304, 64, {13, 22}, {3, 3}, 1, 1,
       {"ic=6", "oc=8", "ic=8", "oc=6"}},
      {L::Dense, false, 2, 1, 728, 48, {10, 13}, {3, 3}, 1, 4,
       {"o1=8", "ic=7", "o0=2,o1=4", "ic=2"}},
      {L::Dense, true, 1, 1, 24, 48, {86, 76}, {3, 3}, 1, 1,
       {"o0=4", "o0=5", "o0=2,oc=3", "oc=4,ic=2"}},
      {L::Dense, false, 1, 1, 64, 56, {57, 107}, {3, 3}, 1, 1,
       {"oc=5", "ic=8", "oc=7", "o1=6"}},
      {L::Dense, false, 4, 1, 100, 128, {4554}, {1}, 2, 1,
       {"n=4,ic=2", "n=2,oc=3", "n=3,o0=2", "o0=7"}},
      {L::Dense, false, 1, 1, 80, 112, {29, 17}, {5, 5}, 1, 4,
       {"ic=4", "oc=5", "oc=2", "o0=8"}},
      {L::Dense, false, 2, 1, 64, 176, {25, 20}, {3, 3}, 1, 4,
       {"ic=3", "ic=5", "o0=2", "o1=5"}},
      {L::Dense, true, 1, 1, 208, 16, {50, 61}, {3, 3}, 1, 1,
       {"oc=8", "o1=2,oc=4", "o1=2,oc=3", "ic=6"}},
      {L::Dense, true, 2, 1, 32, 160, {53, 41}, {3, 3}, 1, 1,
       {"oc=6", "n=2,o1=2", "ic=4", "o0=3,o1=2"}},
      {L::Dense, false, 1, 1, 96, 64, {55, 61}, {5, 5}, 2, 1,
       {"oc=5", "o1=3", "o0=4", "o1=2,oc=3"}},
      {L::Dense, true, 1, 1, 64, 352, {9, 16}, {7, 7}, 1, 2,
       {"oc=7", "o0=5", "o0=6", "o0=3,ic=2"}},
      {L::Dense, true, 3, 1, 432, 144, {18, 28}, {1, 1}, 1, 1,
       {"o0=4", "o1=2", "oc=6", "oc=4"}},
      {L::Dense, true, 2, 1, 496, 52, {23, 28}, {7, 7}, 2, 1,
       {"o0=4", "oc=7", "oc=6", "o0=6"}},
      {L::Dense, false, 4, 1, 368, 32, {1310}, {3}, 1, 4,
       {"n=2,o0=2", "ic=6", "ic=7", "o0=6"}},
      {L::Dense, false, 3, 1, 36, 48, {4, 15, 15}, {3, 3, 3}, 1, 2,
       {"ic=2", "o0=2", "n=2,o0=2", "ic=6"}},
      {L::Dense, false, 4, 1, 3, 80, {12, 25, 29}, {3, 3, 3}, 1, 2,
       {"o1=7", "o2=2,oc=4", "n=4,o1=2", "o2=3,ic=2"}},
      {L::Dense, false, 1, 1, 128, 64, {77, 89}, {3, 3}, 1, 1,
       {"ic=4", "o0=5", "o0=6", "o0=2,o1=2"}},
      {L::Dense, false, 4, 1, 160, 208, {15, 17}, {3, 3}, 2, 1,
       {"o0=2,o1=2", "o0=3,ic=2", "ic=8", "ic=4"}},
      {L::Dense, false, 1, 1, 112, 244, {39, 53}, {3, 3}, 2, 2,
       {"o1=7", "ic=3", "oc=4", "o1=2,oc=4"}},
      {L::Dense, false, 3, 1, 48, 144, {1807}, {3}, 1, 2,
       {"oc=4", "o0=5", "ic=7", "n=3"}},
  };
  return layers;
}

std::vector<CalibrationLayer> dconv::typeLayers() {
  using L = CalibrationLayer;
  return {
      {L::Dense, true, 1, 1, 96, 80, {44, 52}, {3, 3}, 1, 1, {}},
      {L::Dense, true, 2, 1, 200, 112, {30, 26}, {1, 1}, 1, 1, {}},
      {L::Dense, false, 1, 1, 96, 80, {44, 52}, {3, 3}, 1, 1, {}},
      {L::Dense, false, 2, 1, 200, 112, {30, 26}, {1, 1}, 1, 1, {}},
      {L::Depthwise, true, 2, 112, 1, 1, {50, 58}, {3, 3}, 1, 1, {}},
      {L::Depthwise, true, 1, 80, 1, 1, {60, 40}, {5, 5}, 1, 1, {}},
      {L::Depthwise, false, 2, 112, 1, 1, {50, 58}, {3, 3}, 1, 1, {}},
      {L::Depthwise, false, 1, 80, 1, 1, {60, 40}, {5, 5}, 1, 1, {}},
      {L::Pooling, true, 2, 112, 1, 1, {50, 58}, {3, 3}, 1, 1, {}},
      {L::Pooling, false, 2, 112, 1, 1, {50, 58}, {3, 3}, 1, 1, {}},
  };
}

namespace {
/// The op, and what the dims of its operands are: n batch, g groups, c input
/// channels, f filters, x the image or the taps.
struct Form {
  std::string op, input, filter, output;
};
} // namespace

static Form formOf(const CalibrationLayer &layer) {
  using L = CalibrationLayer;
  const size_t dims = layer.image.size();
  const std::string rank = std::to_string(dims) + "d_";
  const char *const letters[] = {"w", "hw", "dhw"};
  const std::string x = letters[dims - 1];
  const bool last = layer.channelsLast;
  switch (layer.kind) {
  case L::Dense:
    if (last)
      return {"conv_" + rank + "n" + x + "c_" + x + "cf", "nxc", "xcf", "nxf"};
    return {"conv_" + rank + "nc" + x + "_fc" + x, "ncx", "fcx", "nfx"};
  case L::Grouped:
    if (last)
      return {"conv_2d_nhwgc_gfhwc", "nxgc", "gfxc", "nxgf"};
    return {"conv_2d_ngchw_gfchw", "ngcx", "gfcx", "ngfx"};
  case L::Depthwise:
    if (last)
      return {"depthwise_conv_" + rank + "n" + x + "c_" + x + "c", "nxg", "xg",
              "nxg"};
    return {"depthwise_conv_" + rank + "nc" + x + "_c" + x, "ngx", "gx", "ngx"};
  case L::Pooling:
    if (last)
      return {"pooling_nhwc_sum", "nxg", "x", "nxg"};
    return {"pooling_nchw_sum", "ngx", "x", "ngx"};
  }
  return {};
}

std::string dconv::moduleOf(const CalibrationLayer &layer,
                            const std::string &type) {
  const Form form = formOf(layer);
  const bool isFloat = type[0] != 'i',
             pools = layer.kind == CalibrationLayer::Pooling;
  // What DconvPlanner takes for the type of sums.
  std::string sum = isFloat ? (type == "f64" ? "f64" : "f32")
                            : (type == "i64" ? "i64" : "i32");
  std::vector<int64_t> pad, padded, result;
  for (auto [size, taps] : llvm::zip_equal(layer.image, layer.taps)) {
    int64_t each = layer.dilation * (taps - 1) / 2;
    pad.push_back(each);
    padded.push_back(size + 2 * each);
    result.push_back(
        (padded.back() - layer.dilation * (taps - 1) - 1) / layer.stride + 1);
  }
  auto tensor = [&](const std::string &dims, const std::vector<int64_t> &image,
                    const std::string &element) {
    std::string text = "tensor<";
    for (char dim : dims)
      for (int64_t size :
           dim == 'n'   ? std::vector<int64_t>{layer.batch}
           : dim == 'g' ? std::vector<int64_t>{layer.groups}
           : dim == 'c' ? std::vector<int64_t>{layer.channels}
           : dim == 'f' ? std::vector<int64_t>{layer.filters}
                        : image)
        text += std::to_string(size) + "x";
    return text + element + ">";
  };
  const std::string x = tensor(form.input, layer.image, type),
                    xp = tensor(form.input, padded, type),
                    w = tensor(form.filter, layer.taps, type),
                    y = tensor(form.output, result, sum);
  const bool isPadded = llvm::any_of(pad, [](int64_t p) { return p != 0; });

  std::ostringstream text;
  text << "func.func @main(%x: " << x << (pools ? "" : ", %w: " + w)
       << ") -> " << y << " {\n"
       << "  %zero = arith.constant " << (isFloat ? "0.0" : "0") << " : " << sum
       << "\n  %pad = arith.constant " << (isFloat ? "0.0" : "0") << " : "
       << type << "\n";
  if (isPadded) {
    std::vector<std::string> around, indices;
    for (char dim : form.input)
      for (int64_t p : dim == 'x' ? pad : std::vector<int64_t>{0}) {
        indices.push_back("%i" + std::to_string(indices.size()) + ": index");
        around.push_back(std::to_string(p));
      }
    const std::string sides = "[" + llvm::join(around, ", ") + "]";
    text << "  %p = tensor.pad %x low" << sides << " high" << sides
         << " {\n  ^bb0(" << llvm::join(indices, ", ")
         << "):\n    tensor.yield %pad : " << type << "\n  } : " << x << " to "
         << xp << "\n";
  }
  if (pools)
    text << "  %w = tensor.empty() : " << w << "\n";
  const std::string dims = std::to_string(layer.image.size());
  text << "  %e = tensor.empty() : " << y << "\n"
       << "  %f = linalg.fill ins(%zero : " << sum << ") outs(%e : " << y
       << ") -> " << y << "\n"
       << "  %y = linalg." << form.op << " {dilations = dense<"
       << layer.dilation << "> : vector<" << dims
       << "xi64>, strides = dense<" << layer.stride << "> : vector<" << dims
       << "xi64>} ins(" << (isPadded ? "%p" : "%x") << ", %w : "
       << (isPadded ? xp : x) << ", " << w << ") outs(%f : " << y << ") -> "
       << y << "\n  return %y : " << y << "\n}\n";
  return text.str();
}
