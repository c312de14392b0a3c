//===- AllocationTest.cpp - a call after the first allocates nothing ------===//

#include "Programs.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>

using namespace dconv;
using namespace dconv::runtime;
using namespace dconv::runtime::test;

static std::atomic<int64_t> allocations{0};

static void *counted(std::size_t size, std::size_t alignment) {
  ++allocations;
  const std::size_t blocks =
      (std::max<std::size_t>(size, 1) + alignment - 1) / alignment * alignment;
  void *memory = std::aligned_alloc(alignment, blocks);
  if (!memory)
    std::abort();
  return memory;
}

// All others call these.
void *operator new(std::size_t size) {
  return counted(size, alignof(std::max_align_t));
}
void *operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void *memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void *memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace {

/// How often each of `calls` calls allocates, on all threads together.
std::vector<int64_t> allocationsOf(Session::Options options, void **arguments,
                                   void **results, int calls = 3) {
  std::unique_ptr<Session> session;
  EXPECT_EQ(Session::open(std::move(options), session).message(), "");
  std::vector<int64_t> counts;
  counts.reserve(calls);
  for (int call = 0; call < calls; ++call) {
    const int64_t before = allocations;
    Status status = session->execute(0, arguments, results);
    counts.push_back(allocations - before);
    EXPECT_EQ(status.message(), "");
  }
  return counts;
}

const std::vector<int64_t> none(3, 0);

TEST(Allocation, IsCounted) {
  const int64_t before = allocations;
  auto one = std::make_unique<std::vector<int>>(3);
  EXPECT_EQ(allocations - before, 2);
}

TEST(Allocation, NotForHalosAndKernels) {
  std::vector<float> x(12, 1), y(12);
  float scale = 2;
  void *arguments[] = {x.data(), &scale};
  void *results[] = {y.data()};
  for (int64_t devices : {2, 4}) {
    EXPECT_EQ(allocationsOf(hostOptions({haloProgram(devices)}, devices),
                            arguments, results),
              none);
    EXPECT_EQ(y, (std::vector<float>{4, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 4}));
  }
}

TEST(Allocation, NotForReductions) {
  std::vector<float> ones(8, 1), sum(8);
  std::vector<void *> arguments(4, ones.data());
  void *results[] = {sum.data()};
  EXPECT_EQ(allocationsOf(hostOptions({reduceProgram(4)}, 4), arguments.data(),
                          results),
            none);
  EXPECT_EQ(sum, std::vector<float>(8, 4));
}

TEST(Allocation, NotWhereMessagesTakeTime) {
  std::vector<float> ones(8, 1), sum(8);
  std::vector<void *> arguments(2, ones.data());
  void *results[] = {sum.data()};
  LocalTransport::Options transport;
  transport.links = std::make_shared<LinkModel>(2, 1e-4, 1e6);
  EXPECT_EQ(allocationsOf(hostOptions({reduceProgram(2)}, 2, transport),
                          arguments.data(), results),
            none);
}

/// Every kind of command that touches elements, between buffers of different
/// layouts, columns of which travel between two devices. What it returns is the
/// argument, of which columns [1, 9) are three times the argument.
Program laidOutProgram() {
  const Box whole = Box::whole({6, 10}), columns{{0, 6}, {1, 9}};
  Program program;
  program.name = "laid out";
  program.tensors = {{"x", {6, 10}}};
  program.arguments = {{ElementType::F32, {6, 10}, false}};
  program.results = {{ElementType::F64, {6, 10}, false}};
  program.devices.resize(2);
  program.timed.resize(2);
  for (int64_t d = 0; d < 2; ++d) {
    ListBuilder list(program.devices[d]);
    const uint32_t x = list.alloc(0, whole);
    const uint32_t sum = list.alloc(0, whole);
    const uint32_t received = list.alloc(0, whole);
    const uint32_t wide = list.alloc(0, whole, ElementType::F64);
    std::vector<Buffer> &buffers = program.devices[d].buffers;
    buffers[x].layout = {{{1, 4}, {0, 1}, {1, 1}}};
    buffers[sum].layout = {{{0, 4}, {1, 2}, {0, 1}, {1, 1}}};
    buffers[wide].layout = {{{1, 1}, {0, 1}}};
    list.scatter(x, whole, 0);
    program.timed[d].begin = list.size();
    list.fill(sum, whole, 0);
    list.binary(CommandKind::Copy, sum, x, whole);
    list.send(x, columns, d, 1 - d, 0);
    list.receive(received, columns, 1 - d, d, 0);
    for (int i = 0; i < 2; ++i)
      list.binary(CommandKind::Accumulate, sum, received, columns);
    list.binary(CommandKind::Convert, wide, sum, whole);
    program.timed[d].end = list.size();
    const Interval own = d == 0 ? Interval{0, 2} : Interval{2, 6};
    list.gather(wide, Box{own, {0, 10}}, 0);
    for (uint32_t b = 0; b < buffers.size(); ++b)
      list.free(b);
  }
  return program;
}

TEST(Allocation, NotBetweenLayouts) {
  std::vector<float> x(60);
  std::vector<double> y(60), expected(60);
  for (int i = 0; i < 60; ++i) {
    x[i] = i;
    expected[i] = i % 10 >= 1 && i % 10 < 9 ? 3 * i : i;
  }
  void *arguments[] = {x.data()};
  void *results[] = {y.data()};
  EXPECT_EQ(
      allocationsOf(hostOptions({laidOutProgram()}, 2), arguments, results),
      none);
  EXPECT_EQ(y, expected);
}

// Loads and stores in the timed part have threads of their own, which stay.
TEST(Allocation, NotForStreams) {
  const Box whole = Box::whole({4});
  Program program;
  program.name = "stream";
  program.tensors = {{"x", {4}}};
  program.arguments = {{ElementType::F32, {4}, false}};
  program.results = {{ElementType::F32, {4}, false}};
  program.devices.resize(1);
  program.timed.resize(1);
  ListBuilder list(program.devices[0]);
  const uint32_t x = list.alloc(0, whole), y = list.alloc(0, whole);
  program.timed[0].begin = list.size();
  list.scatter(x, whole, 0);
  list.binary(CommandKind::Copy, y, x, whole);
  list.binary(CommandKind::Accumulate, y, x, whole);
  list.gather(y, whole, 0);
  program.timed[0].end = list.size();
  list.free(x);
  list.free(y);
  std::vector<float> in{1, 2, 3, 4}, out(4);
  void *arguments[] = {in.data()};
  void *results[] = {out.data()};
  EXPECT_EQ(allocationsOf(hostOptions({program}, 1), arguments, results), none);
  EXPECT_EQ(out, (std::vector<float>{2, 4, 6, 8}));
}

} // namespace
