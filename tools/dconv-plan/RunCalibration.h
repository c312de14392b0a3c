//===- RunCalibration.h - dconv-plan --calibrate ----------------*- C++ -*-===//

#ifndef DCONV_TOOLS_DCONV_PLAN_RUNCALIBRATION_H
#define DCONV_TOOLS_DCONV_PLAN_RUNCALIBRATION_H

#include <string>

namespace dconv {

/// Measures this host, writes its description into `file` and says how well
/// the numbers fit. An exit code.
int runCalibration(const std::string &file);

} // namespace dconv

#endif // DCONV_TOOLS_DCONV_PLAN_RUNCALIBRATION_H
