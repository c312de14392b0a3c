//===- WhyFirst.cpp - what decided between two plans ----------------------===//

#include "PlanReport.h"
#include "Text.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace dconv;

namespace {
/// By how much the first plan is better in one part of the time; negative
/// where it is worse.
struct Part {
  double gain;
  const char *name;
};
} // namespace

static std::string whyFaster(const RankedPlan &first, const RankedPlan &second,
                             const std::string &other) {
  const PlanSeconds &a = first.cost.seconds, &b = second.cost.seconds;
  double gain = b.total() - a.total();
  std::vector<Part> parts = {
      {b.compute - a.compute, "computing"},
      {b.exposed() - a.exposed(), "exposed communication"},
      {b.load - a.load, "loading"},
      {b.store - a.store, "storing"}};
  llvm::sort(parts,
             [](const Part &x, const Part &y) { return x.gain > y.gain; });
  std::string text = "wins by " + secondsText(gain) + " (" +
                     percentText(gain / b.total()) + ") over " + other + ": " +
                     secondsText(parts.front().gain) + " less " +
                     parts.front().name;
  // What it saves elsewhere, and what it pays, where they matter.
  double paid = 0, saved = 0;
  std::string what;
  for (const Part &part : parts)
    if (part.gain < 0) {
      paid -= part.gain;
      what = part.name;
    } else {
      saved += part.gain;
    }
  if (parts[1].gain > 0.1 * saved)
    text += " and " + secondsText(parts[1].gain) + " less " + parts[1].name;
  if (paid > 0.01 * gain)
    text += ", for " + secondsText(paid) + " more " + what;
  return text;
}

/// Where both have the same of the objective.
static std::string whyPreferred(const RankedPlan &first,
                                const RankedPlan &second,
                                const std::string &other) {
  std::string text = "as good as " + other + "; ";
  auto compare = [&](int64_t own, int64_t others, const std::string &what) {
    if (own < others)
      text += what + ", " + withCommas(own) + " bytes instead of " +
              withCommas(others);
    return own < others;
  };
  auto received = [](const RankedPlan &plan) {
    return most(plan.predicted.bytesReceived);
  };
  auto peak = [](const RankedPlan &plan) {
    return most(plan.predicted.peakBytes);
  };
  if (compare(first.words.bytes, second.words.bytes,
              "its busiest device moves less") ||
      compare(received(first), received(second),
              "its busiest device receives less") ||
      compare(peak(first), peak(second), "it needs less memory"))
    return text;
  return text + "it comes first in the fixed order of splits";
}

std::string dconv::whyFirst(const PlannedConvolution &convolution) {
  const std::vector<RankedPlan> &ranked = convolution.result.ranked;
  if (convolution.origin != PlannedConvolution::Searched)
    return "the plan was given, not chosen";
  if (convolution.streamed)
    return "streamed from the host: no plan with one shard per device fits "
           "the memory";
  if (ranked.size() < 2)
    return "no other split was to be compared with";
  const RankedPlan &first = ranked[0], &second = ranked[1];
  std::string other = splitText(second.split, convolution.geometry);
  if (convolution.request.objective == Objective::Words) {
    int64_t fewer = second.words.words - first.words.words;
    return fewer > 0 ? "wins by " + counted(fewer, "word") + " (" +
                           percentText(double(fewer) / second.words.words) +
                           ") over " + other
                     : whyPreferred(first, second, other);
  }
  double gain = second.cost.seconds.total() - first.cost.seconds.total();
  return gain > 1e-9 * first.cost.seconds.total()
             ? whyFaster(first, second, other)
             : whyPreferred(first, second, other);
}
