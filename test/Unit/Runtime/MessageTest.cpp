//===- MessageTest.cpp - headers as bytes ---------------------------------===//

#include "dconv/Runtime/Message.h"

#include <gmock/gmock.h>

using namespace dconv;
using namespace dconv::runtime;
using testing::HasSubstr;

namespace {

MessageHeader example() {
  MessageHeader header;
  header.id.epoch = 5;
  header.id.planHash = 0x0123456789ABCDEF;
  header.id.step = 3;
  header.id.tensor = 1;
  header.id.source = {0, 4};
  header.id.destination = {2, 9};
  header.id.box = Box{{-1, 2}, {int64_t(1) << 40, (int64_t(1) << 40) + 6}};
  header.length = 72;
  header.checksum = 0xDEADBEEF;
  return header;
}

TEST(Message, RoundTrips) {
  std::vector<uint8_t> bytes = serialize(example());
  EXPECT_EQ(bytes.size(), 80u + 2 * 16);
  Result<MessageHeader> read = parseHeader(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, example().id);
  EXPECT_EQ(read->length, 72);
  EXPECT_EQ(read->checksum, 0xDEADBEEF);
}

TEST(Message, IsLittleEndian) {
  std::vector<uint8_t> bytes = serialize(example());
  EXPECT_EQ(std::string(bytes.begin(), bytes.begin() + 4), "DCNV");
  EXPECT_EQ(bytes[8], 5);
  EXPECT_EQ(bytes[16], 0xEF);
  EXPECT_EQ(bytes[23], 0x01);
}

TEST(Message, EveryFlippedBitIsSeen) {
  std::vector<uint8_t> bytes = serialize(example());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= 1 << (bit % 8);
    EXPECT_FALSE(parseHeader(bytes)) << "bit " << bit;
    bytes[bit / 8] ^= 1 << (bit % 8);
  }
}

TEST(Message, RefusesWrongSizes) {
  std::vector<uint8_t> bytes = serialize(example());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(parseHeader({bytes.begin(), bytes.begin() + size}));
  bytes.push_back(0);
  EXPECT_THAT(parseHeader(bytes).error(),
              HasSubstr("header of 113 bytes, needed 112"));
}

TEST(Message, EachFieldOfTheIdCounts) {
  std::vector<MessageId> ids(11, example().id);
  ids[1].epoch = ids[2].planHash = ids[3].step = ids[4].tensor = 77;
  ids[5].source.device = ids[6].source.shard = 77;
  ids[7].destination.device = ids[8].destination.shard = 77;
  ids[9].box[0].begin = ids[10].box[1].end = 77;
  for (size_t i = 0; i < ids.size(); ++i)
    for (size_t j = 0; j < ids.size(); ++j)
      EXPECT_EQ(ids[i] == ids[j], i == j);
}

TEST(Message, HeaderBytesAreTheSameBytes) {
  MessageHeader header = example();
  header.id.epoch = 0;
  header.checksum = 0;
  const HeaderBytes bytes(header);
  std::vector<uint8_t> written(bytes.size());
  bytes.write(5, 0xDEADBEEF, written.data());
  EXPECT_EQ(written, serialize(example()));

  using Match = HeaderBytes::Match;
  uint32_t checksum = 0;
  EXPECT_EQ(bytes.match(written.data(), 5, checksum), Match::Good);
  EXPECT_EQ(checksum, 0xDEADBEEF);
  EXPECT_EQ(bytes.match(written.data(), 6, checksum), Match::Other);
  for (size_t bit = 0; bit < written.size() * 8; ++bit) {
    written[bit / 8] ^= 1 << (bit % 8);
    EXPECT_EQ(bytes.match(written.data(), 5, checksum), Match::Corrupt);
    written[bit / 8] ^= 1 << (bit % 8);
  }

  std::vector<MessageHeader> others(11, example());
  others[0].id.planHash = others[1].id.step = others[2].id.tensor = 77;
  others[3].id.source.device = others[4].id.source.shard = 77;
  others[5].id.destination.device = others[6].id.destination.shard = 77;
  others[7].id.box[0].begin = others[8].id.box[1].end = 77;
  others[9].length = 76;
  others[10].id.epoch = 4;
  for (const MessageHeader &other : others)
    EXPECT_EQ(bytes.match(serialize(other).data(), 5, checksum), Match::Other);
}

TEST(Message, NamesBothEndsStepTensorAndBox) {
  MessageId id = example().id;
  id.box = Box{{0, 4}};
  EXPECT_EQ(toString(id), "message from device 0 (shard 4) to device 2 (shard "
                          "9), step 3, tensor 1 [0, 4)");
}

// Messages of a program that differs anywhere are not taken for its own.
TEST(Message, FingerprintsTellProgramsApart) {
  Program program;
  program.devices.resize(1);
  program.devices[0].commands.resize(2);
  const uint64_t hash = fingerprint(program);
  EXPECT_EQ(hash, fingerprint(program));
  program.devices[0].commands[1].box = Box{{0, 1}};
  EXPECT_NE(hash, fingerprint(program));
}

} // namespace
