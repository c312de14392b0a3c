//===- PlanSearchTest.cpp - the best plan of a convolution ----------------===//
//
// Against an enumeration of all parts of all loops in all orders of axes, each
// evaluated by planCost.
//
//===----------------------------------------------------------------------===//

#include "dconv/Planner/PlanSearch.h"
#include "../Geometry/Cases.h"
#include "Layers.h"
#include "Machines.h"

#include "dconv/Planner/SearchWords.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <random>

using namespace dconv;
using namespace dconv::test;

namespace {
constexpr double infinite = std::numeric_limits<double>::infinity();

/// What a device may allocate of a machine, under a request.
int64_t memoryOf(const Machine &machine, const PlanRequest &request,
                 int64_t device) {
  int64_t memory = std::numeric_limits<int64_t>::max();
  if (request.budget)
    memory = std::min(memory, *request.budget);
  if (machine.devices[device].memoryBytes)
    memory = std::min(memory, *machine.devices[device].memoryBytes);
  return memory;
}

/// Tries every balanced split, and those that `request` fixes as they are, in
/// every order.
struct AllPlans {
  AllPlans(const Convolution &convolution, const Machine &machine,
           const PlanRequest &request)
      : convolution(convolution), machine(machine), request(request) {
    for (int64_t d = 0; d < machine.numDevices(); ++d)
      limited |=
          memoryOf(machine, request, d) < std::numeric_limits<int64_t>::max();
    choose(0, 1, Split());
    std::sort(seconds.begin(), seconds.end());
  }

  /// Per number of parts, of its best order; and that.
  std::vector<std::pair<double, std::string>> seconds;
  int64_t leastPeak = std::numeric_limits<int64_t>::max();
  int64_t tried = 0;

private:
  void choose(unsigned loop, int64_t shards, const Split &split) {
    if (loop == convolution.numLoops()) {
      consider(split);
      return;
    }
    if (int axis = request.fixed.axisOf(loop); axis >= 0) {
      Split next = split;
      const AxisSplit &fixed = request.fixed.axes[axis];
      if (fixed.lengths.size() > 1)
        next.axes.push_back(fixed);
      if (shards * int64_t(fixed.lengths.size()) <= machine.numDevices())
        choose(loop + 1, shards * fixed.lengths.size(), next);
      return;
    }
    bool whole = request.reductions == Reductions::Whole &&
                 convolution.isReduction(loop);
    for (int64_t parts = 1; parts <= (whole ? 1 : convolution.extents[loop]) &&
                            shards * parts <= machine.numDevices();
         ++parts) {
      Split next = split;
      if (parts > 1)
        next.axes.push_back(
            balancedSplit(loop, convolution.extents[loop], parts));
      choose(loop + 1, shards * parts, next);
    }
  }

  void consider(Split split) {
    double best = infinite;
    std::string which;
    std::vector<unsigned> order(split.axes.size());
    for (unsigned i = 0; i < order.size(); ++i)
      order[i] = i;
    do {
      Split placed;
      for (unsigned i : order)
        placed.axes.push_back(split.axes[i]);
      ++tried;
      bool fits = true;
      if (limited) {
        Prediction predicted =
            predict(distribute(convolution, placed, machine.numDevices(),
                               request.query.fillsOutput));
        int64_t peak = 0;
        for (int64_t d = 0; d < machine.numDevices(); ++d) {
          peak = std::max(peak, predicted.peakBytes[d]);
          fits &= predicted.peakBytes[d] <= memoryOf(machine, request, d);
        }
        leastPeak = std::min(leastPeak, peak);
      }
      if (!fits)
        continue;
      double own =
          planCost(convolution, placed, machine, request.query).seconds.total();
      if (own < best) {
        best = own;
        which = toString(placed, convolution);
      }
    } while (std::next_permutation(order.begin(), order.end()));
    if (best < infinite)
      seconds.push_back({best, which});
  }

