//===- HtmlReport.cpp - plans as a page for a browser ---------------------===//

#include "dconv/Report/HtmlReport.h"

#include "MeasuredTimes.h"
#include "dconv/Certificate/PlanDescription.h"

#include <algorithm>
#include <ostream>
#include <sstream>

using namespace dconv;
using Json = nlohmann::json;

// report.html, report.css and the scripts, part of the program as text.
extern "C" const char dconvReportPage[];
extern "C" const char dconvReportStyle[];
extern "C" const char dconvReportDrawing[];
extern "C" const char dconvReportBlocks[];
extern "C" const char dconvReportCharts[];
extern "C" const char dconvReportStreams[];
extern "C" const char dconvReportScript[];

/// Beyond, a browser would be slow and nobody could tell shards apart.
static constexpr int64_t mostShards = 1024;
static constexpr size_t mostMoves = 20000;
/// Rows of the matrix of devices; of more devices some share a row.
static constexpr int64_t mostGroups = 64;

ReportedPlan dconv::reportedPlan(const std::string &name,
                                 const Convolution &convolution,
                                 const PlanRequest &request,
                                 const PlanResult &result,
                                 const std::string &why) {
  const RankedPlan &first = result.ranked.front();
  ReportedPlan reported;
  reported.plan.name = name;
  reported.plan.convolution = convolution;
  reported.plan.split = first.split;
  reported.plan.devices = first.devices;
  reported.plan.fillsOutput = request.query.fillsOutput;
  reported.plan.gathered = first.gathered;
  reported.plan.budget = request.budget;
  reported.elementType = request.query.elementType;
  reported.cost = first.cost;
  reported.optimal = result.optimal;
  reported.planningSeconds = result.planningSeconds;
  reported.why = why;
  auto text = [&](const Split &split) {
    return split.axes.empty() ? "whole" : toString(split, convolution);
  };
  auto most = [](const std::vector<int64_t> &numbers) {
    return *std::max_element(numbers.begin(), numbers.end());
  };
  for (size_t i = 1; i < result.ranked.size(); ++i) {
    const RankedPlan &plan = result.ranked[i];
    reported.others.push_back({text(plan.split), plan.cost.seconds.total(),
                               plan.words.words,
                               most(plan.predicted.bytesReceived),
                               most(plan.predicted.bytesSent),
                               most(plan.predicted.peakBytes), ""});
  }
  for (const RejectedPlan &plan : result.rejected)
    reported.others.push_back(
        {text(plan.split), std::nullopt, 0, 0, 0, 0, plan.reason});
  return reported;
}

/// What device `device` keeps for the whole program, per tensor, and the rest.
static Json memoryOf(const Json &arena) {
  Json parts = Json::object();
  int64_t stripes = 0;
  for (const Json &buffer : arena["buffers"]) {
    if (buffer.contains("step"))
      continue;
    int64_t bytes = buffer["element_bytes"];
    for (const Json &interval : buffer["window"])
      bytes *= int64_t(interval[1]) - int64_t(interval[0]);
    bytes = (bytes + arenaAlignment - 1) / arenaAlignment * arenaAlignment;
    std::string name = buffer["tensor"];
    parts[name] = parts.value(name, int64_t(0)) + bytes;
    stripes += bytes;
  }
  parts["scratch"] = int64_t(arena["bytes"]) - stripes;
  return parts;
}

namespace {
/// Bytes between groups of devices.
struct TrafficMatrix {
  int64_t perGroup;
  std::vector<std::vector<int64_t>> bytes; ///< by source and destination

  explicit TrafficMatrix(int64_t devices)
      : perGroup((devices + mostGroups - 1) / mostGroups) {
    size_t groups = (devices + perGroup - 1) / perGroup;
    bytes.assign(groups, std::vector<int64_t>(groups));
  }
  void add(const Json &move) {
    if (!move["from"].is_array() || !move["to"].is_array() ||
        move["from"][1] == move["to"][1])
      return;
    bytes[int64_t(move["from"][1]) / perGroup]
         [int64_t(move["to"][1]) / perGroup] += int64_t(move["bytes"]);
  }
};
} // namespace

/// Moves as rows, to be short: step, from shard, to shard (-1: the host), box.
static Json shortMoves(const Json &moves) {
  Json rows = Json::array();
  auto shard = [](const Json &place) {
    return place.is_array() ? int64_t(place[0]) : int64_t(-1);
  };
  for (const Json &move : moves)
    rows.push_back({move["step"], shard(move["from"]), shard(move["to"]),
                    move["box"], move["bytes"]});
  return rows;
}

static Json costOf(const PlanCost &cost) {
  const PlanSeconds &s = cost.seconds;
  Json links = Json::array();
  for (const LevelBytes &level : cost.links)
    links.push_back({{"level", level.level},
                     {"received", level.received},
                     {"sent", level.sent}});
  return {{"load", s.load},
          {"exchange", s.exchange},
          {"compute", s.compute},
          {"reduce", s.reduce},
          {"store", s.store},
          {"hidden", s.hidden},
          {"total", s.total()},
          {"compute_per_device", cost.computeSeconds},
          {"links", links}};
}

