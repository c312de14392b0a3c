//===- TimeBound.cpp - seconds that no split of a class is below ----------===//
//
// Every term of SplitTimer with the mean over the shards in place of the
// slowest, and the places of the axes chosen for each tensor alone.
//
//===----------------------------------------------------------------------===//

#include "TimeBound.h"

#include <algorithm>
#include <cmath>

using namespace dconv;

/// Takes off what rounding may have added.
static constexpr double rounding = 1e-9;

TimeBound::TimeBound(const Convolution &convolution, const Machine &machine,
                     const TimeQuery &query, SplitTimer &timer)
    : machine(machine), query(query), timer(timer),
      accumulatorBytes(convolution.accumulatorBytes),
      numInputs(convolution.inputs.size()) {
  for (unsigned loop = 0; loop < convolution.numLoops(); ++loop) {
    macs *= convolution.extents[loop];
    if (!convolution.isReduction(loop))
      outputs *= convolution.extents[loop];
  }
  for (unsigned t = 0; t <= numInputs; ++t) {
    const Operand &operand =
        t < numInputs ? convolution.inputs[t] : convolution.output;
    elements[t] = operand.extent().volume();
    elementBytes[t] = operand.elementBytes;
  }
  const DeviceDescription &device = machine.devices.front();
  slowestMemory = 1 / device.memoryBandwidth;
  slowestCopy = 1 / device.copyBandwidth;
  copyLatency = device.copyLatency;
  for (const LinkLevel &level : machine.levels) {
    int64_t count = 1;
    for (int64_t d = 1; d < machine.numDevices(); ++d)
      count += machine.groupOf(d, level) != machine.groupOf(d - 1, level);
    groupCount.push_back(count);
    groupSize.push_back(level.devices);
  }
}

double TimeBound::fromHost(double largest, double all) const {
  const LinkCost host = timer.rates().host();
  return std::max(host.latency + largest * host.perByte,
                  all * timer.rates().hostPerByte());
}

double TimeBound::membersAtLeast(unsigned level, double shards) const {
  return std::max(1.0, shards / groupCount[level]);
}

/// A collective over `level` costs at least this, where it costs `inside` over
/// the level inside.
LinkCost TimeBound::cost(unsigned level, double shards, LinkCost inside) const {
  double members = level ? membersAtLeast(level - 1, shards) : 1;
  return LinkRates::noLessThan(timer.rates().shared(level, 1, members), inside);
}

double TimeBound::gather(double copies, double bytes, double shards) const {
  if (copies <= 1)
    return 0;
  LinkCost inner = cost(0, shards, {});
  double rounds = std::ceil(std::log2(copies));
  double sum = std::min((copies - 1) * inner.latency,
                        rounds * inner.latency + copies * bytes * slowestCopy) +
               (copies - 1) * bytes * inner.perByte;
  // Of the copies, at most a group full lies within a level; the pieces of
  // the others come over the level outside, once per group.
  if (timer.rates().numLevels() > 1)
    sum = (copies - 1) * bytes * inner.perByte + rounds * inner.latency;
  for (unsigned level = 1; level < timer.rates().numLevels(); ++level) {
    double outside = copies / groupSize[level - 1] - 1;
    if (outside <= 0)
      break;
    LinkCost outer = cost(level, shards, inner);
    sum += outside * bytes * (outer.perByte - inner.perByte);
    inner = outer;
  }
  return sum;
}

double TimeBound::reduce(double parts, double bytes, double shards) const {
  if (parts <= 1)
    return 0;
  LinkCost inner = cost(0, shards, {});
  double sum = (parts - 1) * (copyLatency + 3 * bytes * slowestMemory +
                              inner.latency + bytes * inner.perByte);
  for (unsigned level = 1; level < timer.rates().numLevels(); ++level) {
    double outside = parts - groupSize[level - 1];
    if (outside <= 0)
      break;
    LinkCost outer = cost(level, shards, inner);
    sum += outside * (outer.latency - inner.latency +
                      bytes * (outer.perByte - inner.perByte));
    inner = outer;
  }
  return sum;
}

double TimeBound::mostImbalance(double seconds) const {
  // The compute time of splits into as many shards as there are devices rises
  // with the imbalance: the least that takes too long.
  const double shards = machine.numDevices();
  double low = 1, high = macs * 2;
  if (timer.kernel().atLeast(macs, 0, {0, 0, 0}) <= seconds)
    return high;
  for (int i = 0; i < 100 && high > low * (1 + rounding); ++i) {
    double middle = std::sqrt(low * high);
    bool tooLong =
        timer.kernel().atLeast(macs * middle / shards, 0, {0, 0, 0}) > seconds;
    (tooLong ? high : low) = middle;
  }
  return high * (1 + rounding);
}

double TimeBound::atLeast(int64_t shards, const PerOperand<int64_t> &cut,
                          const PerOperand<double> &held,
                          double imbalance) const {
  const double count = shards;
  const int64_t processors = timer.rates().processors();
  const double turns =
      processors && shards > processors ? count / processors : 1;
  PlanSeconds seconds;
  const double ownOutputs = outputs / cut[numInputs];
  seconds.compute =
      timer.kernel().atLeast(macs * imbalance / count, ownOutputs, held);
  if (turns > 1)
    seconds.compute = std::max(
        seconds.compute,
        turns * timer.kernel().atLeast(macs / count, ownOutputs, held));

  const LinkCost link = timer.rates().link(0);
  for (unsigned t = 0; t < numInputs; ++t) {
    const Residence residence = timer.residenceOf(t);
    if (residence == Residence::Resident)
      continue;
    const double owned = elements[t] / cut[t];
    const double missing = held[t] * (1 - rounding) - owned;
    if (missing > 0)
      seconds.exchange += turns * (missing * elementBytes[t] * link.perByte) +
                          (turns > 1 ? 0 : link.latency);
    const double copies = count / cut[t];
    const double all = elements[t] * elementBytes[t];
    if (copies <= 1) {
      if (residence == Residence::Host)
        seconds.load += fromHost(all / count, all);
      continue;
    }
    const double gathered = turns * gather(copies, all / count, count);
    if (residence == Residence::Host)
      seconds.load += std::min(fromHost(all / cut[t], all * copies),
                               fromHost(all / count, all) + gathered);
    else
      seconds.exchange += gathered;
  }
  seconds.reduce =
      turns * reduce(count / cut[numInputs],
                     elements[numInputs] / count * accumulatorBytes, count);
  if (query.output == Residence::Host) {
    const double all = elements[numInputs] * elementBytes[numInputs];
    seconds.store = fromHost(all / count, all);
    if (!query.fillsOutput)
      seconds.load += fromHost(all / cut[numInputs], all);
  }
  if (machine.overlap)
    seconds.hidden =
        std::min(seconds.compute, seconds.exchange + seconds.reduce);
  return seconds.total() * (1 - rounding);
}
