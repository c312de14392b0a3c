//===- StreamTimelineTest.cpp - when what is streamed moves ---------------===//

#include "dconv/Planner/StreamSearch.h"
#include "dconv/Planner/StreamTimeline.h"

#include "../Geometry/Cases.h"
#include "Layers.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <map>

using namespace dconv;
using namespace dconv::test;

static Machine machineWith(int64_t devices, double link,
                           std::optional<double> total = {}) {
  Machine machine;
  DeviceDescription device;
  device.memoryBandwidth = 1e12;
  device.launchLatency = 1e-6;
  for (KernelClass kind :
       {KernelClass::Dense, KernelClass::Depthwise, KernelClass::Pooling})
    device.rates[{kind, "f32"}] = {1e9, 1e9};
  machine.devices.assign(devices, device);
  machine.levels = {{"link", devices, {1e-6, 1e9}, {}}};
  machine.hostLink = {1e-7, link};
  machine.hostBandwidth = total;
  return machine;
}

/// The intervals of `spans`, in their order of time, follow each other.
static void expectDisjoint(std::vector<StreamSpan> spans) {
  std::sort(spans.begin(), spans.end(),
            [](const StreamSpan &a, const StreamSpan &b) {
              return std::make_pair(a.begin, a.end) <
                     std::make_pair(b.begin, b.end);
            });
  for (size_t i = 1; i < spans.size(); ++i)
    EXPECT_GE(spans[i].begin, spans[i - 1].end - 1e-15);
}

static std::vector<StreamSpan> ofKinds(const std::vector<StreamSpan> &spans,
                                       std::vector<StreamStep::Kind> kinds) {
  std::vector<StreamSpan> found;
  for (const StreamSpan &span : spans)
    if (span.end > span.begin &&
        std::find(kinds.begin(), kinds.end(), span.step.kind) != kinds.end())
      found.push_back(span);
  return found;
}

// Two windows of two rows each with a filter of one tap: by hand.
TEST(StreamTimeline, OfTwoShards) {
  Convolution convolution =
      forwardOf(makeLayer(1, 1, 1, 1, {{4000, 1, 1, 1, 0, 0}}));
  Machine machine = machineWith(1, 1e9);
  TimeQuery query;
  Split split{{balancedSplit(2, 4000, 2)}};
  std::vector<StreamSpan> spans =
      streamTimeline(convolution, split, machine, query)[0];
  const double window = 1e-7 + 8e-6, filter = 1e-7 + 4e-9;
  std::vector<int64_t> lengths = convolution.extents;
  lengths[2] = 2000;
  DeviceDescription device = machine.devices[0];
  device.copyLatency = 0;
  device.copyBandwidth = 1e30;
  const double compute = kernelSeconds(convolution, lengths, device, "f32");
  std::vector<std::pair<double, double>> loads, launches, stores;
  for (const StreamSpan &span : spans) {
    bool isFill = span.step.kind == StreamStep::Bring && span.step.operand == 2;
    if (isFill)
      EXPECT_EQ(span.begin, span.end);
    else
      (span.step.kind == StreamStep::Bring    ? loads
       : span.step.kind == StreamStep::Launch ? launches
                                              : stores)
          .push_back({span.begin, span.end});
  }
  ASSERT_EQ(loads.size(), 3u);
  ASSERT_EQ(launches.size(), 2u);
  ASSERT_EQ(stores.size(), 2u);
  const double begin = window + filter; // of the arithmetic
  EXPECT_NEAR(launches[0].first, begin, 1e-12);
  EXPECT_NEAR(launches[0].second, begin + compute, 1e-12);
  EXPECT_NEAR(loads[2].second, begin + window, 1e-12);
  const double second = begin + std::max(compute, window);
  EXPECT_NEAR(launches[1].first, second, 1e-12);
  EXPECT_NEAR(stores[1].second,
              std::max(second + compute, stores[0].second) + window, 1e-12);
}

