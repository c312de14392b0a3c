//===- TimeOracle.cpp - the time model, shard by shard --------------------===//

#include "TimeOracle.h"

#include "dconv/Geometry/Distribution.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

using namespace dconv;
using namespace dconv::test;

namespace {
class Oracle {
public:
  Oracle(const Convolution &convolution, const Split &split,
         const Machine &machine, const TimeQuery &query)
      : convolution(convolution), split(split), machine(machine), query(query),
        grid(split.grid(machine.numDevices())), shards(grid.numShards()) {
    for (unsigned axis = 0; axis < grid.shape.size(); ++axis)
      levels.push_back(levelOf(axis));
    joinLoops();
  }

  PlanSeconds run() {
    PlanSeconds seconds;
    for (unsigned i = 0; i < convolution.inputs.size(); ++i)
      addInput(i, seconds);
    addOutput(seconds);
    double slowest = 0, sum = 0;
    for (int64_t s = 0; s < shards; ++s) {
      double own = kernelSeconds(
          convolution,
          split.iterations(convolution, grid.coordinates(s)).sizes(),
          machine.devices[grid.deviceOf(s)], query.elementType);
      slowest = std::max(slowest, own);
      sum += own;
    }
    seconds.compute = shared(slowest, sum);
    return seconds;
  }

private:
  /// The innermost level in whose groups all lines along `axis` lie.
  unsigned levelOf(unsigned axis) {
    for (unsigned level = 0; level + 1 < machine.levels.size(); ++level) {
      bool inside = true;
      for (int64_t s = 0; s < shards; ++s) {
        std::vector<int64_t> at = grid.coordinates(s);
        at[axis] = 0;
        inside &= groupOf(s, level) == groupOf(grid.shardAt(at), level);
      }
      if (inside)
        return level;
    }
    return machine.levels.size() - 1;
  }

  int64_t groupOf(int64_t shard, unsigned level) const {
    return machine.placeOf(grid.deviceOf(shard)) /
           machine.levels[level].devices;
  }

  /// Of the fullest group of the level inside `level`.
  int64_t members(unsigned level) const {
    if (level == 0)
      return 1;
    std::map<int64_t, int64_t> counts;
    int64_t most = 0;
    for (int64_t s = 0; s < shards; ++s)
      most = std::max(most, ++counts[groupOf(s, level - 1)]);
    return most;
  }

  int64_t strideOf(unsigned axis) const {
    int64_t stride = 1;
    for (unsigned inner = axis + 1; inner < grid.shape.size(); ++inner)
      stride *= grid.shape[inner];
    return stride;
  }

  /// Loops that meet in an expression move along the same dims.
  void joinLoops() {
    for (unsigned loop = 0; loop < convolution.numLoops(); ++loop)
      windowOf.push_back(loop);
    auto join = [&](const Operand &operand) {
      for (const LinearExpr &expr : operand.map)
        for (const Term &term : expr.terms) {
          unsigned a = windowOf[expr.terms[0].loop], b = windowOf[term.loop];
          std::replace(windowOf.begin(), windowOf.end(), b, a);
        }
    };
    for (const Operand &input : convolution.inputs)
      join(input);
    join(convolution.output);
  }

  /// Seconds per byte at each level, where a part `share(level)` of a group
  /// sends; no outer level is faster.
  std::vector<double> perByte(const std::function<double(unsigned)> &share) {
    std::vector<double> result;
    for (unsigned level = 0; level < machine.levels.size(); ++level) {
      const LinkLevel &of = machine.levels[level];
      double own = 1 / of.link.bandwidth;
      int64_t full = level ? machine.levels[level - 1].devices : 1;
      if (of.groupBandwidth)
        if (full / *of.groupBandwidth > own)
          own =
              std::max(own, share(level) * members(level) / *of.groupBandwidth);
      if (level)
        own = std::max(own, result.back());
      result.push_back(own);
    }
    return result;
  }
  double latency(unsigned level) const {
    double most = 0;
    for (unsigned l = 0; l <= level; ++l)
      most = std::max(most, machine.levels[l].link.latency);
    return most;
  }

  /// The slowest of all, or what the processor with most shards needs for as
  /// many that take the mean.
  double shared(double slowest, double sum) const {
    if (!machine.processors)
      return slowest;
    const int64_t most =
        (shards + *machine.processors - 1) / *machine.processors;
    return std::max(slowest, sum / shards * most);
  }

  double fromHost(double most, double all) const {
    double each = machine.hostLink.latency + most / machine.hostLink.bandwidth;
    return machine.hostBandwidth ? std::max(each, all / *machine.hostBandwidth)
                                 : each;
  }

  double haloSeconds(const Operand &operand, const TensorLayout &layout) {
    TensorLayout stripes = layout;
    for (DimLayout &dim : stripes.dims)
      dim.held = dim.owned;
    auto share = [&](unsigned level) {
      double most = 0;
      for (unsigned axis : layout.cutAxes())
        if (levels[axis] == level && grid.shape[axis] > 1)
          most = std::max(
              most, std::min(1.0, double(strideOf(axis)) / members(level)));
      return most;
    };
    std::vector<double> rates = perByte(share);
    double slowest = 0, sum = 0;
    for (int64_t s = 0; s < shards; ++s) {
      double own = 0;
      for (const Transfer &move : transfersTo(grid, stripes, layout, s)) {
        if (move.source == s)
          continue;
        std::vector<int64_t> from = grid.coordinates(move.source);
        std::vector<int64_t> to = grid.coordinates(s);
        std::set<unsigned> changed;
        for (unsigned axis = 0; axis < from.size(); ++axis)
          if (from[axis] != to[axis])
            changed.insert(windowOf[split.axes[axis].loop]);
        unsigned level = 0;
        for (unsigned axis : layout.cutAxes())
          if (changed.count(windowOf[split.axes[axis].loop]))
            level = std::max(level, levels[axis]);
        own += latency(level) +
               double(move.box.volume()) * operand.elementBytes * rates[level];
      }
      slowest = std::max(slowest, own);
      sum += own;
    }
    return shared(slowest, sum);
  }

