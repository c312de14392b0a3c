//===- ComputeModel.h - seconds of local kernels ----------------*- C++ -*-===//

#ifndef DCONV_LIB_PLANNER_COMPUTEMODEL_H
#define DCONV_LIB_PLANNER_COMPUTEMODEL_H

#include "Components.h"

#include "dconv/Planner/KernelWork.h"
#include "dconv/Planner/TimeModel.h"

namespace dconv {

/// `kernelSeconds` of one convolution on one device, for many lengths.
///
/// The search relies on two properties: `seconds` falls in no length, and is
/// never below `atLeast` of what the lengths amount to.
class KernelTime {
public:
  KernelTime(const Convolution &convolution, const DeviceDescription &device,
             const std::string &elementType);

  double seconds(const std::vector<int64_t> &lengths) const;

  /// No lengths take less time whose product is at least `macs`, whose parallel
  /// loops have a product of at least `outputs`, and whose window of input i
  /// has at least `windows[i]` elements.
  double atLeast(double macs, double outputs,
                 const PerOperand<double> &windows) const;

private:
  struct Dim {
    std::vector<std::pair<unsigned, int64_t>> terms; ///< loop, |coefficient|
  };
  struct Input {
    std::vector<Dim> dims;
    double bytes = 4; ///< of an element
  };

  /// The longer of `arithmetic` and the traffic to memory, launch included.
  double kernel(double arithmetic, double outputs,
                const PerOperand<double> &windows) const;

  const Convolution &convolution;
  KernelShape shape;
  const DeviceDescription &device;
  KernelRate rate;
  KernelWork costs{}; ///< seconds of each
  std::vector<Input> inputs;
  std::vector<unsigned> parallel;
};

/// Seconds in which a window of `sizes` elements of `input` is put together
/// from what lies on `device`: a copy, in rows of what lies in one piece, from
/// the last dim of the image on.
double windowSeconds(const Convolution &convolution, const Operand &input,
                     const std::vector<int64_t> &sizes,
                     const DeviceDescription &device);

} // namespace dconv

#endif // DCONV_LIB_PLANNER_COMPUTEMODEL_H
