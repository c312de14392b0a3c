//===- KernelWork.h - what a kernel does, as numbers ------------*- C++ -*-===//

#ifndef DCONV_PLANNER_KERNELWORK_H
#define DCONV_PLANNER_KERNELWORK_H

#include "dconv/Geometry/Convolution.h"
#include "dconv/Planner/Machine.h"

#include <array>

namespace dconv {

/// How many fields KernelRate has, and the work of a kernel numbers.
constexpr unsigned numKernelCosts = 8;

/// How often a kernel does each thing that KernelRate has a rate for, in the
/// order of fieldsOf<KernelRate>().
using KernelWork = std::array<double, numKernelCosts>;

/// How the kernels of one convolution use vectors, and what they do to a shard.
///
/// The innermost loop of the output that the emitter makes its vector loop is
/// found from the maps, as are the loops that it fuses with it.
class KernelShape {
public:
  /// A number for each input; convolutions have two at most.
  using PerInput = std::array<double, 3>;

  explicit KernelShape(const Convolution &convolution);

  KernelClass kernelClass() const { return kind; }

  /// For a shard whose iterations have `lengths`. No number falls when a length
  /// grows.
  KernelWork work(const std::vector<int64_t> &lengths,
                  const DeviceDescription &device) const;

  /// No shard works less that has at least `macs` multiply-adds and `outputs`
  /// outputs, and whose window of input i has at least `windows[i]` elements.
  /// Convex in all of them.
  KernelWork atLeast(double macs, double outputs,
                     const PerInput &windows,
                     const DeviceDescription &device) const;

private:
  /// Products over the loops of a shard, or what bounds them.
  struct Amounts {
    double macs = 0; ///< with lanes that idle
    double outputs = 0;
    double run = 1, full = 1; ///< outputs in a row, and with idle lanes
    double channels = 1, taps = 1;
  };
  /// `elements`: that are read of each input.
  KernelWork workOf(const Amounts &of, const PerInput &elements,
                    const DeviceDescription &device) const;
  KernelClass findClass();
  bool canFuse(unsigned outer, unsigned inner) const;

  const Convolution &convolution;
  KernelClass kind = KernelClass::Dense;
  /// The loops of a vector: neighbours in memory, or a reduction (DenseDots).
  std::vector<unsigned> vectorLoops;
  int64_t stride = 1; ///< of the vector loop in the inputs
  int filter = -1;    ///< the input without batch or image, or -1
  struct Dim {
    std::vector<std::pair<unsigned, int64_t>> terms; ///< loop, |coefficient|
  };
  std::vector<std::vector<Dim>> inputs; ///< the dims of each
  std::vector<double> gaps; ///< of each: most elements of a window per one read
  /// Of the undivided convolution.
  double longestRun = 1, allChannels = 1, allTaps = 1;
};

} // namespace dconv

#endif // DCONV_PLANNER_KERNELWORK_H
