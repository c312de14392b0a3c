//===- NpyTest.cpp - tensors in files of NumPy ----------------------------===//

#include "dconv/Runtime/Npy.h"

#include <algorithm>
#include <dirent.h>
#include <fstream>
#include <gmock/gmock.h>
#include <unistd.h>

using namespace dconv;
using namespace dconv::runtime;
using testing::EndsWith;
using testing::HasSubstr;

namespace {

class NpyTest : public testing::Test {
protected:
  NpyTest() {
    std::string pattern = testing::TempDir() + "npyXXXXXX";
    folder = mkdtemp(pattern.data());
    path = folder + "/a.npy";
  }
  ~NpyTest() override {
    std::remove(path.c_str());
    rmdir(folder.c_str());
  }

  void put(const std::string &bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  /// A file of format 1 with this dictionary and these elements.
  void putNpy(const std::string &dictionary, const std::string &elements) {
    put(std::string("\x93NUMPY\1\0", 8) + char(dictionary.size()) + '\0' +
        dictionary + elements);
  }
  std::string get() {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string errorOf(ElementType type, std::vector<int64_t> shape) {
    auto data = readNpy(path, type, shape);
    return data ? "" : data.error();
  }

  std::string folder, path;
};

TEST_F(NpyTest, RoundTripsEveryTypeAndRank) {
  std::vector<uint8_t> data(8 * 24);
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = static_cast<uint8_t>(i * 7);
  for (ElementType type :
       {ElementType::F16, ElementType::BF16, ElementType::F32, ElementType::F64,
        ElementType::I8, ElementType::I16, ElementType::I32, ElementType::I64})
    for (const std::vector<int64_t> &shape : std::vector<std::vector<int64_t>>{
             {}, {5}, {2, 3, 4}, {3, 0}, {1, 1, 1, 1, 1, 24}}) {
      ASSERT_EQ(writeNpy(path, type, shape, data.data()).message(), "");
      auto read = readNpy(path, type, shape);
      ASSERT_TRUE(read) << read.error();
      const int64_t bytes = Box::whole(shape).volume() * bytesOf(type);
      ASSERT_EQ(static_cast<int64_t>(read->size()), bytes);
      EXPECT_TRUE(std::equal(read->begin(), read->end(),
                             reinterpret_cast<const std::byte *>(data.data())));
    }
}

// What numpy.save writes for the same array.
TEST_F(NpyTest, WritesWhatNumPyWrites) {
  const float data[] = {1, 2};
  ASSERT_FALSE(writeNpy(path, ElementType::F32, {2}, data).failed());
  const std::string got = get();
  EXPECT_EQ(got.size(), 128u + 8);
  EXPECT_EQ(got.substr(10, 59),
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }  ");
  EXPECT_EQ(got[127], '\n');
}

TEST_F(NpyTest, ReadsFortranOrder) {
  putNpy("{'fortran_order': True, 'shape': (2, 3), 'descr': '|u1'}",
         {0, 3, 1, 4, 2, 5});
  auto read = readNpy(path, ElementType::I8, {2, 3});
  ASSERT_TRUE(read) << read.error();
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(int((*read)[i]), i);
}

TEST_F(NpyTest, ReadsFormatTwo) {
  const std::string text =
      "{'descr': '<i2', 'fortran_order': False, 'shape': (1,), }\n";
  put(std::string("\x93NUMPY\2\0", 8) + char(text.size()) +
      std::string(3, '\0') + text + "\x05\x01");
  auto read = readNpy(path, ElementType::I16, {1});
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(int((*read)[0]) + 256 * int((*read)[1]), 261);
}

TEST_F(NpyTest, WrongTypesAndShapesSayWhatIsNeeded) {
  const float data[6] = {};
  ASSERT_FALSE(writeNpy(path, ElementType::F32, {2, 3}, data).failed());
  EXPECT_THAT(errorOf(ElementType::F64, {2, 3}),
              EndsWith("has elements of type '<f4', needed '<f8' for f64"));
  EXPECT_THAT(errorOf(ElementType::I32, {2, 3}),
              EndsWith("has elements of type '<f4', needed '<i4' for i32"));
  EXPECT_THAT(errorOf(ElementType::F32, {6}),
              EndsWith("has shape (2, 3), needed (6,)"));
  EXPECT_THAT(errorOf(ElementType::F32, {3, 2}),
              EndsWith("has shape (2, 3), needed (3, 2)"));
}

TEST_F(NpyTest, BigEndianIsRefused) {
  putNpy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", "0000");
  EXPECT_THAT(errorOf(ElementType::F32, {1}), HasSubstr("'>f4'"));
}

TEST_F(NpyTest, DamagedFilesAreErrors) {
  EXPECT_THAT(errorOf(ElementType::F32, {1}),
              HasSubstr("cannot be read: No such file"));
  for (const char *text : {"", "\x93NUM", "PK\3\4........"}) {
    put(text);
    EXPECT_THAT(errorOf(ElementType::F32, {1}), EndsWith("is not a .npy file"));
  }
  put(std::string("\x93NUMPY\7\0", 8) + "xxxx");
  EXPECT_THAT(errorOf(ElementType::F32, {1}),
              EndsWith("is of format 7, needed 1 to 3"));
  put(std::string("\x93NUMPY\2\0\xFF\xFF\xFF\xFF", 12));
  EXPECT_THAT(errorOf(ElementType::F32, {1}),
              HasSubstr("has a header of 4294967295 bytes"));

  const float data[6] = {};
  ASSERT_FALSE(writeNpy(path, ElementType::F32, {2, 3}, data).failed());
  const std::string whole = get();
  for (size_t size = 0; size < whole.size(); ++size) {
    put(whole.substr(0, size));
    EXPECT_NE(errorOf(ElementType::F32, {2, 3}), "") << size;
  }
  put(whole.substr(0, whole.size() - 1));
  EXPECT_THAT(errorOf(ElementType::F32, {2, 3}),
              EndsWith("holds 23 bytes of elements, needed 24"));
  put(whole + "x");
  EXPECT_THAT(errorOf(ElementType::F32, {2, 3}),
              EndsWith("holds 25 bytes of elements, needed 24"));
}

TEST_F(NpyTest, MalformedHeadersAreErrors) {
  for (const char *text :
       {"", "{", "{}", "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': "
        "(99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}"}) {
    putNpy(text, "0000");
    EXPECT_THAT(errorOf(ElementType::F32, {1}),
                EndsWith("has a header that is not a type, an order and a "
                         "shape"))
        << text;
  }
}

TEST_F(NpyTest, SizesThatPass64BitsAreErrors) {
  putNpy("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, "
         "4294967296)}",
         "");
  EXPECT_NE(errorOf(ElementType::F32, {4294967296, 4294967296}), "");
}

TEST_F(NpyTest, FailedWritesLeaveNothing) {
  const std::string missing = folder + "/none/a.npy";
  Status status = writeNpy(missing, ElementType::F32, {0}, nullptr);
  EXPECT_EQ(status.code(), StatusCode::FileError);
  EXPECT_THAT(status.message(), HasSubstr("cannot write '" + missing + "'"));

  // No temporary file stays beside a written one.
  ASSERT_FALSE(writeNpy(path, ElementType::F32, {0}, nullptr).failed());
  size_t files = 0;
  DIR *listing = opendir(folder.c_str());
  while (dirent *entry = readdir(listing))
    files += entry->d_name[0] != '.';
  closedir(listing);
  EXPECT_EQ(files, 1u);
}

TEST_F(NpyTest, DevicesAreWrittenDirectly) {
  EXPECT_EQ(writeNpy("/dev/null", ElementType::F32, {0}, nullptr).message(),
            "");
  EXPECT_THAT(writeNpy("/dev/full", ElementType::F32, {0}, nullptr).message(),
              HasSubstr("No space left"));
}

} // namespace
