//===- Program.cpp - what the devices run, as data ------------------------===//

#include "dconv/Runtime/Program.h"

#include <algorithm>

namespace dconv::runtime {

std::vector<int64_t> Argument::orderedShape() const {
  if (order.empty())
    return shape;
  std::vector<int64_t> ordered;
  for (uint32_t dim : order)
    ordered.push_back(shape[dim]);
  return ordered;
}

int64_t bytesOf(ElementType type) {
  switch (type) {
  case ElementType::I8:
    return 1;
  case ElementType::F16:
  case ElementType::BF16:
  case ElementType::I16:
    return 2;
  case ElementType::F32:
  case ElementType::I32:
    return 4;
  case ElementType::F64:
  case ElementType::I64:
    return 8;
  }
  return 0;
}

const char *toString(ElementType type) {
  switch (type) {
  case ElementType::F16:
    return "f16";
  case ElementType::BF16:
    return "bf16";
  case ElementType::F32:
    return "f32";
  case ElementType::F64:
    return "f64";
  case ElementType::I8:
    return "i8";
  case ElementType::I16:
    return "i16";
  case ElementType::I32:
    return "i32";
  case ElementType::I64:
    return "i64";
  }
  return "";
}

bool isFloat(ElementType type) {
  return type == ElementType::F16 || type == ElementType::BF16 ||
         type == ElementType::F32 || type == ElementType::F64;
}

const char *toString(Combiner combiner) {
  switch (combiner) {
  case Combiner::Add:
    return "add";
  case Combiner::Max:
    return "max";
  case Combiner::Min:
    return "min";
  case Combiner::MaxUnsigned:
    return "max_unsigned";
  case Combiner::MinUnsigned:
    return "min_unsigned";
  }
  return "";
}

const char *toString(CommandKind kind) {
  switch (kind) {
  case CommandKind::Alloc:
    return "alloc";
  case CommandKind::Free:
    return "free";
  case CommandKind::Scatter:
    return "scatter";
  case CommandKind::Gather:
    return "gather";
  case CommandKind::Fill:
    return "fill";
  case CommandKind::Copy:
    return "copy";
  case CommandKind::Convert:
    return "convert";
  case CommandKind::Accumulate:
    return "accumulate";
  case CommandKind::Send:
    return "send";
  case CommandKind::Receive:
    return "receive";
  case CommandKind::Launch:
    return "launch";
  }
  return "";
}

void Counters::merge(const Counters &other) {
  auto combine = [](std::vector<int64_t> &into, const std::vector<int64_t> &add,
                    auto op) {
    into.resize(std::max(into.size(), add.size()));
    for (size_t i = 0; i < add.size(); ++i)
      into[i] = op(into[i], add[i]);
  };
  auto sum = [](int64_t a, int64_t b) { return a + b; };
  auto most = [](int64_t a, int64_t b) { return std::max(a, b); };
  combine(bytesReceived, other.bytesReceived, sum);
  combine(bytesSent, other.bytesSent, sum);
  combine(scatterBytes, other.scatterBytes, sum);
  combine(gatherBytes, other.gatherBytes, sum);
  combine(peakBytes, other.peakBytes, most);
}

bool Counters::operator==(const Counters &o) const {
  return bytesReceived == o.bytesReceived && bytesSent == o.bytesSent &&
         scatterBytes == o.scatterBytes && gatherBytes == o.gatherBytes &&
         peakBytes == o.peakBytes;
}

namespace {

/// FNV-1a over integers, so that the value is the same on every machine.
class Hasher {
public:
  void add(uint64_t value) {
    for (int byte = 0; byte < 8; ++byte, value >>= 8)
      hash = (hash ^ (value & 0xFF)) * 0x100000001B3;
  }
  template <typename T> void addAll(const std::vector<T> &values) {
    add(values.size());
    for (const T &value : values)
      add(static_cast<uint64_t>(value));
  }
  void add(const std::string &text) {
    add(text.size());
    for (unsigned char c : text)
      add(c);
  }
  void add(const Box &box) {
    add(box.rank());
    for (Interval dim : box.dims) {
      add(static_cast<uint64_t>(dim.begin));
      add(static_cast<uint64_t>(dim.end));
    }
  }
  void add(const std::vector<Argument> &arguments) {
    add(arguments.size());
    for (const Argument &argument : arguments) {
      add(static_cast<uint64_t>(argument.type));
      addAll(argument.shape);
      add(argument.scalar);
      addAll(argument.order);
    }
  }
  void add(const Buffer &buffer) {
    add(buffer.tensor);
    add(static_cast<uint64_t>(buffer.shard));
    add(static_cast<uint64_t>(buffer.type));
    add(buffer.window);
    add(static_cast<uint64_t>(buffer.offset));
    add(buffer.layout.levels.size());
    for (BufferLayout::Level level : buffer.layout.levels) {
      add(level.dim);
      add(static_cast<uint64_t>(level.block));
    }
  }
  void add(const Command &command) {
    add(static_cast<uint64_t>(command.kind));
    addAll(command.waits);
    add(command.buffer);
    add(command.source);
    add(command.box);
    add(command.argument);
    add(static_cast<uint64_t>(command.peer));
    add(command.step);
    add(static_cast<uint64_t>(command.sourceShard));
    add(static_cast<uint64_t>(command.destinationShard));
    add(static_cast<uint64_t>(command.combiner));
    add(command.value);
    add(command.kernel);
    addAll(command.operands);
    addAll(command.scalars);
    addAll(command.bounds);
    add(command.overwrites);
  }

  uint64_t hash = 0xCBF29CE484222325;
};

} // namespace

uint64_t fingerprint(const Program &program) {
  Hasher hasher;
  hasher.add(program.name);
  hasher.add(program.tensors.size());
  for (const Tensor &tensor : program.tensors) {
    hasher.add(tensor.name);
    hasher.addAll(tensor.shape);
  }
  hasher.add(program.arguments);
  hasher.add(program.results);
  hasher.add(program.kernels.size());
  for (const std::string &kernel : program.kernels)
    hasher.add(kernel);
  hasher.add(program.devices.size());
  for (const DeviceProgram &device : program.devices) {
    hasher.add(device.buffers.size());
    for (const Buffer &buffer : device.buffers)
      hasher.add(buffer);
    hasher.add(device.commands.size());
    for (const Command &command : device.commands)
      hasher.add(command);
  }
  return hasher.hash;
}

} // namespace dconv::runtime
