//===- CalibrationLayers.h - what a calibration measures --------*- C++ -*-===//

#ifndef DCONV_LIB_CALIBRATE_CALIBRATIONLAYERS_H
#define DCONV_LIB_CALIBRATE_CALIBRATIONLAYERS_H

#include <cstdint>
#include <string>
#include <vector>

namespace dconv {

/// A convolution as linalg has it by name. Sizes of the image and the lists
/// after it have one entry per dim; padding keeps the image as large as it is,
/// but for the stride. Channels and filters are those of one group.
struct CalibrationLayer {
  enum Kind { Dense, Grouped, Depthwise, Pooling } kind;
  bool channelsLast;
  int64_t batch, groups, channels, filters;
  std::vector<int64_t> image, taps;
  int64_t stride, dilation;
  std::vector<std::string> splits; ///< SPECs to measure, beside none
};

/// Layers of all kinds, and none of a known network.
const std::vector<CalibrationLayer> &calibrationLayers();

/// Few of them, for element types other than f32.
std::vector<CalibrationLayer> typeLayers();

/// A module whose function `main` computes `layer` on inputs of `type` ("f32",
/// "i8", ...), summed up in the type that the planner assumes.
std::string moduleOf(const CalibrationLayer &layer, const std::string &type);

} // namespace dconv

#endif // DCONV_LIB_CALIBRATE_CALIBRATIONLAYERS_H
