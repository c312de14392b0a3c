//===- StreamingTest.cpp - slots and bytes of streamed convolutions -------===//

#include "dconv/Geometry/Streaming.h"
#include "Oracle.h"

#include "gmock/gmock.h"

#include <functional>
#include <map>

using namespace dconv;
using namespace dconv::test;
using testing::HasSubstr;

using Bytes = std::vector<int64_t>;

namespace {

int64_t aligned(int64_t bytes) { return (bytes + 63) / 64 * 64; }

/// What one operand costs a device that walks its shards in order, from the
/// sets of elements: `window` tells shards apart, `volume` is that of the slot
/// and `inside` of what moves.
struct Walk {
  int64_t moved = 0;          ///< elements
  int64_t slots[2] = {0, 0};  ///< elements of the largest, by turns
  std::vector<size_t> starts; ///< positions of shards that change it

  template <typename Key>
  Walk(const std::vector<int64_t> &shards, std::function<Key(int64_t)> window,
       std::function<int64_t(int64_t)> volume,
       std::function<int64_t(int64_t)> inside) {
    for (size_t i = 0; i < shards.size(); ++i) {
      if (i > 0 && window(shards[i]) == window(shards[i - 1]))
        continue;
      moved += inside(shards[i]);
      int64_t &slot = slots[starts.size() % 2];
      slot = std::max(slot, volume(shards[i]));
      starts.push_back(i);
    }
  }
  int64_t arena(int64_t elementBytes) const {
    return aligned(slots[0] * elementBytes) + aligned(slots[1] * elementBytes);
  }
};

/// What the prediction of `one`, streamed, must be; empty where it is.
std::string verifyStreamed(const Case &one) {
  const Convolution &convolution = one.convolution;
  Oracle oracle(one);
  Prediction got = predict(
      distributeStreamed(convolution, one.split, one.devices, one.fillsOutput));
  for (int64_t device = 0; device < one.devices; ++device) {
    std::vector<int64_t> shards;
    for (int64_t shard = 0; shard < oracle.numShards(); ++shard)
      if (oracle.deviceOf(shard) == device)
        shards.push_back(shard);
    int64_t scatter = 0, peak = 0;
    for (size_t i = 0; i < oracle.inputs.size(); ++i) {
      const OracleInput &input = oracle.inputs[i];
      const int64_t bytes = convolution.inputs[i].elementBytes;
      using Key = std::vector<int64_t>;
      Walk walk(
          shards, std::function<Key(int64_t)>([&](int64_t shard) {
            Key key;
            for (const Reach &reach : input.reach[shard]) {
              key.push_back(reach.low);
              key.push_back(reach.high);
            }
            return key;
          }),
          [&](int64_t shard) { return input.volume(shard); },
          [&](int64_t shard) { return int64_t(input.held[shard].size()); });
      scatter += walk.moved * bytes;
      peak += walk.arena(bytes);
    }
    const int64_t bytes = convolution.output.elementBytes;
    auto size = [&](int64_t shard) {
      return int64_t(oracle.block[shard].size());
    };
    Walk walk(shards, std::function<Elements(int64_t)>([&](int64_t shard) {
                return oracle.block[shard];
              }),
              size, size);
    peak += walk.arena(bytes);
    if (convolution.accumulatorBytes != bytes)
      peak += aligned(std::max(walk.slots[0], walk.slots[1]) *
                      convolution.accumulatorBytes);
    if (!one.fillsOutput)
      scatter += walk.moved * bytes;
    auto differs = [&](const char *what, int64_t predicted, int64_t expected) {
      return std::string(what) + " of device " + std::to_string(device) +
             ": predicted " + std::to_string(predicted) + ", expected " +
             std::to_string(expected);
    };
    if (got.scatterBytes[device] != scatter)
      return differs("scatter", got.scatterBytes[device], scatter);
    if (got.gatherBytes[device] != walk.moved * bytes)
      return differs("gather", got.gatherBytes[device], walk.moved * bytes);
    if (got.peakBytes[device] != peak)
      return differs("peak", got.peakBytes[device], peak);
    if (got.bytesReceived[device] != 0 || got.bytesSent[device] != 0)
      return "device " + std::to_string(device) + " talks to others";
  }
  return "";
}

/// Whether the shards that add to one block follow each other on a device.
bool runsTogether(const Case &one) {
  Oracle oracle(one);
  std::map<Elements, int64_t> last;
  for (int64_t shard = 0; shard < oracle.numShards(); ++shard) {
    auto [entry, isNew] = last.try_emplace(oracle.block[shard], shard);
    if (!isNew && (entry->second != shard - 1 ||
                   oracle.deviceOf(shard) != oracle.deviceOf(shard - 1)))
      return false;
    entry->second = shard;
  }
  return true;
}

/// out[o0, oc] += x[o0 + k0, ic] * w[k0, ic, oc], 6 x 4, 3 taps, 4 channels.
Convolution smallConvolution() {
  Convolution c;
  c.extents = {6, 4, 3, 4};
  c.roles = {Role::Output, Role::OutputChannel, Role::Tap, Role::InputChannel};
  Operand x, w;
  x.map = {{{{0, 1}, {2, 1}}, 0}, {{{3, 1}}, 0}};
  x.shape = {8, 4};
  w.map = {{{{2, 1}}, 0}, {{{3, 1}}, 0}, {{{1, 1}}, 0}};
  w.shape = {3, 4, 4};
  c.output.map = {{{{0, 1}}, 0}, {{{1, 1}}, 0}};
  c.output.shape = {6, 4};
  for (Operand *operand : {&x, &w, &c.output}) {
    operand->padLow.assign(operand->shape.size(), 0);
    operand->padHigh = operand->padLow;
  }
  c.inputs = {x, w};
  return c;
}

Prediction predictSmall(const std::string &spec, int64_t devices) {
  Convolution convolution = smallConvolution();
  Split split = *parseSplit(spec, convolution);
  return predict(distributeStreamed(convolution, split, devices, true));
}

std::string errorOf(const std::string &spec, int64_t devices) {
  Convolution convolution = smallConvolution();
  Result<int64_t> shards =
      checkStreamed(convolution, *parseSplit(spec, convolution), devices);
  return shards ? "" : shards.error();
}

} // namespace

