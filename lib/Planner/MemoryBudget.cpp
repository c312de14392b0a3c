//===- MemoryBudget.cpp - what a device may allocate ----------------------===//

#include "dconv/Planner/MemoryBudget.h"

#include <algorithm>

using namespace dconv;

Result<int64_t> dconv::parseMemorySize(const std::string &text) {
  Error malformed{"memory size '" + text +
                  "' needs a positive number of bytes, or one with KiB, MiB "
                  "or GiB"};
  size_t digits = text.find_first_not_of("0123456789");
  std::string unit = digits == std::string::npos ? "" : text.substr(digits);
  int64_t bytes = 0;
  for (char c : text.substr(0, digits))
    if (__builtin_mul_overflow(bytes, int64_t(10), &bytes) ||
        __builtin_add_overflow(bytes, int64_t(c - '0'), &bytes))
      return malformed;
  int64_t scale;
  if (unit.empty())
    scale = 1;
  else if (unit == "KiB")
    scale = int64_t(1) << 10;
  else if (unit == "MiB")
    scale = int64_t(1) << 20;
  else if (unit == "GiB")
    scale = int64_t(1) << 30;
  else
    return malformed;
  if (__builtin_mul_overflow(bytes, scale, &bytes) || bytes == 0)
    return malformed;
  return bytes;
}

Result<int64_t> dconv::checkBudget(const Prediction &prediction,
                                   MemoryBudget budget) {
  int64_t peak = *std::max_element(prediction.peakBytes.begin(),
                                   prediction.peakBytes.end());
  if (!budget || peak <= *budget)
    return peak;
  std::string text = "needs more memory than a device has: " +
                     std::to_string(*budget) + " bytes each, needed";
  for (size_t d = 0; d < prediction.peakBytes.size(); ++d)
    text += (d ? ", " : " ") + std::to_string(prediction.peakBytes[d]) +
            " on device " + std::to_string(d);
  return Error{text};
}
