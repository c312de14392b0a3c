//===- SplitTimer.cpp - the time model on cell tables ---------------------===//

#include "SplitTimer.h"
#include "DeviceTimer.h"

#include <algorithm>
#include <cmath>

using namespace dconv;

LoopParts::LoopParts(const Stripes &stripes) : parts(stripes.size()) {
  std::map<int64_t, int64_t, std::greater<int64_t>> counts;
  for (Interval stripe : stripes)
    ++counts[stripe.size()];
  kinds.assign(counts.begin(), counts.end());
  longest = kinds.front().first;
}

SplitTimer::SplitTimer(const Convolution &convolution,
                       const std::vector<Component> &components,
                       const Machine &machine, const TimeQuery &query)
    : convolution(convolution), components(components), machine(machine),
      query(query), links(machine),
      kernelTime(convolution, machine.devices.front(), query.elementType),
      cuts(convolution.numLoops(), {false, false, false}),
      placed(convolution.numLoops()) {
  for (const DeviceDescription &device : machine.devices) {
    slowestMemory = std::max(slowestMemory, 1 / device.memoryBandwidth);
    slowestCopy = std::max(slowestCopy, 1 / device.copyBandwidth);
    copyLatency = std::max(copyLatency, device.copyLatency);
    sumRowLatency = std::max(sumRowLatency, device.sumRowLatency);
  }
  for (const Component &component : components)
    for (const OperandDim &dim : component.dims)
      for (const Term &term : dim.expr.terms)
        cuts[term.loop][dim.operand] = true;
}

void SplitTimer::place(const SplitView &split) {
  groups = &links.groups(split.shards);
  std::fill(placed.begin(), placed.end(), AxisPlace());
  int64_t stride = 1;
  for (size_t i = split.order.size(); i-- > 0;) {
    unsigned loop = split.order[i];
    placed[loop] = LinkRates::place(*groups, stride, split.loops[loop]->parts);
    stride *= split.loops[loop]->parts;
  }
  collectiveCosts.clear();
  for (unsigned level = 0; level < links.numLevels(); ++level) {
    LinkCost cost =
        links.shared(level, 1, level ? groups->members[level - 1] : 1);
    if (level)
      cost = LinkRates::noLessThan(cost, collectiveCosts.back());
    collectiveCosts.push_back(cost);
  }
}

unsigned SplitTimer::levelOf(const SplitView &split, unsigned component,
                             unsigned t) const {
  unsigned level = 0;
  for (unsigned loop : components[component].loops)
    if (cuts[loop][t] && split.loops[loop]->parts > 1)
      level = std::max(level, placed[loop].level);
  return level;
}

int64_t SplitTimer::replicas(const SplitView &split, unsigned t) const {
  int64_t cut = 1;
  for (const CellTable *table : split.tables)
    cut *= table->cut[t];
  return split.shards / cut;
}

int64_t SplitTimer::replicasAt(const SplitView &split, unsigned t,
                               unsigned level) const {
  int64_t size = 1;
  for (unsigned loop : split.order)
    if (!cuts[loop][t] && placed[loop].level == level)
      size *= split.loops[loop]->parts;
  return size;
}

/// Where the devices share processors, work that keeps one busy for `each` on
/// every shard takes as long as they need for all of it.
double SplitTimer::onProcessors(double each, int64_t shards) const {
  return each * turnsOf(shards, links.processors());
}

//===----------------------------------------------------------------------===//
// Compute
//===----------------------------------------------------------------------===//

double SplitTimer::computeSeconds(const SplitView &split) {
  std::vector<int64_t> lengths;
  for (const LoopParts *loop : split.loops)
    lengths.push_back(loop->longest);
  double slowest = kernelTime.seconds(lengths);
  if (split.shards <= links.processors() || !links.processors())
    return slowest;
  // The sum over the shards, by lengths.
  double sum = 0;
  std::vector<size_t> at(lengths.size(), 0);
  while (true) {
    double count = 1;
    for (size_t i = 0; i < at.size(); ++i) {
      auto [length, parts] = split.loops[i]->kinds[at[i]];
      lengths[i] = length;
      count *= parts;
    }
    sum += count * kernelTime.seconds(lengths);
    size_t i = at.size();
    while (i > 0 && ++at[i - 1] == split.loops[i - 1]->kinds.size())
      at[--i] = 0;
    if (i == 0)
      break;
  }
  return std::max(slowest,
                  onProcessors(sum / double(split.shards), split.shards));
}

//===----------------------------------------------------------------------===//
// Halos
//===----------------------------------------------------------------------===//