  const Convolution &convolution;
  const Machine &machine;
  const PlanRequest &request;
  bool limited = false; ///< some device has not any amount of memory
};

PlanRequest requestFor(Residence inputs, Residence output, unsigned top = 4) {
  PlanRequest request;
  request.query.inputs = {inputs, inputs};
  request.query.output = output;
  request.top = top;
  request.gathered.emplace(); // what is predicted is of copies from the host
  return request;
}

/// `planConvolution` ranks as the enumeration does; returns the plans tried.
int64_t expectBest(const Convolution &convolution, const Machine &machine,
                   const PlanRequest &request, const std::string &where) {
  AllPlans all(convolution, machine, request);
  Result<PlanResult> result = planConvolution(convolution, machine, request);
  EXPECT_EQ(bool(result), !all.seconds.empty())
      << where << (result ? "" : ": " + result.error());
  if (!result || all.seconds.empty())
    return all.tried;
  EXPECT_TRUE(result->optimal) << where;
  EXPECT_DOUBLE_EQ(result->atLeast,
                   result->ranked.front().cost.seconds.total());
  EXPECT_EQ(result->ranked.size(),
            std::min<size_t>(request.top, all.seconds.size()))
      << where;
  for (size_t i = 0; i < result->ranked.size(); ++i) {
    const RankedPlan &plan = result->ranked[i];
    EXPECT_NEAR(plan.cost.seconds.total(), all.seconds[i].first, 2e-12)
        << "rank " << i << " of " << where << ": "
        << toString(plan.split, convolution) << " for "
        << all.seconds[i].second;
    Prediction predicted =
        predict(distribute(convolution, plan.split, machine.numDevices(),
                           request.query.fillsOutput));
    EXPECT_EQ(plan.predicted.peakBytes, predicted.peakBytes) << where;
    EXPECT_EQ(plan.predicted.bytesReceived, predicted.bytesReceived) << where;
    EXPECT_LE(result->boundWords, plan.words.words) << where;
  }
  return all.tried;
}

} // namespace

TEST(PlanSearch, NoPlanIsFasterOnSmallConvolutions) {
  std::mt19937 random(21);
  const Residence places[] = {Residence::Host, Residence::Sharded,
                              Residence::Resident};
  int64_t tried = 0;
  for (int i = 0; i < 120; ++i) {
    int windows = 1 + i / 4 % 3;
    Convolution convolution = randomCase(random, windows).convolution;
    int64_t few = windows == 3 ? 3 : 1;
    PlanRequest request =
        requestFor(places[random() % 3], places[random() % 2], 1 + i % 5);
    request.query.inputs.resize(convolution.inputs.size());
    request.query.fillsOutput = random() % 2;
    Machine machine = i % 4 == 0   ? threads(2 + random() % 8, random() % 3)
                      : i % 4 == 1 ? clusterOf(6 + random() % 12 / few)
                      : i % 4 == 2 ? clusterOf((17 + random() % 8) / few, 16)
                                   : ringOf(2 + random() % 3);
    tried +=
        expectBest(convolution, machine, request, "case " + std::to_string(i));
    ASSERT_FALSE(HasFailure());
  }
  std::printf("%lld plans tried\n", (long long)tried);
}

TEST(PlanSearch, NoPlanIsFasterOnRealLayers) {
  std::vector<Layer> layers = realLayers();
  int64_t tried = 0;
  for (const char *name :
       {"resnet50_res2_3x3", "resnet50_res5_3x3", "mobilenet_dw_s2",
        "vgg_fc6_as_conv", "cosmoflow_mlperf128_conv1", "rfcn_dilated"}) {
    Convolution convolution = forwardOf(layerNamed(layers, name));
    for (const Machine &machine : {threads(4, 2), threads(8, 2), threads(12, 0),
                                   clusterOf(8), clusterOf(12), clusterOf(16)})
      for (Residence inputs : {Residence::Host, Residence::Sharded}) {
        tried += expectBest(convolution, machine, requestFor(inputs, inputs, 3),
                            std::string(name) + " on " +
                                std::to_string(machine.numDevices()) + " of " +
                                machine.name);
        ASSERT_FALSE(HasFailure());
      }
  }
  std::printf("%lld plans tried\n", (long long)tried);
}