/// A shard of `device` computes when all that it uses is there, and what replaces
/// that comes later, as does what is returned. The seconds of all spans.
static double expectOrdered(const Convolution &convolution, const Split &split,
                            const std::vector<StreamSpan> &spans,
                            int64_t device, int64_t devices) {
  const Grid grid = split.grid(devices);
  const std::vector<int64_t> shards = grid.shardsOf(device);
  std::map<std::pair<unsigned, size_t>, StreamSpan> brought, returned;
  std::map<size_t, StreamSpan> computed;
  double all = 0;
  for (const StreamSpan &span : spans) {
    all += span.end - span.begin;
    const StreamStep &step = span.step;
    if (step.kind == StreamStep::Launch)
      computed[step.number] = span;
    else
      (step.kind == StreamStep::Bring ? brought
                                      : returned)[{step.operand, step.number}] =
          span;
  }
  EXPECT_EQ(computed.size(), shards.size());
  std::vector<Operand> operands = convolution.inputs;
  operands.push_back(convolution.output);
  for (unsigned t = 0; t < operands.size(); ++t) {
    const bool isOutput = t == convolution.inputs.size();
    size_t number = 0; // of the window, which changes from shard to shard
    std::vector<size_t> lastUse;
    Box before;
    for (size_t position = 0; position < shards.size(); ++position) {
      Box window = footprint(
          operands[t].unpaddedMap(),
          split.iterations(convolution, grid.coordinates(shards[position])));
      if (position == 0 || window != before) {
        number = lastUse.size();
        lastUse.push_back(position);
        if (number >= 2) {
          double free = isOutput ? returned[{t, number - 2}].end
                                 : computed[lastUse[number - 2]].end;
          EXPECT_GE((brought[{t, number}].begin), free - 1e-15);
        }
      }
      before = window;
      lastUse[number] = position;
      EXPECT_GE(computed[position].begin,
                (brought[{t, number}].end - 1e-15));
    }
    if (isOutput)
      for (size_t block = 0; block < lastUse.size(); ++block)
        EXPECT_GE((returned[{t, block}].begin),
                  computed[lastUse[block]].end - 1e-15);
  }
  return all;
}

// Each queue, and each link, does one thing at a time; a shard computes when all
// that it uses is there, and nothing is replaced that is still used.
TEST(StreamTimeline, NothingWaitsInVainNorTooLittle) {
  std::mt19937 random(5);
  for (int tried = 0; tried < 80;) {
    Case one = randomCase(random, 1);
    Split split = one.split;
    std::stable_partition(
        split.axes.begin(), split.axes.end(), [&](const AxisSplit &axis) {
          return !one.convolution.isReduction(axis.loop);
        });
    const int64_t devices = 1 + int64_t(random() % 3);
    if (!checkStreamed(one.convolution, split, devices))
      continue;
    ++tried;
    Machine machine =
        machineWith(devices, tried % 2 ? 1e12 : 1e8,
                    tried % 3 ? std::nullopt : std::optional<double>(5e7));
    TimeQuery query;
    query.fillsOutput = one.fillsOutput;
    std::vector<std::vector<StreamSpan>> timeline =
        streamTimeline(one.convolution, split, machine, query);
    ASSERT_EQ(timeline.size(), size_t(devices));
    StreamPlan plan =
        streamCost(one.convolution, split, machine, query, std::nullopt);
    double last = 0, all = 0;
    for (const std::vector<StreamSpan> &spans : timeline) {
      expectDisjoint(ofKinds(spans, {StreamStep::Launch}));
      expectDisjoint(ofKinds(spans, {StreamStep::Bring, StreamStep::Return}));
      all += expectOrdered(one.convolution, split, spans,
                           int64_t(&spans - timeline.data()), devices);
      for (const StreamSpan &span : spans)
        last = std::max(last, span.end);
    }
    EXPECT_GE(last, std::max(plan.computeSeconds, 0.0) - 1e-12);
    double bytes = 0;
    for (int64_t device = 0; device < devices; ++device)
      bytes = std::max(bytes, double(plan.predicted.scatterBytes[device]) +
                                  plan.predicted.gatherBytes[device]);
    EXPECT_GE(last, bytes / machine.hostLink.bandwidth - 1e-12);
    if (machine.hostBandwidth)
      EXPECT_GE(last, (plan.bytes / *machine.hostBandwidth) * (1 - 1e-9) -
                          1e-12);
    EXPECT_LE(last, all + 1e-12); // some queue is always busy
  }
}
