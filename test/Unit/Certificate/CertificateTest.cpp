//===- CertificateTest.cpp - certificates, and what proves them -----------===//

#include "dconv/Certificate/VerifyCertificate.h"
#include "dconv/Planner/SearchWords.h"

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

/// A convolution under a split of any kind: strided, dilated, reversed, with
/// groups, with reductions divided, of uneven stripes, in more shards than
/// devices or fewer; some of its inputs gathered.
static CertifiedPlan randomPlan(std::mt19937 &random, int number) {
  Case drawn = randomCase(random, 1 + number % 3);
  CertifiedPlan plan{"random#" + std::to_string(number),
                     drawn.convolution,
                     drawn.split,
                     drawn.devices,
                     drawn.fillsOutput,
                     {},
                     {},
                     /*streamed=*/false};
  for (unsigned i = 0; i < drawn.convolution.inputs.size(); ++i) {
    GatheredInput input{i, CollectiveAlgorithm(random() % 3)};
    if (random() % 2 && checkGathered(plan.convolution, plan.split, {input}))
      plan.gathered.push_back(input);
  }
  return plan;
}

TEST(Certificate, OfAnyPlanIsProved) {
  std::mt19937 random(20261126);
  std::vector<CertifiedPlan> plans;
  std::string expected;
  for (int i = 0; i < 250; ++i) {
    plans.push_back(randomPlan(random, i));
    expected += plans.back().name + ": proved\n";
  }
  EXPECT_EQ(verifyText(certificateOf(plans)), std::pair(0, expected));
}

TEST(Certificate, OfRealLayersIsProved) {
  std::vector<CertifiedPlan> plans;
  for (const Layer &layer : realLayers()) {
    CertifiedPlan plan = planOf(layer.name, layer, "", 8);
    WordSearchOptions options;
    options.devices = 8;
    options.maxImbalance = 1;
    Result<WordSearchResult> best = searchWords(plan.convolution, options);
    ASSERT_TRUE(bool(best)) << best.error();
    plan.split =
        splitInParts(plan.convolution, best->ranked.front().parts);
    plans.push_back(plan);
  }
  auto [code, printed] = verifyText(certificateOf(plans));
  EXPECT_EQ(code, 0) << printed;
}

TEST(Certificate, OfManyDevicesIsProved) {
  Layer layer = makeLayer(1, 1, 4, 4,
                          {{64, 3, 1, 1, 1, 1}, {64, 3, 1, 1, 1, 1}, {8, 1}});
  std::vector<CertifiedPlan> plans = {
      planOf("blocks", layer, "o0=32,o1=32", 1024),
      planOf("channels", makeLayer(1, 1, 512, 8, {{4, 3, 1, 1, 1, 1}}),
             "ic=256", 256)};
  auto [code, printed] = verifyText(certificateOf(plans));
  EXPECT_EQ(code, 0) << printed;
}

// What is shown is what Geometry and the planner say, device by device.
TEST(Certificate, HasThePredictedNumbers) {
  std::mt19937 random(7);
  for (int i = 0; i < 50; ++i) {
    CertifiedPlan plan = randomPlan(random, i);
    Json claims = Json::parse(certificateOf({plan}))["convolutions"][0];
    Prediction predicted =
        predict(distribute(plan.convolution, plan.split, plan.devices,
                           plan.fillsOutput, plan.gathered));
    EXPECT_EQ(claims["predicted"]["bytes_received"], predicted.bytesReceived);
    EXPECT_EQ(claims["predicted"]["bytes_sent"], predicted.bytesSent);
    EXPECT_EQ(claims["predicted"]["scatter_bytes"], predicted.scatterBytes);
    EXPECT_EQ(claims["predicted"]["gather_bytes"], predicted.gatherBytes);
    EXPECT_EQ(claims["predicted"]["peak_bytes"], predicted.peakBytes);
    EXPECT_EQ(claims["name"], plan.name);
  }
}

// Two shards of four rows each, a filter of three: by hand.
TEST(Certificate, OfTwoShards) {
  Layer layer = makeLayer(1, 1, 1, 1, {{8, 3, 1, 1, 1, 1}});
  CertifiedPlan plan = planOf("rows", layer, "o0=2", 2);
  plan.fillsOutput = true;
  Json claims = Json::parse(certificateOf({plan}))["convolutions"][0];
  EXPECT_EQ(claims["axes"],
            Json::parse(R"([{"loop":2,"stripes":[[0,4],[4,8]]}])"));
  EXPECT_EQ(claims["words"], 1 + 2); // a row, and of the filter two elements
  EXPECT_EQ(claims["bound"]["real_macs"], 8 * 3 - 2);
  EXPECT_EQ(claims["bound"]["reuse"], 3);
  std::vector<Json> exchanged;
  for (const Json &move : claims["moves"])
    if (move["kind"] == "exchange")
      exchanged.push_back(move);
  EXPECT_THAT(
      exchanged,
      testing::ElementsAre(
          Json::parse(R"({"step":1,"kind":"exchange","tensor":"input 0",
             "from":[1,1],"to":[0,0],"box":[[0,1],[0,1],[4,5],[0,1]],
             "bytes":4})"),
          Json::parse(R"({"step":1,"kind":"exchange","tensor":"input 0",
             "from":[0,0],"to":[1,1],"box":[[0,1],[0,1],[3,4],[0,1]],
             "bytes":4})")));
}

