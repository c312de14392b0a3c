//===- KernelLibrary.cpp - a compiled shared object -----------------------===//

#include "dconv/Runtime/KernelLibrary.h"

#include <dlfcn.h>

namespace dconv::runtime {

Status KernelLibrary::open(const std::string &path,
                           std::shared_ptr<KernelLibrary> &library) {
  // Without a slash the loader would search its own directories.
  const std::string file =
      path.find('/') == std::string::npos ? "./" + path : path;
  void *handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return {StatusCode::FileError,
            std::string("cannot load kernels: ") + dlerror()};
  library.reset(new KernelLibrary(handle));
  return {};
}

KernelLibrary::~KernelLibrary() { dlclose(handle); }

void *KernelLibrary::address(const std::string &symbol) const {
  return dlsym(handle, symbol.c_str());
}

dconv_kernel_fn KernelLibrary::find(const std::string &symbol) const {
  return reinterpret_cast<dconv_kernel_fn>(address(symbol));
}

Status KernelLibrary::bind(void *context, dconv_execute_fn execute) {
  void *contextSlot = address(DCONV_CONTEXT_SYMBOL);
  void *executeSlot = address(DCONV_EXECUTE_SYMBOL);
  if (!contextSlot || !executeSlot)
    return {StatusCode::MissingSymbol,
            std::string("the shared object has no symbol '") +
                (contextSlot ? DCONV_EXECUTE_SYMBOL : DCONV_CONTEXT_SYMBOL) +
                "'"};
  *static_cast<void **>(contextSlot) = context;
  *static_cast<dconv_execute_fn *>(executeSlot) = execute;
  return {};
}

} // namespace dconv::runtime
