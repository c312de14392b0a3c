//===- CodeCache.cpp - compiled code on disk, by what it is made of -------===//
//
// A file is a shared object, which loaders read by its own headers, then what
// we know of it:
//
//     shared object | facts | Trailer
//
//===----------------------------------------------------------------------===//

#include "dconv/Compiler/CodeCache.h"

#include "dconv/Runtime/AtomicFile.h"

#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/CachePruning.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

using namespace dconv;
using llvm::StringRef;

namespace {
using Number = llvm::support::ulittle64_t;

/// The end of a file.
struct Trailer {
  Number libraryBytes;
  Number factsBytes;
  uint8_t hash[LLVM_BLAKE3_OUT_LEN]; ///< of all before this field
  char magic[8];
};
constexpr char magic[] = "dconvso1";
static_assert(sizeof(Trailer) == 24 + LLVM_BLAKE3_OUT_LEN);
} // namespace

static auto hashOf(StringRef library, StringRef facts, const Trailer &trailer) {
  llvm::BLAKE3 hasher;
  hasher.update(library);
  hasher.update(facts);
  hasher.update(StringRef(reinterpret_cast<const char *>(&trailer),
                          offsetof(Trailer, hash)));
  return hasher.final();
}

/// The facts in the file `content`, or nothing if it is not as it was written.
static std::optional<StringRef> factsOf(StringRef content) {
  Trailer trailer;
  if (content.size() < sizeof(trailer))
    return std::nullopt;
  std::memcpy(&trailer, content.end() - sizeof(trailer), sizeof(trailer));
  uint64_t rest = content.size() - sizeof(trailer);
  uint64_t facts = trailer.factsBytes;
  if (std::memcmp(trailer.magic, magic, sizeof(trailer.magic)) != 0 ||
      facts > rest || trailer.libraryBytes != rest - facts)
    return std::nullopt;
  StringRef library = content.take_front(rest - facts);
  StringRef text = content.substr(library.size(), facts);
  auto hash = hashOf(library, text, trailer);
  if (std::memcmp(hash.data(), trailer.hash, hash.size()) != 0)
    return std::nullopt;
  return text;
}

std::string CodeCache::userDirectory() {
  if (auto given = llvm::sys::Process::GetEnv("DCONV_CACHE_DIR"))
    return *given;
  llvm::SmallString<128> path;
  if (!llvm::sys::path::cache_directory(path))
    return "";
  llvm::sys::path::append(path, "dconv");
  return path.str().str();
}

std::string CodeCache::fileOf(StringRef key) const {
  llvm::SmallString<128> path(directory);
  // The prefix that pruneCache looks for.
  llvm::sys::path::append(path, "llvmcache-" + key);
  return path.str().str();
}

std::optional<std::string> CodeCache::fetch(StringRef key,
                                            StringRef library) const {
  auto content = llvm::MemoryBuffer::getFile(fileOf(key));
  if (!content)
    return std::nullopt;
  StringRef bytes = (*content)->getBuffer();
  std::optional<StringRef> facts = factsOf(bytes);
  if (!facts)
    return std::nullopt;
  // A file of its own: the loader takes one file for one library, but programs
  // that run at the same time have each their context.
  std::error_code error;
  llvm::raw_fd_ostream out(library, error);
  if (error)
    return std::nullopt;
  out << bytes;
  out.close();
  if (out.has_error()) {
    out.clear_error();
    return std::nullopt;
  }
  return facts->str();
}

llvm::Error CodeCache::add(StringRef key, StringRef library,
                           StringRef facts) const {
  if (std::error_code error = llvm::sys::fs::create_directories(directory))
    return llvm::createStringError(error, "cannot make '%s': %s",
                                   directory.c_str(), error.message().c_str());
  auto content = llvm::MemoryBuffer::getFile(library);
  if (!content)
    return llvm::createStringError(content.getError(), "cannot read '%s': %s",
                                   library.str().c_str(),
                                   content.getError().message().c_str());
  StringRef code = (*content)->getBuffer();
  Trailer trailer;
  trailer.libraryBytes = code.size();
  trailer.factsBytes = facts.size();
  auto hash = hashOf(code, facts, trailer);
  std::memcpy(trailer.hash, hash.data(), hash.size());
  std::memcpy(trailer.magic, magic, sizeof(trailer.magic));

  runtime::Status status =
      runtime::writeAtomically(fileOf(key), [&](std::FILE *file) {
        auto write = [&](const void *data, size_t size) {
          return std::fwrite(data, 1, size, file) == size;
        };
        return write(code.data(), code.size()) &&
               write(facts.data(), facts.size()) &&
               write(&trailer, sizeof(trailer));
      });
  if (status.failed())
    return llvm::createStringError(status.message());

  llvm::CachePruningPolicy policy;
  policy.MaxSizeBytes = uint64_t(4) << 30;
  llvm::pruneCache(directory, policy);
  return llvm::Error::success();
}