/// What the page shows of a plan whose tensors stay on the host: per device what
/// its memory holds, and its steps with the times at which they begin and end.
static void describeStream(const ReportedPlan &reported, Json &plan) {
  Json memory = Json::array();
  size_t steps = 0;
  for (const Json &device : plan["streams"]) {
    Json parts = Json::object();
    for (const Json &buffer : device["buffers"]) {
      std::string name = buffer["tensor"];
      parts[name] = parts.value(name, int64_t(0)) + int64_t(buffer["bytes"]);
    }
    memory.push_back(parts);
    steps += device["steps"].size();
  }
  plan["memory"] = std::move(memory);
  plan["number_of_steps"] = steps;
  if (steps > mostMoves || int64_t(plan["placement"].size()) > mostShards) {
    plan["streams"] = Json();
  } else {
    for (size_t d = 0; d < reported.timeline.size(); ++d)
      for (size_t i = 0; i < reported.timeline[d].size(); ++i) {
        const StreamSpan &span = reported.timeline[d][i];
        plan["streams"][d]["steps"][i]["span"] = {span.begin, span.end};
      }
  }
  if (const std::optional<StreamPlan> &stream = reported.stream)
    plan["stream"] = {{"compute", stream->computeSeconds},
                      {"link", stream->linkSeconds},
                      {"fill", stream->fillSeconds}};
}

/// What the page shows of a plan whose tensors lie on the devices.
static void describeMoves(const ReportedPlan &reported, Json &plan) {
  Json memory = Json::array();
  for (const Json &arena : plan["arena"])
    memory.push_back(memoryOf(arena));
  plan.erase("arena");
  plan["memory"] = std::move(memory);

  TrafficMatrix traffic(reported.plan.devices);
  for (const Json &move : plan["moves"])
    traffic.add(move);
  plan["traffic"] = {{"per_group", traffic.perGroup},
                     {"bytes", traffic.bytes}};
  bool all = int64_t(plan["placement"].size()) <= mostShards &&
             plan["moves"].size() <= mostMoves;
  plan["number_of_moves"] = plan["moves"].size();
  plan["moves"] = all ? shortMoves(plan["moves"]) : Json();
  if (int64_t(plan["placement"].size()) > mostShards)
    plan["ownership"] = Json();
}

/// What the page shows of one plan: its certificate, made short, and the rest.
static Result<Json> describe(const ReportedPlan &reported,
                             const MeasuredTimes &measured) {
  std::ostringstream text;
  if (Result<int64_t> described = describePlan(text, reported.plan);
      !described)
    return Error{described.error()};
  Json plan = Json::parse(text.str());
  plan["streamed"] = reported.plan.streamed;
  if (reported.plan.streamed)
    describeStream(reported, plan);
  else
    describeMoves(reported, plan);
  plan["split"] = toString(reported.plan.split, reported.plan.convolution);
  plan["type"] = reported.elementType;

  plan["processors"] =
      reported.processors ? Json(*reported.processors) : Json();
  plan["device_memory"] = Json::array();
  for (const std::optional<int64_t> &limit : reported.deviceMemory)
    plan["device_memory"].push_back(limit ? Json(*limit) : Json());

  plan["cost"] = costOf(reported.cost);
  plan["optimal"] = reported.optimal;
  plan["planning_seconds"] = reported.planningSeconds;
  plan["why"] = reported.why;
  plan["others"] = Json::array();
  for (const OtherPlan &other : reported.others)
    plan["others"].push_back(
        {{"split", other.split},
         {"seconds", other.seconds ? Json(*other.seconds) : Json()},
         {"words", other.words},
         {"received", other.bytesReceived},
         {"sent", other.bytesSent},
         {"peak", other.peakBytes},
         {"reason", other.reason}});
  auto found = measured.find(programOf(reported.plan.name));
  if (found != measured.end()) {
    plan["measured"] = Json::array();
    for (int64_t d = 0; d < reported.plan.devices; ++d) {
      auto spans = found->second.find(d);
      plan["measured"].push_back(
          spans == found->second.end() ? Json::array() : spans->second);
    }
  }
  return plan;
}

/// `text` as the content of an element: no `<` that could end a script.
static std::string scriptSafe(std::string text) {
  std::string safe;
  for (char c : text)
    safe += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return safe;
}

static std::string htmlSafe(const std::string &text) {
  std::string safe;
  for (char c : text)
    safe += c == '<'   ? "&lt;"
            : c == '>' ? "&gt;"
            : c == '&' ? "&amp;"
            : c == '"' ? "&quot;"
                       : std::string(1, c);
  return safe;
}

Result<int64_t> dconv::writeHtmlReport(std::ostream &out,
                                       const HtmlReport &report) {
  MeasuredTimes measured;
  if (!report.trace.empty()) {
    Result<MeasuredTimes> read = readTrace(report.trace);
    if (!read)
      return Error{read.error()};
    measured = std::move(*read);
  }
  Json data = {{"title", report.title}, {"machine", report.machine}};
  data["plans"] = Json::array();
  for (const ReportedPlan &plan : report.plans) {
    Result<Json> described = describe(plan, measured);
    if (!described)
      return Error{described.error()};
    data["plans"].push_back(std::move(*described));
  }

  // The page has each mark once.
  std::string page = dconvReportPage;
  auto fill = [&](const std::string &mark, const std::string &text) {
    out << page.substr(0, page.find(mark)) << text;
    page.erase(0, page.find(mark) + mark.size());
  };
  fill("{{title}}", htmlSafe(report.title));
  fill("{{style}}", dconvReportStyle);
  fill("{{data}}",
       scriptSafe(data.dump(-1, ' ', false, Json::error_handler_t::replace)));
  fill("{{script}}", std::string(dconvReportDrawing) + dconvReportBlocks +
                         dconvReportCharts + dconvReportStreams +
                         dconvReportScript);
  out << page;
  if (!out)
    return Error{"the page could not be written"};
  return int64_t(report.plans.size());
}