// The words of searchWords, in the order of axes that takes least time.
TEST(PlanSearch, FewestWordsOnRequest) {
  Convolution convolution =
      forwardOf(layerNamed(realLayers(), "resnet50_res5_3x3"));
  for (int64_t devices : {8, 12, 16}) {
    PlanRequest request = requestFor(Residence::Host, Residence::Host, 3);
    request.objective = Objective::Words;
    WordSearchOptions options;
    options.devices = devices;
    options.top = 3;
    Result<WordSearchResult> expected = searchWords(convolution, options);
    Result<PlanResult> got =
        planConvolution(convolution, clusterOf(devices), request);
    ASSERT_TRUE(expected) << expected.error();
    ASSERT_TRUE(got) << got.error();
    EXPECT_TRUE(got->optimal);
    EXPECT_EQ(got->atLeast, expected->wordsAtLeast);
    ASSERT_EQ(got->ranked.size(), 3u);
    for (int i = 0; i < 3; ++i) {
      const RankedPlan &plan = got->ranked[i];
      EXPECT_EQ(plan.words.words, expected->ranked[i].count.words);
      EXPECT_DOUBLE_EQ(plan.macsMaxOverMean, 1 + plan.words.imbalance(devices));
      Split split = plan.split;
      double seconds = plan.cost.seconds.total();
      std::sort(split.axes.begin(), split.axes.end(),
                [](const AxisSplit &a, const AxisSplit &b) {
                  return a.loop < b.loop;
                });
      do {
        EXPECT_LE(seconds, planCost(convolution, split, clusterOf(devices),
                                    request.query)
                                   .seconds.total() *
                               (1 + 1e-12));
      } while (
          std::next_permutation(split.axes.begin(), split.axes.end(),
                                [](const AxisSplit &a, const AxisSplit &b) {
                                  return a.loop < b.loop;
                                }));
    }
  }
}

// Some dims as given, also unevenly; the rest is searched.
TEST(PlanSearch, FixedDimsAreKept) {
  std::mt19937 random(33);
  for (int i = 0; i < 60; ++i) {
    Convolution convolution = randomCase(random, 1 + i % 2).convolution;
    unsigned loop = random() % convolution.numLoops();
    int64_t extent = convolution.extents[loop];
    int64_t parts = 1 + random() % std::min<int64_t>(extent, 4);
    PlanRequest request = requestFor(Residence::Host, Residence::Sharded, 3);
    request.query.inputs.resize(convolution.inputs.size());
    request.fixed.axes.push_back({loop, randomLengths(random, extent, parts)});
    Machine machine = i % 2 ? threads(6, 2) : clusterOf(10);
    expectBest(convolution, machine, request, "case " + std::to_string(i));
    ASSERT_FALSE(HasFailure());
    for (Objective objective : {Objective::Time, Objective::Words}) {
      request.objective = objective;
      request.maxImbalance = 100;
      Result<PlanResult> result =
          planConvolution(convolution, machine, request);
      ASSERT_TRUE(result) << result.error();
      for (const RankedPlan &plan : result->ranked) {
        int axis = plan.split.axisOf(loop);
        ASSERT_EQ(axis >= 0, parts > 1);
        if (axis >= 0)
          EXPECT_EQ(plan.split.axes[axis], request.fixed.axes[0]);
      }
    }
  }
}

TEST(PlanSearch, ReductionsStayWholeOnRequest) {
  Convolution convolution = forwardOf(makeLayer(1, 1, 64, 1, {{3, 3}}));
  PlanRequest request = requestFor(Residence::Sharded, Residence::Sharded, 3);
  request.reductions = Reductions::Whole;
  expectBest(convolution, threads(8, 0), request, "whole");
  request.fixed = *parseSplit("ic=2", convolution);
  Result<PlanResult> result =
      planConvolution(convolution, threads(8, 0), request);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(),
            "'ic=2' divides a reduction whose parts do not combine");
}

