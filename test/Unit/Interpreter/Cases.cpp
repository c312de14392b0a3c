//===- Cases.cpp - the convolutions and splits that are tried -------------===//

#include "Cases.h"

#include <random>

namespace dconv::test {

static const NamedOp namedOps[] = {
#include "../NamedOps.inc"
};
static_assert(std::size(namedOps) == 30 + 17);

static NamedOp opNamed(const std::string &name) {
  for (const NamedOp &op : namedOps)
    if (op.name == name)
      return op;
  llvm_unreachable("no such op");
}

namespace {
struct Types {
  const char *input, *filter, *output;
};
} // namespace

static const Types convolutionTypes[] = {
    {"f32", "f32", "f32"},    {"f64", "f64", "f64"}, {"f16", "f16", "f16"},
    {"bf16", "bf16", "bf16"}, {"f16", "f16", "f32"}, {"bf16", "bf16", "f32"},
    {"f32", "f32", "f64"},    {"i8", "i8", "i32"},   {"i16", "i16", "i32"},
    {"i8", "i16", "i32"},     {"i32", "i32", "i32"}, {"i32", "i32", "i64"},
    {"i16", "i16", "i16"},
};

static std::string nameOf(const Types &types) {
  return std::string(types.input) + "_" + types.filter + "_" + types.output;
}

/// A constant of `type` with this value, as MLIR writes it.
static std::string literal(int64_t value, const std::string &type) {
  return std::to_string(value) + (type[0] == 'i' ? "" : ".0");
}

namespace {
/// Draws small programs.
class Draw {
public:
  explicit Draw(uint64_t seed) : random(seed) {}

  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random() % (high - low + 1));
  }

  Window window(bool hasStrides, int64_t most) {
    Window window;
    do {
      window.taps = between(1, most);
      window.stride = hasStrides ? between(1, 3) : 1;
      window.dilation = hasStrides ? between(1, 3) : 1;
      window.low = between(0, 2) ? between(0, most) : 0;
      window.high = between(0, 2) ? between(0, most) : 0;
      int64_t outputs = between(1, most + 1);
      window.image = (outputs - 1) * window.stride +
                     (window.taps - 1) * window.dilation + 1 +
                     between(0, window.stride - 1) - window.low - window.high;
    } while (window.image < 1);
    return window;
  }

  NamedProgram program(const NamedOp &op) {
    NamedProgram program{op, {}};
    unsigned dims = op.imageDims();
    for (unsigned d = 0; d < dims; ++d)
      program.windows.push_back(window(op.hasStrides(), dims == 1   ? 6
                                                        : dims == 2 ? 3
                                                                    : 2));
    for (auto &[dim, extent] : program.channels)
      extent = between(1, dims == 3 ? 2 : 3);
    Types types = convolutionTypes[between(0, std::size(convolutionTypes) - 1)];
    if (op.isQuantised() || op.isUnsigned())
      types = {"i8", "i8", "i32"};
    program.input = types.input;
    program.filter = types.filter;
    program.output = types.output;
    program.padValue = literal(between(-1, 2), types.input);
    program.fillsOutput = between(0, 3) == 0;
    return program;
  }

private:
  std::mt19937_64 random;
};
} // namespace

std::vector<Program> namedPrograms(uint64_t seed) {
  Draw draw(seed);
  std::vector<Program> programs;
  for (const NamedOp &op : namedOps)
    for (const char *which : {"_a", "_b", "_c"})
      programs.push_back(
          {std::string(op.name) + which, draw.program(op).text()});
  return programs;
}

std::vector<Program> typedPrograms() {
  std::vector<Program> programs;
  auto add = [&](std::string name, const char *op, const Types &types,
                 const std::string &attributes = "") {
    NamedProgram program{opNamed(op), {{7, 3, 2, 1, 1, 1}}};
    program.input = types.input;
    program.filter = types.filter;
    program.output = types.output;
    program.padValue = literal(3, types.input);
    program.attributes = attributes;
    programs.push_back({name, program.text()});
  };
  for (const Types &types : convolutionTypes)
    add("convolution_" + nameOf(types), "conv_1d_nwc_wcf", types);
  add("convolution_unsigned", "conv_1d_nwc_wcf", {"i8", "i8", "i32"},
      "cast = #linalg.type_fn<cast_unsigned>");
  for (const char *op : {"sum", "max", "min"})
    for (const char *type : {"f16", "bf16", "f32", "f64", "i8", "i32"})
      add(std::string("pooling_") + op + "_" + type,
          (std::string("pooling_nwc_") + op).c_str(), {type, type, type});
  for (const char *op : {"max_unsigned", "min_unsigned"})
    for (const char *type : {"i8", "i32"})
      add(std::string("pooling_") + op + "_" + type,
          (std::string("pooling_nwc_") + op).c_str(), {type, type, type});
  return programs;
}