/// What a halo of operand `t` costs per level. Neighbours are `stride` shards
/// apart, so of the shards of a group at most so many have theirs outside.
void SplitTimer::levelCosts(const SplitView &split, unsigned t) {
  haloCosts.clear();
  for (unsigned level = 0; level < links.numLevels(); ++level) {
    int64_t members = level ? groups->members[level - 1] : 1;
    double share = 0;
    for (unsigned loop : split.order)
      if (cuts[loop][t] && placed[loop].level == level)
        share = std::max(share, double(placed[loop].stride) / members);
    LinkCost cost = links.shared(level, std::min(1.0, share), members);
    if (level)
      cost = LinkRates::noLessThan(cost, haloCosts.back());
    haloCosts.push_back(cost);
  }
}

namespace {
/// The halo that takes longest of all combinations of cells.
class SlowestHalo {
public:
  SlowestHalo(const std::vector<const CellTable *> &tables, unsigned operand,
              const std::vector<unsigned> &levels,
              const std::vector<LinkCost> &costs, double elementBytes)
      : tables(tables), operand(operand), levels(levels), costs(costs),
        elementBytes(elementBytes), chosen(tables.size()) {
    visit(0);
  }

  double seconds = 0, bytes = 0;

private:
  void visit(size_t c) {
    if (c == tables.size()) {
      consider();
      return;
    }
    for (const HaloCell &halo : tables[c]->halos[operand]) {
      chosen[c] = &halo;
      visit(c + 1);
    }
  }

  void consider() {
    double common = 1, self = 1;
    for (const HaloCell *halo : chosen) {
      common *= halo->common;
      self *= halo->self;
    }
    double sum = 0, before = common, sourcesBefore = self;
    for (unsigned level = 0; level < costs.size(); ++level) {
      double within = 1, sources = 1;
      for (size_t c = 0; c < chosen.size(); ++c) {
        bool inside = levels[c] <= level;
        within *= inside ? chosen[c]->held : chosen[c]->common;
        sources *= inside ? chosen[c]->sources : chosen[c]->self;
      }
      sum += (sources - sourcesBefore) * costs[level].latency +
             (within - before) * elementBytes * costs[level].perByte;
      before = within;
      sourcesBefore = sources;
    }
    seconds = std::max(seconds, sum);
    bytes = std::max(bytes, (before - common) * elementBytes);
  }

  const std::vector<const CellTable *> &tables;
  unsigned operand;
  const std::vector<unsigned> &levels;
  const std::vector<LinkCost> &costs;
  double elementBytes;
  std::vector<const HaloCell *> chosen;
};
} // namespace

double SplitTimer::exchangeSeconds(const SplitView &split, unsigned t) {
  bool moves = false;
  for (const CellTable *table : split.tables)
    moves |= table->sumHeld[t] != table->sumCommon[t];
  if (!moves)
    return 0;
  levelCosts(split, t);
  std::vector<unsigned> levels;
  for (unsigned c = 0; c < components.size(); ++c)
    levels.push_back(levelOf(split, c, t));
  double elementBytes = convolution.inputs[t].elementBytes;
  SlowestHalo slowest(split.tables, t, levels, haloCosts, elementBytes);
  received += slowest.bytes;
  if (split.shards <= links.processors() || !links.processors())
    return slowest.seconds;
  double common = 1, self = 1, sum = 0;
  for (const CellTable *table : split.tables) {
    common *= table->sumCommon[t];
    self *= table->sumSelf[t];
  }
  for (unsigned level = 0; level < links.numLevels(); ++level) {
    double within = 1, sources = 1;
    for (size_t c = 0; c < split.tables.size(); ++c) {
      bool inside = levels[c] <= level;
      const CellTable &table = *split.tables[c];
      within *= inside ? table.sumHeld[t] : table.sumCommon[t];
      sources *= inside ? table.sumSources[t] : table.sumSelf[t];
    }
    sum += (sources - self) * haloCosts[level].latency +
           (within - common) * elementBytes * haloCosts[level].perByte;
    common = within;
    self = sources;
  }
  return std::max(slowest.seconds,
                  onProcessors(sum / double(split.shards), split.shards));
}

//===----------------------------------------------------------------------===//
// Replicated operands and partial sums
//===----------------------------------------------------------------------===//

/// All replicas of operand `t` get what each has a piece of: first from those
/// in other groups at the same position, then, in pieces that much larger, from
/// their own group, so that a piece crosses an outer link once per group.
double SplitTimer::gatherSeconds(const SplitView &split, unsigned t,
                                 int64_t owned) {
  int64_t copies = replicas(split, t);
  double bytes = double((owned + copies - 1) / copies) *
                 convolution.inputs[t].elementBytes;
  double sum = 0;
  for (unsigned level = links.numLevels(); level-- > 0;) {
    int64_t size = replicasAt(split, t, level);
    if (size == 1)
      continue;
    LinkCost cost = collectiveCosts[level];
    double ring = (size - 1) * (cost.latency + bytes * cost.perByte);
    double rounds = std::ceil(std::log2(double(size)));
    double doubling = rounds * cost.latency +
                      (size - 1) * bytes * cost.perByte +
                      size * bytes * slowestCopy;
    sum += std::min(ring, doubling);
    bytes *= size;
  }
  return onProcessors(sum, split.shards);
}

