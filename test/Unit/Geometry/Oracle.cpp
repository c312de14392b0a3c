//===- Oracle.cpp - Geometry by trying every element ----------------------===//

#include "Oracle.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <set>

using namespace dconv;
using namespace dconv::test;

using Positions = std::vector<int64_t>; ///< along one dim or loop, ascending

static Positions range(int64_t begin, int64_t count) {
  Positions positions(count);
  std::iota(positions.begin(), positions.end(), begin);
  return positions;
}

/// The iterations of part `part` of an axis.
static Positions partOf(const AxisSplit &axis, int64_t part) {
  int64_t begin = 0;
  for (int64_t i = 0; i < part; ++i)
    begin += axis.lengths[i];
  return range(begin, axis.lengths[part]);
}

/// Part `part` of `parts` of `whole`, dealt so that longer parts come first.
static Positions dealt(const Positions &whole, int64_t part, int64_t parts) {
  std::vector<int64_t> lengths = evenLengths(whole.size(), parts);
  auto begin = whole.begin();
  for (int64_t i = 0; i < part; ++i)
    begin += lengths[i];
  return Positions(begin, begin + lengths[part]);
}

/// The dim along which `stripes` (per dim, all that shards have) of a tensor
/// are dealt to `parts`: the first where none gets nothing, nor more than 17/16
/// of an equal share, else the first of the largest.
static size_t dimToDeal(const std::vector<int64_t> &shape,
                        const std::vector<std::vector<Positions>> &stripes,
                        int64_t parts) {
  for (size_t d = 0; d < shape.size(); ++d) {
    bool isEven = true;
    for (const Positions &stripe : stripes[d])
      for (int64_t part = 0; part < parts; ++part) {
        int64_t own = dealt(stripe, part, parts).size();
        isEven &= own > 0 && 16 * own * parts <= 17 * int64_t(stripe.size());
      }
    if (isEven)
      return d;
  }
  return std::max_element(shape.begin(), shape.end()) - shape.begin();
}

static int64_t floorHalf(int64_t number) {
  return number >= 0 ? number / 2 : -((1 - number) / 2);
}

Elements
dconv::test::elementsAt(const std::vector<int64_t> &shape,
                        const std::vector<std::vector<int64_t>> &positions) {
  Elements elements{0};
  for (size_t d = 0; d < shape.size(); ++d) {
    Elements wider;
    for (int64_t element : elements)
      for (int64_t position : positions[d])
        wider.push_back(element * shape[d] + position);
    elements = std::move(wider);
  }
  return elements;
}

int64_t OracleInput::volume(int64_t shard) const {
  int64_t volume = 1;
  for (Reach r : reach[shard])
    volume *= r.size();
  return volume;
}

bool OracleInput::resident(int64_t shard) const {
  return stored(shard) == held[shard] &&
         static_cast<int64_t>(held[shard].size()) == volume(shard);
}

const Elements &OracleInput::stored(int64_t shard) const {
  return algorithm == CollectiveAlgorithm::Direct ? owned[shard] : held[shard];
}

int64_t OracleInput::windowVolume(int64_t shard,
                                  const std::vector<int64_t> &shape) const {
  std::vector<Reach> window = reach[shard];
  for (int64_t element : stored(shard))
    for (size_t d = shape.size(); d-- > 0; element /= shape[d]) {
      window[d].low = std::min(window[d].low, element % shape[d]);
      window[d].high = std::max(window[d].high, element % shape[d]);
    }
  int64_t volume = 1;
  for (Reach r : window)
    volume *= r.size();
  return volume;
}

/// Bytes of a buffer in the arena.
static int64_t inBlocks(int64_t elements, int64_t bytes) {
  return (elements * bytes + 63) / 64 * 64;
}

Oracle::Oracle(const Case &testCase)
    : testCase(testCase), convolution(testCase.convolution),
      split(testCase.split) {
  coordinates = {{}};
  for (const AxisSplit &axis : split.axes) {
    std::vector<std::vector<int64_t>> longer;
    for (const std::vector<int64_t> &at : coordinates)
      for (size_t part = 0; part < axis.lengths.size(); ++part) {
        longer.push_back(at);
        longer.back().push_back(part);
      }
    coordinates = std::move(longer);
  }
  for (int64_t shard = 0; shard < numShards(); ++shard) {
    iterations.push_back(iterationsOf(shard));
    groups.push_back(groupOf(shard));
  }
  for (unsigned i = 0; i < convolution.inputs.size(); ++i)
    inputs.push_back(inputSets(i));
  makeResult();
  countBytes();
  countMemory();
}

int64_t Oracle::deviceOf(int64_t shard) const {
  return shard * testCase.devices / numShards();
}

bool Oracle::isReduction(unsigned loop) const {
  Role role = convolution.roles[loop];
  return role == Role::Tap || role == Role::InputChannel;
}

