//===- HtmlReportTest.cpp - the page, opened in a browser -----------------===//

#include "dconv/Geometry/Streaming.h"
#include "dconv/Report/HtmlReport.h"

#include "Browser.h"
#include "Plans.h"
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
static ReportedPlan reportOf(const std::string &name, const Layer &layer,
                             const std::string &split, int64_t devices) {
  ReportedPlan reported;
  CertifiedPlan &plan = reported.plan;
  plan = planOf(name, layer, split, devices);
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
  ReportedPlan plan = reportOf("main#0", imageLayer(), "o0=4,oc=2", 8);
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
  report.plans = {reportOf("main#0",
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
  ReportedPlan plan = reportOf(
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
  report.plans = {reportOf("main#0", imageLayer(), "o0=8,o1=8", 64),
                  reportOf("main#1",
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
  report.plans = {reportOf("main#0", imageLayer(), "", 1)};
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

/// `layer` streamed to devices with links of 4 GB/s, all together 6 GB/s.
static ReportedPlan streamOf(const std::string &name, const Layer &layer,
                             const std::string &split, int64_t devices) {
  Machine machine;
  DeviceDescription device;
  device.memoryBandwidth = 1e11;
  device.launchLatency = 1e-6;
  device.rates[{KernelClass::Dense, "f32"}] = {3e10, 3e10};
  machine.devices.assign(devices, device);
  machine.levels = {{"link", devices, {1e-6, 1e9}, {}}};
  machine.hostLink = {1e-6, 4e9};
  machine.hostBandwidth = 6e9;
  ReportedPlan reported;
  CertifiedPlan &plan = reported.plan;
  plan = streamedPlanOf(name, layer, split, devices);
  Prediction predicted = predict(distributeStreamed(
      plan.convolution, plan.split, devices, plan.fillsOutput));
  plan.budget = *std::max_element(predicted.peakBytes.begin(),
                                  predicted.peakBytes.end());
  TimeQuery query;
  query.fillsOutput = plan.fillsOutput;
  reported.stream =
      streamCost(plan.convolution, plan.split, machine, query, plan.budget);
  reported.timeline =
      streamTimeline(plan.convolution, plan.split, machine, query);
  reported.cost.seconds.compute = reported.stream->computeSeconds;
  reported.cost.seconds.load =
      reported.stream->seconds() - reported.stream->computeSeconds;
  reported.why = "streamed from the host: no plan with one shard per device "
                 "fits the memory";
  return reported;
}

// Parts of the filter that stay while windows of the image pass.
TEST_F(HtmlReportTest, Streamed) {
  HtmlReport report;
  report.title = "Larger than the memory";
  report.machine = "two devices";
  report.plans = {streamOf("main#0", imageLayer(), "oc=4,o0=7", 2)};
  std::string dom = render(report, "streamed");
  EXPECT_EQ(count(dom, "data-shard="), 28);
  EXPECT_THAT(dom, testing::HasSubstr("device 1, turn 13, shard 27"));
  // The turns of one device; in turn 1 an image window and a block arrive, and
  // the block of turn 0 leaves.
  EXPECT_EQ(count(dom, "class=\"turn\""), 13);
  EXPECT_EQ(count(dom, "class=\"turn chosen\""), 1);
  EXPECT_EQ(count(dom, "class=\"now\""), 3);
  EXPECT_EQ(count(dom, "class=\"received\""), 2);
  EXPECT_EQ(count(dom, "class=\"sent\""), 1);
  // Of each device two inputs, the initial output, and what it returns.
  EXPECT_EQ(count(dom, "class=\"link-bar\""), 2 * 4);
  EXPECT_THAT(dom, testing::HasSubstr("timeline of the lanes"));
  EXPECT_THAT(dom, testing::HasSubstr("timeline of the first turns"));
  EXPECT_THAT(dom, testing::HasSubstr("store output in slot 1"));
}

// Sums stay while they are added up. A narrow window, a long name.
TEST_F(HtmlReportTest, StreamedSums) {
  HtmlReport report;
  report.title = "Sums that stay";
  report.plans = {
      streamOf("a_function_with_a_long_name_from_a_front_end#12",
               makeLayer(1, 1, 64, 48,
                         {{56, 3, 1, 1, 1, 1}, {56, 3, 1, 1, 1, 1}}),
               "o0=6,ic=4", 3)};
  std::string dom = render(report, "streamed-sums", 700);
  EXPECT_EQ(count(dom, "data-shard="), 24);
  // Of eight turns of a device two begin a block.
  EXPECT_EQ(count(dom, "<div>sums</div>"), 6);
}

// Where four devices share two processors they take turns, and a fifth is idle.
TEST_F(HtmlReportTest, SharedProcessors) {
  HtmlReport report;
  report.title = "Four shards on five devices of two processors";
  ReportedPlan plan = reportOf("main#0", imageLayer(), "o0=4", 5);
  plan.processors = 2;
  plan.cost.seconds.compute *= 2;
  plan.cost.seconds.exchange *= 2;
  report.plans = {plan};
  std::string dom = render(report, "turns");
  EXPECT_EQ(count(dom, ">idle</text>"), 1);
  EXPECT_THAT(dom, testing::HasSubstr("4 devices share 2 processors"));
  // Each computes in half of the phase.
  EXPECT_EQ(count(dom, ": exchange between devices, "), 4);
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
  report.plans = {reportOf("</script>#0", imageLayer(), "", 1)};
  std::ostringstream out;
  ASSERT_TRUE(bool(writeHtmlReport(out, report)));
  EXPECT_EQ(count(out.str(), "</script>"), 2);
  EXPECT_EQ(out.str().find("http"), out.str().find("http://www.w3.org/2000/svg"))
      << "the page loads something";
}