TEST(Streaming, BytesAndPeakAreThoseOfAWalkOverElements) {
  std::mt19937 random(7);
  int together = 0;
  for (int i = 0; i < 4000; ++i) {
    Case one = randomCase(random, 1 + i % 3);
    ASSERT_EQ(verifyStreamed(one), "") << describe(one);
    bool runs = runsTogether(one);
    together += runs;
    ASSERT_EQ(bool(checkStreamed(one.convolution, one.split, one.devices)),
              runs)
        << describe(one);
  }
  EXPECT_GT(together, 400);
  EXPECT_LT(together, 3600);
}

// 6 x 4 outputs of f32 in blocks of 3 x 2. With oc inside, each of the two
// windows of x (5 x 4) is loaded once and the filter's halves (3 x 4 x 2) with
// each; with o0 inside it is the other way round.
TEST(Streaming, TheOrderOfAxesDecidesWhatStaysPut) {
  EXPECT_EQ(predictSmall("o0=2,oc=2", 1).scatterBytes,
            (Bytes{4 * (2 * 20 + 4 * 24)}));
  EXPECT_EQ(predictSmall("oc=2,o0=2", 1).scatterBytes,
            (Bytes{4 * (4 * 20 + 2 * 24)}));
  EXPECT_EQ(predictSmall("oc=2,o0=2", 1).gatherBytes, (Bytes{4 * 24}));
}

// Two slots of each, 80, 96 and 24 bytes in blocks of 64.
TEST(Streaming, WhatMovesHasTwoSlots) {
  EXPECT_EQ(predictSmall("o0=2,oc=2", 1).peakBytes,
            (Bytes{2 * 128 + 2 * 128 + 2 * 64}));
  // A device of its own for each half of o0: its window of x never changes.
  EXPECT_EQ(predictSmall("o0=2,oc=2", 2).peakBytes,
            Bytes(2, 128 + 2 * 128 + 2 * 64));
}

// The block of the output stays while the input channels pass.
TEST(Streaming, ASerialReductionReturnsItsBlockOnce) {
  Prediction prediction = predictSmall("o0=2,ic=4", 2);
  EXPECT_EQ(prediction.gatherBytes, Bytes(2, 4 * 12));
  EXPECT_EQ(prediction.scatterBytes, Bytes(2, 4 * (4 * 5 + 4 * 12)));
}

TEST(Streaming, ReductionsMustRunTogether) {
  EXPECT_EQ(errorOf("o0=2,ic=2", 2), "");
  EXPECT_EQ(errorOf("o0=3,ic=2", 3), "");
  EXPECT_EQ(errorOf("ic=2,o0=2", 2),
            "shards 0 and 2 add to the same output [0, 3) x [0, 4) but run on "
            "devices 0 and 1; streamed, they must run one after the other on "
            "one device: name ic last in the split");
  EXPECT_THAT(errorOf("o0=2,ic=2,oc=2", 2),
              HasSubstr("shards 0 and 2 add to the same output [0, 3) x [0, 2) "
                        "but run with others between them; streamed, they must "
                        "run one after the other on one device: name ic last"));
  EXPECT_THAT(errorOf("o0=3,ic=2", 2),
              HasSubstr("shards 2 and 3 add to the same output [2, 4) x [0, 4) "
                        "but run on devices 0 and 1; streamed, they must run "
                        "one after the other on one device: divide the dims "
                        "before ic in a multiple of 2 parts, or ic in one"));
  EXPECT_THAT(errorOf("k0=3,ic=2,o0=2", 1), HasSubstr("name k0, ic last"));
}