// Every field of small certificates, altered one at a time.
TEST(Certificate, AlteredIsRefused) {
  std::mt19937 random(3);
  std::vector<CertifiedPlan> plans = {
      planOf("halo", makeLayer(1, 1, 2, 2, {{9, 3, 2, 1, 1, 1}}), "o0=2,oc=2",
             3),
      planOf("sums", makeLayer(1, 2, 4, 4, {{6, 3, 1, 2, 2, 2}}), "g=2,ic=2",
             4),
      planOf("taps", makeLayer(1, 1, 1, 1, {{11, 5}}), "k0=3", 3),
      planOf("whole", makeLayer(1, 1, 1, 2, {{4, 3, 1, 1, 1, 0}}), "", 1)};
  Prediction predicted =
      predict(distribute(plans[0].convolution, plans[0].split, 3, false));
  plans[0].budget = *std::max_element(predicted.peakBytes.begin(),
                                      predicted.peakBytes.end());
  plans[1].convolution.output.elementBytes = 2;
  plans[2].fillsOutput = true;
  for (int i = 0; plans.size() < 6; ++i) {
    CertifiedPlan plan = randomPlan(random, i);
    if (plan.split.grid(1).numShards() <= 8 && !plan.gathered.empty())
      plans.push_back(plan);
  }
  EXPECT_TRUE(refuseAlterations(plans));
}

TEST(Certificate, SaysWhatIsWrong) {
  CertifiedPlan plan = planOf(
      "rows", makeLayer(1, 1, 1, 1, {{8, 3, 1, 1, 1, 1}}), "o0=2", 2);
  Json good = Json::parse(certificateOf({plan}));
  auto refusal = [&](const char *pointer, Json value) {
    Json altered = good;
    altered[Json::json_pointer(pointer)] = std::move(value);
    auto [code, printed] = verifyText(altered.dump());
    EXPECT_EQ(code, 1);
    return printed;
  };
  EXPECT_EQ(refusal("/convolutions/0/axes/0/stripes/1/0", 3),
            "error: certificate refused: rows: axes: iterations of the shards: "
            "[0, 0, 3, 0, 0, 0] is there too often in [[0, 1], [0, 1], [0, 8], "
            "[0, 1], [0, 1], [0, 3]]\n");
  EXPECT_EQ(refusal("/convolutions/0/predicted/bytes_sent/1", 8),
            "error: certificate refused: rows: predicted: bytes_sent[1] "
            "claimed 8, found 4\n");
  EXPECT_EQ(refusal("/convolutions/0/words", 2),
            "error: certificate refused: rows: words: claimed 2, found 3\n");
  EXPECT_EQ(refusal("/version", 2),
            "error: certificate refused: version claimed 2, found 1\n");
}

// No text, however broken, ends the verifier otherwise.
TEST(Certificate, DamagedTextIsRefused) {
  std::mt19937 random(5);
  std::string good = certificateOf({planOf(
      "rows", makeLayer(1, 1, 1, 1, {{8, 3, 1, 1, 1, 1}}), "o0=2", 2)});
  std::vector<std::string> texts = {
      "", "[]", "null", "{}", "{\"format\":\"dconv-certificate\"}", "NaN",
      std::string(100000, '['), "{\"version\":1" + std::string(5000, '9')};
  for (int i = 0; i < 6; ++i)
    texts.push_back(good.substr(0, random() % (good.size() - 3)));
  for (const std::string &text : texts) {
    auto [code, printed] = verifyText(text);
    EXPECT_EQ(code, 1) << text.substr(0, 100);
    EXPECT_THAT(printed, testing::StartsWith("error: certificate refused: "));
  }
}

TEST(Certificate, UnreadableFile) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(verifyCertificateFile("/nonexistent/plan.json"), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::HasSubstr("/nonexistent/plan.json"));
}

TEST(Certificate, SplitThatDoesNotFit) {
  CertifiedPlan plan =
      planOf("rows", makeLayer(1, 1, 1, 1, {{8, 3, 1, 1, 1, 1}}), "o0=2", 2);
  plan.split.axes[0].lengths = {4, 5};
  std::ostringstream out;
  Result<int64_t> written = writeCertificate(out, {plan});
  ASSERT_FALSE(bool(written));
  EXPECT_EQ(written.error(), "'rows': axis 0 has parts that add up to 9 where "
                             "the extent of loop 2 is 8");
}
