//===- HtmlReportTest.cpp - the page, opened in a browser -----------------===//

#include "dconv/Report/HtmlReport.h"

#include "Browser.h"
#include "Layers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <sstream>

using namespace dconv;
using namespace dconv::test;

namespace {
class HtmlReportTest : public testing::Test {
protected:
  void SetUp() override {
    browser = findBrowser();
    if (!browser)
      GTEST_SKIP() << "no chromium here; apt-get install chromium";
  }

  /// The document of a page with these plans.
  std::string render(const HtmlReport &report, const std::string &name,
                     int width = 1280) {
    std::ostringstream out;
    Result<int64_t> written = writeHtmlReport(out, report);
    EXPECT_TRUE(bool(written)) << written.error();
    std::string dom = renderedIn(*browser, out.str(), name, width);
    EXPECT_EQ(dom.find("data-error"), std::string::npos)
        << dom.substr(0, 300);
    EXPECT_THAT(dom, testing::HasSubstr("data-drawn=\"" +
                                        std::to_string(report.plans.size()) +
                                        "\""));
    return dom;
  }

  std::optional<std::string> browser;
};
} // namespace

/// `layer` under `split` with made-up times.
static ReportedPlan planOf(const std::string &name, const Layer &layer,
                           const std::string &split, int64_t devices) {
  ReportedPlan reported;
  CertifiedPlan &plan = reported.plan;
  plan.name = name;
  plan.convolution = forwardOf(layer);
  if (!split.empty()) {
    Result<Split> parsed = parseSplit(split, plan.convolution);
    EXPECT_TRUE(bool(parsed)) << parsed.error();
    plan.split = *parsed;
  }
  plan.devices = devices;
  plan.fillsOutput = true;
  Prediction predicted =
      predict(distribute(plan.convolution, plan.split, devices, true));
  auto most = [](const std::vector<int64_t> &numbers) {
    return double(*std::max_element(numbers.begin(), numbers.end()));
  };
  PlanSeconds &seconds = reported.cost.seconds;
  seconds.load = most(predicted.scatterBytes) / 12e9;
  seconds.exchange = most(predicted.bytesReceived) / 8e9;
  seconds.store = most(predicted.gatherBytes) / 12e9;
  Grid grid = plan.split.grid(devices);
  reported.cost.computeSeconds.assign(devices, 0);
  for (int64_t shard = 0; shard < grid.numShards(); ++shard)
    reported.cost.computeSeconds[grid.deviceOf(shard)] +=
        plan.split.iterations(plan.convolution, grid.coordinates(shard))
            .volume() /
        60e9;
  seconds.compute = *std::max_element(reported.cost.computeSeconds.begin(),
                                      reported.cost.computeSeconds.end());
  plan.budget = int64_t(most(predicted.peakBytes) * 1.4);
  reported.planningSeconds = 0.004;
  reported.optimal = true;
  return reported;
}

static Layer imageLayer() {
  return makeLayer(1, 1, 64, 64, {{56, 3, 1, 1, 1, 1}, {56, 3, 1, 1, 1, 1}});
}

// Rows and channels: halos of the input, copies of the filter, no sums.
TEST_F(HtmlReportTest, RowsAndChannels) {
  HtmlReport report;
  report.title = "One layer <on> four devices";
  report.machine = "four devices";
  ReportedPlan plan = planOf("main#0", imageLayer(), "o0=4,oc=2", 8);
  plan.why = "It was chosen because 'o0=8' takes 1.4 times as long.";
  plan.others = {{"o0=8", 3.1e-3, 700000, 90000, 90000, 1 << 20, ""},
                 {"oc=8", 3.6e-3, 900000, 100, 100, 1 << 19, ""},
                 {"n=1,o0=2", std::nullopt, 0, 0, 0, 0,
                  "needs 4.1 MiB on device 0, which has 4 MiB"}};
  report.plans = {plan};
  std::string dom = render(report, "rows-and-channels");
  EXPECT_THAT(dom, testing::HasSubstr("One layer &lt;on&gt; four devices"));
  EXPECT_EQ(count(dom, "data-shard="), 8);
  EXPECT_EQ(count(dom, "class=\"outline\""), 1);
  // The first device with most to receive has neighbours on both sides and
  // sends to both: a row of the image each.
  EXPECT_EQ(count(dom, "class=\"arrow in\""), 2);
  EXPECT_EQ(count(dom, "class=\"arrow out\""), 2);
  EXPECT_EQ(count(dom, "class=\"row-in\""), 2 + /*the host*/ 2);
  EXPECT_EQ(count(dom, "class=\"cell\""), 8 * 8);
  EXPECT_EQ(count(dom, "class=\"word-bar\""), 3);
  EXPECT_EQ(count(dom, "class=\"other\""), 2);
  EXPECT_EQ(count(dom, "class=\"other rejected\""), 1);
  EXPECT_EQ(count(dom, "class=\"limit\""), 8);
}

