//===- StreamTest.cpp - certificates of plans that are streamed -----------===//

#include "dconv/Geometry/Streaming.h"
#include "dconv/Planner/StreamBound.h"

#include "Cases.h"
#include "Plans.h"
#include "Verified.h"
#include "nlohmann/json.hpp"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <sstream>

using namespace dconv;
using namespace dconv::test;
using Json = nlohmann::json;

static int64_t peakOf(const CertifiedPlan &plan) {
  Prediction predicted = predict(distributeStreamed(
      plan.convolution, plan.split, plan.devices, plan.fillsOutput));
  return *std::max_element(predicted.peakBytes.begin(),
                           predicted.peakBytes.end());
}

/// A convolution under a split of any kind, streamed: reductions innermost, in
/// more shards than devices or fewer; nothing where the sums of a block would be
/// on two devices.
static std::optional<CertifiedPlan> randomStream(std::mt19937 &random,
                                                 int number) {
  Case drawn = randomCase(random, 1 + number % 3);
  CertifiedPlan plan{"random#" + std::to_string(number),
                     drawn.convolution,
                     drawn.split,
                     1 + int64_t(random() % 4),
                     drawn.fillsOutput,
                     {},
                     {},
                     /*streamed=*/true};
  std::vector<AxisSplit> &axes = plan.split.axes;
  std::stable_partition(axes.begin(), axes.end(), [&](const AxisSplit &axis) {
    return !plan.convolution.isReduction(axis.loop);
  });
  if (!checkStreamed(plan.convolution, plan.split, plan.devices))
    return std::nullopt;
  if (random() % 2)
    plan.budget = peakOf(plan) + random() % 100;
  if (random() % 2)
    plan.convolution.accumulatorBytes = 8;
  if (plan.budget)
    plan.budget = std::max(*plan.budget, peakOf(plan));
  return plan;
}

static std::vector<CertifiedPlan> randomStreams(int seed, size_t count,
                                                int64_t mostShards) {
  std::mt19937 random(seed);
  std::vector<CertifiedPlan> plans;
  for (int i = 0; plans.size() < count; ++i)
    if (std::optional<CertifiedPlan> plan = randomStream(random, i))
      if (plan->split.grid(1).numShards() <= mostShards)
        plans.push_back(*plan);
  return plans;
}

TEST(StreamCertificate, OfAnyPlanIsProved) {
  std::vector<CertifiedPlan> plans = randomStreams(20261127, 250, 1 << 16);
  std::string expected;
  size_t moreThanOnce = 0; // shards of a device
  for (const CertifiedPlan &plan : plans) {
    expected += plan.name + ": proved\n";
    moreThanOnce += plan.split.grid(1).numShards() > plan.devices;
  }
  EXPECT_GT(moreThanOnce, 60u);
  EXPECT_EQ(verifyText(certificateOf(plans)), std::pair(0, expected));
}

// A layer of the size that is streamed: thousands of shards.
TEST(StreamCertificate, OfManyShardsIsProved) {
  Layer layer = makeLayer(1, 1, 64, 64,
                          {{1024, 3, 1, 1, 1, 1}, {1024, 3, 1, 1, 1, 1}});
  CertifiedPlan plan =
      streamedPlanOf("large", layer, "o0=64,o1=4,oc=4,ic=2", 8);
  plan.budget = peakOf(plan);
  auto [code, printed] = verifyText(certificateOf({plan}));
  EXPECT_EQ(printed, "large: proved\n");
  EXPECT_EQ(code, 0);
}

// Plans of both kinds in one file, each proved by its verifier.
TEST(StreamCertificate, BesideOthers) {
  Layer layer = makeLayer(1, 1, 1, 1, {{8, 3, 1, 1, 1, 1}});
  std::vector<CertifiedPlan> plans = {streamedPlanOf("a", layer, "o0=4", 2),
                                      planOf("b", layer, "o0=2", 2)};
  Json claims = Json::parse(certificateOf(plans));
  EXPECT_EQ(claims["convolutions"].size(), 1u);
  EXPECT_EQ(claims["streamed"].size(), 1u);
  EXPECT_EQ(verifyText(claims.dump()),
            std::pair(0, std::string("b: proved\na: proved\n")));
}

