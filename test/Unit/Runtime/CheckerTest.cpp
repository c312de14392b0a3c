//===- CheckerTest.cpp - one altered command, one error -------------------===//

#include "dconv/Runtime/Checker.h"
#include "Programs.h"

#include <chrono>
#include <gmock/gmock.h>

using namespace dconv;
using namespace dconv::runtime;
using namespace dconv::runtime::test;
using testing::HasSubstr;

namespace {

/// The commands of device 1 of two in haloProgram.
enum : uint32_t {
  AllocX,
  AllocY,
  ScatterX,
  FillPadding,
  FillY,
  SendX,
  ReceiveX,
  LaunchY,
  GatherY,
  FreeX,
  FreeY,
};

class CheckerTest : public testing::Test {
protected:
  void expectError(const std::string &part) {
    Status status = check(program);
    EXPECT_EQ(status.code(), StatusCode::InvalidProgram);
    EXPECT_THAT(status.message(), HasSubstr(part));
  }
  /// The error also says where.
  void expectErrorAt(uint32_t number, const std::string &part) {
    expectError(part);
    EXPECT_THAT(check(program).message(),
                HasSubstr("program 'halo', device 1, command " +
                          std::to_string(number) + " ("));
  }
  Command &command(uint32_t number) {
    return program.devices[1].commands[number];
  }
  void swap(uint32_t a, uint32_t b) {
    std::swap(command(a), command(b));
    command(a).waits.swap(command(b).waits);
  }

