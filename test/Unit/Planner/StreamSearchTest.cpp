//===- StreamSearchTest.cpp - the fastest streamed split ------------------===//

#include "dconv/Planner/StreamSearch.h"
#include "../Geometry/Cases.h"
#include "Layers.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <map>
#include <numeric>

using namespace dconv;
using namespace dconv::test;
using testing::HasSubstr;

namespace {

Machine machineWith(int64_t devices, double hostBandwidth,
                    std::optional<double> total = {}, double rate = 1e9) {
  Machine machine;
  DeviceDescription device;
  device.memoryBandwidth = 1e12;
  device.copyBandwidth = 1e3; // streamed windows are not copied on the device
  device.launchLatency = 1e-6;
  device.copyLatency = 1;
  for (KernelClass kind :
       {KernelClass::Dense, KernelClass::Depthwise, KernelClass::Pooling})
    device.rates[{kind, "f32"}] = {rate, rate};
  machine.devices.assign(devices, device);
  machine.levels = {{"link", devices, {1e-6, 1e9}, {}}};
  machine.hostLink = {1e-7, hostBandwidth};
  machine.hostBandwidth = total;
  return machine;
}

int64_t mostOf(const std::vector<int64_t> &values) {
  return *std::max_element(values.begin(), values.end());
}

/// What a device needs where the slots of an operand are equally large.
int64_t memoryWithEqualSlots(const DistributedProgram &program,
                             int64_t device) {
  std::map<std::pair<int, unsigned>, std::map<int64_t, int64_t>> slots;
  for (const ArenaBuffer &buffer : planArena(program, device).buffers) {
    int64_t bytes = buffer.window.volume() * buffer.elementBytes;
    int64_t &most = slots[{buffer.purpose, buffer.input}][buffer.offset];
    most = std::max(most, (bytes + 63) / 64 * 64);
  }
  int64_t memory = 0;
  for (auto &[operand, sizes] : slots) {
    int64_t most = 0;
    for (auto &[offset, size] : sizes)
      most = std::max(most, size);
    memory += most * sizes.size();
  }
  return memory;
}

/// Every balanced split of up to three loops in every order of its axes.
class Enumeration {
public:
  Enumeration(const Convolution &convolution, const Machine &machine,
              const TimeQuery &query, int64_t memory)
      : convolution(convolution), machine(machine), query(query),
        memory(memory) {
    visit({});
  }

  double leastSeconds = std::numeric_limits<double>::infinity();
  int64_t leastMemory = std::numeric_limits<int64_t>::max();

  /// Fewest bytes of those that fit and take at most `seconds`.
  int64_t leastBytes(
      double seconds = std::numeric_limits<double>::infinity()) const {
    int64_t least = std::numeric_limits<int64_t>::max();
    for (auto [taken, bytes] : fitting)
      if (taken <= seconds)
        least = std::min(least, bytes);
    return least;
  }

private:
  void visit(const Split &split) {
    consider(split);
    if (split.axes.size() == 3)
      return;
    for (unsigned loop = 0; loop < convolution.numLoops(); ++loop)
      for (int64_t parts = 2;
           split.axisOf(loop) < 0 && parts <= convolution.extents[loop];
           ++parts) {
        Split next = split;
        next.axes.push_back(
            balancedSplit(loop, convolution.extents[loop], parts));
        visit(next);
      }
  }

  void consider(const Split &split) {
    const int64_t devices = machine.numDevices();
    if (!checkStreamed(convolution, split, devices))
      return;
    DistributedProgram program =
        distributeStreamed(convolution, split, devices, query.fillsOutput);
    int64_t needed = 0;
    for (int64_t device = 0; device < devices; ++device)
      needed = std::max(needed, memoryWithEqualSlots(program, device));
    leastMemory = std::min(leastMemory, needed);
    if (needed > memory)
      return;
    Prediction predicted = predict(program);
    int64_t bytes = 0;
    for (int64_t device = 0; device < devices; ++device)
      bytes += predicted.scatterBytes[device] + predicted.gatherBytes[device];
    fitting.push_back({secondsOf(program, split), bytes});
    leastSeconds = std::min(leastSeconds, fitting.back().first);
  }

