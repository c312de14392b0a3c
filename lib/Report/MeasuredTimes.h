//===- MeasuredTimes.h - what a trace says of each phase --------*- C++ -*-===//

#ifndef DCONV_LIB_REPORT_MEASUREDTIMES_H
#define DCONV_LIB_REPORT_MEASUREDTIMES_H

#include "dconv/Geometry/Result.h"

#include <map>
#include <nlohmann/json.hpp>

namespace dconv {

/// Per program and device the spans of a trace: [phase, begin, end] in
/// microseconds from the first, spans of one phase that follow each other
/// joined. Of several executions the last.
using MeasuredTimes =
    std::map<std::string, std::map<int64_t, nlohmann::json>>;

Result<MeasuredTimes> readTrace(const std::string &text);

/// The name of the program of convolution `name`: "main#0" is "main_0".
std::string programOf(const std::string &name);

} // namespace dconv

#endif // DCONV_LIB_REPORT_MEASUREDTIMES_H