TEST_F(HtmlReportTest, ThreeDims) {
  HtmlReport report;
  report.title = "A volume in blocks";
  report.machine = "27 devices";
  report.plans = {planOf("main#0",
                         makeLayer(1, 1, 8, 16,
                                   {{36, 3, 1, 1, 1, 1},
                                    {48, 3, 1, 1, 1, 1},
                                    {48, 3, 1, 1, 1, 1}}),
                         "o0=3,o1=3,o2=3", 27)};
  std::string dom = render(report, "volume");
  EXPECT_EQ(count(dom, "data-shard="), 27);
  EXPECT_EQ(count(dom, "class=\"cell\""), 27 * 27);
}

TEST_F(HtmlReportTest, TapsAndSums) {
  HtmlReport report;
  report.title = "A large filter, divided by its rows";
  report.machine = "six devices";
  ReportedPlan plan = planOf(
      "main#0", makeLayer(1, 1, 4, 4, {{40, 9, 1, 1, 4, 4}, {40, 9}}),
      "k0=3,ic=2", 6);
  plan.cost.seconds.reduce = plan.cost.seconds.exchange / 2;
  plan.cost.seconds.exchange /= 2;
  report.plans = {plan};
  std::string dom = render(report, "taps");
  EXPECT_EQ(count(dom, "data-shard="), 6);
  EXPECT_THAT(dom, testing::HasSubstr("partial sums"));
  EXPECT_THAT(dom, testing::HasSubstr("reduce partial sums"));
}

TEST_F(HtmlReportTest, ManyDevices) {
  HtmlReport report;
  report.title = "64 and 4096 devices";
  report.machine = "a cluster";
  report.plans = {planOf("main#0", imageLayer(), "o0=8,o1=8", 64),
                  planOf("main#1",
                         makeLayer(1, 1, 1, 1,
                                   {{256, 3, 1, 1, 1, 1}, {256, 3, 1, 1, 1, 1}}),
                         "o0=64,o1=64", 4096)};
  std::string dom = render(report, "many");
  EXPECT_EQ(count(dom, "data-shard="), 64 + 4096);
  EXPECT_EQ(count(dom, "class=\"cell\""), 2 * 64 * 64);
  EXPECT_THAT(dom, testing::HasSubstr("too many to be drawn one by one"));
}

// One device, nothing divided; a phone. And what was measured.
TEST_F(HtmlReportTest, OneDeviceWithTrace) {
  HtmlReport report;
  report.title = "Not divided";
  report.plans = {planOf("main#0", imageLayer(), "", 1)};
  report.trace = R"({"traceEvents":[
    {"ph":"M","name":"thread_name","pid":0,"tid":0,"args":{"name":"device 0"}},
    {"ph":"X","name":"scatter","pid":0,"tid":0,"ts":0,"dur":100,
     "args":{"program":"main_0","command":0}},
    {"ph":"X","name":"launch","pid":0,"tid":0,"ts":100,"dur":900,
     "args":{"program":"main_0","command":1}},
    {"ph":"X","name":"scatter","pid":0,"tid":0,"ts":2000,"dur":150,
     "args":{"program":"main_0","command":0}},
    {"ph":"X","name":"launch","pid":0,"tid":0,"ts":2150,"dur":2000,
     "args":{"program":"main_0","command":1}}]})";
  std::string dom = render(report, "one-device", 400);
  EXPECT_EQ(count(dom, "data-shard="), 1);
  EXPECT_THAT(dom, testing::HasSubstr("Nothing moves between devices."));
  // The last execution: 150 and 2000 us.
  EXPECT_THAT(dom, testing::HasSubstr("load from the host, 150 µs"));
  EXPECT_THAT(dom, testing::HasSubstr("compute, 2 ms"));
  EXPECT_THAT(dom, testing::Not(testing::HasSubstr("compute, 900 µs")));
}

TEST_F(HtmlReportTest, Streamed) {
  HtmlReport report;
  report.title = "Larger than the memory";
  report.plans = {planOf("main#0", imageLayer(), "oc=4,o0=7", 2)};
  report.plans[0].plan.streamed = true;
  std::string dom = render(report, "streamed");
  EXPECT_EQ(count(dom, "data-shard="), 28);
  EXPECT_THAT(dom, testing::HasSubstr("The tensors stay on the host"));
}

TEST(HtmlReport, TraceThatIsNone) {
  HtmlReport report;
  report.trace = "[1, 2]";
  std::ostringstream out;
  Result<int64_t> written = writeHtmlReport(out, report);
  ASSERT_FALSE(bool(written));
  EXPECT_THAT(written.error(), testing::HasSubstr("'traceEvents'"));
  report.trace = R"({"traceEvents":[{"ph":"X","name":"launch","ts":1}]})";
  written = writeHtmlReport(out, report);
  ASSERT_FALSE(bool(written));
  EXPECT_THAT(written.error(), testing::HasSubstr("lacks one of"));
}

// A name cannot end the script that holds the data.
TEST(HtmlReport, NamesAreData) {
  HtmlReport report;
  report.title = "</script><script>alert(1)</script>";
  report.plans = {planOf("</script>#0", imageLayer(), "", 1)};
  std::ostringstream out;
  ASSERT_TRUE(bool(writeHtmlReport(out, report)));
  EXPECT_EQ(count(out.str(), "</script>"), 2);
  EXPECT_EQ(out.str().find("http"), out.str().find("http://www.w3.org/2000/svg"))
      << "the page loads something";
}