std::vector<Program> windowPrograms() {
  std::vector<Program> programs;
  auto add = [&](const char *name, const char *op, std::vector<Window> windows,
                 const char *padValue = "0.0") {
    NamedProgram program{opNamed(op), std::move(windows)};
    program.channels = {{'n', 1}, {'g', 2}, {'c', 2}, {'f', 2}, {'m', 2}};
    program.padValue = padValue;
    programs.push_back({name, program.text()});
  };
  // image, taps, stride, dilation, low, high
  const char *convolution = "conv_1d_nwc_wcf";
  add("even_filter", convolution, {{8, 4, 1, 1, 1, 2}});
  add("filter_larger_than_image", convolution, {{3, 7, 1, 1, 4, 4}});
  add("padding_larger_than_filter", convolution, {{4, 2, 1, 1, 5, 6}});
  add("output_of_one", convolution, {{5, 5}});
  add("output_of_one_in_padding", convolution, {{2, 5, 1, 1, 2, 1}});
  add("stripes_shorter_than_halo", convolution, {{9, 7, 1, 1, 3, 3}});
  add("mostly_padding", convolution, {{1, 1, 1, 1, 4, 4}});
  add("padding_on_one_side", convolution, {{6, 3, 1, 1, 0, 5}});
  add("stride_skips_the_image", convolution, {{7, 1, 3, 1, 2, 0}});
  add("stride_with_a_rest", convolution, {{11, 3, 4, 1, 1, 1}});
  add("wide_dilation", convolution, {{9, 3, 1, 5, 4, 4}});
  add("dilation_steps_over_the_image", convolution, {{2, 3, 1, 4, 4, 4}});
  add("stride_and_dilation", convolution, {{12, 3, 2, 3, 3, 2}});
  add("one_tap", convolution, {{6, 1}});
  add("one_tap_strided", convolution, {{7, 1, 2}});
  add("padding_of_seven", convolution, {{5, 3, 1, 1, 2, 2}}, "7.0");
  add("max_padded_with_zero", "pooling_nwc_max", {{5, 3, 2, 1, 2, 2}});
  add("min_padded_with_a_value", "pooling_nwc_min", {{5, 3, 1, 2, 3, 2}},
      "-2.0");
  add("sum_padded_with_a_value", "pooling_ncw_sum", {{4, 2, 1, 1, 3, 3}},
      "5.0");
  add("square", "conv_2d_nchw_fchw", {{5, 3, 1, 1, 1, 1}, {4, 2, 2, 1, 1, 0}});
  add("corners_in_padding", "conv_2d_nhwc_hwcf",
      {{2, 2, 1, 1, 2, 2}, {1, 3, 1, 2, 3, 3}});
  add("cube", "conv_3d",
      {{3, 2, 1, 1, 1, 0}, {4, 3, 1, 1, 1, 1}, {3, 2, 1, 1, 0, 1}});
  return programs;
}