  /// docs/streaming.md, "What the planner predicts", step by step.
  double secondsOf(const DistributedProgram &program, const Split &split) {
    const Step &kernel = *std::find_if(
        program.steps.begin(), program.steps.end(),
        [](const Step &step) { return step.kind == StepKind::SubKernel; });
    Prediction predicted = predict(program);
    double compute = 0, link = 0, fill = 0, all = 0, ends = 0;
    for (int64_t device = 0; device < machine.numDevices(); ++device) {
      std::vector<int64_t> shards = program.grid.shardsOf(device);
      if (shards.empty())
        continue;
      DeviceDescription kind = machine.devices[device];
      kind.copyLatency = 0;
      kind.copyBandwidth = 1e300;
      double busy = 0;
      int transfers = 0;
      auto count = [&](const std::vector<Box> &boxes, int ways) {
        for (size_t i = 0; i < shards.size(); ++i)
          if (i == 0 || boxes[shards[i]] != boxes[shards[i - 1]])
            transfers += ways;
      };
      for (int64_t shard : shards)
        busy += kernelSeconds(
            convolution,
            split.iterations(convolution, program.grid.coordinates(shard))
                .sizes(),
            kind, query.elementType);
      double first = 0;
      for (size_t i = 0; i < kernel.inputs.size(); ++i) {
        const Operand &input = convolution.inputs[i];
        count(kernel.inputs[i].footprints, 1);
        first += double(kernel.inputs[i]
                            .footprints[shards.front()]
                            .intersect(input.extent())
                            .volume()) *
                 input.elementBytes;
      }
      count(kernel.outputs, query.fillsOutput ? 1 : 2);
      const double bytes = convolution.output.elementBytes;
      double last = kernel.outputs[shards.back()].volume() * bytes;
      if (!query.fillsOutput)
        first += kernel.outputs[shards.front()].volume() * bytes;
      double moved = double(predicted.scatterBytes[device]) +
                     double(predicted.gatherBytes[device]);
      compute = std::max(compute, busy);
      link = std::max(link, moved / machine.hostLink.bandwidth +
                                transfers * machine.hostLink.latency);
      fill = std::max(fill, (first + last) / machine.hostLink.bandwidth +
                                2 * machine.hostLink.latency);
      all += moved;
      ends += first + last;
    }
    if (machine.hostBandwidth) {
      link = std::max(link, all / *machine.hostBandwidth);
      fill = std::max(fill, ends / *machine.hostBandwidth);
    }
    return std::max(compute, link) + fill;
  }

  const Convolution &convolution;
  const Machine &machine;
  const TimeQuery &query;
  const int64_t memory;
  std::vector<std::pair<double, int64_t>> fitting; ///< seconds, bytes
};

TimeQuery queryFor(bool fillsOutput) {
  TimeQuery query;
  query.fillsOutput = fillsOutput;
  return query;
}

/// Bytes of all tensors.
int64_t bytesOf(const Convolution &convolution) {
  int64_t bytes =
      convolution.output.extent().volume() * convolution.output.elementBytes;
  for (const Operand &input : convolution.inputs)
    bytes += input.extent().volume() * input.elementBytes;
  return bytes;
}

} // namespace

