//===- PlanJson.cpp - plans for scripts -----------------------------------===//

#include "PlanReport.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace dconv;
namespace json = llvm::json;

/// What every plan has, chosen or not.
static json::Object planObject(const PlannedConvolution &convolution,
                               const RankedPlan &plan) {
  const PlanSeconds &seconds = plan.cost.seconds;
  json::Array links, inputs;
  for (const LevelBytes &level : plan.cost.links)
    links.push_back(json::Object{{"level", level.level},
                                 {"received", level.received},
                                 {"sent", level.sent}});
  for (Replication replication : plan.cost.inputs)
    inputs.push_back(replication == Replication::Copied ? "copied"
                                                        : "gathered");
  return json::Object{
      {"split", toString(plan.split, convolution.geometry)},
      {"grid", json::Array(plan.split.grid(plan.devices).shape)},
      {"algorithm", plan.algorithm},
      {"words", plan.words.words},
      {"bytes_received_max", most(plan.predicted.bytesReceived)},
      {"bytes_sent_max", most(plan.predicted.bytesSent)},
      {"scatter_bytes_max", most(plan.predicted.scatterBytes)},
      {"gather_bytes_max", most(plan.predicted.gatherBytes)},
      {"peak_bytes_max", most(plan.predicted.peakBytes)},
      {"macs_max_over_mean", plan.macsMaxOverMean},
      {"seconds", seconds.total()},
      {"phases", json::Object{{"load", seconds.load},
                              {"exchange", seconds.exchange},
                              {"compute", seconds.compute},
                              {"reduce", seconds.reduce},
                              {"store", seconds.store},
                              {"hidden", seconds.hidden}}},
      {"links", std::move(links)},
      {"inputs", std::move(inputs)}};
}

static const char *toString(PlannedConvolution::Origin origin) {
  switch (origin) {
  case PlannedConvolution::Searched:
    return "searched";
  case PlannedConvolution::Kept:
    return "kept";
  case PlannedConvolution::Given:
    return "given";
  }
  return "";
}

static json::Object convolutionObject(const PlanReport &report,
                                      const PlannedConvolution &convolution) {
  const PlanResult &result = convolution.result;
  json::Object object = planObject(convolution, result.ranked.front());
  object["name"] = convolution.name;
  object["devices"] = convolution.machine->numDevices();
  object["origin"] = toString(convolution.origin);
  object["bound_words"] = result.boundWords;
  object["best_box_words"] = result.bestBoxWords;
  object["best_box_exact"] = result.bestBoxExact;
  object["optimal"] = result.optimal;
  object["at_least"] = result.atLeast;
  object["planning_seconds"] = result.planningSeconds;
  object["streamed"] = convolution.streamed;
  object["why"] = whyFirst(convolution);
  if (std::string weights = weightsText(convolution); !weights.empty())
    object["weights"] = weights;
  if (convolution.sameAs)
    object["same_as"] = report.convolutions[*convolution.sameAs].name;
  json::Array alternatives, rejected;
  for (size_t i = 1; i < result.ranked.size() && i < report.options.top; ++i)
    alternatives.push_back(planObject(convolution, result.ranked[i]));
  for (const RejectedPlan &plan : result.rejected)
    rejected.push_back(
        json::Object{{"split", toString(plan.split, convolution.geometry)},
                     {"reason", plan.reason}});
  object["alternatives"] = std::move(alternatives);
  object["rejected"] = std::move(rejected);
  return object;
}

std::string dconv::planJson(const PlanReport &report) {
  json::Array convolutions;
  for (const PlannedConvolution &convolution : report.convolutions)
    convolutions.push_back(convolutionObject(report, convolution));
  json::Object object{{"machine", report.machine},
                      {"devices", report.devices},
                      {"objective", report.options.objective == Objective::Time
                                        ? "time"
                                        : "words"},
                      {"dropped", json::Array(report.dropped)},
                      {"convolutions", std::move(convolutions)}};
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::formatv("{0:2}", json::Value(std::move(object))) << "\n";
  return text;
}
