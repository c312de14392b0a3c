//===- Convolution.cpp - a convolution as integers ------------------------===//

#include "dconv/Geometry/Convolution.h"

#include <algorithm>

using namespace dconv;

AccessMap Operand::unpaddedMap() const {
  AccessMap result = map;
  for (size_t d = 0; d < result.size(); ++d)
    result[d].constant -= padLow[d];
  return result;
}

std::vector<std::string> Convolution::loopNames() const {
  static const char *const words[] = {"n", "g", "oc", "ic", "o", "k"};
  std::vector<std::string> names;
  for (unsigned loop = 0; loop < numLoops(); ++loop) {
    Role role = roles[loop];
    std::string name = words[static_cast<unsigned>(role)];
    bool several = std::count(roles.begin(), roles.end(), role) > 1;
    if (several || role == Role::Output || role == Role::Tap)
      name += std::to_string(
          std::count(roles.begin(), roles.begin() + loop, role));
    names.push_back(name);
  }
  return names;
}

/// The bytes of `operand` with its local padding, and that its footprint lies
/// in it.
static Result<int64_t> checkOperand(const Convolution &convolution,
                                    const Operand &operand) {
  std::vector<int64_t> bytes{operand.elementBytes};
  for (size_t d = 0; d < operand.shape.size(); ++d) {
    int64_t padded;
    if (__builtin_add_overflow(operand.shape[d], operand.padLow[d], &padded) ||
        __builtin_add_overflow(padded, operand.padHigh[d], &padded))
      return Error{"the padded extent of dim " + std::to_string(d) +
                   " does not fit 64 bits"};
    bytes.push_back(padded);
    Result<Interval> reached =
        checkedFootprint(operand.map[d], convolution.extents);
    if (!reached)
      return Error{reached.error()};
    if (!Interval{0, padded}.contains(*reached))
      return Error{"dim " + std::to_string(d) + " is read at " +
                   toString(*reached) + " but has " +
                   toString(Interval{0, padded})};
  }
  return checkedVolume(bytes);
}

Result<int64_t> dconv::checkSizes(const Convolution &convolution) {
  for (const Operand &input : convolution.inputs)
    if (Result<int64_t> bytes = checkOperand(convolution, input); !bytes)
      return bytes;
  Operand accumulator = convolution.output;
  accumulator.elementBytes =
      std::max(accumulator.elementBytes, convolution.accumulatorBytes);
  if (Result<int64_t> bytes = checkOperand(convolution, accumulator); !bytes)
    return bytes;
  return checkedVolume(convolution.extents);
}