// The search looks at few orders and at splits of any number of loops, and takes
// uneven windows for the longest before it looks closely; the enumeration looks
// at all orders, shard by shard.
TEST(StreamSearch, NoEnumeratedSplitIsFaster) {
  std::mt19937 random(11);
  int searched = 0;
  double fasterBytes = 0, equalBytes = 0;
  while (searched < 60) {
    Case one = randomCase(random, 1);
    const Convolution &convolution = one.convolution;
    if (convolution.iterations().volume() > 600 ||
        convolution.inputs.size() > 2)
      continue;
    ++searched;
    TimeQuery query = queryFor(searched % 2);
    // Bound by the link, by all devices together, by arithmetic.
    Machine machine = machineWith(
        1 + searched % 3, searched % 3 == 0 ? 1e12 : 1e8,
        searched % 5 == 0 ? std::optional<double>(5e7) : std::nullopt);
    for (int64_t memory : {1 << 20, 1024, 640}) {
      Enumeration all(convolution, machine, query, memory);
      Result<StreamPlan> found =
          searchStreams(convolution, machine, query, memory);
      if (all.leastMemory > memory) {
        EXPECT_FALSE(found && mostOf(found->predicted.peakBytes) > memory);
        continue;
      }
      ASSERT_TRUE(found) << found.error() << "\n" << describe(one);
      EXPECT_LE(mostOf(found->predicted.peakBytes), memory);
      EXPECT_LE(found->seconds(), all.leastSeconds * 1.03)
          << toString(found->split, convolution) << " on "
          << machine.numDevices() << " with " << memory << "\n"
          << describe(one);
      EXPECT_GE(found->bytes, found->boundBytes * (1 - 1e-12));
      // Of equally fast ones it moves fewest bytes; on request, of all.
      fasterBytes += found->bytes;
      equalBytes += all.leastBytes(found->seconds());
      Result<StreamPlan> frugal = searchStreams(convolution, machine, query,
                                                memory, {}, Objective::Words);
      ASSERT_TRUE(frugal) << frugal.error();
      EXPECT_LE(mostOf(frugal->predicted.peakBytes), memory);
      EXPECT_LE(frugal->bytes, all.leastBytes() * 1.02)
          << toString(frugal->split, convolution) << " on "
          << machine.numDevices() << " with " << memory << "\n"
          << describe(one);
    }
  }
  EXPECT_LE(fasterBytes, equalBytes * 1.02);
}

// Dims that are asked for are divided just so; the others are searched.
TEST(StreamSearch, KeepsThePartsThatAreAskedFor) {
  Convolution convolution = forwardOf(makeLayer(
      1, 1, 16, 16, {{32, 3, 1, 1, 1, 1}, {32, 3, 1, 1, 1, 1}}));
  Machine machine = machineWith(2, 1e9);
  TimeQuery query = queryFor(true);
  int64_t memory = bytesOf(convolution) / 4;
  Result<StreamPlan> free = searchStreams(convolution, machine, query, memory);
  ASSERT_TRUE(free) << free.error();
  for (const char *spec : {"o0=6", "oc=1", "o1=4,oc=2", "ic=4"}) {
    SCOPED_TRACE(spec);
    Result<Split> fixed = parseSplit(spec, convolution);
    ASSERT_TRUE(fixed);
    Result<StreamPlan> found =
        searchStreams(convolution, machine, query, memory, *fixed);
    ASSERT_TRUE(found) << found.error();
    for (const AxisSplit &axis : fixed->axes) {
      int at = found->split.axisOf(axis.loop);
      if (axis.lengths.size() == 1)
        EXPECT_EQ(at, -1);
      else
        EXPECT_TRUE(at >= 0 && found->split.axes[at] == axis);
    }
    EXPECT_LE(mostOf(found->predicted.peakBytes), memory);
    // Those that take a hundredth longer count as equal.
    EXPECT_GE(found->seconds(), free->seconds() / 1.01 * (1 - 1e-9));
  }
  auto errorOf = [&](const char *spec, int64_t bytes) {
    Result<StreamPlan> found = searchStreams(
        convolution, machine, query, bytes, *parseSplit(spec, convolution));
    EXPECT_FALSE(found);
    return found ? "" : found.error();
  };
  EXPECT_EQ(errorOf("o0=[20,12]", memory),
            "splits that are streamed are searched with balanced parts, but "
            "'o0=[20,12]' is asked for; give the whole split, or a number of "
            "parts");
  EXPECT_EQ(errorOf("n=1,oc=1,o0=1,o1=1,ic=2", memory),
            "no streamed split with 'n=1,oc=1,o0=1,o1=1,ic=2' keeps the sums "
            "of each block of the output on one device");
  // What is asked for may need more memory than there is.
  EXPECT_THAT(errorOf("o0=1,o1=1,oc=1,ic=1,k0=1,k1=1", 1024),
              HasSubstr("the least memory of a device that would do is "));
}

