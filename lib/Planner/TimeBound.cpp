//===- TimeBound.cpp - seconds that no split of a class is below ----------===//
//
// Every term of SplitTimer with the mean over the shards in place of the
// slowest, and the places of the axes chosen for each tensor alone.
//
//===----------------------------------------------------------------------===//

#include "TimeBound.h"

#include <algorithm>
#include <cmath>
#include <limits>

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

/// The mean over the shards of what operand `t` costs them. With E the elements
/// within reach inside the group and H all that are held, H - E come over an
/// outer link, and E less what is owned over an inner one.
double TimeBound::halo(const TimeClass &of, unsigned t) const {
  const double owned = elements[t] / of.key.cut[t];
  const double held = of.held[t] * (1 - rounding);
  if (held <= owned)
    return 0;
  const LinkCost inner = timer.rates().link(0);
  const double sources = of.sources[t] * (1 - rounding);
  double seconds = (held - owned) * elementBytes[t] * inner.perByte +
                   std::max(0.0, sources - 1) * inner.latency;
  if (timer.rates().numLevels() == 1)
    return seconds;
  const LinkCost outer = timer.rates().link(1);
  const double reach = owned * of.growth[t] * (1 + rounding);
  const double near = of.innerSources[t] * (1 + rounding);
  return seconds +
         std::max(0.0, held - reach) * elementBytes[t] *
             (outer.perByte - inner.perByte) +
         std::max(0.0, sources - std::max(1.0, near)) *
             (outer.latency - inner.latency);
}

/// How often `from` is to be doubled to reach `to`.
static double doublings(double from, double to) {
  int rounds = 0;
  for (; from < to * (1 - rounding); from *= 2)
    ++rounds;
  return rounds;
}

double TimeBound::gather(double copies, double bytes,
                         const TimeKey &key) const {
  if (copies <= 1)
    return 0;
  LinkCost inner = cost(0, key.shards, {});
  const double rounds = doublings(1, copies);
  const unsigned levels = timer.rates().numLevels();
  if (levels == 1)
    return (copies - 1) * bytes * inner.perByte +
           std::min((copies - 1) * inner.latency,
                    rounds * inner.latency + copies * bytes * slowestCopy);
  // Within a group of the innermost level lie at most `inner` copies, of the
  // others what it has room for; the pieces of the rest come over the level
  // outside, once per group.
  double sum = (copies - 1) * bytes * inner.perByte + rounds * inner.latency;
  for (unsigned level = 1; level < levels; ++level) {
    double group = level == 1 ? key.inner : groupSize[level - 1];
    double outside = copies / group - 1;
    if (outside <= 0)
      break;
    LinkCost outer = cost(level, key.shards, inner);
    sum += outside * bytes * (outer.perByte - inner.perByte);
    if (level == 1)
      sum += doublings(group, copies) * (outer.latency - inner.latency);
    inner = outer;
  }
  return sum;
}

double TimeBound::reduce(double parts, double bytes, const TimeKey &key) const {
  if (parts <= 1)
    return 0;
  LinkCost inner = cost(0, key.shards, {});
  double sum = (parts - 1) * (copyLatency + 3 * bytes * slowestMemory +
                              inner.latency + bytes * inner.perByte);
  for (unsigned level = 1; level < timer.rates().numLevels(); ++level) {
    double outside = parts - (level == 1 ? key.inner : groupSize[level - 1]);
    if (outside <= 0)
      break;
    LinkCost outer = cost(level, key.shards, inner);
    sum += outside * (outer.latency - inner.latency +
                      bytes * (outer.perByte - inner.perByte));
    inner = outer;
  }
  return sum;
}

double TimeBound::mostImbalance(double seconds) const {
  auto tooLong = [&](double imbalance) {
    return timer.kernel().atLeast(macs * imbalance / machine.numDevices(), 0,
                                  {0, 0, 0}) > seconds;
  };
  // One device with all the work has the most.
  double low = 0, high = machine.numDevices();
  if (!tooLong(high))
    return std::numeric_limits<double>::infinity();
  for (int i = 0; i < 64; ++i) {
    double middle = (low + high) / 2;
    (tooLong(middle) ? high : low) = middle;
  }
  return high * (1 + rounding);
}

double TimeBound::atLeast(const TimeClass &of) const {
  const double count = of.key.shards;
  const PerOperand<int32_t> &cut = of.key.cut;
  const int64_t processors = timer.rates().processors();
  const double turns =
      processors && count > processors ? count / processors : 1;
  PlanSeconds seconds;
  const double ownOutputs = outputs / cut[numInputs];
  seconds.compute =
      timer.kernel().atLeast(macs * of.imbalance / count, ownOutputs, of.held);
  if (turns > 1)
    seconds.compute = std::max(
        seconds.compute,
        turns * timer.kernel().atLeast(macs / count, ownOutputs, of.held));

  for (unsigned t = 0; t < numInputs; ++t) {
    const Residence residence = timer.residenceOf(t);
    if (residence == Residence::Resident)
      continue;
    seconds.exchange += turns * halo(of, t);
    const double copies = count / cut[t];
    const double all = elements[t] * elementBytes[t];
    if (copies <= 1) {
      if (residence == Residence::Host)
        seconds.load += fromHost(all / count, all);
      continue;
    }
    const double gathered = turns * gather(copies, all / count, of.key);
    if (residence == Residence::Host)
      seconds.load += std::min(fromHost(all / cut[t], all * copies),
                               fromHost(all / count, all) + gathered);
    else
      seconds.exchange += gathered;
  }
  seconds.reduce =
      turns * reduce(count / cut[numInputs],
                     elements[numInputs] / count * accumulatorBytes, of.key);
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
