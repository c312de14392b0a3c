//===- AtomicFileTest.cpp - what can be written ---------------------------===//

#include "dconv/Runtime/AtomicFile.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <fstream>

using namespace dconv::runtime;
using testing::HasSubstr;

TEST(CheckWritable, TakesFilesThatAreThereOrNot) {
  std::string path = testing::TempDir() + "check-writable";
  std::remove(path.c_str());
  EXPECT_FALSE(checkWritable(path).failed());
  std::ofstream(path) << "text";
  EXPECT_FALSE(checkWritable(path).failed());
  std::string text;
  std::getline(std::ifstream(path), text);
  EXPECT_EQ(text, "text");
  std::remove(path.c_str());
  EXPECT_FALSE(checkWritable("/dev/null").failed());
}

TEST(CheckWritable, RefusesWhatIsNoFile) {
  std::string folder = testing::TempDir();
  EXPECT_THAT(checkWritable(folder).message(), HasSubstr("Is a directory"));
  Status missing = checkWritable(folder + "none/file");
  EXPECT_EQ(missing.code(), StatusCode::FileError);
  EXPECT_EQ(missing.message(), "cannot write '" + folder +
                                   "none/file': No such file or directory");
  EXPECT_THAT(checkWritable("/dev/null/file").message(),
              HasSubstr("Not a directory"));
  EXPECT_TRUE(checkWritable("").failed());
}
