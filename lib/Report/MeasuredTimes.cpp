//===- MeasuredTimes.cpp - what a trace says of each phase ----------------===//

#include "MeasuredTimes.h"

#include <algorithm>

using namespace dconv;
using Json = nlohmann::json;

/// The phase in which a device is while it runs a command of this name; empty
/// where it takes no time of its own.
static std::string phaseOf(const std::string &command) {
  static const std::map<std::string, std::string> phases = {
      {"scatter", "load"},    {"fill", "compute"},   {"launch", "compute"},
      {"send", "exchange"},   {"receive", "exchange"}, {"copy", "exchange"},
      {"accumulate", "reduce"}, {"convert", "compute"}, {"gather", "store"}};
  auto found = phases.find(command);
  return found == phases.end() ? "" : found->second;
}

std::string dconv::programOf(const std::string &name) {
  std::string program = name;
  std::replace(program.begin(), program.end(), '#', '_');
  return program;
}

namespace {
struct Span {
  int64_t command;
  std::string phase;
  double begin, end;
};
} // namespace

/// The last execution: the commands from the last one that is not after its
/// predecessor.
static std::vector<Span> lastExecution(std::vector<Span> spans) {
  std::sort(spans.begin(), spans.end(),
            [](const Span &a, const Span &b) { return a.begin < b.begin; });
  size_t first = 0;
  for (size_t i = 1; i < spans.size(); ++i)
    if (spans[i].command <= spans[i - 1].command &&
        spans[i].command <= spans[first].command)
      first = i;
  spans.erase(spans.begin(), spans.begin() + first);
  return spans;
}

static Json joined(const std::vector<Span> &spans, double origin) {
  Json result = Json::array();
  for (const Span &span : spans) {
    if (span.phase.empty())
      continue;
    if (!result.empty() && result.back()[0] == span.phase)
      result.back()[2] = span.end - origin;
    else
      result.push_back({span.phase, span.begin - origin, span.end - origin});
  }
  return result;
}

Result<MeasuredTimes> dconv::readTrace(const std::string &text) {
  Json trace = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!trace.is_object() || !trace.contains("traceEvents") ||
      !trace["traceEvents"].is_array())
    return Error{"the trace has no list 'traceEvents'; it needs to be a file "
                 "that dconv-run --trace writes"};
  std::map<std::string, std::map<int64_t, std::vector<Span>>> spans;
  for (const Json &event : trace["traceEvents"]) {
    if (!event.is_object() || event.value("ph", "") != "X")
      continue;
    const Json &args = event.value("args", Json::object());
    auto isNumber = [&](const char *key) {
      return event.contains(key) && event[key].is_number();
    };
    if (!isNumber("ts") || !isNumber("dur") || !isNumber("tid") ||
        !args.contains("program") || !args["program"].is_string() ||
        !args.contains("command") || !args["command"].is_number())
      return Error{"an event of the trace lacks one of 'ts', 'dur', 'tid', "
                   "'program' and 'command': " +
                   event.dump().substr(0, 200)};
    double begin = event["ts"];
    spans[args["program"]][event["tid"]].push_back(
        {args["command"], phaseOf(event.value("name", "")), begin,
         begin + double(event["dur"])});
  }
  MeasuredTimes result;
  for (auto &[program, devices] : spans) {
    double origin = 0;
    bool any = false;
    for (auto &[device, own] : devices) {
      own = lastExecution(std::move(own));
      for (const Span &span : own)
        if (!span.phase.empty() && (!any || span.begin < origin)) {
          origin = span.begin;
          any = true;
        }
    }
    for (auto &[device, own] : devices)
      result[program][device] = joined(own, origin);
  }
  return result;
}
