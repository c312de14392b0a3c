//===- EvaluatePlan.cpp - what is predicted of a given split --------------===//

#include "dconv/Planner/EvaluatePlan.h"

#include "dconv/Geometry/Streaming.h"
#include "dconv/Planner/BestBox.h"
#include "dconv/Planner/Bounds.h"
#include "dconv/Planner/Gathering.h"
#include "dconv/Planner/ShardWords.h"

#include <algorithm>
#include <chrono>

using namespace dconv;

/// Per loop the number of parts, or nothing where some are not balanced.
static std::optional<std::vector<int64_t>>
balancedParts(const Convolution &convolution, const Split &split) {
  std::vector<int64_t> parts(convolution.numLoops(), 1);
  for (const AxisSplit &axis : split.axes) {
    parts[axis.loop] = axis.lengths.size();
    if (axis != balancedSplit(axis.loop, convolution.extents[axis.loop],
                              parts[axis.loop]))
      return std::nullopt;
  }
  return parts;
}

/// An error where some device has less memory than its peak.
static Result<int64_t> checkMemory(const Prediction &predicted,
                                   const Machine &machine,
                                   MemoryBudget budget) {
  if (Result<int64_t> peak = checkBudget(predicted, budget); !peak)
    return peak;
  for (int64_t d = 0; d < machine.numDevices(); ++d) {
    const DeviceDescription &device = machine.devices[d];
    if (device.memoryBytes && predicted.peakBytes[d] > *device.memoryBytes)
      return Error{"needs more memory than a device has: " +
                   std::to_string(predicted.peakBytes[d]) +
                   " bytes on device " + std::to_string(d) + ", which has " +
                   std::to_string(*device.memoryBytes)};
  }
  return 0;
}

Result<RankedPlan> dconv::predictPlan(const Convolution &convolution,
                                      const Split &split,
                                      const Machine &machine,
                                      const PlanRequest &request,
                                      bool streamed) {
  RankedPlan plan;
  plan.split = split;
  plan.devices = machine.numDevices();
  if (request.gathered)
    plan.gathered = *request.gathered;
  bool fills = request.query.fillsOutput;
  if (streamed) {
    plan.predicted =
        predict(distributeStreamed(convolution, split, plan.devices, fills));
  } else {
    plan.predicted = predict(
        distribute(convolution, split, plan.devices, fills, plan.gathered));
  }
  if (Result<int64_t> fits =
          checkMemory(plan.predicted, machine, request.budget);
      !fits)
    return Error{fits.error()};
  return plan;
}

Result<PlanResult> dconv::evaluatePlan(const Convolution &convolution,
                                       const Split &split,
                                       const Machine &machine,
                                       const PlanRequest &request) {
  auto start = std::chrono::steady_clock::now();
  const int64_t devices = machine.numDevices();
  Result<RankedPlan> predicted =
      predictPlan(convolution, split, machine, request);
  if (!predicted)
    return Error{predicted.error()};
  RankedPlan &plan = *predicted;
  plan.cost = planCost(convolution, split, machine, request.query);
  if (!request.gathered)
    addGathered(convolution, machine, request, plan);

  std::optional<std::vector<int64_t>> parts = balancedParts(convolution, split);
  Result<WordCount> words = Error{""};
  if (parts && split.grid(devices).numShards() <= devices)
    words = countWords(convolution, *parts);
  plan.words = words ? *words : countWordsOfShards(convolution, split, devices);
  plan.macsMaxOverMean = plan.words.imbalance(devices) + 1;

  PlanResult result;
  if (Result<BoundTerms> terms = boundTerms(convolution)) {
    std::vector<int64_t> owned =
        ownedShares(*terms, devices, plan.words.largestShare);
    result.boundWords = memoryIndependentBound(*terms, devices, owned);
    BestBox box = findBestBox(convolution, devices, owned);
    result.bestBoxWords = box.words;
    result.bestBoxExact = box.exact;
  } else {
    result.bestBoxExact = false; // 0 is all that is known
  }
  result.ranked.push_back(std::move(plan));
  result.planningSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  return result;
}

Result<PlanResult> dconv::evaluateStream(const Convolution &convolution,
                                         const StreamPlan &plan,
                                         const Machine &machine,
                                         const PlanRequest &request) {
  const int64_t devices = machine.numDevices();
  if (Result<int64_t> fits =
          checkMemory(plan.predicted, machine, request.budget);
      !fits)
    return Error{fits.error()};
  RankedPlan ranked;
  ranked.split = plan.split;
  ranked.devices = devices;
  ranked.predicted = plan.predicted;
  ranked.cost.seconds.compute = plan.computeSeconds;
  ranked.cost.seconds.load = plan.seconds() - plan.computeSeconds;
  ranked.cost.inputs.assign(convolution.inputs.size(), Replication::Copied);
  LevelBytes host{"host", 0, 0};
  int64_t most = 0;
  for (int64_t d = 0; d < devices; ++d) {
    int64_t received = plan.predicted.scatterBytes[d];
    int64_t sent = plan.predicted.gatherBytes[d];
    host.received = std::max(host.received, received);
    host.sent = std::max(host.sent, sent);
    most = std::max(most, received + sent);
  }
  ranked.cost.links.push_back(host);
  const int64_t elementBytes = convolution.inputs[0].elementBytes;
  ranked.words = countWordsOfShards(convolution, plan.split, devices);
  ranked.words.bytes = most;
  ranked.words.words = most / elementBytes;
  ranked.macsMaxOverMean = 1 + ranked.words.imbalance(devices);

  PlanResult result;
  result.ranked.push_back(std::move(ranked));
  result.boundWords =
      int64_t(plan.boundBytes / double(devices) / double(elementBytes));
  result.bestBoxWords = result.boundWords;
  result.bestBoxExact = false;
  return result;
}