  double gatherSeconds(double piece, const std::vector<unsigned> &axes) {
    std::vector<double> rates = perByte([](unsigned) { return 1.0; });
    double copy = 0, sum = 0;
    for (const DeviceDescription &device : machine.devices)
      copy = std::max(copy, 1 / device.copyBandwidth);
    for (unsigned level = machine.levels.size(); level-- > 0;) {
      int64_t size = 1;
      for (unsigned axis : axes)
        size *= levels[axis] == level ? grid.shape[axis] : 1;
      if (size == 1)
        continue;
      double ring = (size - 1) * (latency(level) + piece * rates[level]);
      int rounds = 0;
      while ((int64_t(1) << rounds) < size)
        ++rounds;
      double doubling = rounds * latency(level) +
                        (size - 1) * piece * rates[level] + size * piece * copy;
      sum += std::min(ring, doubling);
      piece *= size;
    }
    return shared(sum, sum * shards);
  }

  void addInput(unsigned i, PlanSeconds &seconds) {
    Residence residence =
        i < query.inputs.size() ? query.inputs[i] : Residence::Host;
    if (residence == Residence::Resident)
      return;
    const Operand &operand = convolution.inputs[i];
    TensorLayout layout = inputLayout(convolution, split, operand);
    seconds.exchange += haloSeconds(operand, layout);
    int64_t most = 0, all = 0;
    for (int64_t s = 0; s < shards; ++s)
      most = std::max(most, layout.owned(grid, s).volume());
    all = operand.extent().volume() * operand.elementBytes;
    std::vector<unsigned> shared;
    for (unsigned axis = 0; axis < grid.shape.size(); ++axis)
      if (!layout.cuts(axis))
        shared.push_back(axis);
    int64_t copies = grid.sizeAlong(shared);
    double bytes = double((most + copies - 1) / copies) * operand.elementBytes;
    double copied =
        fromHost(double(most) * operand.elementBytes, double(all) * copies);
    double scattered = fromHost(bytes, all);
    double gather = copies > 1 ? gatherSeconds(bytes, shared) : 0;
    if (residence == Residence::Sharded) {
      seconds.exchange += gather;
    } else if (copied <= scattered + gather) {
      seconds.load += copied;
    } else {
      seconds.load += scattered;
      seconds.exchange += gather;
    }
  }

  void addOutput(PlanSeconds &seconds) {
    const Operand &output = convolution.output;
    TensorLayout partial = outputLayout(convolution, split);
    TensorLayout result = scatteredLayout(grid, partial, output.shape);
    int64_t piece = 0, block = 0, row = 0,
            parts = grid.sizeAlong(partial.partialAxes);
    for (int64_t s = 0; s < shards; ++s) {
      piece = std::max(piece, result.owned(grid, s).volume());
      block = std::max(block, partial.owned(grid, s).volume());
      row = std::max(row, result.owned(grid, s).sizes().back());
    }
    double all = double(output.extent().volume()) * output.elementBytes;
    if (query.output == Residence::Host) {
      seconds.store = fromHost(double(piece) * output.elementBytes, all);
      if (!query.fillsOutput)
        seconds.load += fromHost(double(block) * output.elementBytes, all);
    }
    if (parts == 1)
      return;
    std::vector<double> rates = perByte([](unsigned) { return 1.0; });
    double bytes = double(piece) * convolution.accumulatorBytes;
    double sum = 0;
    const bool cutsRows = output.shape.size() > 1 &&
                          partial.dims.back().axes != result.dims.back().axes;
    for (int64_t source : grid.group(0, partial.partialAxes)) {
      if (source == 0)
        continue;
      std::vector<int64_t> at = grid.coordinates(source);
      unsigned level = 0;
      for (unsigned axis = 0; axis < at.size(); ++axis)
        if (at[axis] != 0)
          level = std::max(level, levels[axis]);
      const DeviceDescription &device = machine.devices.front();
      sum += latency(level) + bytes * rates[level] + device.copyLatency +
             3 * bytes / device.memoryBandwidth;
      if (cutsRows)
        sum += double(piece / row) * device.sumRowLatency;
    }
    seconds.reduce = shared(sum, sum * shards);
  }

  const Convolution &convolution;
  const Split &split;
  const Machine &machine;
  const TimeQuery &query;
  Grid grid;
  int64_t shards;
  std::vector<unsigned> levels;   ///< per axis
  std::vector<unsigned> windowOf; ///< per loop, one of those it moves with
};
} // namespace

PlanSeconds dconv::test::timeByShards(const Convolution &convolution,
                                      const Split &split,
                                      const Machine &machine,
                                      const TimeQuery &query) {
  return Oracle(convolution, split, machine, query).run();
}
