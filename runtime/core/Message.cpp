//===- Message.cpp - what travels in front of a box -----------------------===//

#include "dconv/Runtime/Message.h"
#include "dconv/Runtime/Checksum.h"

#include <algorithm>

namespace dconv::runtime {

namespace {

constexpr uint32_t magic = 0x564E4344; // "DCNV"
constexpr uint16_t version = 1;
constexpr size_t fixedBytes = 80;
constexpr size_t bytesPerDim = 16;

/// Appends integers, least significant byte first.
class Writer {
public:
  template <typename T> void put(T value) {
    auto bits = static_cast<uint64_t>(value);
    for (size_t i = 0; i < sizeof(T); ++i)
      bytes.push_back(static_cast<uint8_t>(bits >> (8 * i)));
  }

  std::vector<uint8_t> bytes;
};

/// Reads what Writer wrote; there are enough bytes.
class Reader {
public:
  explicit Reader(const uint8_t *at) : at(at) {}

  template <typename T> T get() {
    uint64_t bits = 0;
    for (size_t i = 0; i < sizeof(T); ++i)
      bits |= static_cast<uint64_t>(*at++) << (8 * i);
    return static_cast<T>(bits);
  }
  template <typename T> void get(T &value) { value = get<T>(); }

private:
  const uint8_t *at;
};

} // namespace

size_t MessageId::Hash::operator()(const MessageId &id) const {
  uint64_t hash = id.epoch;
  auto mix = [&hash](uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15;
    hash ^= hash >> 29;
  };
  mix(id.planHash);
  mix(id.step);
  mix(id.tensor);
  mix(static_cast<uint64_t>(id.source.device));
  mix(static_cast<uint64_t>(id.source.shard));
  mix(static_cast<uint64_t>(id.destination.device));
  mix(static_cast<uint64_t>(id.destination.shard));
  for (Interval dim : id.box.dims) {
    mix(static_cast<uint64_t>(dim.begin));
    mix(static_cast<uint64_t>(dim.end));
  }
  return hash;
}

MessageHeader headerOf(const Program &program, int64_t device,
                       const Command &command) {
  const Buffer &buffer = program.devices[device].buffers[command.buffer];
  const bool sends = command.kind == CommandKind::Send;
  MessageHeader header;
  header.id.step = command.step;
  header.id.tensor = buffer.tensor;
  header.id.source = {sends ? device : command.peer, command.sourceShard};
  header.id.destination = {sends ? command.peer : device,
                           command.destinationShard};
  header.id.box = command.box;
  header.length = command.box.volume() * bytesOf(buffer.type);
  return header;
}

std::vector<uint8_t> serialize(const MessageHeader &header) {
  const MessageId &id = header.id;
  Writer writer;
  writer.bytes.reserve(fixedBytes + bytesPerDim * id.box.rank());
  writer.put<uint32_t>(magic);
  writer.put<uint16_t>(version);
  writer.put<uint16_t>(id.box.rank());
  writer.put<uint64_t>(id.epoch);
  writer.put<uint64_t>(id.planHash);
  writer.put<uint32_t>(id.step);
  writer.put<uint32_t>(id.tensor);
  for (const Endpoint &end : {id.source, id.destination}) {
    writer.put<int64_t>(end.device);
    writer.put<int64_t>(end.shard);
  }
  for (Interval dim : id.box.dims) {
    writer.put<int64_t>(dim.begin);
    writer.put<int64_t>(dim.end);
  }
  writer.put<int64_t>(header.length);
  writer.put<uint32_t>(header.checksum);
  writer.put<uint32_t>(checksum(writer.bytes.data(), writer.bytes.size()));
  return writer.bytes;
}

Result<MessageHeader> parseHeader(const std::vector<uint8_t> &bytes) {
  if (bytes.size() < fixedBytes)
    return Error{"header of " + std::to_string(bytes.size()) +
                 " bytes, needed at least " + std::to_string(fixedBytes)};

  Reader reader(bytes.data());
  if (auto got = reader.get<uint32_t>(); got != magic)
    return Error{"header starts with " + std::to_string(got) + ", needed " +
                 std::to_string(magic)};
  if (auto got = reader.get<uint16_t>(); got != version)
    return Error{"header of version " + std::to_string(got) + ", needed " +
                 std::to_string(version)};
  const size_t rank = reader.get<uint16_t>();
  const size_t needed = fixedBytes + bytesPerDim * rank;
  if (bytes.size() != needed)
    return Error{"header of " + std::to_string(bytes.size()) +
                 " bytes, needed " + std::to_string(needed)};

  const size_t covered = needed - sizeof(uint32_t);
  const auto claimed = Reader(bytes.data() + covered).get<uint32_t>();
  const uint32_t actual = checksum(bytes.data(), covered);
  if (claimed != actual)
    return Error{"header with checksum " + std::to_string(actual) +
                 ", needed " + std::to_string(claimed)};

  MessageHeader header;
  MessageId &id = header.id;
  reader.get(id.epoch);
  reader.get(id.planHash);
  reader.get(id.step);
  reader.get(id.tensor);
  for (Endpoint *end : {&id.source, &id.destination}) {
    reader.get(end->device);
    reader.get(end->shard);
  }
  id.box.dims.resize(rank);
  for (Interval &dim : id.box.dims) {
    reader.get(dim.begin);
    reader.get(dim.end);
  }
  reader.get(header.length);
  reader.get(header.checksum);
  return header;
}

/// Where the epoch is, and, from the end, both checksums.
constexpr static size_t epochAt = 8, fromEnd = 8;

template <typename T> static void put(T value, uint8_t *to) {
  for (size_t i = 0; i < sizeof(T); ++i)
    to[i] = static_cast<uint8_t>(value >> (8 * i));
}

void HeaderBytes::write(uint64_t epoch, uint32_t sum, uint8_t *to) const {
  std::copy(bytes.begin(), bytes.end(), to);
  put(epoch, to + epochAt);
  uint8_t *sums = to + bytes.size() - fromEnd;
  put(sum, sums);
  put(checksum(to, bytes.size() - sizeof(sum)), sums + sizeof(sum));
}

HeaderBytes::Match HeaderBytes::match(const uint8_t *from, uint64_t epoch,
                                      uint32_t &sum) const {
  const size_t sums = bytes.size() - fromEnd;
  if (checksum(from, sums + sizeof(sum)) !=
      Reader(from + sums + sizeof(sum)).get<uint32_t>())
    return Match::Corrupt;
  constexpr size_t epochEnd = epochAt + sizeof(epoch);
  if (Reader(from + epochAt).get<uint64_t>() != epoch ||
      !std::equal(from, from + epochAt, bytes.begin()) ||
      !std::equal(from + epochEnd, from + sums, bytes.begin() + epochEnd))
    return Match::Other;
  sum = Reader(from + sums).get<uint32_t>();
  return Match::Good;
}

std::string toString(const MessageId &id) {
  auto end = [](const Endpoint &e) {
    return "device " + std::to_string(e.device) + " (shard " +
           std::to_string(e.shard) + ")";
  };
  return "message from " + end(id.source) + " to " + end(id.destination) +
         ", step " + std::to_string(id.step) + ", tensor " +
         std::to_string(id.tensor) + " " + toString(id.box);
}

} // namespace dconv::runtime
