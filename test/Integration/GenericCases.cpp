//===- GenericCases.cpp - convolutions without a name, and all types ------===//

#include "Case.h"

namespace dconv::test {

/// The splits of a few loops that meet every kind of move: halos, partial sums
/// over channels and over taps, and both.
static void addTypical(Cases &cases, const Operation &operation,
                       const Setting &setting, const std::string &type) {
  const bool isPooling = operation.isPooling();
  for (auto [split, devices] :
       {std::pair<const char *, int64_t>{"o0=3", 3},
        {isPooling ? "k0=2,n1=2" : "ic=2,o1=2", 4},
        {"k0=3,k1=[2,1]", 5},
        {isPooling ? "o0=2,k1=3,n1=2" : "o0=2,k1=3,oc=2", 2}})
    add(cases, operation, setting, type, split, devices);
}

Cases elementCases() {
  Cases cases;
  using E = ElementType;
  const std::pair<E, E> pairs[] = {
      {E::F64, E::F64},  {E::F16, E::F16},  {E::BF16, E::BF16},
      {E::F16, E::F32},  {E::BF16, E::F32}, {E::F32, E::F64},
      {E::I8, E::I32},   {E::I16, E::I32},  {E::I32, E::I32},
      {E::I64, E::I64},  {E::I8, E::I8}};
  for (const char *mnemonic :
       {"conv_2d_nhwc_hwcf", "conv_2d_nchw_fchw", "depthwise_conv_2d_nhwc_hwcm",
        "pooling_nhwc_sum"})
    for (auto [in, out] : pairs) {
      Operation operation = namedOperation(mnemonic);
      setTypes(operation, in, out);
      Setting setting;
      setting.initial = Initial::Argument;
      if (operation.name == "depthwise_conv_2d_nhwc_hwcm") {
        add(cases, operation, setting, typesName(operation), "g=2,k0=3", 3);
        continue;
      }
      addTypical(cases, operation, setting, typesName(operation));
    }
  // Named convolutions widen with a sign; in a generic the body says how.
  for (ElementType in : {E::I8, E::I16}) {
    Operation operation = namedOperation("conv_2d_nhwc_hwcf");
    operation.name = "generic_nhwc_hwcf";
    operation.mnemonic.clear();
    operation.isUnsigned = true;
    setTypes(operation, in, E::I32);
    addTypical(cases, operation, {}, typesName(operation));
  }
  for (auto [mnemonic, type] :
       {std::pair<const char *, E>{"pooling_nhwc_max", E::BF16},
        {"pooling_nhwc_max", E::F16},
        {"pooling_nhwc_min", E::F64},
        {"pooling_nhwc_max", E::I8},
        {"pooling_nhwc_min", E::I32},
        {"pooling_nhwc_max_unsigned", E::I8},
        {"pooling_nhwc_min_unsigned", E::I16}}) {
    Operation operation = namedOperation(mnemonic);
    setTypes(operation, type, type);
    addTypical(cases, operation, settingOf(operation), typesName(operation));
  }
  // Zero points from the caller.
  for (const char *mnemonic :
       {"conv_2d_nhwc_hwcf_q", "conv_2d_nchw_fchw_q",
        "depthwise_conv_2d_nhwc_hwc_q"}) {
    Operation operation = namedOperation(mnemonic);
    Setting setting = settingOf(operation);
    setting.passesZeroPoints = true;
    // Padding that is not the zero point counts.
    setting.padValue = -5;
    setting.initial = Initial::Argument;
    const bool isDepthwise = operation.name.find("depthwise") == 0;
    for (std::string split :
         {"o0=3,o1=2", isDepthwise ? "g=3,k0=2" : "ic=2,k0=2"})
      add(cases, operation, setting, "i8_i32_points", split, 4);
  }
  // Zero points in tensors without dims.
  Operation boxed = namedOperation("conv_2d_nhwc_hwcf_q");
  boxed.name = "generic_nhwc_hwcf_q";
  boxed.mnemonic.clear();
  boxed.zeroPointType = "tensor<i32>";
  addTypical(cases, boxed, settingOf(boxed), "i8_i32");
  return cases;
}

/// Generics in f32, each with the splits of all its loops.
static std::vector<Operation> generics() {
  std::vector<Operation> all;
  auto generic = [&](const char *name, const char *loops,
                     std::vector<std::string> inputs, const char *output,
                     const char *shapeOnly = "") -> Operation & {
    all.push_back(describe(name, loops, std::move(inputs), output, shapeOnly));
    return all.back();
  };
  // Eight loops, as JAX writes a convolution of several groups.
  setPadding(generic("grouped",
                     "n=2 o0=5 o1=4 g=3 oc=4 k0=3 k1=2 ic=3",
                     {"n, 2*o0 + k0, o1 + k1, g, ic", "k0, k1, ic, g, oc"},
                     "n, o0, o1, g, oc"),
             {0, 1, 0, 0, 0}, {0, 1, 1, 0, 0});
  // The gradient of the filter: the image is what is summed over. The stride of
  // the forward convolution becomes a dilation.
  setPadding(generic("backward_filter",
                     "o0=3 o1=3 n=4 oc=5 ic=2 k0=5 k1=4",
                     {"ic, 2*k0 + o0, k1 + o1, n", "ic, k0, k1, oc"},
                     "o0, o1, n, oc"),
             {0, 1, 1, 0}, {0, 1, 1, 0});
  generic("backward_filter_depthwise", "o0=3 o1=3 g=4 ic=2 k0=5 k1=4",
          {"ic, k0 + o0, k1 + 2*o1, g", "ic, k0, k1, g"}, "o0, o1, g");
  // The gradient of the input as a gather.
  setPadding(generic("backward_data", "n=2 o0=7 o1=6 oc=4 k0=3 k1=3 ic=5",
                     {"n, o0 - k0 + 2, o1 - 2*k1 + 4, ic", "k0, k1, oc, ic"},
                     "n, o0, o1, oc"),
             {0, 1, 2, 0}, {0, 1, 2, 0});
  generic("reversed", "o0=9 k0=4", {"8 - o0 + k0", "k0"}, "o0");
  generic("reversed_both", "o0=9 k0=4", {"14 - o0 - 2*k0", "k0"}, "o0");
  generic("constant_offset", "o0=6 oc=3 k0=3 ic=2",
          {"3*o0 + 5*k0 + 3, ic + 1", "k0, ic, oc"}, "o0, oc");
  generic("both_windowed", "o0=5 o1=4 ic=3 k0=5",
          {"o0 + k0, ic", "2*o1 + k0, ic"}, "o0, o1", "k0");
  Operation &swapped =
      generic("swapped", "n=2 o0=6 oc=5 k0=3 ic=4",
              {"k0, ic, oc", "n, 2*o0 + k0, ic"}, "n, o0, oc");
  swapped.input = 1;
  swapped.isReversed = true;
  setPadding(swapped, {0, 1, 0}, {0, 1, 0});
  generic("loops_backwards", "ic=4 k0=3 oc=5 o0=6 n=2",
          {"n, o0 + k0, ic", "k0, ic, oc"}, "n, o0, oc");
  generic("pointwise", "n0=2 n1=5 n2=4 oc=6 ic=5",
          {"n0, n1, n2, ic", "ic, oc"}, "n0, n1, n2, oc");
  generic("pointwise_strided", "n0=2 n1=5 n2=4 oc=6 ic=5",
          {"n0, 2*n1, 2*n2, ic", "ic, oc"}, "n0, n1, n2, oc");
  generic("four_dims", "o0=3 o1=4 o2=3 o3=5 oc=2 k0=2 k1=2 k2=2 k3=3 ic=2",
          {"o0 + k0, o1 + k1, o2 + k2, o3 + 2*k3, ic",
           "k0, k1, k2, k3, ic, oc"},
          "o0, o1, o2, o3, oc");
  generic("sum_in_one_input", "o0=6 k0=3 ic=4", {"o0 + k0, ic", "k0"}, "o0");
  generic("transposed_result", "oc=5 o0=4 n=2 o1=6 k0=2 k1=3 ic=3",
          {"ic, n, o1 + k1, o0 + k0", "oc, k1, ic, k0"}, "o1, oc, o0, n");
  return all;
}

Cases genericCases() {
  Cases cases;
  uint64_t seed = 101;
  for (const Operation &operation : generics())
    addSplits(cases, operation, {}, "f32", /*combinations=*/4, seed++);
  // Loops by number.
  for (Operation operation : generics())
    if (operation.name == "backward_filter" || operation.name == "grouped")
      for (const char *split : {"d0=2,d5=2", "d6=2,d3=2"})
        add(cases, operation, {}, "f32", split, 4);
  // A pooling over all dims, as JAX writes a reduce-window.
  Operation window = describe(
      "reduce_window", "o0=2 o1=4 o2=4 o3=3 k0=1 k1=3 k2=2 k3=1",
      {"o0 + k0, 2*o1 + k1, 2*o2 + k2, o3 + k3", "k0, k1, k2, k3"},
      "o0, o1, o2, o3");
  setPadding(window, {0, 1, 0, 0}, {0, 1, 0, 0});
  makePooling(window, Combine::Max);
  addSplits(cases, window, settingOf(window), "f32", 4, seed++);
  // Some of them in other types.
  for (Operation operation : generics()) {
    if (operation.name != "backward_filter" &&
        operation.name != "backward_data" && operation.name != "grouped")
      continue;
    for (auto [in, out] :
         {std::pair<ElementType, ElementType>{ElementType::I8,
                                              ElementType::I32},
          {ElementType::BF16, ElementType::BF16}}) {
      setTypes(operation, in, out);
      add(cases, operation, {}, typesName(operation), "ic=2,k0=3", 3);
      add(cases, operation, {}, typesName(operation), "o0=3,oc=2", 4);
    }
  }
  return cases;
}

} // namespace dconv::test