// Plans within a budget are still the fastest of those that fit; without one
// the error names the least peak of all, and a budget of that much does.
TEST(PlanSearch, BudgetsAreKeptOrTheLeastOneIsNamed) {
  std::mt19937 random(44);
  int refused = 0, limited = 0;
  for (int i = 0; i < 60; ++i) {
    Convolution convolution = randomCase(random, 1 + i % 2).convolution;
    Machine machine = i % 3 == 0   ? threads(6, 0)
                      : i % 3 == 1 ? clusterOf(10)
                                   : ringOf(3);
    PlanRequest request = requestFor(Residence::Sharded, Residence::Host, 2);
    request.query.inputs.resize(convolution.inputs.size());
    Result<PlanResult> free = planConvolution(convolution, machine, request);
    ASSERT_TRUE(free) << free.error();
    const std::vector<int64_t> &peaks = free->ranked[0].predicted.peakBytes;
    request.budget = *std::max_element(peaks.begin(), peaks.end()) - 1;
    AllPlans all(convolution, machine, request);
    std::string where = "case " + std::to_string(i);
    expectBest(convolution, machine, request, where);
    ASSERT_FALSE(HasFailure());
    limited += !all.seconds.empty();
    request.budget = all.leastPeak - 1;
    for (Objective objective : {Objective::Time, Objective::Words}) {
      request.objective = objective;
      request.maxImbalance = 100;
      Result<PlanResult> none = planConvolution(convolution, machine, request);
      ASSERT_FALSE(none) << where;
      EXPECT_NE(none.error().find("the least budget that would do is " +
                                  std::to_string(all.leastPeak) + " bytes"),
                std::string::npos)
          << where << ": " << none.error() << " for " << all.leastPeak;
    }
    ++refused;
    request.objective = Objective::Time;
    request.budget = all.leastPeak;
    EXPECT_TRUE(planConvolution(convolution, machine, request)) << where;
  }
  EXPECT_GT(limited, 20);
  EXPECT_GT(refused, 50);
}

TEST(PlanSearch, WhereTheLeastBudgetIsThatOfTheWhole) {
  Convolution convolution =
      forwardOf(layerNamed(realLayers(), "resnet50_res5_3x3"));
  PlanRequest request = requestFor(Residence::Host, Residence::Host, 2);
  request.query.inputs.resize(convolution.inputs.size());
  request.budget = 64;
  Result<PlanResult> none =
      planConvolution(convolution, *withDevices(threads(2, 0), 1),
                      request);
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().find(" bytes, undivided"), std::string::npos)
      << none.error();
}

TEST(PlanSearch, RejectedPlansSayByWhichNumber) {
  int rejected = 0;
  for (const char *name : {"resnet50_res2_3x3", "resnet50_res5_3x3",
                           "rfcn_dilated", "segnet_7x7", "mobilenet_dw_s2"})
    for (const Machine &machine : {threads(6, 0), clusterOf(6, 0)}) {
      Convolution convolution = forwardOf(layerNamed(realLayers(), name));
      PlanRequest request =
          requestFor(Residence::Sharded, Residence::Sharded, 1);
      Result<PlanResult> free = planConvolution(convolution, machine, request);
      ASSERT_TRUE(free) << free.error();
      const std::vector<int64_t> &peaks = free->ranked[0].predicted.peakBytes;
      auto most = std::max_element(peaks.begin(), peaks.end());
      request.budget = *most - 1;
      Result<PlanResult> result =
          planConvolution(convolution, machine, request);
      if (!result) // no plan needs less
        continue;
      ++rejected;
      ASSERT_FALSE(result->rejected.empty());
      EXPECT_EQ(result->rejected[0].split, free->ranked[0].split);
      EXPECT_EQ(result->rejected[0].reason,
                "peak " + std::to_string(*most) + " bytes on device " +
                    std::to_string(most - peaks.begin()) + ", budget " +
                    std::to_string(*request.budget));
    }
  EXPECT_GT(rejected, 1);
}

