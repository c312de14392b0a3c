//===- CodeKey.cpp - what the code of a module depends on -----------------===//

#include "CodeKey.h"

#include "dconv/IR/Dconv.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"

#include <dlfcn.h>
#include <map>

using namespace mlir;
using namespace dconv;

namespace {
/// A stream whose text is hashed, not kept.
class HashingStream : public llvm::raw_ostream {
public:
  ~HashingStream() override { flush(); }

  std::string hexOfHash() {
    flush();
    return llvm::toHex(hasher.final(), /*LowerCase=*/true);
  }

private:
  void write_impl(const char *text, size_t size) override {
    hasher.update(StringRef(text, size));
    position += size;
  }
  uint64_t current_pos() const override { return position; }

  llvm::BLAKE3 hasher;
  uint64_t position = 0;
};
} // namespace

/// Tells builds of the compiler apart: the file that this code was loaded from.
static void printCompiler(llvm::raw_ostream &os) {
  os << LLVM_VERSION_STRING << '\n';
  Dl_info info;
  llvm::sys::fs::file_status file;
  if (!dladdr(reinterpret_cast<void *>(&codeKeyOf), &info) ||
      llvm::sys::fs::status(info.dli_fname, file))
    llvm::sys::fs::status("/proc/self/exe", file);
  os << file.getSize() << '\n'
     << file.getLastModificationTime().time_since_epoch().count() << '\n';
}

static void printProcessor(llvm::raw_ostream &os) {
  os << llvm::sys::getHostCPUName() << '\n';
  llvm::StringMap<bool> found = llvm::sys::getHostCPUFeatures();
  std::map<StringRef, bool> sorted;
  for (const auto &feature : found)
    sorted[feature.getKey()] = feature.getValue();
  for (auto [name, has] : sorted)
    os << (has ? '+' : '-') << name << '\n';
}

std::string dconv::codeKeyOf(ModuleOp module) {
  HashingStream os;
  printCompiler(os);
  printProcessor(os);
  // Locations change no code. Of programs the host knows the number alone.
  OpPrintingFlags flags;
  flags.enableDebugInfo(false);
  for (Operation &op : *module.getBody()) {
    if (auto program = dyn_cast<ProgramOp>(op))
      os << program.getSymName();
    else
      op.print(os, flags);
    os << '\n';
  }
  return os.hexOfHash();
}