TEST(StreamSearch, NamesTheLeastMemoryThatWouldDo) {
  std::vector<Layer> layers = realLayers();
  Convolution convolution = forwardOf(layerNamed(layers, "resnet50_res5_3x3"));
  Machine machine = machineWith(2, 1e10, {}, 1e12);
  TimeQuery query = queryFor(true);
  Result<StreamPlan> none = searchStreams(convolution, machine, query, 64);
  ASSERT_FALSE(none);
  const std::string before = "would do is ";
  size_t at = none.error().find(before);
  ASSERT_NE(at, std::string::npos) << none.error();
  int64_t least = std::stoll(none.error().substr(at + before.size()));
  EXPECT_THAT(none.error(), HasSubstr("allowed are 64"));
  EXPECT_TRUE(searchStreams(convolution, machine, query, least));
  EXPECT_FALSE(searchStreams(convolution, machine, query, least - 1));
  // That of the machine counts as well.
  for (DeviceDescription &device : machine.devices)
    device.memoryBytes = least - 1;
  EXPECT_FALSE(searchStreams(convolution, machine, query, {}));
}

// All real layers in a quarter of the memory that they fill.
TEST(StreamSearch, RealLayersPassThroughAQuarterOfTheirSize) {
  std::vector<double> ratios;
  for (const Layer &layer : realLayers()) {
    Convolution convolution = forwardOf(layer);
    for (int64_t devices : {2, 8}) {
      SCOPED_TRACE(layer.name + " on " + std::to_string(devices));
      Machine machine = machineWith(devices, 16e9, 16e9, 1e12);
      int64_t memory = bytesOf(convolution) / (4 * devices);
      Result<StreamPlan> plan =
          searchStreams(convolution, machine, queryFor(true), memory);
      ASSERT_TRUE(plan) << plan.error();
      EXPECT_LE(mostOf(plan->predicted.peakBytes), memory);
      EXPECT_TRUE(checkStreamed(convolution, plan->split, devices));
      EXPECT_GE(plan->bytes, plan->boundBytes * (1 - 1e-12));
      ratios.push_back(plan->bytes / plan->boundBytes);
      if (devices == 2) { // asked again, it says the same
        Result<StreamPlan> again =
            searchStreams(convolution, machine, queryFor(true), memory);
        EXPECT_EQ(again->split, plan->split);
      }
      RecordProperty(layer.name + std::to_string(devices),
                     std::to_string(ratios.back()));
    }
  }
  std::sort(ratios.begin(), ratios.end());
  EXPECT_LE(ratios[ratios.size() / 2], 1.25);
}

// A filter that all devices share is loaded once by each, and the window that
// the output channels share stays while they pass.
TEST(StreamSearch, CostsAreThoseOfTheSplit) {
  Convolution convolution = forwardOf(
      makeLayer(1, 1, 4, 8, {{10, 3, 1, 1, 1, 1}, {10, 3, 1, 1, 1, 1}}));
  Machine machine = machineWith(2, 1e6);
  Split split = *parseSplit("o0=2,oc=4", convolution);
  StreamPlan plan = streamCost(convolution, split, machine, queryFor(true), {});
  const int64_t window = 6 * 10 * 4 * 4, filter = 9 * 4 * 8 * 4,
                output = 5 * 10 * 8 * 4;
  EXPECT_EQ(plan.predicted.scatterBytes,
            std::vector<int64_t>(2, window + filter));
  EXPECT_EQ(plan.predicted.gatherBytes, std::vector<int64_t>(2, output));
  EXPECT_EQ(plan.bytes, 2 * (window + filter + output));
  EXPECT_DOUBLE_EQ(plan.boundBytes, 10 * 10 * 4 * 4 + filter + 2 * output);
  EXPECT_DOUBLE_EQ(plan.linkSeconds,
                   (window + filter + output) / 1e6 + 9 * 1e-7);
  EXPECT_DOUBLE_EQ(plan.fillSeconds,
                   (window + filter / 4 + output / 4) / 1e6 + 2 * 1e-7);
}
