//===- Words.cpp - what a split moves, in words ---------------------------===//

#include "RowMajor.h"
#include "WordCounter.h"

#include <algorithm>

using namespace dconv;

WordCounter::WordCounter(const Convolution &convolution,
                         const std::vector<Component> &components)
    : convolution(convolution), components(components),
      cuts(convolution.numLoops(), {false, false, false}),
      replicaStrides(convolution.numLoops()), allCells(components.size()),
      cellOf(components.size()) {
  for (const Operand &input : convolution.inputs)
    operands.push_back(&input);
  operands.push_back(&convolution.output);
  for (const Operand *operand : operands)
    dimPlaces.emplace_back(operand->shape.size());
  for (unsigned c = 0; c < components.size(); ++c) {
    for (unsigned d = 0; d < components[c].dims.size(); ++d) {
      const OperandDim &dim = components[c].dims[d];
      dimPlaces[dim.operand][dim.dim] = {c, d};
      for (const Term &term : dim.expr.terms)
        cuts[term.loop][dim.operand] = true;
    }
  }
}

void WordCounter::prepare(const std::vector<const Division *> &chosen) {
  divisions = &chosen;
  std::vector<int64_t> parts(convolution.numLoops(), 1);
  holdsOwned = {true, true, true};
  for (unsigned c = 0; c < components.size(); ++c) {
    for (unsigned i = 0; i < components[c].loops.size(); ++i)
      parts[components[c].loops[i]] = chosen[c]->parts[i];
    for (unsigned t = 0; t < operands.size(); ++t)
      holdsOwned[t] &= chosen[c]->holdsOwned[t];
  }
  for (unsigned t = 0; t < operands.size(); ++t) {
    replicas[t] = 1;
    for (unsigned loop = parts.size(); loop-- > 0;) {
      replicaStrides[loop][t] = cuts[loop][t] ? 0 : replicas[t];
      replicas[t] *= cuts[loop][t] ? 1 : parts[loop];
    }
  }
  // Which piece of a replica a shard owns matters beyond its size where not
  // all of the piece is held.
  for (unsigned c = 0; c < components.size(); ++c) {
    allCells[c] = false;
    for (unsigned loop : components[c].loops)
      for (unsigned t = 0; t < operands.size(); ++t)
        allCells[c] = allCells[c] ||
                      (!holdsOwned[t] && !cuts[loop][t] && parts[loop] > 1);
  }
}

WordCounter::Partial WordCounter::with(const Partial &partial,
                                       unsigned component, unsigned cell) {
  const Cell &chosen = (*divisions)[component]->cells[cell];
  cellOf[component] = cell;
  Partial next = partial;
  for (unsigned t = 0; t < operands.size(); ++t) {
    next.held[t] *= chosen.held[t];
    next.owned[t] *= chosen.owned[t];
    next.common[t] *= chosen.common[t];
    for (unsigned i = 0; i < chosen.at.size(); ++i)
      next.replica[t] +=
          chosen.at[i] * replicaStrides[components[component].loops[i]][t];
  }
  return next;
}

/// Elements [begin, end), row-major, of what the shard at `cellOf` owns of
/// `operand` that it also holds.
int64_t WordCounter::ownAndHeld(unsigned operand, int64_t begin, int64_t end) {
  std::vector<int64_t> sizes;
  std::vector<Interval> part;
  for (auto [c, d] : dimPlaces[operand]) {
    const Cell &cell = (*divisions)[c]->cells[cellOf[c]];
    Interval owned = cell.ownedAlong[d];
    sizes.push_back(owned.size());
    part.push_back(cell.heldAlong[d].intersect(owned).shifted(-owned.begin));
  }
  return countBefore(sizes, part, end) - countBefore(sizes, part, begin);
}

