//===- SearchByWords.cpp - the splits with the fewest words ---------------===//

#include "TabledSplit.h"
#include "TimeSearch.h"

#include "dconv/Planner/SearchWords.h"

#include <algorithm>

using namespace dconv;

static Candidate fastestOrder(const PlanSpace &space,
                              const std::vector<int64_t> &parts) {
  bool inLevels = space.machine.uniform() && !space.machine.levels.empty();
  return inLevels ? fastestOnLevels(space, parts)
                  : fastestOnDevices(space, parts);
}

Result<TimeSearchResult> dconv::searchByWords(const PlanSpace &space,
                                              PlanRanking &ranking) {
  WordSearchOptions options;
  options.devices = space.devices;
  options.maxImbalance = space.request.maxImbalance;
  options.top = space.request.top;
  options.fixed = space.fixed;
  options.wholeReductions = space.request.reductions == Reductions::Whole;
  if (space.leastMemory())
    options.accepts = [&](const RankedSplit &split) {
      Candidate candidate = fastestOrder(space, split.parts);
      TabledSplit tabled(space.convolution, candidate.split);
      std::string why = ranking.whyNot(tabled.view);
      if (why.empty())
        return true;
      candidate.value = split.count.words;
      ranking.reject(std::move(candidate), std::move(why));
      return false;
    };
  Result<WordSearchResult> found = searchWords(space.convolution, options);
  if (!found)
    return Error{found.error()};
  for (const RankedSplit &split : found->ranked) {
    Candidate candidate = fastestOrder(space, split.parts);
    candidate.value = split.count.words;
    ranking.ranked.push_back(std::move(candidate));
  }
  return TimeSearchResult{found->optimal, double(found->wordsAtLeast)};
}
