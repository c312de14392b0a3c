//===- Report.cpp - what dconv-run tells of a run -------------------------===//

#include "Report.h"

#include "dconv/Runtime/AtomicFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

using namespace dconv;
using runtime::Counters;
using runtime::Status;
namespace json = llvm::json;

/// The counters by the names that reports use.
static std::vector<std::pair<const char *, std::vector<int64_t>>>
byName(const Counters &counters) {
  return {{"bytes_received", counters.bytesReceived},
          {"bytes_sent", counters.bytesSent},
          {"scatter_bytes", counters.scatterBytes},
          {"gather_bytes", counters.gatherBytes},
          {"peak_bytes", counters.peakBytes}};
}

std::string dconv::firstMismatch(const Counters &predicted,
                                 const Counters &measured) {
  auto want = byName(predicted), have = byName(measured);
  for (size_t i = 0; i < want.size(); ++i)
    for (size_t d = 0; d < want[i].second.size(); ++d)
      if (d >= have[i].second.size() ||
          want[i].second[d] != have[i].second[d])
        return std::string(want[i].first) + " of device " + std::to_string(d) +
               " was predicted as " + std::to_string(want[i].second[d]) +
               " but measured as " +
               (d < have[i].second.size() ? std::to_string(have[i].second[d])
                                          : "nothing");
  return "";
}

static double median(std::vector<double> values) {
  llvm::sort(values);
  size_t n = values.size();
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static json::Object secondsOf(const std::vector<double> &values) {
  return json::Object{{"min", *llvm::min_element(values)},
                      {"median", median(values)},
                      {"runs", static_cast<int64_t>(values.size())}};
}

static json::Object countersOf(const Counters &counters) {
  json::Object object;
  for (auto &[name, values] : byName(counters))
    object[name] = json::Array(values);
  return object;
}

/// The number of shards of `convolution`.
static int64_t shardsOf(const CompiledConvolution &convolution) {
  int64_t shards = 1;
  for (int64_t parts : convolution.grid)
    shards *= parts;
  return shards;
}

/// Shards of the convolution that has most.
static int64_t shardsOf(const CompiledModule &module) {
  int64_t most = 0;
  for (const CompiledConvolution &convolution : module.convolutions)
    most = std::max(most, shardsOf(convolution));
  return most;
}

/// 1e9 floating-point operations a second while its program ran.
static double gflopsOf(const CompiledConvolution &convolution,
                       const RunResult &run) {
  double seconds = run.programSeconds[convolution.program];
  return seconds > 0 ? 2e-9 * convolution.macs / seconds : 0;
}

/// What was predicted of `convolution`, or null.
static const PlanSeconds *predictionOf(const Report &report,
                                       const CompiledConvolution &convolution) {
  auto found = report.predicted.find(convolution.name);
  return found == report.predicted.end() ? nullptr : &found->second;
}

static json::Object toJson(const Report &report,
                           const CompiledConvolution &convolution) {
  json::Object object{{"name", convolution.name},
                      {"split", convolution.split},
                      {"grid", json::Array(convolution.grid)},
                      {"path", convolution.isVector ? "vector" : "loops"},
                      {"gflops", gflopsOf(convolution, report.run)}};
  const PlanSeconds *seconds = predictionOf(report, convolution);
  if (!seconds)
    return object;
  object["measured_seconds"] = report.run.programSeconds[convolution.program];
  object["predicted_seconds"] = seconds->onDevices();
  object["predicted_phases"] = json::Object{
      {"load", seconds->load},       {"exchange", seconds->exchange},
      {"compute", seconds->compute}, {"reduce", seconds->reduce},
      {"store", seconds->store},     {"hidden", seconds->hidden}};
  return object;
}

static json::Object toJson(const Report &report) {
  json::Array convolutions;
  for (const CompiledConvolution &convolution : report.module.convolutions)
    convolutions.push_back(toJson(report, convolution));
  json::Object measured = countersOf(report.run.measured);
  measured["seconds"] = secondsOf(report.run.seconds);
  measured["seconds_end_to_end"] = secondsOf(report.run.secondsEndToEnd);
  measured["exposed_seconds"] = json::Array(report.run.exposedSeconds);
  measured["compile_seconds"] = report.compileSeconds;
  json::Object object{{"devices", report.devices},
                      {"shards", shardsOf(report.module)},
                      {"convolutions", std::move(convolutions)},
                      {"kernels", report.module.kernels},
                      {"code_from_cache", report.module.fromCache},
                      {"predicted", countersOf(report.run.predicted)},
                      {"measured", std::move(measured)}};
  if (report.check)
    object["check"] =
        json::Object{{"kind", report.check->kind},
                     {"values", report.check->values},
                     {"wrong", report.check->wrong},
                     {"max_abs_error", report.check->maxAbsError},
                     {"bound", report.check->bound}};
  return object;
}

Status dconv::writeReport(const Report &report, const std::string &path) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << llvm::formatv("{0:2}", json::Value(toJson(report))) << "\n";
  return runtime::writeAtomically(path, [&](std::FILE *file) {
    return std::fwrite(text.data(), 1, text.size(), file) == text.size();
  });
}

void dconv::printReport(const Report &report, llvm::raw_ostream &os) {
  for (const CompiledConvolution &convolution : report.module.convolutions)
    os << convolution.name << ": split "
       << (convolution.split.empty() ? "none" : convolution.split) << ", "
       << shardsOf(convolution) << " shards on " << report.devices
       << " devices, "
       << (convolution.isVector ? "vector" : "loops") << " path, "
       << llvm::format("%.1f", gflopsOf(convolution, report.run))
       << " GFLOP/s\n";
  for (const CompiledConvolution &convolution : report.module.convolutions)
    if (const PlanSeconds *seconds = predictionOf(report, convolution))
      os << convolution.name << ": predicted "
         << llvm::format("%.6f", seconds->onDevices()) << " seconds (compute "
         << llvm::format("%.6f", seconds->compute)
         << ", exposed communication "
         << llvm::format("%.6f", seconds->exposed()) << "), measured "
         << llvm::format("%.6f", report.run.programSeconds[convolution.program])
         << "\n";
  auto most = [](const std::vector<int64_t> &values) {
    return values.empty() ? 0 : *llvm::max_element(values);
  };
  const Counters &measured = report.run.measured;
  os << "busiest device: " << most(measured.bytesReceived)
     << " bytes received, " << most(measured.bytesSent) << " sent, "
     << most(measured.scatterBytes) << " scattered to it, "
     << most(measured.gatherBytes) << " gathered from it, peak memory "
     << most(measured.peakBytes) << "; all as predicted\n";
  os << "seconds: " << llvm::format("%.6f", *llvm::min_element(report.run.seconds))
     << " (minimum of " << report.run.seconds.size() << "), end to end "
     << llvm::format("%.6f", *llvm::min_element(report.run.secondsEndToEnd))
     << ", compiled in " << llvm::format("%.3f", report.compileSeconds)
     << "\n";
  if (!report.check)
    return;
  const CheckReport &check = *report.check;
  if (check.wrong == 0)
    os << check.values << " values "
       << (check.bound == 0 ? "equal to" : "within the bound of")
       << (check.kind == "sample" ? " the definition (a sample)" : " serial")
       << "\n";
  else
    os << check.wrong << " of " << check.values << " values are wrong\n";
}