TEST(StreamCertificate, HasThePredictedNumbers) {
  for (const CertifiedPlan &plan : randomStreams(7, 50, 1 << 16)) {
    Json claims = Json::parse(certificateOf({plan}))["streamed"][0];
    Prediction predicted = predict(distributeStreamed(
        plan.convolution, plan.split, plan.devices, plan.fillsOutput));
    EXPECT_EQ(claims["predicted"]["bytes_received"], predicted.bytesReceived);
    EXPECT_EQ(claims["predicted"]["scatter_bytes"], predicted.scatterBytes);
    EXPECT_EQ(claims["predicted"]["gather_bytes"], predicted.gatherBytes);
    EXPECT_EQ(claims["predicted"]["peak_bytes"], predicted.peakBytes);
    EXPECT_EQ(claims["bound_bytes"],
              streamBound(plan.convolution, plan.devices, plan.fillsOutput,
                          plan.budget)
                  .bytes);
  }
}

/// Four shards of two rows each, a filter of three: two on each device.
static CertifiedPlan rows() {
  CertifiedPlan plan = streamedPlanOf(
      "rows", makeLayer(1, 1, 1, 1, {{8, 3, 1, 1, 1, 1}}), "o0=4", 2);
  plan.fillsOutput = true;
  return plan;
}

TEST(StreamCertificate, OfFourShards) {
  Json claims = Json::parse(certificateOf({rows()}))["streamed"][0];
  Json steps = Json::parse(R"([
    {"kind":"load","tensor":"input 0","slot":0,
     "window":[[0,1],[0,1],[-1,3],[0,1]],"box":[[0,1],[0,1],[0,3],[0,1]],
     "bytes":12},
    {"kind":"load","tensor":"input 1","slot":0,
     "window":[[0,1],[0,3],[0,1],[0,1]],"box":[[0,1],[0,3],[0,1],[0,1]],
     "bytes":12},
    {"kind":"load","tensor":"output","slot":0,
     "window":[[0,1],[0,1],[0,2],[0,1]],"box":null,"bytes":0},
    {"kind":"load","tensor":"input 0","slot":1,
     "window":[[0,1],[0,1],[1,5],[0,1]],"box":[[0,1],[0,1],[1,5],[0,1]],
     "bytes":16},
    {"kind":"compute","shard":0,"slots":[0,0,0],"kept":[]},
    {"kind":"store","tensor":"output","slot":0,
     "box":[[0,1],[0,1],[0,2],[0,1]],"bytes":8},
    {"kind":"load","tensor":"output","slot":1,
     "window":[[0,1],[0,1],[2,4],[0,1]],"box":null,"bytes":0},
    {"kind":"compute","shard":1,"slots":[1,0,1],"kept":["input 1"]},
    {"kind":"store","tensor":"output","slot":1,
     "box":[[0,1],[0,1],[2,4],[0,1]],"bytes":8}])");
  ASSERT_EQ(claims["streams"].size(), 2u);
  EXPECT_THAT(std::vector<Json>(claims["streams"][0]["steps"]),
              testing::UnorderedElementsAreArray(std::vector<Json>(steps)));
  // Two of the input, one of the filter, two of the output.
  EXPECT_EQ(claims["streams"][0]["bytes"], 5 * 64);
  EXPECT_EQ(claims["bytes"], 2 * (12 + 12 + 16 + 16));
  // Each element once; without a limit nothing is known of the memory.
  EXPECT_EQ(claims["bound"]["elements"], Json::parse("[8,3,8]"));
  EXPECT_EQ(claims["bound_bytes"], 4.0 * (8 + 3 + 8));
  EXPECT_TRUE(claims["bound"]["each_bytes"].is_null());
}

