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