std::vector<Positions> Oracle::iterationsOf(int64_t shard) const {
  std::vector<Positions> loops;
  for (int64_t extent : convolution.extents)
    loops.push_back(range(0, extent));
  for (size_t a = 0; a < split.axes.size(); ++a)
    loops[split.axes[a].loop] = partOf(split.axes[a], coordinates[shard][a]);
  return loops;
}

Reach Oracle::reachOf(const Operand &operand, unsigned dim,
                      const std::vector<Positions> &ranges) const {
  Positions reached{operand.map[dim].constant - operand.padLow[dim]};
  for (const Term &term : operand.map[dim].terms) {
    Positions further;
    for (int64_t position : reached)
      for (int64_t iteration : ranges[term.loop])
        further.push_back(position + term.coefficient * iteration);
    reached = std::move(further);
  }
  auto [low, high] = std::minmax_element(reached.begin(), reached.end());
  return {*low, *high};
}

/// Per combination of the coordinates on `outer`, then `inner`: the positions
/// owned along one dim.
std::vector<Positions>
Oracle::ownedAlong(const Operand &operand, unsigned dim,
                   const std::vector<unsigned> &outer,
                   const std::vector<unsigned> &inner) const {
  // The footprint of each combination of `outer`, all else whole.
  struct Cell {
    Reach reach;
    Positions owned;
  };
  std::vector<Cell> cells;
  std::vector<std::vector<Positions>> ranges(1);
  for (int64_t extent : convolution.extents)
    ranges[0].push_back(range(0, extent));
  for (unsigned axis : outer) {
    std::vector<std::vector<Positions>> finer;
    for (const std::vector<Positions> &coarse : ranges)
      for (size_t i = 0; i < split.axes[axis].lengths.size(); ++i) {
        finer.push_back(coarse);
        finer.back()[split.axes[axis].loop] = partOf(split.axes[axis], i);
      }
    ranges = std::move(finer);
  }
  for (const std::vector<Positions> &part : ranges)
    cells.push_back({reachOf(operand, dim, part), {}});

  // Each position goes to the first stripe whose upper cut lies behind it.
  std::vector<Cell *> ordered;
  for (Cell &cell : cells)
    ordered.push_back(&cell);
  std::sort(ordered.begin(), ordered.end(), [](Cell *a, Cell *b) {
    return a->reach.low != b->reach.low ? a->reach.low < b->reach.low : a < b;
  });
  for (int64_t position = 0; position < operand.shape[dim]; ++position) {
    size_t i = 0;
    while (i + 1 < ordered.size() &&
           position >= floorHalf(ordered[i]->reach.high + 1 +
                                 ordered[i + 1]->reach.low))
      ++i;
    ordered[i]->owned.push_back(position);
  }

  int64_t pieces = 1;
  for (unsigned axis : inner)
    pieces *= split.axes[axis].lengths.size();
  std::vector<Positions> result;
  for (const Cell &cell : cells)
    for (int64_t i = 0; i < pieces; ++i)
      result.push_back(dealt(cell.owned, i, pieces));
  return result;
}

OracleInput Oracle::inputSets(unsigned number) const {
  const Operand &operand = convolution.inputs[number];
  OracleInput sets;
  for (const GatheredInput &one : testCase.gathered)
    if (one.input == number) {
      sets.gathered = true;
      sets.algorithm = one.algorithm;
    }
  size_t rank = operand.shape.size();
  std::vector<std::vector<unsigned>> axes(rank);
  std::vector<std::vector<Positions>> owned(rank);
  std::vector<bool> cut(split.axes.size());
  for (unsigned d = 0; d < rank; ++d) {
    std::vector<unsigned> parallel, reduction;
    for (unsigned axis = 0; axis < split.axes.size(); ++axis)
      for (const Term &term : operand.map[d].terms)
        if (term.loop == split.axes[axis].loop && !cut[axis]) {
          cut[axis] = true;
          (isReduction(term.loop) ? reduction : parallel).push_back(axis);
        }
    bool parallelLoop = false; // also one that is not split
    for (const Term &term : operand.map[d].terms)
      parallelLoop |= !isReduction(term.loop);
    if (!parallelLoop)
      std::swap(parallel, reduction);
    owned[d] = ownedAlong(operand, d, parallel, reduction);
    axes[d] = parallel;
    axes[d].insert(axes[d].end(), reduction.begin(), reduction.end());
  }

  int64_t elements = 1, copies = 1;
  for (int64_t size : operand.shape)
    elements *= size;
  for (size_t axis = 0; axis < split.axes.size(); ++axis)
    copies *= cut[axis] ? 1 : split.axes[axis].lengths.size();
  const size_t divided = dimToDeal(operand.shape, owned, copies);
  for (int64_t shard = 0; shard < numShards(); ++shard) {
    std::vector<Positions> ownedHere, heldHere;
    sets.reach.emplace_back();
    for (unsigned d = 0; d < rank; ++d) {
      size_t combination = 0;
      for (unsigned axis : axes[d])
        combination = combination * split.axes[axis].lengths.size() +
                      coordinates[shard][axis];
      ownedHere.push_back(owned[d][combination]);

      Reach reach = reachOf(operand, d, iterations[shard]);
      sets.reach.back().push_back(reach);
      heldHere.emplace_back();
      for (int64_t p = reach.low; p <= reach.high; ++p)
        if (0 <= p && p < operand.shape[d])
          heldHere.back().push_back(p);
    }
    // Shards that differ on an axis that cuts nothing are replicas.
    size_t replica = 0;
    for (size_t axis = 0; axis < split.axes.size(); ++axis)
      if (!cut[axis])
        replica = replica * split.axes[axis].lengths.size() +
                  coordinates[shard][axis];
    if (sets.gathered) {
      ownedHere[divided] = dealt(ownedHere[divided], replica, copies);
      replica = 0;
    }
    sets.owned.push_back(elementsAt(operand.shape, ownedHere));
    sets.held.push_back(elementsAt(operand.shape, heldHere));
    sets.replicaOf.push_back(replica);
    if (sets.ownerOf.size() <= replica)
      sets.ownerOf.resize(replica + 1, std::vector<int64_t>(elements, -1));
    for (int64_t element : sets.owned.back())
      sets.ownerOf[replica][element] = shard;
  }
  return sets;
}