// The positions that take part, by looking at each iteration.
TEST(StreamCertificate, ElementsThatTakePart) {
  for (const CertifiedPlan &plan : randomStreams(11, 60, 64)) {
    StreamBound bound = streamBound(plan.convolution, plan.devices,
                                    plan.fillsOutput, plan.budget);
    std::vector<Operand> operands = plan.convolution.inputs;
    operands.push_back(plan.convolution.output);
    for (size_t t = 0; t < operands.size(); ++t) {
      double expected = 1;
      AccessMap map = operands[t].unpaddedMap();
      for (size_t d = 0; d < map.size(); ++d) {
        std::set<int64_t> positions{map[d].constant};
        for (const Term &term : map[d].terms) {
          std::set<int64_t> more;
          for (int64_t at : positions)
            for (int64_t i = 0; i < plan.convolution.extents[term.loop]; ++i)
              more.insert(at + i * term.coefficient);
          positions = more;
        }
        expected *= std::count_if(
            positions.begin(), positions.end(), [&](int64_t at) {
              return at >= 0 && at < operands[t].shape[d];
            });
      }
      EXPECT_EQ(bound.elements[t], expected) << plan.name << " operand " << t;
    }
  }
}

// Every field of small certificates, altered one at a time.
TEST(StreamCertificate, AlteredIsRefused) {
  std::vector<CertifiedPlan> plans = {
      rows(),
      streamedPlanOf("sums", makeLayer(1, 2, 4, 4, {{6, 3, 1, 2, 2, 2}}),
                     "g=2,o0=2,ic=2", 2)};
  plans[1].budget = peakOf(plans[1]);
  plans[1].convolution.output.elementBytes = 2;
  plans[1].budget = peakOf(plans[1]);
  for (const CertifiedPlan &plan : randomStreams(3, 4, 8))
    plans.push_back(plan);
  EXPECT_TRUE(refuseAlterations(plans));
}

namespace {
/// A certificate that is altered, step by step of one device.
class StreamRefusal : public testing::Test {
protected:
  void SetUp() override {
    CertifiedPlan plan = streamedPlanOf(
        "sums", makeLayer(1, 1, 4, 2, {{8, 3, 1, 1, 1, 1}}), "o0=4,ic=2", 2);
    plan.convolution.output.elementBytes = 2;
    plan.budget = peakOf(plan);
    good = Json::parse(certificateOf({plan}));
    EXPECT_EQ(verifyText(good.dump()),
              std::pair(0, std::string("sums: proved\n")));
  }

  Json &steps() { return good["streamed"][0]["streams"][0]["steps"]; }

  /// The number of the `n`-th step of this kind, of this tensor if any.
  size_t find(const std::string &kind, int n, const std::string &tensor = "") {
    for (size_t i = 0; i < steps().size(); ++i)
      if (steps()[i]["kind"] == kind &&
          (tensor.empty() || steps()[i]["tensor"] == tensor) && n-- == 0)
        return i;
    ADD_FAILURE() << "no " << kind << " of " << tensor;
    return 0;
  }

  void expectRefusal(const std::string &why) {
    auto [code, printed] = verifyText(good.dump());
    EXPECT_EQ(code, 1);
    EXPECT_THAT(printed, testing::StartsWith("error: certificate refused: "
                                             "sums: "));
    EXPECT_THAT(printed, testing::HasSubstr(why));
  }

  Json good;
};
} // namespace

TEST_F(StreamRefusal, LoadThatIsMissing) {
  steps().erase(find("load", 0, "input 1"));
  expectRefusal("needs [[0, 1], [0, 3], [0, 2], [0, 2]] of input 1, slot 0 "
                "holds null");
}

// The window is brought when the shard has computed.
TEST_F(StreamRefusal, LoadThatIsLate) {
  size_t load = find("load", 0, "input 0"), compute = find("compute", 0);
  std::swap(steps()[load], steps()[compute]);
  expectRefusal("of input 0, slot 0 holds null");
}

// What the next shard needs lies where this one still reads.
TEST_F(StreamRefusal, LoadIntoTheSlotInUse) {
  steps()[find("load", 1, "input 0")]["slot"] = 0;
  expectRefusal("what slot 0 of input 0 holds was never used");
}

TEST_F(StreamRefusal, LoadInVain) {
  Json again = steps()[find("load", 0, "input 1")];
  again["slot"] = 1;
  steps().push_back(again);
  expectRefusal("what slot 1 of input 1 holds was never used");
}

