//===- CodeCache.h - compiled code on disk, by what it is made of -*- C++ -*-=//
//
// Compiling a kernel takes a thousand times as long as reading it. A cache keeps
// shared objects under the hash of all that they depend on. Any number of
// processes may use one; files appear whole or not at all, and one that was
// damaged since is compiled anew. What nobody has used for a week goes, and what
// is more than 4 GiB.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_COMPILER_CODECACHE_H
#define DCONV_COMPILER_CODECACHE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <string>

namespace dconv {

class CodeCache {
public:
  explicit CodeCache(std::string directory) : directory(std::move(directory)) {}

  /// $DCONV_CACHE_DIR, else dconv in the user's directory for caches; empty
  /// where there is neither.
  static std::string userDirectory();

  /// Writes the shared object stored under `key`, letters and digits, to the
  /// file `library` and returns the facts stored with it. Nothing where there is
  /// none or it is damaged, or `library` cannot be written.
  std::optional<std::string> fetch(llvm::StringRef key,
                                   llvm::StringRef library) const;

  /// Stores the shared object `library`, and `facts`, under `key`.
  llvm::Error add(llvm::StringRef key, llvm::StringRef library,
                  llvm::StringRef facts) const;

private:
  std::string fileOf(llvm::StringRef key) const;

  std::string directory;
};

} // namespace dconv

#endif // DCONV_COMPILER_CODECACHE_H
