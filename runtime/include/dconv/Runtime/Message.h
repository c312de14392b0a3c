//===- Message.h - what travels in front of a box ---------------*- C++ -*-===//
//
// The same bytes on every transport: a header, then the elements of the box,
// row-major and little-endian.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_RUNTIME_MESSAGE_H
#define DCONV_RUNTIME_MESSAGE_H

#include "dconv/Runtime/Program.h"

namespace dconv::runtime {

/// One end of a message.
struct Endpoint {
  int64_t device = 0;
  int64_t shard = 0;

  bool operator==(const Endpoint &o) const {
    return device == o.device && shard == o.shard;
  }
};

/// Names one message: no two of a run are equal.
struct MessageId {
  uint64_t epoch = 0;    ///< number of the execution, ascending
  uint64_t planHash = 0; ///< fingerprint of the program
  uint32_t step = 0;
  uint32_t tensor = 0;
  Endpoint source;
  Endpoint destination;
  Box box;

  bool operator==(const MessageId &o) const {
    return epoch == o.epoch && planHash == o.planHash && step == o.step &&
           tensor == o.tensor && source == o.source &&
           destination == o.destination && box == o.box;
  }
  struct Hash {
    size_t operator()(const MessageId &id) const;
  };
};

struct MessageHeader {
  MessageId id;
  int64_t length = 0;    ///< of the payload, in bytes
  uint32_t checksum = 0; ///< CRC32C of the payload
};

/// The message that the Send or Receive `command` of `device` moves, in epoch 0
/// and without checksum.
MessageHeader headerOf(const Program &program, int64_t device,
                       const Command &command);

/// magic, version, number of dims, then the fields in the order in which they
/// are declared, then the CRC32C of all that; little-endian, 80 bytes and 16
/// per dim.
std::vector<uint8_t> serialize(const MessageHeader &header);

/// The header that `bytes` hold, or why they hold none: too short or long,
/// wrong magic or version, or a checksum that does not match.
Result<MessageHeader> parseHeader(const std::vector<uint8_t> &bytes);

/// The bytes of the headers of one message, which differ from execution to
/// execution in epoch and checksum alone: made once, completed and recognized
/// without allocating.
class HeaderBytes {
public:
  HeaderBytes() = default;
  /// Epoch and checksum of `header` do not matter.
  explicit HeaderBytes(const MessageHeader &header)
      : bytes(serialize(header)) {}

  size_t size() const { return bytes.size(); }

  /// Writes `size()` bytes, as `serialize` does.
  void write(uint64_t epoch, uint32_t checksum, uint8_t *to) const;

  enum class Match {
    Good,    ///< the header of this message in this epoch
    Corrupt, ///< not what somebody wrote
    Other,   ///< that of another message or epoch
  };
  /// What `size()` bytes at `from` are; where Good, `checksum` is set.
  Match match(const uint8_t *from, uint64_t epoch, uint32_t &checksum) const;

private:
  std::vector<uint8_t> bytes;
};

/// "message from device 0 (shard 0) to device 1 (shard 2), step 3, tensor 1
/// [0, 4)".
std::string toString(const MessageId &id);

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_MESSAGE_H
