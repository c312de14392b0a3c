//===- CodeCacheTest.cpp - what is stored comes back, or is made anew -----===//

#include "dconv/Compiler/CodeCache.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gmock/gmock.h"

#include <thread>

using namespace dconv;
using testing::Optional;
using testing::StartsWith;

namespace {
class CodeCacheTest : public testing::Test {
protected:
  void SetUp() override {
    llvm::SmallString<128> prefix(testing::TempDir());
    llvm::sys::path::append(prefix, "dconv-cache");
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory(prefix, directory));
  }
  void TearDown() override { llvm::sys::fs::remove_directories(directory); }

  std::string path(const std::string &name) const {
    return (directory + "/" + name).str();
  }

  void write(const std::string &name, llvm::StringRef content) {
    std::error_code error;
    llvm::raw_fd_ostream(path(name), error) << content;
    ASSERT_FALSE(error) << error.message();
  }

  std::string read(const std::string &name) {
    auto content = llvm::MemoryBuffer::getFile(path(name));
    return content ? (*content)->getBuffer().str() : "";
  }

  /// A cache that holds "code" and "facts" under "key".
  CodeCache filled() {
    CodeCache cache(path("cache"));
    write("made.so", "code");
    llvm::Error error = cache.add("key", path("made.so"), "facts");
    EXPECT_FALSE(bool(error));
    llvm::consumeError(std::move(error));
    return cache;
  }

  const std::string stored = "cache/llvmcache-key";
  llvm::SmallString<128> directory;
};
} // namespace

TEST_F(CodeCacheTest, GivesBackWhatWasStored) {
  CodeCache cache = filled();
  EXPECT_THAT(cache.fetch("key", path("out.so")), Optional(std::string("facts")));
  EXPECT_THAT(read("out.so"), StartsWith("code"));
  EXPECT_EQ(cache.fetch("other", path("out.so")), std::nullopt);
}

TEST_F(CodeCacheTest, KnowsEveryTruncatedFile) {
  CodeCache cache = filled();
  const std::string whole = read(stored);
  for (size_t size = 0; size < whole.size(); ++size) {
    write(stored, llvm::StringRef(whole).take_front(size));
    EXPECT_EQ(cache.fetch("key", path("out.so")), std::nullopt) << size;
  }
}

TEST_F(CodeCacheTest, KnowsEveryAlteredByte) {
  CodeCache cache = filled();
  const std::string whole = read(stored);
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string altered = whole;
    altered[i] ^= 0x10;
    write(stored, altered);
    EXPECT_EQ(cache.fetch("key", path("out.so")), std::nullopt) << i;
  }
}

TEST_F(CodeCacheTest, MendsADamagedEntry) {
  filled();
  write(stored, "nonsense");
  EXPECT_THAT(filled().fetch("key", path("out.so")),
              Optional(std::string("facts")));
}

TEST_F(CodeCacheTest, SaysWhyNothingCanBeStored) {
  write("made.so", "code");
  write("file", "");
  CodeCache cache(path("file"));
  EXPECT_THAT(llvm::toString(cache.add("key", path("made.so"), "facts")),
              testing::HasSubstr("cannot write '" + path("file")));
  CodeCache good(path("cache"));
  EXPECT_THAT(llvm::toString(good.add("key", path("absent.so"), "facts")),
              testing::HasSubstr("cannot read"));
}

TEST_F(CodeCacheTest, ServesMany) {
  CodeCache cache = filled();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i)
        EXPECT_THAT(cache.fetch("key", path("out" + std::to_string(t))),
                    Optional(std::string("facts")));
    });
  for (int i = 0; i < 50; ++i)
    filled();
  for (std::thread &thread : threads)
    thread.join();
}