std::vector<Program> genericPrograms() {
  std::vector<Program> programs;
  auto add = [&](const char *name, GenericProgram program) {
    programs.push_back({name, program.text()});
  };
  const std::string x5 = "tensor<5xf32>", x8 = "tensor<8xf32>",
                    x3 = "tensor<3xf32>", x6 = "tensor<6xf32>";
  // Of the third operand only the shape matters.
  const std::string ofThree =
      "%m = arith.mulf %a, %b : f32\n%s = arith.addf %d, %m : f32\n"
      "linalg.yield %s : f32\n";
  add("backward_filter",
      {"k, c, f, n, o",
       "ppprr",
       {"n, 2 * o + k, c", "n, o, f", "k, c, f"},
       {"tensor<2x11x3xf32>", "tensor<2x5x2xf32>", "tensor<3x3x2xf32>"},
       "",
       "low[0, 1, 0] high[0, 1, 0]",
       "tensor<2x9x3xf32>"});
  add("backward_data",
      {"n, i, c, k, f",
       "ppprr",
       {"n, i - k + 2, f", "k, c, f", "n, i, c"},
       {"tensor<2x9x2xf32>", "tensor<3x3x2xf32>", "tensor<2x7x3xf32>"},
       "",
       "low[0, 2, 0] high[0, 2, 0]",
       "tensor<2x5x2xf32>"});
  add("image_read_backwards",
      {"o, k", "pr", {"-o + k + 5", "k", "o"}, {x8, x3, x6}});
  add("filter_read_backwards", {"o, k, j",
                                "prr",
                                {"o + k", "-k + 2, j", "k, j", "o"},
                                {x8, "tensor<3x2xf32>", "tensor<3x2xf32>", x6},
                                ofThree});
  add("constant_offset",
      {"o, k", "pr", {"o + k + 2", "k", "o"}, {"tensor<10xf32>", x3, x6}});
  add("two_windows", {"o, p, k",
                      "ppr",
                      {"o + k", "p + 2 * k", "k", "o, p"},
                      {x8, "tensor<9xf32>", x3, "tensor<6x5xf32>"},
                      ofThree});
  add("two_taps_in_one_dim", {"o, k, j",
                              "prr",
                              {"2 * o + 3 * k + j", "k, j", "o"},
                              {"tensor<13xf32>", "tensor<2x2xf32>", x5}});
  add("two_images_in_one_dim", {"o, p, k",
                                "ppr",
                                {"3 * o + p + k", "k", "o, p"},
                                {"tensor<11xf32>", x3, "tensor<3x3xf32>"}});
  add("groups_of_jax",
      {"n, o, g, f, k, c",
       "pppprr",
       {"n, o + k, g, c", "k, c, g, f", "n, o, g, f"},
       {"tensor<1x6x2x3xf32>", "tensor<3x3x2x2xf32>", "tensor<1x4x2x2xf32>"}});
  add("filter_first", {"o, k", "pr", {"k", "o + k", "o"}, {x3, x8, x6}});
  add("product_first",
      {"o, k",
       "pr",
       {"o + k", "k", "o"},
       {x8, x3, x6},
       "%m = arith.mulf %b, %a : f32\n%s = arith.addf %m, %c : f32\n"
       "linalg.yield %s : f32\n"});
  add("one_by_one",
      {"n, h, f, c",
       "pppr",
       {"n, 2 * h, c", "c, f", "n, h, f"},
       {"tensor<2x7x3xf32>", "tensor<3x4xf32>", "tensor<2x4x4xf32>"}});
  add("channel_of_the_input_alone",
      {"o, f, k, c",
       "pprr",
       {"o + k, c", "k, f", "o, f"},
       {"tensor<8x2xf32>", "tensor<3x2xf32>", "tensor<6x2xf32>"}});
  add("transposed_result",
      {"n, o, f, k, c",
       "ppprr",
       {"n, o + k, c", "k, c, f", "f, n, o"},
       {"tensor<2x6x2xf32>", "tensor<3x2x3xf32>", "tensor<3x2x4xf32>"}});
  add("zero_points_in_tensors",
      {"o, k",
       "pr",
       {"o + k", "k", "", "", "o"},
       {"tensor<8xi8>", "tensor<3xi8>", "tensor<i8>", "tensor<i32>",
        "tensor<6xi32>"},
       "%a1 = arith.extsi %a : i8 to i32\n%b1 = arith.extui %b : i8 to i32\n"
       "%c1 = arith.extsi %c : i8 to i32\n%x = arith.subi %a1, %c1 : i32\n"
       "%w = arith.subi %b1, %d : i32\n%m = arith.muli %w, %x : i32\n"
       "%s = arith.addi %e, %m : i32\nlinalg.yield %s : i32\n"});
  add("reductions_first",
      {"c, k, f, o, n",
       "rrppp",
       {"n, o + k, c", "k, c, f", "n, o, f"},
       {"tensor<2x6x2xf32>", "tensor<3x2x3xf32>", "tensor<2x4x3xf32>"}});
  return programs;
}

namespace {
/// A way to divide one loop: "o0=3".
using Choices = std::vector<std::string>;
} // namespace

static Choices choicesFor(const std::string &name, int64_t extent) {
  Choices choices;
  for (int64_t parts = 2; parts <= std::min<int64_t>(extent, 4); ++parts)
    choices.push_back(name + "=" + std::to_string(parts));
  if (extent > 4)
    choices.push_back(name + "=" + std::to_string(extent));
  if (extent > 2)
    choices.push_back(name + "=[1," + std::to_string(extent - 1) + "]");
  if (extent > 5)
    choices.push_back(name + "=[3,1," + std::to_string(extent - 4) + "]");
  return choices;
}

std::vector<std::string> splitsOf(const Convolution &convolution) {
  std::vector<std::string> names = convolution.loopNames(), splits;
  std::vector<Choices> choices;
  for (unsigned loop = 0; loop < convolution.numLoops(); ++loop) {
    // An axis of one part divides nothing, also beside one that does.
    splits.push_back(names[loop] + "=1");
    if (!choices.empty())
      splits.push_back(names[loop] + "=1," + choices.back().back());
    if (convolution.extents[loop] > 1)
      choices.push_back(choicesFor(names[loop], convolution.extents[loop]));
  }
  // Of several loops, one choice each; which one changes from pair to pair.
  auto pick = [&](size_t loop, size_t other) {
    return choices[loop][other % choices[loop].size()];
  };
  for (size_t i = 0; i < choices.size(); ++i) {
    splits.insert(splits.end(), choices[i].begin(), choices[i].end());
    for (size_t j = 0; j < choices.size(); ++j) {
      // Both orders: the axes of the grid are in the order of the SPEC.
      if (i != j)
        splits.push_back(pick(i, j) + "," + pick(j, i));
      for (size_t k = j + 1; i < j && k < choices.size(); ++k)
        splits.push_back(choices[k][0] + "," + choices[i][0] + "," +
                         choices[j][0]);
    }
  }
  return splits;
}

} // namespace dconv::test