/// Each shard receives the piece that it will own from all others of its group
/// and adds it.
double SplitTimer::reduceSeconds(const SplitView &split,
                                 const PiecesDim &divided) {
  unsigned t = convolution.inputs.size();
  int64_t size = divided.pieces();
  if (size == 1)
    return 0;
  double rest = 1;
  for (const CellTable *table : split.tables)
    rest *= table->mostOwned[t];
  rest /= divided.longest();
  double bytes = rest * divided.longestPiece(divided.longest()) *
                 convolution.accumulatorBytes;
  double rows = divided.cutsRows() ? rest : 0;
  double sum = (size - 1) *
               (copyLatency + rows * sumRowLatency + 3 * bytes * slowestMemory);
  int64_t inside = 1;
  for (unsigned level = 0; level < links.numLevels(); ++level) {
    int64_t within = inside * replicasAt(split, t, level);
    LinkCost cost = collectiveCosts[level];
    sum += (within - inside) * (cost.latency + bytes * cost.perByte);
    inside = within;
  }
  received += (size - 1) * bytes;
  return onProcessors(sum, split.shards);
}

//===----------------------------------------------------------------------===//
// All phases
//===----------------------------------------------------------------------===//

SplitTiming SplitTimer::time(const SplitView &split) {
  return timeWithCompute(split, computeSeconds(split));
}

SplitTiming SplitTimer::timeWithCompute(const SplitView &split,
                                        double compute) {
  SplitTiming timing;
  PlanSeconds &seconds = timing.seconds;
  received = 0;
  place(split);
  seconds.compute = compute;

  const LinkCost host = links.host();
  auto fromHost = [&](double largest, double all) {
    return std::max(host.latency + largest * host.perByte,
                    all * links.hostPerByte());
  };
  double halos = 0;
  for (unsigned t = 0; t < numInputs(); ++t) {
    Residence residence = residenceOf(t);
    if (residence == Residence::Resident)
      continue;
    const Operand &operand = convolution.inputs[t];
    double halo = exchangeSeconds(split, t);
    halos += halo;
    int64_t owned = 1;
    for (const CellTable *table : split.tables)
      owned *= table->mostOwned[t];
    int64_t copies = replicas(split, t);
    double all = double(operand.extent().volume()) * operand.elementBytes;
    double stripe = double(owned) * operand.elementBytes;
    double piece = double((owned + copies - 1) / copies) * operand.elementBytes;
    if (copies == 1) {
      if (residence == Residence::Host) {
        seconds.load += fromHost(stripe, all);
        received += stripe;
      }
      continue;
    }
    double gather = gatherSeconds(split, t, owned);
    double copied = fromHost(stripe, all * copies);
    double scattered = fromHost(piece, all);
    if (residence == Residence::Host && copied <= scattered + gather) {
      seconds.load += copied;
    } else {
      timing.inputs[t] = Replication::Gathered;
      seconds.exchange += gather;
      if (residence == Residence::Host)
        seconds.load += scattered;
    }
    received += stripe;
  }
  seconds.exchange += halos;
  unsigned output = numInputs();
  const int64_t parts = replicas(split, output);
  const PiecesDim divided(convolution, split.tables, parts);
  seconds.reduce = reduceSeconds(split, divided);

  double owned = 1;
  for (const CellTable *table : split.tables)
    owned *= table->mostOwned[output];
  double all = double(convolution.output.extent().volume()) *
               convolution.output.elementBytes;
  if (query.output == Residence::Host) {
    double piece =
        owned / divided.longest() * divided.longestPiece(divided.longest());
    seconds.store = fromHost(piece * convolution.output.elementBytes, all);
    if (!query.fillsOutput) {
      double stripe = owned * convolution.output.elementBytes;
      seconds.load += fromHost(stripe, all);
      received += stripe;
    }
  }

  if (machine.overlap) {
    double interior = 1;
    for (const CellTable *table : split.tables)
      interior *= table->interiorShare;
    seconds.hidden = std::min(halos, interior * compute);
    // All but the last of the pieces travel while the next one is computed.
    if (parts > 1)
      seconds.hidden += std::min(seconds.reduce, compute - seconds.hidden) *
                        (1 - 1.0 / parts);
  }
  timing.busiestBytes = received;
  return timing;
}