WordCounter::ShardCount WordCounter::countShard(const Partial &partial) {
  ShardCount count;
  for (unsigned t = 0; t < operands.size(); ++t) {
    int64_t size = partial.owned[t] / replicas[t];
    int64_t longer = partial.owned[t] % replicas[t];
    int64_t rank = partial.replica[t];
    int64_t begin = rank * size + std::min(rank, longer);
    int64_t piece = size + (rank < longer ? 1 : 0);
    int64_t ready = piece;
    if (!holdsOwned[t] && partial.common[t] != partial.owned[t])
      ready = ownAndHeld(t, begin, begin + piece);
    bool isOutput = t + 1 == operands.size();
    int64_t elementBytes = isOutput && replicas[t] > 1
                               ? convolution.accumulatorBytes
                               : operands[t]->elementBytes;
    int64_t moved = partial.held[t] - ready;
    count.words += moved;
    count.bytes += moved * elementBytes;
    count.memoryBytes += (moved + piece) * elementBytes;
  }
  return count;
}

int64_t
WordCounter::representativeWords(const std::vector<const Division *> &chosen) {
  prepare(chosen);
  Partial partial;
  for (unsigned c = 0; c < components.size(); ++c)
    partial = with(partial, c, chosen[c]->representative);
  return countShard(partial).words;
}

void WordCounter::visit(unsigned component, const Partial &partial) {
  if (component == components.size()) {
    ShardCount count = countShard(partial);
    most.words = std::max(most.words, count.words);
    most.bytes = std::max(most.bytes, count.bytes);
    most.memoryBytes = std::max(most.memoryBytes, count.memoryBytes);
    return;
  }
  const Division &division = *(*divisions)[component];
  if (allCells[component]) {
    for (unsigned i = 0; i < division.cells.size() && most.words <= limit; ++i)
      visit(component + 1, with(partial, component, i));
    return;
  }
  for (unsigned i : division.extreme) {
    if (most.words > limit)
      return;
    visit(component + 1, with(partial, component, i));
  }
}

WordCount WordCounter::count(const std::vector<const Division *> &chosen,
                             int64_t givenLimit) {
  prepare(chosen);
  limit = givenLimit;
  most = WordCount();
  most.totalMacs = convolution.iterations().volume();
  most.mostMacs = 1;
  for (unsigned c = 0; c < components.size(); ++c)
    for (int64_t length : chosen[c]->longest)
      most.mostMacs *= length;
  for (unsigned t = 0; t < operands.size(); ++t) {
    int64_t owned = 1;
    for (const Division *division : chosen)
      owned *= division->mostOwned[t];
    most.largestShare.push_back((owned + replicas[t] - 1) / replicas[t]);
  }
  visit(0, Partial());
  return most;
}

Result<WordCount> dconv::countWords(const Convolution &convolution,
                                    const std::vector<int64_t> &parts) {
  if (parts.size() != convolution.numLoops())
    return Error{"parts of " + std::to_string(parts.size()) +
                 " loops, the convolution has " +
                 std::to_string(convolution.numLoops())};
  for (unsigned loop = 0; loop < parts.size(); ++loop)
    if (parts[loop] < 1 || parts[loop] > convolution.extents[loop])
      return Error{std::to_string(parts[loop]) + " parts of loop " +
                   std::to_string(loop) + ", which has extent " +
                   std::to_string(convolution.extents[loop])};
  Result<std::vector<Component>> components = findComponents(convolution);
  if (!components)
    return Error{components.error()};
  std::vector<Division> divided;
  for (const Component &component : *components) {
    std::vector<int64_t> own;
    for (unsigned loop : component.loops)
      own.push_back(parts[loop]);
    divided.push_back(divide(convolution, component, own));
  }
  std::vector<const Division *> divisions;
  for (const Division &division : divided)
    divisions.push_back(&division);
  return WordCounter(convolution, *components).count(divisions);
}

Split dconv::splitInParts(const Convolution &convolution,
                          const std::vector<int64_t> &parts) {
  Split split;
  for (unsigned loop = 0; loop < parts.size(); ++loop)
    if (parts[loop] > 1)
      split.axes.push_back(
          balancedSplit(loop, convolution.extents[loop], parts[loop]));
  return split;
}
