//===- RuntimeBench.cpp - what commands and transfers cost ----------------===//

#include "Programs.h"
#include "dconv/Runtime/Checker.h"
#include "dconv/Runtime/Checksum.h"

#include <algorithm>
#include <cstdio>

using namespace dconv;
using namespace dconv::runtime;
using namespace dconv::runtime::test;

static double secondsOf(const std::function<void()> &work) {
  auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

/// The timed part of runs of a program without arguments, in ascending order.
static std::vector<double> runs(Program program, int64_t devices, int count) {
  std::unique_ptr<Session> session;
  Status status =
      Session::open(hostOptions({std::move(program)}, devices), session);
  for (int i = 0; i < count && !status.failed(); ++i)
    status = session->execute(0, nullptr, nullptr);
  if (status.failed()) {
    std::fprintf(stderr, "%s\n", status.message().c_str());
    std::exit(1);
  }
  std::vector<double> seconds;
  for (const Execution &execution : session->takeExecutions())
    seconds.push_back(execution.seconds);
  std::sort(seconds.begin(), seconds.end());
  return seconds;
}

/// The least time of five runs.
static double run(Program program, int64_t devices) {
  return runs(std::move(program), devices, 5)[0];
}

static Program empty(int64_t devices, std::vector<int64_t> shape) {
  Program program;
  program.name = "bench";
  program.tensors = {{"x", std::move(shape)}};
  program.devices.resize(devices);
  program.timed.resize(devices);
  return program;
}

/// Copies of one element, one after the other.
static Program copies(int64_t count) {
  Program program = empty(1, {1});
  ListBuilder list(program.devices[0]);
  const uint32_t x = list.alloc(0, Box::whole({1}));
  const uint32_t y = list.alloc(0, Box::whole({1}));
  list.fill(x, Box::whole({1}), 0);
  program.timed[0].begin = list.size();
  for (int64_t i = 0; i < count; ++i)
    list.binary(CommandKind::Copy, y, x, Box::whole({1}));
  program.timed[0].end = list.size();
  return program;
}

/// `steps` messages of `box` from device 0 to device 1.
static Program transfers(const std::vector<int64_t> &shape, const Box &box,
                         uint32_t steps) {
  Program program = empty(2, shape);
  for (int64_t d = 0; d < 2; ++d) {
    ListBuilder list(program.devices[d]);
    const uint32_t x = list.alloc(0, Box::whole(shape));
    list.fill(x, Box::whole(shape), 0);
    program.timed[d].begin = list.size();
    for (uint32_t step = 0; step < steps; ++step)
      d == 0 ? list.send(x, box, 0, 1, step) : list.receive(x, box, 0, 1, step);
    program.timed[d].end = list.size();
  }
  return program;
}

/// Launches of a kernel that does nothing, one after the other.
static Program launches(int64_t count) {
  Program program = empty(1, {1});
  program.kernels = {"dconv_kernel_empty"};
  ListBuilder list(program.devices[0]);
  const uint32_t x = list.alloc(0, Box::whole({1}));
  list.fill(x, Box::whole({1}), 0);
  program.timed[0].begin = list.size();
  for (int64_t i = 0; i < count; ++i)
    list.launch(0, {}, x);
  program.timed[0].end = list.size();
  return program;
}

/// One element goes round rings of `size` devices, `rounds` times, in all rings
/// side by side: every device sends it on when it has it.
static Program rings(int64_t devices, int64_t size, uint32_t rounds) {
  const Box whole = Box::whole({1});
  Program program = empty(devices, {1});
  for (int64_t d = 0; d < devices; ++d) {
    const int64_t first = d / size * size;
    const int64_t next = first + (d - first + 1) % size;
    const int64_t before = first + (d - first + size - 1) % size;
    ListBuilder list(program.devices[d]);
    const uint32_t sent = list.alloc(0, whole);
    const uint32_t received = list.alloc(0, whole);
    list.fill(sent, whole, 0);
    program.timed[d].begin = list.size();
    for (uint32_t round = 0; round < rounds; ++round) {
      if (d == first)
        list.send(sent, whole, d, next, round);
      list.receive(received, whole, before, d, round);
      if (d != first)
        list.send(sent, whole, d, next, round);
    }
    program.timed[d].end = list.size();
  }
  return program;
}

/// What the executor costs where kernels and messages have nothing in them.
static void benchOverhead() {
  auto print = [](const char *what, Program program, int64_t devices,
                  double steps) {
    const std::vector<double> seconds = runs(std::move(program), devices, 300);
    std::printf("%s: %.3f us, median %.3f\n", what, seconds[0] / steps * 1e6,
                seconds[seconds.size() / 2] / steps * 1e6);
  };
  // Short runs, many of them: what else the machine does spoils some.
  constexpr int64_t count = 1000;
  constexpr uint32_t rounds = 200;
  print("launch of an empty kernel", launches(count), 1, count);
  print("hand-over, 2 devices", rings(2, 2, rounds), 2, 2 * rounds);
  print("hand-over, a ring of 8 devices", rings(8, 8, rounds / 4), 8,
        2 * rounds);
  print("hand-over, 4 pairs of devices side by side", rings(8, 2, rounds / 2),
        8, rounds);
}

/// The speed at which a filter of `shape` is brought into the order of
/// `layout`, in GB read per second; `bytes` per element.
static double packing(const std::vector<int64_t> &shape, ElementType type,
                      const BufferLayout &layout) {
  const Box whole = Box::whole(shape);
  const int64_t bytes = whole.volume() * bytesOf(type);
  std::vector<std::byte> from(bytes, std::byte(1)), to(bytes);
  double least = 1e9;
  for (int i = 0; i < 5; ++i)
    least = std::min(least, secondsOf([&] {
                       copyBox(viewOf(to.data(), type, whole, whole, layout),
                               viewOf(from.data(), type, whole, whole));
                     }));
  return bytes / least / 1e9;
}

static void benchPacking() {
  for (std::vector<int64_t> shape : {std::vector<int64_t>{3, 3, 64, 64},
                                     {3, 3, 512, 512},
                                     {1, 1, 1024, 2048}})
    for (auto [type, group] : {std::pair{ElementType::F32, 1},
                               {ElementType::BF16, 2},
                               {ElementType::I8, 4}}) {
      const int64_t block = 48;
      BufferLayout layout{{{3, block}, {0, 1}, {1, 1}, {2, group}, {3, 1}}};
      BufferLayout first{{{0, block}, {2, 1}, {3, 1}, {1, group}, {0, 1}}};
      if (group > 1) {
        layout.levels.push_back({2, 1});
        first.levels.push_back({1, 1});
      }
      const std::vector<int64_t> channelsFirst{shape[3], shape[2], shape[0],
                                               shape[1]};
      std::printf("%s %ldx%ldx%ldx%ld: pack %.2f, from channels first %.2f, "
                  "copy %.2f GB/s\n",
                  toString(type), long(shape[0]), long(shape[1]),
                  long(shape[2]), long(shape[3]), packing(shape, type, layout),
                  packing(channelsFirst, type, first),
                  packing(shape, type, {}));
    }
}

/// The speed at which images are brought from channels first to channels last
/// and back, beside a copy, in GB read per second.
static void benchImages() {
  for (std::vector<int64_t> shape : {std::vector<int64_t>{8, 128, 28, 28},
                                     {8, 64, 56, 56},
                                     {8, 512, 28, 28},
                                     {8, 64, 7, 7},
                                     {1, 32, 512, 512},
                                     {8, 3, 224, 224}})
    for (ElementType type :
         {ElementType::F32, ElementType::BF16, ElementType::I8}) {
      Argument first{type, shape};
      first.order = {0, 2, 3, 1};
      const std::vector<int64_t> last = first.orderedShape();
      const Box whole = Box::whole(last);
      const int64_t bytes = whole.volume() * bytesOf(type);
      std::vector<std::byte> a(bytes, std::byte(1)), b(bytes);
      const BoxView image = viewOf(a.data(), first, whole);
      const BoxView packed = viewOf(b.data(), type, whole, whole);
      auto speed = [&](auto &&body) {
        double least = 1e9;
        for (int i = 0; i < 10; ++i)
          least = std::min(least, secondsOf(body));
        return bytes / least / 1e9;
      };
      std::printf("%s %ldx%ldx%ldx%ld: to channels last %.2f, to channels "
                  "first %.2f, copy %.2f GB/s\n",
                  toString(type), long(shape[0]), long(shape[1]),
                  long(shape[2]), long(shape[3]),
                  speed([&] { copyBox(packed, image); }),
                  speed([&] { copyBox(image, packed); }),
                  speed([&] { std::memcpy(b.data(), a.data(), bytes); }));
    }
}

int main(int argc, char **) {
  benchOverhead();
  if (argc > 1) // with any argument that is all
    return 0;
  benchPacking();
  benchImages();
  constexpr int64_t count = 50000;
  Program many = copies(count);
  std::printf("check of %ld commands: %.3f s\n", long(count),
              secondsOf([&] { (void)check(many); }));
  std::printf("command on one element: %.0f ns\n",
              run(std::move(many), 1) / count * 1e9);

  constexpr uint32_t messages = 5000;
  std::printf("message of one element: %.2f us\n",
              run(transfers({1}, Box::whole({1}), messages), 2) / messages *
                  1e6);

  auto speed = [](const char *what, const std::vector<int64_t> &shape,
                  const Box &box) {
    const double bytes = 4. * box.volume();
    const double seconds = run(transfers(shape, box, 1), 2);
    std::printf("%s, %.0f KB: %.2f GB/s\n", what, bytes / 1e3,
                bytes / seconds / 1e9);
  };
  const std::vector<int64_t> shape{4096, 4096}, image{64, 56, 56};
  const Box whole = Box::whole(shape);
  speed("dense box", shape, whole);
  speed("columns [0, 4000) of 4096", shape, Box{{0, 4096}, {0, 4000}});
  speed("columns [0, 64) of 4096", shape, Box{{0, 4096}, {0, 64}});
  speed("row of 64x56x56", image, Box{{0, 64}, {0, 1}, {0, 56}});
  speed("column of 64x56x56", image, Box{{0, 64}, {0, 56}, {0, 1}});

  std::vector<float> from(whole.volume(), 1), to(whole.volume());
  auto view = [&](std::vector<float> &v) {
    return viewOf(reinterpret_cast<std::byte *>(v.data()), ElementType::F32,
                  whole, whole);
  };
  const double bytes = 4. * whole.volume();
  std::printf("checksum alone: %.2f GB/s\n",
              bytes / secondsOf([&] { (void)checksum(view(from)); }) / 1e9);
  std::printf("copy alone: %.2f GB/s\n",
              bytes / secondsOf([&] { copyBox(view(to), view(from)); }) / 1e9);
  return 0;
}
