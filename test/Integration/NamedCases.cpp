//===- NamedCases.cpp - every named convolution and pooling ---------------===//

#include "Case.h"

#include "llvm/ADT/StringRef.h"

namespace dconv::test {

namespace {
struct NamedOp {
  const char *mnemonic;
  Layout layout;
};

// n batch, g group, c channels of the input, f and m of the output; d, h, w
// image.
const NamedOp namedOps[] = {
    {"conv_1d", {"w", "w", "w"}},
    {"conv_2d", {"hw", "hw", "hw"}},
    {"conv_3d", {"dhw", "dhw", "dhw"}},
    {"conv_1d_nwc_wcf", {"nwc", "wcf", "nwf"}},
    {"conv_1d_ncw_fcw", {"ncw", "fcw", "nfw"}},
    {"conv_2d_nhwc_hwcf", {"nhwc", "hwcf", "nhwf"}},
    {"conv_2d_nhwc_fhwc", {"nhwc", "fhwc", "nhwf"}},
    {"conv_2d_nchw_fchw", {"nchw", "fchw", "nfhw"}},
    {"conv_2d_nhwc_hwcf_q", {"nhwc", "hwcf", "nhwf"}},
    {"conv_2d_nhwc_fhwc_q", {"nhwc", "fhwc", "nhwf"}},
    {"conv_2d_nchw_fchw_q", {"nchw", "fchw", "nfhw"}},
    {"conv_2d_ngchw_fgchw", {"ngchw", "fgchw", "ngfhw"}},
    {"conv_2d_ngchw_gfchw", {"ngchw", "gfchw", "ngfhw"}},
    {"conv_2d_ngchw_gfchw_q", {"ngchw", "gfchw", "ngfhw"}},
    {"conv_2d_nhwgc_gfhwc", {"nhwgc", "gfhwc", "nhwgf"}},
    {"conv_2d_nhwgc_gfhwc_q", {"nhwgc", "gfhwc", "nhwgf"}},
    {"conv_3d_ndhwc_dhwcf", {"ndhwc", "dhwcf", "ndhwf"}},
    {"conv_3d_ndhwc_dhwcf_q", {"ndhwc", "dhwcf", "ndhwf"}},
    {"conv_3d_ncdhw_fcdhw", {"ncdhw", "fcdhw", "nfdhw"}},
    {"depthwise_conv_1d_nwc_wc", {"nwc", "wc", "nwc"}},
    {"depthwise_conv_1d_ncw_cw", {"ncw", "cw", "ncw"}},
    {"depthwise_conv_1d_nwc_wcm", {"nwc", "wcm", "nwcm"}},
    {"depthwise_conv_2d_nhwc_hwc", {"nhwc", "hwc", "nhwc"}},
    {"depthwise_conv_2d_nchw_chw", {"nchw", "chw", "nchw"}},
    {"depthwise_conv_2d_nhwc_hwc_q", {"nhwc", "hwc", "nhwc"}},
    {"depthwise_conv_2d_nhwc_hwcm", {"nhwc", "hwcm", "nhwcm"}},
    {"depthwise_conv_2d_nhwc_hwcm_q", {"nhwc", "hwcm", "nhwcm"}},
    {"depthwise_conv_3d_ndhwc_dhwc", {"ndhwc", "dhwc", "ndhwc"}},
    {"depthwise_conv_3d_ncdhw_cdhw", {"ncdhw", "cdhw", "ncdhw"}},
    {"depthwise_conv_3d_ndhwc_dhwcm", {"ndhwc", "dhwcm", "ndhwcm"}},
    {"pooling_nwc_sum", {"nwc", "w", "nwc"}},
    {"pooling_nwc_max", {"nwc", "w", "nwc"}},
    {"pooling_nwc_min", {"nwc", "w", "nwc"}},
    {"pooling_nwc_max_unsigned", {"nwc", "w", "nwc"}},
    {"pooling_nwc_min_unsigned", {"nwc", "w", "nwc"}},
    {"pooling_ncw_sum", {"ncw", "w", "ncw"}},
    {"pooling_ncw_max", {"ncw", "w", "ncw"}},
    {"pooling_nhwc_sum", {"nhwc", "hw", "nhwc"}},
    {"pooling_nhwc_max", {"nhwc", "hw", "nhwc"}},
    {"pooling_nhwc_min", {"nhwc", "hw", "nhwc"}},
    {"pooling_nhwc_max_unsigned", {"nhwc", "hw", "nhwc"}},
    {"pooling_nhwc_min_unsigned", {"nhwc", "hw", "nhwc"}},
    {"pooling_nchw_sum", {"nchw", "hw", "nchw"}},
    {"pooling_nchw_max", {"nchw", "hw", "nchw"}},
    {"pooling_ndhwc_sum", {"ndhwc", "dhw", "ndhwc"}},
    {"pooling_ndhwc_max", {"ndhwc", "dhw", "ndhwc"}},
    {"pooling_ndhwc_min", {"ndhwc", "dhw", "ndhwc"}},
};
static_assert(std::size(namedOps) == 30 + 17);

// Extents that differ from kind to kind, and image dims that differ in stride,
// dilation and padding, so that none can stand for another.
const std::map<char, int64_t> extentOf = {
    {'n', 2}, {'g', 3}, {'c', 4}, {'f', 5}, {'m', 2}};
const std::map<char, ImageDim> imageOf = {{'d', {4, 2, 1, 1, 1, 0}},
                                          {'h', {7, 3, 2, 1, 1, 2}},
                                          {'w', {6, 3, 1, 2, 2, 1}}};
} // namespace

Operation namedOperation(llvm::StringRef mnemonic) {
  const NamedOp *op = std::find_if(
      std::begin(namedOps), std::end(namedOps),
      [&](const NamedOp &other) { return mnemonic == other.mnemonic; });
  // conv_1d, conv_2d and conv_3d have neither strides nor dilations.
  const bool isPlain = mnemonic.starts_with("conv_") && mnemonic.ends_with("d");
  std::vector<ImageDim> image;
  for (char letter : op->layout.input) {
    auto found = imageOf.find(letter);
    if (found == imageOf.end())
      continue;
    image.push_back(found->second);
    if (isPlain)
      image.back().stride = image.back().dilation = 1;
  }
  Operation operation =
      describe(mnemonic.str(), op->layout, extentOf, image);
  operation.mnemonic = mnemonic.str();
  if (!isPlain)
    operation.attributes = stridesText(image);
  if (mnemonic.starts_with("pooling"))
    makePooling(operation, mnemonic.contains("_max")   ? Combine::Max
                           : mnemonic.contains("_min") ? Combine::Min
                                                       : Combine::Add);
  operation.isUnsigned = mnemonic.ends_with("_unsigned");
  operation.isQuantised = mnemonic.ends_with("_q");
  if (operation.isUnsigned || operation.isQuantised)
    setTypes(operation, ElementType::I8, ElementType::I32);
  return operation;
}

Setting settingOf(const Operation &operation) {
  Setting setting;
  // The input's zero point, so that padding counts nothing.
  setting.padValue = operation.isQuantised ? 7 : 0;
  if (operation.combine == Combine::Max && !operation.isUnsigned)
    setting.padValue = setting.fill =
        runtime::isFloat(operation.outputType)
            ? minusInfinity
            : -exactLimit(operation.outputType) - 1;
  if (operation.combine == Combine::Min)
    setting.padValue = setting.fill = exactLimit(operation.inputTypes[0]);
  return setting;
}

Cases namedCases() {
  Cases cases;
  uint64_t seed = 1;
  for (const NamedOp &op : namedOps) {
    Operation operation = namedOperation(op.mnemonic);
    addSplits(cases, operation, settingOf(operation), typesName(operation),
              /*combinations=*/4, seed++);
  }
  return cases;
}

} // namespace dconv::test
