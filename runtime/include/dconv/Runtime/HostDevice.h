//===- HostDevice.h - a device that is a thread of this host ----*- C++ -*-===//

#ifndef DCONV_RUNTIME_HOSTDEVICE_H
#define DCONV_RUNTIME_HOSTDEVICE_H

#include "dconv/Runtime/Device.h"
#include "dconv/Runtime/HostLink.h"
#include "dconv/Runtime/KernelLibrary.h"

namespace dconv::runtime {

/// Runs commands and kernels on the calling thread, in host memory.
class HostDevice : public Device {
public:
  /// Links that loads and stores go over, all of them.
  using Links = std::vector<std::shared_ptr<HostLink>>;

  /// Finds kernels in `kernels`.
  explicit HostDevice(std::shared_ptr<const KernelSource> kernels,
                      Links links = {})
      : kernels(std::move(kernels)), links(std::move(links)) {}

  Status allocate(int64_t bytes) override;
  Arena &arena() override { return memory; }
  Status findKernel(const std::string &symbol, Kernel &kernel) override;
  void fill(const BoxRuns<1> &box, uint64_t value) override;
  void copy(const BoxCopy &boxes) override { boxes.run(); }
  void load(const BoxCopy &fromHost) override { transfer(fromHost); }
  void store(const BoxCopy &toHost) override { transfer(toHost); }
  void convert(const BoxRuns<2> &boxes) override;
  void accumulate(const BoxRuns<2> &boxes, Combiner combiner) override;
  void launch(Kernel kernel, void **arguments) override;

private:
  void transfer(const BoxCopy &boxes);

  std::shared_ptr<const KernelSource> kernels;
  Links links;
  Arena memory;
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_HOSTDEVICE_H
