//===- StreamTimeline.cpp - when what is streamed moves -------------------===//

#include "dconv/Planner/StreamTimeline.h"

#include "StreamEstimate.h"

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>

using namespace dconv;

static constexpr double never = std::numeric_limits<double>::infinity();

namespace {
/// The queues of one device.
class DeviceClock {
public:
  enum Lane { Load, Compute, Store, numLanes };

  DeviceClock(const Convolution &convolution,
              const std::vector<std::vector<Box>> &boxes,
              const std::vector<int64_t> &shards, bool fillsOutput)
      : fills(fillsOutput), output(boxes.size() - 1) {
    for (unsigned t = 0; t <= output; ++t) {
      residencies.push_back(residenciesOf(boxes[t], shards));
      arrived.emplace_back(residencies[t].size(), never);
      const Operand &operand =
          t == output ? convolution.output : convolution.inputs[t];
      bytes.emplace_back();
      for (const Residency &one : residencies[t])
        bytes[t].push_back(
            double(one.window.intersect(operand.extent()).volume()) *
            operand.elementBytes);
    }
    computed.assign(shards.size(), never);
    returned.assign(residencies[output].size(), never);
    std::vector<std::vector<Residency>> inputs(residencies.begin(),
                                               residencies.end() - 1);
    for (const StreamStep &step : streamOrder(inputs, residencies[output],
                                              !fills, shards.size()))
      spans.push_back({step, 0, 0});
    for (size_t i = 0; i < spans.size(); ++i)
      queues[laneOf(spans[i].step)].push_back(i);
  }

  bool isEmpty(Lane lane) const { return next[lane] == queues[lane].size(); }
  const StreamStep &head(Lane lane) const {
    return spans[queues[lane][next[lane]]].step;
  }

  /// When the head of `lane` may begin, or `never` as long as that is unknown.
  double readyAt(Lane lane) const {
    const StreamStep &step = head(lane);
    double ready = free[lane];
    if (step.kind == StreamStep::Return)
      return std::max(ready, computed[residencies[output][step.number].last]);
    if (step.kind == StreamStep::Bring) {
      if (step.number < 2)
        return ready;
      if (step.operand == output)
        return std::max(ready, returned[step.number - 2]);
      const Residency &before = residencies[step.operand][step.number - 2];
      return std::max(ready, computed[before.last]);
    }
    for (unsigned t = 0; t < residencies.size(); ++t)
      ready = std::max(ready, arrived[t][residencyAt(t, step.number)]);
    return ready;
  }

  /// Bytes that the head of `lane` moves.
  double bytesOf(Lane lane) const {
    const StreamStep &step = head(lane);
    bool isFilled =
        step.kind == StreamStep::Bring && step.operand == output && fills;
    return isFilled ? 0 : bytes[step.operand][step.number];
  }

  void run(Lane lane, double begin, double end) {
    StreamSpan &span = spans[queues[lane][next[lane]++]];
    span.begin = begin;
    span.end = free[lane] = end;
    if (span.step.kind == StreamStep::Bring)
      arrived[span.step.operand][span.step.number] = end;
    else if (span.step.kind == StreamStep::Launch)
      computed[span.step.number] = end;
    else
      returned[span.step.number] = end;
  }

  double linkFree = 0;
  std::vector<StreamSpan> spans;

private:
  /// Whoever fills a block also computes.
  Lane laneOf(const StreamStep &step) const {
    if (step.kind == StreamStep::Return)
      return Store;
    bool isFill =
        step.kind == StreamStep::Bring && step.operand == output && fills;
    return step.kind == StreamStep::Launch || isFill ? Compute : Load;
  }

  /// The residency of operand `t` that the shard at `position` uses.
  size_t residencyAt(unsigned t, size_t position) const {
    auto found = std::lower_bound(
        residencies[t].begin(), residencies[t].end(), position,
        [](const Residency &one, size_t at) { return one.last < at; });
    return found->number;
  }

  const bool fills;
  const unsigned output; ///< comes after the inputs
  std::vector<std::vector<Residency>> residencies; ///< per operand
  std::vector<std::vector<double>> bytes;          ///< that move of each
  std::vector<std::vector<double>> arrived;        ///< when each is there
  std::vector<double> computed, returned;
  std::array<std::vector<size_t>, numLanes> queues; ///< numbers of spans
  std::array<size_t, numLanes> next{};
  std::array<double, numLanes> free{};
};
} // namespace

std::vector<std::vector<StreamSpan>>
dconv::streamTimeline(const Convolution &convolution, const Split &split,
                      const Machine &machine, const TimeQuery &query) {
  const int64_t devices = machine.numDevices();
  DistributedProgram program =
      distributeStreamed(convolution, split, devices, query.fillsOutput);
  const Grid &grid = program.grid;
  const HostLinks links(machine);
  std::vector<std::vector<Box>> boxes;
  for (const Step &step : program.steps)
    if (step.kind == StepKind::SubKernel) {
      for (const KernelInput &input : step.inputs)
        boxes.push_back(input.footprints);
      boxes.push_back(step.outputs);
    }
  std::vector<DeviceClock> clocks;
  std::vector<std::vector<double>> seconds; // per device and shard
  for (int64_t device = 0; device < devices; ++device) {
    std::vector<int64_t> shards = grid.shardsOf(device);
    clocks.emplace_back(convolution, boxes, shards, query.fillsOutput);
    seconds.push_back(shardSeconds(convolution, split, grid, device, machine,
                                   query.elementType));
  }

  // Whatever may begin first does; of several what comes first here.
  double hostFree = 0;
  while (true) {
    DeviceClock *chosen = nullptr;
    DeviceClock::Lane lane = DeviceClock::Load;
    double begin = never;
    for (DeviceClock &clock : clocks)
      for (auto l : {DeviceClock::Store, DeviceClock::Load,
                     DeviceClock::Compute}) {
        if (clock.isEmpty(l))
          continue;
        double at = clock.readyAt(l);
        if (l != DeviceClock::Compute && clock.bytesOf(l) > 0)
          at = std::max({at, clock.linkFree, hostFree});
        if (at < begin)
          std::tie(chosen, lane, begin) = std::make_tuple(&clock, l, at);
      }
    if (!chosen)
      break;
    const StreamStep step = chosen->head(lane);
    double end = begin;
    if (step.kind == StreamStep::Launch) {
      end += seconds[chosen - clocks.data()][step.number];
    } else if (double bytes = chosen->bytesOf(lane); bytes > 0) {
      end += std::max(links.latency + bytes / links.bandwidth,
                      bytes / links.total);
      chosen->linkFree = end;
      hostFree = begin + bytes / links.total;
    }
    chosen->run(lane, begin, end);
  }
  std::vector<std::vector<StreamSpan>> result;
  for (DeviceClock &clock : clocks)
    result.push_back(std::move(clock.spans));
  return result;
}
