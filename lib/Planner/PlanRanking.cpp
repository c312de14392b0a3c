//===- PlanRanking.cpp - the best plans found so far ----------------------===//

#include "PlanRanking.h"
#include "TabledSplit.h"

#include <algorithm>
#include <cmath>
#include <tuple>

using namespace dconv;

static constexpr double picosecond = 1e-12;

int64_t Candidate::rounded() const {
  double units = value / picosecond;
  return units < 9e18 ? std::llround(units)
                      : std::numeric_limits<int64_t>::max();
}

PlanRanking::PlanRanking(const PlanSpace &space, unsigned top, bool limited)
    : top(top), space(space),
      leastMemory(limited ? space.leastMemory() : MemoryBudget()) {}

std::string PlanRanking::whyNot(const SplitView &view) const {
  if (!leastMemory)
    return "";
  ShardCounts counts(space.convolution, space.components, view,
                     space.request.query.fillsOutput);
  if (counts.peakAtMost() <= *leastMemory)
    return "";
  auto tooMuch = [](int64_t peak, int64_t device, int64_t budget) {
    return "peak " + std::to_string(peak) + " bytes on device " +
           std::to_string(device) + ", budget " + std::to_string(budget);
  };
  if (space.machine.uniform()) {
    auto [peak, shard] = counts.peak();
    return peak <= *leastMemory
               ? ""
               : tooMuch(peak, shard * space.devices / view.shards,
                         *leastMemory);
  }
  Prediction predicted = counts.predict(space.devices);
  for (int64_t d = 0; d < space.devices; ++d)
    if (MemoryBudget memory = space.memoryOf(d);
        memory && predicted.peakBytes[d] > *memory)
      return tooMuch(predicted.peakBytes[d], d, *memory);
  return "";
}

int64_t PlanRanking::peakOf(Candidate &candidate) const {
  if (candidate.peak < 0) {
    TabledSplit split(space.convolution, candidate.split);
    candidate.peak = ShardCounts(space.convolution, space.components,
                                 split.view, space.request.query.fillsOutput)
                         .peak()
                         .first;
  }
  return candidate.peak;
}

/// Less time, then fewer bytes, then less memory; then the one that divides
/// the first loop in which they differ in more parts.
bool PlanRanking::isBetter(Candidate &a, Candidate &b) const {
  auto first = std::make_tuple(a.rounded(), a.bytes);
  auto second = std::make_tuple(b.rounded(), b.bytes);
  if (first != second)
    return first < second;
  if (peakOf(a) != peakOf(b))
    return peakOf(a) < peakOf(b);
  return a.parts > b.parts;
}

void PlanRanking::insert(Candidate candidate,
                         std::vector<Candidate> &list) const {
  size_t at = list.size();
  while (at > 0 && isBetter(candidate, list[at - 1]))
    --at;
  list.insert(list.begin() + at, std::move(candidate));
}

void PlanRanking::reject(Candidate candidate, std::string why) {
  constexpr size_t mostRejected = 8;
  candidate.whyNot = std::move(why);
  for (const Candidate &other : rejected)
    if (other.split == candidate.split)
      return;
  insert(std::move(candidate), rejected);
  if (rejected.size() > mostRejected)
    rejected.pop_back();
}

bool PlanRanking::offer(Candidate candidate, const SplitView &view) {
  int replaced = -1;
  if (cannotImprove(candidate.value))
    return true;
  // The best placement stands for all with the same parts.
  for (size_t i = 0; i < ranked.size(); ++i)
    if (ranked[i].parts == candidate.parts) {
      if (!isBetter(candidate, ranked[i]))
        return true;
      replaced = i;
    }
  if (replaced < 0 && ranked.size() == top &&
      !isBetter(candidate, ranked.back()))
    return true;
  if (std::string why = whyNot(view); !why.empty()) {
    reject(std::move(candidate), std::move(why));
    return false;
  }
  if (replaced >= 0)
    ranked.erase(ranked.begin() + replaced);
  insert(std::move(candidate), ranked);
  if (ranked.size() > top)
    ranked.pop_back();
  if (ranked.size() == top)
    worst = ranked.back().value + picosecond;
  return true;
}