std::vector<int64_t> Oracle::groupOf(int64_t shard) const {
  std::vector<int64_t> group;
  for (int64_t other = 0; other < numShards(); ++other) {
    bool same = true;
    for (size_t axis = 0; axis < split.axes.size(); ++axis)
      same &= isReduction(split.axes[axis].loop) ||
              coordinates[shard][axis] == coordinates[other][axis];
    if (same)
      group.push_back(other);
  }
  return group;
}

void Oracle::makeResult() {
  const Operand &output = convolution.output;
  for (const AxisSplit &axis : split.axes)
    reduces |= isReduction(axis.loop) && axis.lengths.size() > 1;
  std::vector<std::vector<Positions>> stripes(output.map.size());
  for (size_t d = 0; d < output.map.size(); ++d)
    for (const auto &block : iterations)
      stripes[d].push_back(block[output.map[d].terms[0].loop]);
  const size_t divided =
      dimToDeal(output.shape, stripes, groups.front().size());
  for (int64_t shard = 0; shard < numShards(); ++shard) {
    std::vector<Positions> positions;
    for (const LinearExpr &expr : output.map)
      positions.push_back(iterations[shard][expr.terms[0].loop]);
    block.push_back(elementsAt(output.shape, positions));

    const std::vector<int64_t> &group = groups[shard];
    isFirst.push_back(group.front() == shard);
    int64_t index =
        std::find(group.begin(), group.end(), shard) - group.begin();
    positions[divided] = dealt(positions[divided], index, group.size());
    piece.push_back(elementsAt(output.shape, positions));
  }
}

void Oracle::countPassedOn(const OracleInput &input, int64_t elementBytes) {
  for (int64_t source = 0; source < numShards(); ++source) {
    // The shards that need the same of it.
    std::map<Elements, std::set<int64_t>> needs;
    for (int64_t shard = 0; shard < numShards(); ++shard) {
      Elements common;
      std::set_intersection(input.owned[source].begin(),
                            input.owned[source].end(),
                            input.held[shard].begin(), input.held[shard].end(),
                            std::back_inserter(common));
      if (!common.empty())
        needs[common].insert(deviceOf(shard));
    }
    for (const auto &[elements, devices] : needs) {
      // The owner's device, then the others that need it, in cyclic order.
      std::vector<int64_t> chain{deviceOf(source)};
      for (int64_t i = 1; i < testCase.devices; ++i)
        if (int64_t device = (chain[0] + i) % testCase.devices;
            devices.count(device))
          chain.push_back(device);
      for (size_t k = 1; k < chain.size(); ++k) {
        size_t hop = 1;
        if (input.algorithm == CollectiveAlgorithm::Tree)
          while (2 * hop <= k)
            hop *= 2;
        received[chain[k]] += elements.size() * elementBytes;
        sent[chain[k - hop]] += elements.size() * elementBytes;
      }
    }
  }
}

