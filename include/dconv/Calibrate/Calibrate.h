//===- Calibrate.h - measures this host for the planner ---------*- C++ -*-===//

#ifndef DCONV_CALIBRATE_CALIBRATE_H
#define DCONV_CALIBRATE_CALIBRATE_H

#include "dconv/Planner/Machine.h"

#include "mlir/IR/MLIRContext.h"

#include <functional>
#include <string>
#include <vector>

namespace dconv {

/// How well what was fitted meets what it was fitted to.
struct CalibrationResidual {
  std::string what; ///< "dense kernels", "copies", ...
  size_t measurements = 0;
  double mean = 0, worst = 0; ///< of |fitted - measured| / measured
};

struct Calibration {
  Machine machine;
  std::string comment; ///< when, where and how, for the machine file
  std::vector<CalibrationResidual> residuals;
};

/// Measures kernels, copies, sums and messages of devices that are threads of
/// this host, and fits the numbers of a machine to them. Takes a minute or two,
/// in which the host should do nothing else. `progress` is told what is next.
Result<Calibration>
calibrate(mlir::MLIRContext &context,
          const std::function<void(const std::string &)> &progress);

} // namespace dconv

#endif // DCONV_CALIBRATE_CALIBRATE_H