// Stripes in proportion to speed are faster than balanced ones, and no device
// needs more than it has.
TEST(PlanSearch, UnevenDevicesGetUnevenStripes) {
  Convolution convolution = forwardOf(
      makeLayer(1, 1, 32, 32, {{64, 3, 1, 1, 1, 1}, {64, 3, 1, 1, 1, 1}}));
  PlanRequest request = requestFor(Residence::Sharded, Residence::Sharded, 3);
  for (int64_t devices : {3, 4, 5}) {
    Machine machine = unevenBoards(devices);
    Result<PlanResult> result = planConvolution(convolution, machine, request);
    ASSERT_TRUE(result) << result.error();
    const RankedPlan &best = result->ranked[0];
    AllPlans balanced(convolution, machine, request);
    EXPECT_LT(best.cost.seconds.total(), balanced.seconds[0].first);
    double sum = 0, slowest = 0;
    for (double seconds : best.cost.computeSeconds) {
      sum += seconds;
      slowest = std::max(slowest, seconds);
    }
    EXPECT_LT(slowest, 1.3 * sum / devices);
    for (int64_t d = 0; d < devices; ++d)
      EXPECT_LE(best.predicted.peakBytes[d], *machine.devices[d].memoryBytes);
  }
}

// What a runtime does that has lost a device.
TEST(PlanSearch, PlansAgainWithoutALostDevice) {
  Convolution convolution =
      forwardOf(layerNamed(realLayers(), "resnet50_res5_3x3"));
  for (Machine machine :
       {clusterOf(16), threads(5, 0), ringOf(4), unevenBoards(4)}) {
    for (DeviceDescription &device : machine.devices)
      device.memoryBytes.reset();
    PlanRequest request = requestFor(Residence::Host, Residence::Host, 1);
    Result<Machine> left = withoutDevice(machine, 1);
    if (machine.name == "ring") { // a chain is left
      ASSERT_TRUE(left) << left.error();
    }
    ASSERT_TRUE(left) << left.error();
    Result<PlanResult> result = planConvolution(convolution, *left, request);
    ASSERT_TRUE(result) << result.error();
    const RankedPlan &plan = result->ranked[0];
    EXPECT_EQ(plan.devices, machine.numDevices() - 1);
    EXPECT_TRUE(checkSplit(plan.split, convolution));
    EXPECT_LE(plan.split.grid(1).numShards(), plan.devices);
    EXPECT_EQ(plan.predicted.peakBytes,
              predict(distribute(convolution, plan.split, plan.devices, true))
                  .peakBytes);
  }
}

TEST(PlanSearch, GivesTheSamePlanAgain) {
  Convolution convolution =
      forwardOf(layerNamed(realLayers(), "wan21_vae_dec_c96_720p81f"));
  PlanRequest request = requestFor(Residence::Sharded, Residence::Sharded, 8);
  Result<PlanResult> first =
      planConvolution(convolution, clusterOf(64), request);
  Result<PlanResult> second =
      planConvolution(convolution, clusterOf(64), request);
  ASSERT_TRUE(first && second);
  ASSERT_EQ(first->ranked.size(), 8u);
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(first->ranked[i].split, second->ranked[i].split);
}

TEST(PlanSearch, WhatCannotBePlannedIsAnError) {
  Convolution convolution = forwardOf(makeLayer(1, 1, 4, 4, {{8, 3}}));
  PlanRequest request = requestFor(Residence::Host, Residence::Host, 1);
  request.query.elementType = "i8";
  Result<PlanResult> result =
      planConvolution(convolution, threads(2, 0), request);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(),
            "machine 'threads' has no rate for dense kernels in i8 on device "
            "0; add it to the machine's file, or measure it");
  request.query.elementType = "f32";
  request.fixed = *parseSplit("o0=3", convolution);
  result = planConvolution(convolution, threads(2, 0), request);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), "'o0=3' makes 3 shards, machine 'threads' has 2 "
                            "devices");
  request.fixed.axes.clear();
  request.query.output = Residence::Resident;
  EXPECT_FALSE(planConvolution(convolution, threads(2, 0), request));
}
