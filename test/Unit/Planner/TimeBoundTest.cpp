//===- TimeBoundTest.cpp - bounds of splits still to be divided
//------------===//

#include "TimeBound.h"
#include "../Geometry/Cases.h"
#include "Machines.h"
#include "PeakBound.h"
#include "TimeChoices.h"

#include "gtest/gtest.h"

#include <random>

using namespace dconv;
using namespace dconv::test;

namespace {
/// Every choice for the components from `c` on, times `chosen`.
template <typename Visit>
void forAllOf(const std::vector<std::vector<TimeChoice>> &choices, unsigned c,
              int64_t most, int64_t mostInner, const TimeClass &chosen,
              Visit visit) {
  if (chosen.key.shards > most || chosen.key.inner > mostInner)
    return;
  if (c == choices.size()) {
    visit(chosen);
    return;
  }
  for (const TimeChoice &choice : choices[c])
    forAllOf(choices, c + 1, most, mostInner, chosen.times(choice.own), visit);
}
} // namespace

/// What a search cuts off at some components cannot come back with the others.
TEST(TimeBound, NoFurtherDivisionIsBelow) {
  std::mt19937 random(7);
  const Residence residences[] = {Residence::Host, Residence::Sharded,
                                  Residence::Resident};
  int compared = 0, positive = 0;
  for (int round = 0; round < 120; ++round) {
    Convolution convolution = randomCase(random, 1 + round % 2).convolution;
    const int64_t devices = 4 + random() % 20;
    Machine machine = round % 3 == 0   ? threads(devices, 0)
                      : round % 3 == 1 ? threads(devices, 3)
                                       : clusterOf(devices, 16);
    machine.overlap = random() % 2;
    PlanRequest request;
    request.query.output = residences[random() % 2];
    request.query.fillsOutput = random() % 2;
    for (size_t i = 0; i < convolution.inputs.size(); ++i)
      request.query.inputs.push_back(residences[random() % 3]);
    Result<PlanSpace> space = makePlanSpace(convolution, machine, request);
    ASSERT_TRUE(space) << space.error();
    SplitTimer timer(convolution, space->components, machine, request.query);
    TimeBound bound(convolution, machine, request.query, timer);
    PeakBound peak(convolution);
    const int64_t mostInner = machine.levels.size() > 1 ? 8 : 1;
    const TimeChoices choices =
        timeChoices(*space, mostInner > 1 ? mostInner : 0);
    // The components before `at` are chosen, at random; the rest is open.
    for (unsigned at = 0; at < choices.size(); ++at) {
      TimeClass chosen, rest;
      for (unsigned c = 0; c < choices.size(); ++c) {
        if (c >= at) {
          rest = rest.times(undivided(choices[c]));
          continue;
        }
        TimeClass next =
            chosen.times(choices[c][random() % choices[c].size()].own);
        chosen = chosen.times(choices[c].front().own);
        if (next.key.shards <= devices && next.key.inner <= mostInner)
          chosen = next;
      }
      TimeClass part = chosen.times(rest);
      part.key.inner = std::min<int64_t>(part.key.inner, mostInner);
      const double most = devices / part.key.shards * part.key.shards;
      const double seconds = bound.atLeast(part, most);
      const double bytes = peak.atLeast(part, most);
      positive += seconds > 0 && bytes > 0;
      forAllOf(choices, at, devices, mostInner, chosen,
               [&](const TimeClass &whole) {
                 ++compared;
                 ASSERT_LE(seconds, bound.atLeast(whole) * (1 + 1e-9));
                 ASSERT_LE(bytes, peak.atLeast(whole) * (1 + 1e-9));
               });
      if (HasFatalFailure())
        return;
    }
  }
  EXPECT_GT(compared, 10000);
  EXPECT_GT(positive, 100);
}
