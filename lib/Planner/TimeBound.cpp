//===- TimeBound.cpp - seconds that no split of a class is below ----------===//
//
// Every term of SplitTimer with the mean over the shards in place of the
// slowest, and the places of the axes chosen for each tensor alone.
//
// Dividing S shards further, in up to M, keeps at least S / M of all that a
// shard holds, owns and computes, makes no fewer copies and partial sums, and
// has no fewer owners to read from.
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
  emptyKernel = timer.kernel().atLeast(0, 0, {0, 0, 0});
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
LinkCost TimeBound::cost(unsigned level, double shards, LinkCost inside,
                         const Room &room) const {
  double members = level ? membersAtLeast(level - 1, shards) : 1;
  return LinkRates::noLessThan(room.of(timer.rates().shared(level, 1, members)),
                               inside);
}

/// The mean over the shards of what operand `t` costs them. With E the elements
/// within reach inside the group and H all that are held, H - E come over an
/// outer link, and E less what is owned over an inner one.
double TimeBound::halo(const TimeClass &of, unsigned t,
                       const Room &room) const {
  const double owned = elements[t] / of.key.cut[t];
  const double held = of.held[t] * (1 - rounding);
  if (held <= owned)
    return 0;
  const LinkCost inner = room.of(timer.rates().link(0));
  const double sources = of.sources[t] * (1 - rounding);
  double seconds = (held - owned) * elementBytes[t] * inner.perByte +
                   std::max(0.0, sources - 1) * inner.latency;
  if (timer.rates().numLevels() == 1)
    return seconds;
  const LinkCost outer = room.of(timer.rates().link(1));
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

double TimeBound::gather(double copies, double bytes, const TimeKey &key,
                         const Room &room) const {
  if (copies <= 1)
    return 0;
  LinkCost inner = cost(0, key.shards, {}, room);
  const double rounds = doublings(1, copies);
  const unsigned levels = timer.rates().numLevels();
  if (levels == 1)
    return (copies - 1) * bytes * inner.perByte +
           std::min((copies - 1) * inner.latency,
                    rounds * inner.latency +
                        copies * bytes * slowestCopy * room.work);
  // Within a group of the innermost level lie at most `inner` copies, of the
  // others what it has room for; the pieces of the rest come over the level
  // outside, once per group.
  double sum = (copies - 1) * bytes * inner.perByte + rounds * inner.latency;
  for (unsigned level = 1; level < levels; ++level) {
    double group = level == 1 ? key.inner : groupSize[level - 1];
    double outside = copies / group - 1;
    if (outside <= 0)
      break;
    LinkCost outer = cost(level, key.shards, inner, room);
    sum += outside * bytes * (outer.perByte - inner.perByte);
    if (level == 1)
      sum += doublings(group, copies) * (outer.latency - inner.latency);
    inner = outer;
  }
  return sum;
}

double TimeBound::reduce(double parts, double bytes, const TimeKey &key,
                         const Room &room) const {
  if (parts <= 1)
    return 0;
  LinkCost inner = cost(0, key.shards, {}, room);
  double sum = (parts - 1) * (copyLatency * room.turns +
                              3 * bytes * slowestMemory * room.work +
                              inner.latency + bytes * inner.perByte);
  for (unsigned level = 1; level < timer.rates().numLevels(); ++level) {
    double outside = parts - (level == 1 ? key.inner : groupSize[level - 1]);
    if (outside <= 0)
      break;
    LinkCost outer = cost(level, key.shards, inner, room);
    sum += outside * (outer.latency - inner.latency +
                      bytes * (outer.perByte - inner.perByte));
    inner = outer;
  }
  return sum;
}

/// With the amounts of S shards proportional to 1 / S, the seconds of a kernel
/// less those of an empty one, times S, never rise with S.
double TimeBound::compute(const TimeClass &of, double mostShards) const {
  const double less = of.key.shards / mostShards;
  const double ownOutputs = outputs / of.key.cut[numInputs] * less;
  PerOperand<double> held = of.held;
  for (double &elements : held)
    elements *= less;
  double seconds = timer.kernel().atLeast(macs * of.imbalance / mostShards,
                                          ownOutputs, held);
  const double processors = timer.rates().processors();
  if (processors == 0 || mostShards <= processors)
    return seconds;
  const double mean =
      timer.kernel().atLeast(macs / mostShards, ownOutputs, held);
  return std::max(seconds,
                  mostShards / processors * (mean - emptyKernel) +
                      std::max(1.0, of.key.shards / processors) * emptyKernel);
}

double TimeBound::atLeast(const TimeClass &of, double mostShards) const {
  const double count = of.key.shards;
  const PerOperand<int32_t> &cut = of.key.cut;
  const double processors = timer.rates().processors();
  Room room;
  room.turns = processors ? std::max(1.0, count / processors) : 1;
  room.work = processors ? std::max(count / mostShards, count / processors)
                         : count / mostShards;
  PlanSeconds seconds;
  seconds.compute = compute(of, mostShards);
  for (unsigned t = 0; t < numInputs; ++t) {
    const Residence residence = timer.residenceOf(t);
    if (residence == Residence::Resident)
      continue;
    seconds.exchange += halo(of, t, room);
    const double copies = count / cut[t];
    const double all = elements[t] * elementBytes[t];
    const double scattered =
        residence == Residence::Host ? fromHost(all / mostShards, all) : 0;
    if (copies <= 1) {
      seconds.load += scattered;
      continue;
    }
    const double gathered = gather(copies, all / count, of.key, room);
    if (residence == Residence::Host)
      seconds.load +=
          std::min(fromHost(all * copies / mostShards, all * copies),
                   scattered + gathered);
    else
      seconds.exchange += gathered;
  }
  const double parts = count / cut[numInputs];
  seconds.reduce = reduce(parts, elements[numInputs] / count * accumulatorBytes,
                          of.key, room);
  if (query.output == Residence::Host) {
    const double all = elements[numInputs] * elementBytes[numInputs];
    seconds.store = fromHost(all / mostShards, all);
    if (!query.fillsOutput)
      seconds.load += fromHost(all * parts / mostShards, all);
  }
  if (machine.overlap)
    seconds.hidden =
        std::min(seconds.compute, seconds.exchange + seconds.reduce);
  return seconds.total() * (1 - rounding);
}