void Oracle::countBytes() {
  const Operand &output = convolution.output;
  for (std::vector<int64_t> *counter :
       {&received, &sent, &scatter, &gather, &peak})
    counter->resize(testCase.devices);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].algorithm != CollectiveAlgorithm::Direct)
      countPassedOn(inputs[i], convolution.inputs[i].elementBytes);
  for (int64_t shard = 0; shard < numShards(); ++shard) {
    int64_t device = deviceOf(shard);
    auto receive = [&](int64_t source, int64_t bytes) {
      if (deviceOf(source) == device)
        return;
      received[device] += bytes;
      sent[deviceOf(source)] += bytes;
    };
    for (size_t i = 0; i < inputs.size(); ++i) {
      int64_t bytes = convolution.inputs[i].elementBytes;
      scatter[device] += inputs[i].owned[shard].size() * bytes;
      if (inputs[i].algorithm != CollectiveAlgorithm::Direct)
        continue;
      for (int64_t element : inputs[i].held[shard])
        receive(inputs[i].ownerOf[inputs[i].replicaOf[shard]][element], bytes);
    }
    if (!testCase.fillsOutput && isFirst[shard])
      scatter[device] += block[shard].size() * output.elementBytes;
    for (int64_t source : groups[shard])
      for (size_t i = 0; i < piece[shard].size(); ++i)
        receive(source, convolution.accumulatorBytes);
    gather[device] += piece[shard].size() * output.elementBytes;
  }
}

bool Oracle::readsInPlace(size_t number) const {
  const OracleInput &input = inputs[number];
  const Operand &operand = convolution.inputs[number];
  std::map<int64_t, int64_t> together, apart, largest; // by device
  for (int64_t shard = 0; shard < numShards(); ++shard) {
    int64_t device = deviceOf(shard), bytes = operand.elementBytes;
    together[device] +=
        inBlocks(input.windowVolume(shard, operand.shape), bytes);
    apart[device] += inBlocks(input.stored(shard).size(), bytes);
    if (!input.resident(shard))
      largest[device] =
          std::max(largest[device], inBlocks(input.volume(shard), bytes));
  }
  for (auto [device, bytes] : together)
    if (bytes > apart[device] + largest[device])
      return false;
  return true;
}

void Oracle::countMemory() {
  for (auto *buffers : {&stripes, &footprints, &accumulators, &staging})
    buffers->resize(testCase.devices);
  bool widens = convolution.accumulatorBytes != convolution.output.elementBytes;
  std::vector<int64_t> scratch(testCase.devices);
  std::vector<bool> inPlace;
  for (size_t i = 0; i < inputs.size(); ++i)
    inPlace.push_back(readsInPlace(i));
  for (int64_t shard = 0; shard < numShards(); ++shard) {
    int64_t device = deviceOf(shard);
    int64_t live = 0; // bytes of the step being looked at
    auto need = [&](auto &buffers, int64_t elements, int64_t bytes) {
      if (elements == 0)
        return;
      buffers[device].push_back({shard, elements * bytes});
      live += inBlocks(elements, bytes);
    };
    auto endStep = [&] {
      scratch[device] = std::max(scratch[device], live);
      live = 0;
    };
    int64_t narrow = convolution.output.elementBytes;
    int64_t wide = convolution.accumulatorBytes;
    int64_t blockSize = block[shard].size(), pieceSize = piece[shard].size();

    for (size_t i = 0; i < inputs.size(); ++i) {
      const Operand &operand = convolution.inputs[i];
      // What is passed on is kept beside what the host sent.
      if (inputs[i].algorithm != CollectiveAlgorithm::Direct)
        need(stripes, inputs[i].owned[shard].size(), operand.elementBytes);
      need(stripes,
           inPlace[i] ? inputs[i].windowVolume(shard, operand.shape)
                      : int64_t(inputs[i].stored(shard).size()),
           operand.elementBytes);
    }
    need(stripes, blockSize, reduces ? wide : narrow);
    if (reduces)
      need(stripes, pieceSize, narrow);
    peak[device] += live;
    live = 0;

    // The initial output comes narrow and is kept wide.
    if (reduces && widens && isFirst[shard] && !testCase.fillsOutput)
      need(staging, blockSize, narrow);
    endStep();
    for (size_t i = 0; i < inputs.size(); ++i)
      if (!inPlace[i] && !inputs[i].resident(shard))
        need(footprints, inputs[i].volume(shard),
             convolution.inputs[i].elementBytes);
    if (!reduces && widens)
      need(accumulators, blockSize, wide);
    endStep();
    if (reduces) {
      // The first partial sum is received where the sum grows; the others of
      // other devices one after the other beside it.
      if (widens)
        need(accumulators, pieceSize, wide);
      const std::vector<int64_t> &group = groups[shard];
      if (std::any_of(group.begin() + 1, group.end(), [&](int64_t source) {
            return deviceOf(source) != device;
          }))
        need(staging, pieceSize, wide);
    }
    endStep();
  }
  for (int64_t device = 0; device < testCase.devices; ++device)
    peak[device] += scratch[device];
}
