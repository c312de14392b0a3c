//===- KernelLibrary.h - a compiled shared object ---------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_KERNELLIBRARY_H
#define DCONV_RUNTIME_KERNELLIBRARY_H

#include "dconv/Runtime/Abi.h"
#include "dconv/Runtime/Status.h"

#include <memory>

namespace dconv::runtime {

/// Where the host backend finds kernels.
class KernelSource {
public:
  virtual ~KernelSource() = default;
  /// The kernel named `symbol`, or null.
  virtual dconv_kernel_fn find(const std::string &symbol) const = 0;
};

/// A shared object of host functions and kernels; open as long as it lives.
class KernelLibrary : public KernelSource {
public:
  /// FileError, with the loader's reason, where `path` cannot be opened.
  static Status open(const std::string &path,
                     std::shared_ptr<KernelLibrary> &library);
  ~KernelLibrary() override;
  KernelLibrary(const KernelLibrary &) = delete;
  KernelLibrary &operator=(const KernelLibrary &) = delete;

  dconv_kernel_fn find(const std::string &symbol) const override;

  /// The address of `symbol`, or null.
  void *address(const std::string &symbol) const;

  /// Lets the host functions run programs: sets the two globals of Abi.h;
  /// MissingSymbol where the library lacks one.
  Status bind(void *context, dconv_execute_fn execute);

private:
  explicit KernelLibrary(void *handle) : handle(handle) {}

  void *handle;
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_KERNELLIBRARY_H
