//===- ProportionalStripes.cpp - stripes for devices that differ ----------===//

#include "ProportionalStripes.h"
#include "ComputeModel.h"
#include "TabledSplit.h"

#include <algorithm>

using namespace dconv;

namespace {
class Apportioner {
public:
  Apportioner(const PlanSpace &space, Split split)
      : space(space), split(std::move(split)),
        grid(this->split.grid(space.devices)) {
    for (const DeviceDescription &device : space.machine.devices)
      kernels.emplace_back(space.convolution, device,
                           space.request.query.elementType);
    for (const AxisSplit &axis : this->split.axes) {
      caps.emplace_back(axis.lengths.size(),
                        space.convolution.extents[axis.loop]);
      isFixed.push_back(!space.fixed[axis.loop].empty());
    }
  }

  /// Changes the lengths axis by axis while that helps.
  void balance() {
    double before = slowest();
    constexpr int mostRounds = 8;
    for (int round = 0; round < mostRounds; ++round) {
      for (unsigned axis = 0; axis < split.axes.size(); ++axis)
        if (!isFixed[axis] && !apportion(axis))
          return;
      double after = slowest();
      if (after >= before)
        return;
      before = after;
    }
  }

  /// Caps the lengths of the devices that need too much until all fit; false
  /// where that does not lead to lengths that do.
  bool fit() {
    constexpr int mostRounds = 64;
    for (int round = 0; round < mostRounds; ++round) {
      TabledSplit tabled(space.convolution, split);
      Prediction predicted =
          ShardCounts(space.convolution, space.components, tabled.view,
                      space.request.query.fillsOutput)
              .predict(space.devices);
      bool fits = true;
      for (int64_t shard = 0; shard < grid.numShards(); ++shard) {
        int64_t device = grid.deviceOf(shard);
        MemoryBudget memory = space.memoryOf(device);
        int64_t peak = predicted.peakBytes[device];
        if (!memory || peak <= *memory)
          continue;
        fits = false;
        if (!shrink(shard, double(*memory) / peak))
          return false;
      }
      if (fits)
        return true;
      for (unsigned axis = 0; axis < split.axes.size(); ++axis)
        if (!isFixed[axis] && !apportion(axis))
          return false;
    }
    return false;
  }

  const Split &result() const { return split; }

private:
  double slowest() const {
    double slowest = 0;
    for (int64_t shard = 0; shard < grid.numShards(); ++shard)
      slowest = std::max(
          slowest,
          kernels[grid.deviceOf(shard)].seconds(
              split.iterations(space.convolution, grid.coordinates(shard))
                  .sizes()));
    return slowest;
  }

  /// Caps the longest part of `shard` that can be shorter.
  bool shrink(int64_t shard, double by) {
    std::vector<int64_t> at = grid.coordinates(shard);
    int best = -1;
    for (unsigned axis = 0; axis < at.size(); ++axis) {
      int64_t length = split.axes[axis].lengths[at[axis]];
      if (!isFixed[axis] && length > 1 &&
          (best < 0 || length > split.axes[best].lengths[at[best]]))
        best = axis;
    }
    if (best < 0)
      return false;
    int64_t length = split.axes[best].lengths[at[best]];
    caps[best][at[best]] =
        std::clamp<int64_t>(length * by, length / 2, length - 1);
    return true;
  }

  /// The lengths of `axis` for which the slowest device is fastest, within the
  /// caps: each unit goes to the part that is done first with it. Greedy is
  /// optimal, since a part never gets faster by being longer. False where the
  /// caps leave some over.
  bool apportion(unsigned axis) {
    AxisSplit &own = split.axes[axis];
    const int64_t extent = space.convolution.extents[own.loop];
    const int64_t parts = own.lengths.size();
    // A slice is as slow as its slowest device, by the lengths of the others.
    std::vector<std::vector<std::pair<int64_t, std::vector<int64_t>>>> slices(
        parts);
    for (int64_t shard = 0; shard < grid.numShards(); ++shard) {
      std::vector<int64_t> at = grid.coordinates(shard);
      slices[at[axis]].push_back(
          {grid.deviceOf(shard),
           split.iterations(space.convolution, at).sizes()});
    }
    auto seconds = [&](int64_t part, int64_t length) {
      double slowest = 0;
      for (auto &[device, lengths] : slices[part]) {
        lengths[own.loop] = length;
        slowest = std::max(slowest, kernels[device].seconds(lengths));
      }
      return slowest;
    };
    // The most that a part does within a time, by halving.
    auto within = [&](int64_t part, double limit) {
      int64_t low = 1, high = caps[axis][part];
      while (low < high) {
        int64_t middle = low + (high - low + 1) / 2;
        if (seconds(part, middle) <= limit)
          low = middle;
        else
          high = middle - 1;
      }
      return low;
    };
    auto allWithin = [&](double limit) {
      std::vector<int64_t> lengths;
      for (int64_t part = 0; part < parts; ++part)
        lengths.push_back(within(part, limit));
      return lengths;
    };
    auto sumOf = [](const std::vector<int64_t> &lengths) {
      int64_t sum = 0;
      for (int64_t length : lengths)
        sum += length;
      return sum;
    };
    double low = 0, high = 0;
    for (int64_t part = 0; part < parts; ++part)
      high = std::max(high, seconds(part, caps[axis][part]));
    if (sumOf(allWithin(high)) < extent)
      return false;
    // Down to a time that too little fits in, close to the least that works.
    for (int i = 0; i < 64; ++i) {
      double middle = (low + high) / 2;
      (sumOf(allWithin(middle)) < extent ? low : high) = middle;
    }
    own.lengths = allWithin(low);
    if (sumOf(own.lengths) > extent) {
      own.lengths = std::vector<int64_t>(parts, 1);
      if (parts > extent)
        return false;
    }
    for (int64_t left = extent - sumOf(own.lengths); left > 0; --left) {
      int64_t next = -1;
      double least = 0;
      for (int64_t part = 0; part < parts; ++part) {
        if (own.lengths[part] >= caps[axis][part])
          continue;
        double then = seconds(part, own.lengths[part] + 1);
        if (next < 0 || then < least) {
          next = part;
          least = then;
        }
      }
      ++own.lengths[next];
    }
    return true;
  }

  const PlanSpace &space;
  Split split;
  Grid grid;
  std::vector<KernelTime> kernels;        ///< per device
  std::vector<std::vector<int64_t>> caps; ///< per axis, of each part
  std::vector<bool> isFixed;              ///< per axis
};
} // namespace

std::vector<Split> dconv::proportionalSplits(const PlanSpace &space,
                                             const Split &split) {
  std::vector<Split> result;
  Apportioner free(space, split);
  free.balance();
  if (!(free.result() == split))
    result.push_back(free.result());
  Apportioner within(space, free.result());
  if (space.leastMemory() && within.fit() &&
      !(within.result() == free.result()) && !(within.result() == split))
    result.push_back(within.result());
  return result;
}
