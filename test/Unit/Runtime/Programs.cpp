//===- Programs.cpp - small programs and what runs them -------------------===//

#include "Programs.h"

#include "dconv/Geometry/Stripes.h"

namespace dconv::runtime::test {

uint32_t ListBuilder::append(Command command) {
  if (last >= 0)
    command.waits.push_back(last);
  const uint32_t number = list.commands.size();
  if (command.kind == CommandKind::Send)
    sends.push_back(number);
  else
    last = number;
  list.commands.push_back(std::move(command));
  return number;
}

uint32_t ListBuilder::alloc(uint32_t tensor, Box window, ElementType type,
                            int64_t shard) {
  Buffer buffer;
  buffer.tensor = tensor;
  buffer.shard = shard;
  buffer.type = type;
  buffer.window = std::move(window);
  buffer.offset = list.arenaBytes;
  list.arenaBytes += (buffer.bytes() + 63) / 64 * 64;
  list.buffers.push_back(buffer);
  Command command;
  command.kind = CommandKind::Alloc;
  command.buffer = list.buffers.size() - 1;
  append(command);
  return command.buffer;
}

void ListBuilder::free(uint32_t buffer) {
  Command command;
  command.kind = CommandKind::Free;
  command.buffer = buffer;
  command.waits = sends;
  append(command);
}

uint32_t ListBuilder::add(CommandKind kind, uint32_t buffer, Box box) {
  Command command;
  command.kind = kind;
  command.buffer = buffer;
  command.box = std::move(box);
  return append(command);
}

uint32_t ListBuilder::scatter(uint32_t buffer, Box box, uint32_t argument) {
  uint32_t number = add(CommandKind::Scatter, buffer, std::move(box));
  list.commands[number].argument = argument;
  return number;
}

uint32_t ListBuilder::gather(uint32_t buffer, Box box, uint32_t result) {
  uint32_t number = add(CommandKind::Gather, buffer, std::move(box));
  list.commands[number].argument = result;
  return number;
}

uint32_t ListBuilder::fill(uint32_t buffer, Box box, uint64_t value) {
  uint32_t number = add(CommandKind::Fill, buffer, std::move(box));
  list.commands[number].value = value;
  return number;
}

uint32_t ListBuilder::binary(CommandKind kind, uint32_t buffer, uint32_t source,
                             Box box) {
  uint32_t number = add(kind, buffer, std::move(box));
  list.commands[number].source = source;
  return number;
}

uint32_t ListBuilder::send(uint32_t buffer, Box box, int64_t from, int64_t to,
                           uint32_t step) {
  uint32_t number = add(CommandKind::Send, buffer, std::move(box));
  Command &command = list.commands[number];
  command.peer = to;
  command.sourceShard = from;
  command.destinationShard = to;
  command.step = step;
  return number;
}

uint32_t ListBuilder::receive(uint32_t buffer, Box box, int64_t from,
                              int64_t to, uint32_t step) {
  uint32_t number = add(CommandKind::Receive, buffer, std::move(box));
  Command &command = list.commands[number];
  command.peer = from;
  command.sourceShard = from;
  command.destinationShard = to;
  command.step = step;
  return number;
}

uint32_t ListBuilder::launch(uint32_t kernel, std::vector<uint32_t> operands,
                             uint32_t buffer, std::vector<uint32_t> scalars) {
  uint32_t number = add(CommandKind::Launch, buffer, Box{});
  Command &command = list.commands[number];
  command.kernel = kernel;
  command.operands = std::move(operands);
  command.scalars = std::move(scalars);
  return number;
}

Program haloProgram(int64_t devices) {
  constexpr int64_t extent = 12;
  const int64_t length = extent / devices;
  Program program;
  program.name = "halo";
  program.tensors = {{"x", {extent}}, {"y", {extent}}};
  program.arguments = {{ElementType::F32, {extent}, false},
                       {ElementType::F32, {}, true}};
  program.results = {{ElementType::F32, {extent}, false}};
  program.kernels = {"dconv_kernel_sum3_" + std::to_string(length)};
  program.devices.resize(devices);
  program.timed.resize(devices);
  for (int64_t d = 0; d < devices; ++d) {
    const Interval own{d * length, (d + 1) * length};
    const bool first = d == 0, last = d == devices - 1;
    ListBuilder list(program.devices[d]);
    const uint32_t x =
        list.alloc(0, Box{{own.begin - 1, own.end + 1}}, ElementType::F32, d);
    const uint32_t y = list.alloc(1, Box{own}, ElementType::F32, d);
    list.scatter(x, Box{own}, 0);
    if (first)
      list.fill(x, Box{{-1, 0}}, 0);
    if (last)
      list.fill(x, Box{{extent, extent + 1}}, 0);
    list.fill(y, Box{own}, 0);

    program.timed[d].begin = list.size();
    if (!first)
      list.send(x, Box{{own.begin, own.begin + 1}}, d, d - 1, 0);
    if (!last)
      list.send(x, Box{{own.end - 1, own.end}}, d, d + 1, 0);
    if (!first)
      list.receive(x, Box{{own.begin - 1, own.begin}}, d - 1, d, 0);
    if (!last)
      list.receive(x, Box{{own.end, own.end + 1}}, d + 1, d, 0);
    list.launch(0, {x}, y, {1});
    program.timed[d].end = list.size();

    list.gather(y, Box{own}, 0);
    list.free(x);
    list.free(y);
  }
  return program;
}

Program reduceProgram(int64_t devices, int64_t extent) {
  const Box whole = Box::whole({extent});
  const Stripes pieces = balancedStripes({0, extent}, devices);
  Program program;
  program.name = "reduce";
  program.tensors = {{"partial sum", {extent}}};
  program.arguments.assign(devices, {ElementType::F32, {extent}, false});
  program.results = {{ElementType::F32, {extent}, false}};
  program.devices.resize(devices);
  program.timed.resize(devices);
  for (int64_t d = 0; d < devices; ++d) {
    const Box own{pieces[d]};
    ListBuilder list(program.devices[d]);
    const uint32_t partial = list.alloc(0, whole, ElementType::F32, d);
    const uint32_t sum = list.alloc(0, own, ElementType::F32, d);
    std::vector<uint32_t> received(devices, partial);
    for (int64_t s = 0; s < devices; ++s)
      if (s != d)
        received[s] = list.alloc(0, own, ElementType::F32, d);
    list.scatter(partial, whole, d);

    program.timed[d].begin = list.size();
    for (int64_t s = 0; s < devices; ++s)
      if (s != d)
        list.send(partial, Box{pieces[s]}, d, s, 1);
    for (int64_t s = 0; s < devices; ++s) {
      if (s != d)
        list.receive(received[s], own, s, d, 1);
      list.binary(s == 0 ? CommandKind::Copy : CommandKind::Accumulate, sum,
                  received[s], own);
    }
    program.timed[d].end = list.size();

    list.gather(sum, own, 0);
    for (uint32_t b = 0; b < program.devices[d].buffers.size(); ++b)
      list.free(b);
  }
  return program;
}

template <int length> static void sum3(void **arguments) {
  auto *x = static_cast<const float *>(arguments[0]);
  auto *y = static_cast<float *>(arguments[1]);
  const float scale = *static_cast<const float *>(arguments[2]);
  for (int i = 0; i < length; ++i)
    y[i] = scale * (x[i] + x[i + 1] + x[i + 2]);
}

/// The four bounds of the launch, each times the scalar.
static void scaledBounds(void **arguments) {
  auto *y = static_cast<float *>(arguments[0]);
  const float scale = *static_cast<const float *>(arguments[1]);
  for (int i = 0; i < 4; ++i)
    y[i] = scale * *static_cast<const int64_t *>(arguments[2 + i]);
}

static void doNothing(void **) {}

TestKernels::TestKernels()
    : kernels{{"dconv_kernel_empty", doNothing},
              {"dconv_kernel_scaled_bounds", scaledBounds},
              {"dconv_kernel_sum3_3", sum3<3>},
              {"dconv_kernel_sum3_4", sum3<4>},
              {"dconv_kernel_sum3_6", sum3<6>}} {}

dconv_kernel_fn TestKernels::find(const std::string &symbol) const {
  auto it = kernels.find(symbol);
  return it == kernels.end() ? nullptr : it->second;
}

Session::Options hostOptions(std::vector<Program> programs, int64_t devices,
                             LocalTransport::Options transport) {
  Session::Options options;
  options.programs = std::move(programs);
  options.transport =
      std::make_unique<LocalTransport>(devices, std::move(transport));
  options.makeDevice = [kernels = std::make_shared<TestKernels>()](int64_t) {
    return std::make_unique<HostDevice>(kernels);
  };
  return options;
}

} // namespace dconv::runtime::test
