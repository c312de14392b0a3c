//===- CornerCases.cpp - sizes, padding and initial outputs at the edge ---===//

#include "Case.h"

#include <tuple>

namespace dconv::test {

/// A convolution in f32 with its channels last.
static Operation convolution(const std::string &name,
                             const std::vector<ImageDim> &image,
                             int64_t channels = 3) {
  static const Layout layouts[] = {
      {"nwc", "wcf", "nwf"},
      {"nhwc", "hwcf", "nhwf"},
      {"ndhwc", "dhwcf", "ndhwf"}};
  static const char *const mnemonics[] = {
      "conv_1d_nwc_wcf", "conv_2d_nhwc_hwcf", "conv_3d_ndhwc_dhwcf"};
  const size_t dims = image.size();
  Operation operation =
      describe(name, layouts[dims - 1],
               {{'n', 2}, {'c', channels}, {'f', 4}}, image);
  operation.mnemonic = mnemonics[dims - 1];
  operation.attributes = stridesText(image);
  return operation;
}

Cases cornerCases() {
  Cases cases;
  auto each = [&](const Operation &operation, const Setting &setting,
                  std::initializer_list<const char *> splits) {
    int64_t devices = 2;
    for (const char *split : splits)
      add(cases, operation, setting, "f32", split, devices++);
  };
  // Fields of an image dim: out, taps, stride, dilation, low, high.
  each(convolution("even_filter", {{8, 2, 1, 1, 0, 1}, {6, 4, 1, 1, 2, 1}}), {},
       {"o0=3", "o1=4", "k1=3", "o0=2,k0=2", "o1=3,k1=2,ic=2"});
  each(convolution("filter_beyond_image",
                   {{3, 7, 1, 1, 3, 3}, {2, 5, 1, 1, 2, 2}}),
       {}, {"o0=3", "o1=2", "k0=5", "o0=2,k0=3", "o0=3,o1=2", "k1=5,oc=2"});
  each(convolution("padding_beyond_filter", {{16, 3, 1, 1, 6, 5}}), {},
       {"o0=16", "o0=5", "k0=3", "o0=4,k0=2", "o0=[1,12,3]"});
  // The first and last shards see nothing but padding.
  each(convolution("only_padding", {{12, 3, 2, 1, 9, 10}}), {},
       {"o0=6", "o0=12", "o0=[2,8,2]", "o0=4,k0=3", "o0=3,oc=2"});
  each(convolution("one_result", {{1, 5}, {1, 4}}), {},
       {"k0=5", "k1=4", "k0=2,k1=3", "ic=3", "oc=2,k0=3"});
  // Halos from several owners on each side.
  each(convolution("short_stripes", {{10, 9, 1, 1, 4, 4}}), {},
       {"o0=10", "o0=5", "o0=[1,1,6,1,1]", "o0=5,k0=3", "o0=3,ic=3"});
  each(convolution("wide_dilation", {{9, 3, 1, 6, 6, 6}}), {},
       {"o0=3", "o0=9", "k0=3", "o0=3,k0=3"});
  each(convolution("stride_beyond_filter", {{5, 2, 4}, {4, 1, 3}}), {},
       {"o0=5", "o1=2", "k0=2", "o0=2,o1=3"});
  each(convolution("one_sided", {{8, 4, 1, 2, 6, 0}}), {},
       {"o0=4", "k0=2", "o0=2,k0=4"});
  each(convolution("three_dims",
                   {{4, 3, 1, 1, 1, 1},
                    {5, 2, 2, 1, 0, 1},
                    {3, 3, 1, 1, 1, 1}}),
       {}, {"o0=2,o1=2,o2=2", "k0=3,k1=2,k2=3", "o2=3,ic=2,oc=2", "n=2,o1=5"});
  Operation enlarged = convolution("unread_border", {{5, 3, 3, 1, 0, 0}});
  enlargeInput(enlarged, {0, 2, 0});
  each(enlarged, {}, {"o0=5", "o0=2", "k0=3"});
  each(convolution("many_channels", {{6, 3, 1, 1, 1, 1}, {6, 3, 1, 1, 1, 1}},
                   /*channels=*/32),
       {}, {"ic=8", "ic=5,o0=2", "ic=4,k0=3", "ic=[1,30,1]", "oc=4,ic=4"});

  // Sizes that fill registers and caches, with what is left over.
  for (auto [name, channels, filters, type] :
       {std::tuple<const char *, int64_t, int64_t, ElementType>{
            "wide", 48, 40, ElementType::F32},
        {"wide", 40, 24, ElementType::BF16},
        {"wide", 40, 24, ElementType::F64},
        {"wide", 40, 48, ElementType::I8}}) {
    const std::vector<ImageDim> image = {{7, 3, 1, 1, 1, 1},
                                         {55, 3, 1, 1, 1, 1}};
    for (const Layout &layout : {Layout{"nhwc", "hwcf", "nhwf"},
                                 Layout{"nchw", "fchw", "nfhw"}}) {
      Operation operation =
          describe(std::string(name) + "_" + layout.input, layout,
                   {{'n', 1}, {'c', channels}, {'f', filters}}, image);
      operation.mnemonic = "conv_2d_" + layout.input + "_" + layout.filter;
      operation.attributes = stridesText(image);
      setTypes(operation, type,
               type == ElementType::I8 ? ElementType::I32 : type);
      for (const char *split : {"o0=3", "ic=2,oc=3", "o1=4,k0=3"})
        add(cases, operation, {}, typesName(operation), split, 4);
    }
  }
  const std::vector<ImageDim> image = {{7, 5, 1, 1, 2, 2}, {31, 5, 2, 1, 1, 2}};
  Operation wideDepthwise =
      describe("wide_depthwise", Layout{"nhwc", "hwc", "nhwc"},
               {{'n', 1}, {'c', 70}}, image);
  wideDepthwise.mnemonic = "depthwise_conv_2d_nhwc_hwc";
  wideDepthwise.attributes = stridesText(image);
  each(wideDepthwise, {}, {"o1=3", "g=4", "k0=2,o0=2"});

  // Padding of another value than zero, and padded inputs with another use.
  const Operation padded =
      convolution("padded", {{7, 3, 2, 1, 2, 1}, {5, 3, 1, 1, 1, 1}});
  auto named = [&](const char *name) {
    Operation operation = padded;
    operation.name = name;
    return operation;
  };
  Setting setting;
  setting.padValue = 3;
  each(named("pad_value"), setting, {"o0=3", "k0=3,o1=2", "ic=3"});
  setting.sharesPad = true;
  each(named("shared_pad"), setting, {"o0=3", "k0=2,o1=2", "ic=3,oc=2"});

  // What the sums start from.
  setting = {};
  setting.fill = 11;
  each(named("fill"), setting, {"o0=3", "k0=3", "ic=3", "ic=2,k1=2,o0=2"});
  setting.initial = Initial::Bias;
  each(named("bias"), setting, {"o0=3", "k0=3", "ic=3", "ic=2,k1=2,o0=2"});
  setting.initial = Initial::Argument;
  each(named("given_output"), setting,
       {"o0=3", "k0=3", "ic=3", "ic=2,k1=2,o0=2"});
  // Padding of a pooling that is neither the least value nor a value of it.
  Operation pooling = namedOperation("pooling_nhwc_max");
  pooling.name = "pooling_pad_zero";
  setting = settingOf(pooling);
  setting.padValue = 0;
  each(pooling, setting, {"o0=4", "k0=3", "k1=2,o0=2"});
  setting.initial = Initial::Argument;
  pooling.name = "pooling_given_output";
  each(pooling, setting, {"o0=4", "k0=3", "k1=2,o0=2"});

  // Where nobody names a split.
  for (int64_t devices : {1, 3, 8}) {
    Operation operation = named("default");
    operation.name += std::to_string(devices);
    add(cases, operation, {}, "f32", "", devices);
  }
  // More shards than devices, fewer, and one.
  for (int64_t devices : {1, 2, 3, 4, 5, 6, 7, 8}) {
    Operation operation = named("devices");
    operation.name += std::to_string(devices);
    add(cases, operation, {}, "f32", "o0=3,ic=2", devices);
  }
  return cases;
}

} // namespace dconv::test