  Program program = haloProgram(2);
};

TEST_F(CheckerTest, AcceptsGoodPrograms) {
  for (int64_t devices : {2, 3, 4}) {
    EXPECT_EQ(check(haloProgram(devices)).message(), "");
    EXPECT_EQ(check(reduceProgram(devices)).message(), "");
  }
}

TEST_F(CheckerTest, ErrorsNameProgramDeviceCommandTensorAndBox) {
  command(ReceiveX).step = 7;
  EXPECT_EQ(check(program).message(),
            "program 'halo', device 1, command 6 (receive of 'x' [5, 6)): no "
            "send, or another receive, matches it");
}

// Shape.

TEST_F(CheckerTest, NumbersNameSomething) {
  command(FillY).buffer = 9;
  expectErrorAt(FillY, "buffer 9 of 2");
}

TEST_F(CheckerTest, ScalarsAreScalars) {
  command(LaunchY).scalars = {0};
  expectErrorAt(LaunchY, "argument 0 is no scalar");
}

TEST_F(CheckerTest, BoundsAreIntervals) {
  command(LaunchY).bounds = {0, 3, 2, 2};
  EXPECT_EQ(check(program).message(), "");
  command(LaunchY).bounds = {0, 3, 2};
  expectErrorAt(LaunchY, "3 bounds, needed a begin and an end each");
  command(LaunchY).bounds = {-1, 3};
  expectErrorAt(LaunchY, "bounds [-1, 3), needed 0 <= begin <= end");
  command(LaunchY).bounds = {0, 3, 2, 1};
  expectErrorAt(LaunchY, "bounds [2, 1), needed 0 <= begin <= end");
}

TEST_F(CheckerTest, LayoutsOrderTheDimsOfTheirBuffer) {
  program.devices[1].buffers[1].layout = {{{0, 4}, {0, 1}}};
  EXPECT_EQ(check(program).message(), "");
  program.devices[1].buffers[1].layout = {{{1, 4}, {0, 1}, {1, 1}}};
  expectError("program 'halo', device 1, buffer 1: layout orders d1 but the "
              "buffer has 1 dims");
}

// Only a launch that says so may find nothing in its output.
TEST_F(CheckerTest, LaunchesReadTheirOutputUnlessTheyOverwriteIt) {
  command(FillY).box = Box{{6, 6}};
  expectErrorAt(LaunchY, "which nothing has written");
  command(LaunchY).overwrites = true;
  EXPECT_EQ(check(program).message(), "");
}

TEST_F(CheckerTest, WaitsPointBackwards) {
  command(FillY).waits.push_back(FillY);
  expectErrorAt(FillY, "waits for command 4, which is not an earlier one");
}

TEST_F(CheckerTest, BoxesLieInTheirWindow) {
  command(FillPadding).box = Box{{12, 14}};
  expectErrorAt(FillPadding, "the box leaves the window [5, 13)");
}

TEST_F(CheckerTest, BoxesHaveTheRankOfTheWindow) {
  command(FillPadding).box = Box{{12, 13}, {0, 1}};
  expectErrorAt(FillPadding, "the box leaves the window");
}

TEST_F(CheckerTest, PaddingIsNeverSent) {
  command(SendX).box = Box{{12, 13}};
  expectErrorAt(SendX, "the box leaves the tensor [0, 12)");
}

TEST_F(CheckerTest, PaddingIsNeverScattered) {
  command(ScatterX).box = Box{{6, 13}};
  expectErrorAt(ScatterX, "the box leaves the tensor [0, 12)");
}

TEST_F(CheckerTest, MessagesAreNotEmpty) {
  command(SendX).box = Box{{6, 6}};
  expectErrorAt(SendX, "the message is empty");
}

TEST_F(CheckerTest, DevicesDoNotSendToThemselves) {
  command(SendX).peer = 1;
  expectErrorAt(SendX, "the peer is the device itself");
}

TEST_F(CheckerTest, ArgumentsHaveTheShapeOfTheTensor) {
  program.arguments[0].shape = {13};
  expectError("the host's tensor is [0, 13), needed [0, 12)");
}

TEST_F(CheckerTest, OrdersKeepEveryDim) {
  program.arguments[0].order = {0};
  EXPECT_EQ(check(program).message(), "");
  program.arguments[0].order = {1};
  expectError("the order of the host's dims is 1, needed each of the 1 once");
  program.arguments[0].order = {0, 0};
  expectError("the order of the host's dims is 0 0, needed each of the 1 once");
}

TEST_F(CheckerTest, ArgumentsHaveTheTypeOfTheBuffer) {
  program.arguments[0].type = ElementType::F64;
  expectError("the host's elements are f64, needed f32");
}

TEST_F(CheckerTest, CopiesKeepTheElementType) {
  program = reduceProgram(2);
  program.devices[0].buffers[1].type = ElementType::I32;
  expectError("the source is f32, needed i32");
}

TEST_F(CheckerTest, UnsignedCombinersAreForIntegers) {
  program = reduceProgram(2);
  for (Command &command : program.devices[0].commands)
    command.combiner = Combiner::MaxUnsigned;
  expectError("cannot combine f32 with max_unsigned");
}

TEST_F(CheckerTest, ConversionsAreBetweenFloatTypes) {
  program = reduceProgram(2);
  for (Command &command : program.devices[0].commands)
    if (command.kind == CommandKind::Copy)
      command.kind = CommandKind::Convert;
  expectError("cannot convert f32 to f32");
}

TEST_F(CheckerTest, ScattersDoNotComeAfterTheTimedPart) {
  program.timed[1] = {ScatterX, ScatterX};
  expectErrorAt(ScatterX, "is after the timed part");
}

TEST_F(CheckerTest, TransfersAreTimed) {
  program.timed[1].begin = ReceiveX;
  expectErrorAt(SendX, "is not in the timed part");
}

TEST_F(CheckerTest, GathersDoNotComeBeforeTheTimedPart) {
  Program early;
  early.name = "early";
  early.tensors = {{"y", {4}}};
  early.results = {{ElementType::F32, {4}, false}};
  early.devices.resize(1);
  ListBuilder list(early.devices[0]);
  const uint32_t y = list.alloc(0, Box{{0, 4}});
  list.fill(y, Box{{0, 4}}, 0);
  const uint32_t gather = list.gather(y, Box{{0, 4}}, 0);
  list.free(y);
  early.timed = {{gather, gather}};
  EXPECT_EQ(check(early).message(), "");
  early.timed = {{gather + 1, gather + 1}};
  EXPECT_THAT(check(early).message(),
              HasSubstr("command 2 (gather of 'y' [0, 4)): is before the "
                        "timed part"));
}

// Memory.

TEST_F(CheckerTest, BuffersLieInTheArena) {
  program.devices[1].arenaBytes = 64;
  expectError("device 1, buffer 1: bytes from 64, 24 of them, in an arena of "
              "64");
}

TEST_F(CheckerTest, OffsetsAreAligned) {
  program.devices[1].buffers[1].offset = 32;
  expectError("device 1, buffer 1: offset 32, needed a multiple of 64");
}

TEST_F(CheckerTest, SizesFit64Bits) {
  program.devices[1].buffers[0].window = Box{{0, INT64_MAX / 2}};
  expectError("device 1, buffer 0: ");
}

TEST_F(CheckerTest, LiveBuffersDoNotOverlap) {
  program.devices[1].buffers[1].offset = 0;
  expectErrorAt(AllocY, "bytes [0, 24) overlap those of live buffer 0 ('x' "
                        "[5, 13)), [0, 32)");
}

TEST_F(CheckerTest, BuffersLiveOnce) {
  command(AllocY).buffer = 0;
  expectErrorAt(AllocY, "is already allocated");
}

TEST_F(CheckerTest, BuffersAreUsedWhileTheyLive) {
  swap(GatherY, FreeY);
  expectErrorAt(FreeY, "buffer 1 ('y' [6, 12)) is not allocated");
}

TEST_F(CheckerTest, ReadsSeeWrittenElements) {
  command(ScatterX).box = Box{{7, 12}};
  expectErrorAt(SendX, "reads [6, 7) of buffer 0 ('x' [5, 13)), which nothing "
                       "has written");
}

// The launch reads all of its operand, padding too.
TEST_F(CheckerTest, LaunchesReadTheirOperandsWholly) {
  command(FillPadding).box = Box{{12, 12}};
  expectErrorAt(LaunchY, "reads [12, 13)");
}

// A kernel adds to its output.
TEST_F(CheckerTest, LaunchesReadTheirOutput) {
  command(FillY).box = Box{{6, 11}};
  expectErrorAt(LaunchY, "reads [11, 12)");
}

// Order.

TEST_F(CheckerTest, ReadsWaitForWrites) {
  command(LaunchY).waits = {FillY};
  expectErrorAt(LaunchY, "does not wait for command 6 (receive of 'x' [5, "
                         "6)), whose result it reads");
}

TEST_F(CheckerTest, WritesWaitForReads) {
  command(FreeY).kind = CommandKind::Fill;
  command(FreeY).box = Box{{6, 7}};
  command(FreeY).waits = {LaunchY};
  expectErrorAt(FreeY, "does not wait for command 8 (gather of 'y' [6, 12)), "
                       "which reads what it overwrites");
}

TEST_F(CheckerTest, WritesWaitForWrites) {
  command(FreeY).kind = CommandKind::Fill;
  command(FreeY).box = Box{{6, 7}};
  command(FreeY).waits = {FillY};
  expectErrorAt(FreeY, "does not wait for command 7 (launch of "
                       "dconv_kernel_sum3_6 on 'y' [6, 12)), which it "
                       "overwrites");
}

TEST_F(CheckerTest, UsesWaitForTheirAlloc) {
  command(FillPadding).waits = {};
  command(FillY).waits = {};
  expectError("which begins its buffer");
}

TEST_F(CheckerTest, FreesWaitForTheirSends) {
  command(FreeX).waits = {GatherY};
  expectErrorAt(FreeX, "does not wait for command 5 (send of 'x' [6, 7)), "
                       "which uses the buffer");
}

TEST_F(CheckerTest, AllocsWaitForTheFreeOfTheirBytes) {
  Command alloc = command(AllocY);
  alloc.buffer = 2;
  alloc.waits = {GatherY};
  Buffer buffer = program.devices[1].buffers[1];
  buffer.offset = 0;
  program.devices[1].buffers.push_back(buffer);
  program.devices[1].commands.push_back(alloc);
  expectErrorAt(FreeY + 1, "does not wait for command 9 (free of 'x' [5, "
                           "13)), which had its bytes");
  program.devices[1].commands.back().waits = {FreeX};
  EXPECT_EQ(check(program).message(), "");
}

// Messages.

TEST_F(CheckerTest, EverySendHasAReceive) {
  command(ReceiveX).kind = CommandKind::Fill;
  expectError(
      "device 0, command 5 (send of 'x' [5, 6)): no receive matches it");
}

TEST_F(CheckerTest, NoMessageIsSentTwice) {
  Command second = command(SendX);
  program.devices[1].commands.insert(
      program.devices[1].commands.begin() + SendX, second);
  for (uint32_t c = SendX + 2; c < program.devices[1].commands.size(); ++c)
    for (uint32_t &wait : command(c).waits)
      wait += wait >= SendX;
  command(FreeX + 1).waits.push_back(SendX);
  ++program.timed[1].end;
  expectErrorAt(SendX + 1, "sends the same message as command 5");
}

TEST_F(CheckerTest, BoxesOfAMessageAgree) {
  command(SendX).box = Box{{6, 8}};
  expectError("device 0, command 6 (receive of 'x' [6, 7)): no send");
}

TEST_F(CheckerTest, ElementTypesOfAMessageAgree) {
  program = reduceProgram(2);
  Buffer &received = program.devices[1].buffers[2];
  received.type = ElementType::I32;
  for (Command &command : program.devices[1].commands)
    if (command.kind == CommandKind::Copy)
      command.source = 0; // keeps the rest consistent
  expectError("is sent f32, needed i32");
}

// Results.

TEST_F(CheckerTest, GathersCoverTheResult) {
  command(GatherY).box = Box{{7, 12}};
  expectError("result 0: gathers 11 elements, needed the 12 of [0, 12)");
}

TEST_F(CheckerTest, GathersAreDisjoint) {
  Command again = command(GatherY);
  again.waits = {LaunchY};
  again.box = Box{{8, 9}};
  program.devices[1].commands.push_back(again);
  command(FreeY) = again;
  expectErrorAt(FreeY, "overlaps command 8 of device 1, which gathers [6, 12)");
}

// Progress: each receive waits for a send that waits to be received.
TEST_F(CheckerTest, DevicesDoNotWaitForEachOther) {
  command(ReceiveX).waits.push_back(SendX);
  program.devices[0].commands[ReceiveX].waits.push_back(SendX);
  expectError("waits forever");
}

// Bounded memory and time where each command waits for the one before alone, so
// that most of what is required holds only transitively.
TEST_F(CheckerTest, TensOfThousandsOfCommandsTakeSeconds) {
  constexpr int64_t rows = 200;
  Program big;
  big.name = "big";
  big.tensors = {{"x", {rows}}};
  big.devices.resize(1);
  big.timed.resize(1);
  ListBuilder list(big.devices[0]);
  const uint32_t x = list.alloc(0, Box::whole({rows}));
  const uint32_t y = list.alloc(0, Box::whole({rows}));
  for (int64_t r = 0; r < rows; ++r)
    list.fill(x, Box{{r, r + 1}}, 0);
  for (int64_t c = 0; c < 40000; ++c)
    list.binary(CommandKind::Copy, y, x, Box{{c % rows, c % rows + 1}});
  auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(check(big).message(), "");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

} // namespace
