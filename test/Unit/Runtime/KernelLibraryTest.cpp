//===- KernelLibraryTest.cpp - compiled shared objects --------------------===//

#include "Programs.h"

#include <gmock/gmock.h>

using namespace dconv;
using namespace dconv::runtime;
using namespace dconv::runtime::test;
using testing::HasSubstr;

namespace {

/// y = x * (a scalar) on one device, by the kernel of the library.
Program scaleProgram() {
  Program program;
  program.name = "scale";
  program.tensors = {{"x", {}}, {"y", {}}};
  program.arguments = {{ElementType::I32, {}, false},
                       {ElementType::I32, {}, true}};
  program.results = {{ElementType::I32, {}, false}};
  program.kernels = {"dconv_kernel_scale"};
  program.devices.resize(1);
  program.timed.resize(1);
  ListBuilder list(program.devices[0]);
  const uint32_t x = list.alloc(0, Box{}, ElementType::I32);
  const uint32_t y = list.alloc(1, Box{}, ElementType::I32);
  list.scatter(x, Box{}, 0);
  list.fill(y, Box{}, 0);
  program.timed[0].begin = list.size();
  list.launch(0, {x}, y, {1});
  program.timed[0].end = list.size();
  list.gather(y, Box{}, 0);
  list.free(x);
  list.free(y);
  return program;
}

Session::Options options(std::shared_ptr<KernelLibrary> library,
                         Program program) {
  Session::Options options = hostOptions({std::move(program)}, 1);
  options.makeDevice = [library](int64_t) {
    return std::make_unique<HostDevice>(library);
  };
  return options;
}

TEST(KernelLibrary, RunsItsKernelsOnBoundPrograms) {
  std::shared_ptr<KernelLibrary> library;
  ASSERT_EQ(KernelLibrary::open(TEST_LIBRARY, library).message(), "");
  std::unique_ptr<Session> session;
  ASSERT_EQ(Session::open(options(library, scaleProgram()), session).message(),
            "");
  ASSERT_FALSE(library->bind(session.get(), dconv_runtime_execute).failed());

  auto call = reinterpret_cast<int32_t (*)(void *const *, void *const *)>(
      library->address("call_program"));
  int32_t x = 6, scale = 7, y = 0;
  void *arguments[] = {&x, &scale};
  void *results[] = {&y};
  EXPECT_EQ(call(arguments, results), 0);
  EXPECT_EQ(y, 42);
}

TEST(KernelLibrary, MissingFilesAndKernelsAreErrors) {
  std::shared_ptr<KernelLibrary> library;
  Status status = KernelLibrary::open("missing.so", library);
  EXPECT_EQ(status.code(), StatusCode::FileError);
  EXPECT_THAT(status.message(), HasSubstr("missing.so"));

  ASSERT_FALSE(KernelLibrary::open(TEST_LIBRARY, library).failed());
  Program program = scaleProgram();
  program.kernels = {"dconv_kernel_cube"};
  std::unique_ptr<Session> session;
  status = Session::open(options(library, program), session);
  EXPECT_EQ(status.code(), StatusCode::MissingSymbol);
  EXPECT_EQ(status.message(), "there is no kernel 'dconv_kernel_cube'");
}

} // namespace
