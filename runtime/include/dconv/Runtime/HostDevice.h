//===- HostDevice.h - a device that is a thread of this host ----*- C++ -*-===//

#ifndef DCONV_RUNTIME_HOSTDEVICE_H
#define DCONV_RUNTIME_HOSTDEVICE_H

#include "dconv/Runtime/Device.h"
#include "dconv/Runtime/KernelLibrary.h"

namespace dconv::runtime {

/// Runs commands and kernels on the calling thread, in host memory.
class HostDevice : public Device {
public:
  /// Finds kernels in `kernels`.
  explicit HostDevice(std::shared_ptr<const KernelSource> kernels)
      : kernels(std::move(kernels)) {}

  Status allocate(int64_t bytes) override;
  Arena &arena() override { return memory; }
  Status findKernel(const std::string &symbol, Kernel &kernel) override;
  void fill(const BoxView &box, uint64_t value) override;
  void copy(const BoxView &to, const BoxView &from) override;
  void convert(const BoxView &to, const BoxView &from) override;
  void accumulate(const BoxView &to, const BoxView &from,
                  Combiner combiner) override;
  void launch(Kernel kernel, void **arguments) override;

private:
  std::shared_ptr<const KernelSource> kernels;
  Arena memory;
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_HOSTDEVICE_H