TEST_F(StreamRefusal, LoadOfPadding) {
  Json &load = steps()[find("load", 0, "input 0")];
  load["box"] = load["window"];
  expectRefusal("box[2][0] claimed -1, found 0");
}

TEST_F(StreamRefusal, BytesOfALoad) {
  Json &bytes = steps()[find("load", 0, "input 0")]["bytes"];
  bytes = bytes.get<int64_t>() + 4;
  expectRefusal("streams[0]: steps[0]: bytes claimed 28, found 24");
}

TEST_F(StreamRefusal, WhatStays) {
  steps()[find("compute", 1)]["kept"].push_back("input 0");
  expectRefusal("steps[9]: kept claimed [\"output\", \"input 0\"], found "
                "[\"output\"]");
}

TEST_F(StreamRefusal, ShardOfAnotherDevice) {
  steps()[find("compute", 0)]["shard"] = 4;
  expectRefusal("device of shard 4 claimed 0, found 1");
}

TEST_F(StreamRefusal, ShardThatIsLeftOut) {
  steps().erase(find("compute", 1));
  expectRefusal("streams[0]: steps[9]: iterations added up claimed ");
}

// A block is returned before its last part is added.
TEST_F(StreamRefusal, StoreOfAPart) {
  size_t compute = find("compute", 1), store = find("store", 0);
  ASSERT_EQ(store, compute + 1);
  std::swap(steps()[compute], steps()[store]);
  expectRefusal("iterations added up claimed ");
}

TEST_F(StreamRefusal, StoreThatIsMissing) {
  steps().erase(find("store", 1));
  expectRefusal("the sums in slot 1 of output were never stored");
}

TEST_F(StreamRefusal, StoreOfTheWrongBox) {
  steps()[find("store", 0)]["box"][2] = {1, 3};
  expectRefusal("box[2][0] claimed 1, found 0");
}

TEST_F(StreamRefusal, BuffersThatOverlap) {
  Json &offset = good["streamed"][0]["streams"][0]["buffers"][1]["offset"];
  offset = offset.get<int64_t>() - 64;
  expectRefusal("buffers[1] offset claimed ");
}

TEST_F(StreamRefusal, BufferThatIsMissing) {
  Json &buffers = good["streamed"][0]["streams"][0]["buffers"];
  buffers.erase(buffers.size() - 1);
  expectRefusal("entries");
}

TEST_F(StreamRefusal, PeakAboveTheMemory) {
  Json &budget = good["streamed"][0]["memory_budget"];
  budget = budget.get<int64_t>() - 1;
  expectRefusal("bytes of " + std::to_string(budget.get<int64_t>()));
}

TEST_F(StreamRefusal, Counters) {
  Json &bytes = good["streamed"][0]["predicted"]["gather_bytes"][1];
  bytes = bytes.get<int64_t>() + 1;
  expectRefusal("predicted: gather_bytes[1] claimed ");
}

TEST_F(StreamRefusal, AllBytes) {
  good["streamed"][0]["bytes"] = 1;
  expectRefusal("bytes: claimed 1, found ");
}

TEST_F(StreamRefusal, Bound) {
  good["streamed"][0]["bound_bytes"] = 1e6;
  expectRefusal("bound_bytes: claimed 1000000.0, found ");
}

TEST_F(StreamRefusal, TermsOfTheBound) {
  good["streamed"][0]["bound"]["elements"][1] = 1;
  expectRefusal("bound: elements[1] claimed 1, found ");
}

TEST(StreamCertificate, SumsOnTwoDevices) {
  CertifiedPlan plan = streamedPlanOf(
      "sums", makeLayer(1, 1, 4, 2, {{8, 3, 1, 1, 1, 1}}), "ic=2,o0=2", 2);
  std::ostringstream out;
  Result<int64_t> written = writeCertificate(out, {plan});
  ASSERT_FALSE(bool(written));
  EXPECT_THAT(written.error(),
              testing::HasSubstr("'sums': shards 0 and 2 add to the same"));
}
