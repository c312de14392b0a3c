//===- ElementOracle.cpp - words by looking at every element --------------===//

#include "ElementOracle.h"

#include <algorithm>
#include <map>
#include <set>

using namespace dconv;
using namespace dconv::test;

namespace {
using Values = std::vector<int64_t>;

/// Calls `visit` with every combination of one of `choices` per entry, the last
/// entry running fastest.
template <typename Visit>
void forEach(const std::vector<Values> &choices, Visit visit) {
  Values chosen(choices.size());
  auto next = [&](auto &self, size_t i) -> void {
    if (i == choices.size()) {
      visit(chosen);
      return;
    }
    for (int64_t value : choices[i]) {
      chosen[i] = value;
      self(self, i + 1);
    }
  };
  next(next, 0);
}

Values range(int64_t begin, int64_t end) {
  Values values;
  for (int64_t i = begin; i < end; ++i)
    values.push_back(i);
  return values;
}

/// `values` in consecutive runs, the first of them one longer where needed.
std::vector<Values> deal(const Values &values, int64_t parts) {
  std::vector<Values> runs(parts);
  size_t at = 0;
  for (int64_t i = 0; i < parts; ++i) {
    size_t length =
        values.size() / parts + (i < int64_t(values.size()) % parts ? 1 : 0);
    runs[i].assign(values.begin() + at, values.begin() + at + length);
    at += length;
  }
  return runs;
}

/// One operand, its map into the tensor without padding.
struct Tensor {
  const Operand *operand;
  bool isOutput;

  int64_t position(unsigned dim, const Values &loops) const {
    int64_t at = operand->map[dim].constant - operand->padLow[dim];
    for (const Term &term : operand->map[dim].terms)
      at += term.coefficient * loops[term.loop];
    return at;
  }
  bool uses(unsigned dim, unsigned loop) const {
    for (const Term &term : operand->map[dim].terms)
      if (term.loop == loop)
        return true;
    return false;
  }
  bool uses(unsigned loop) const {
    for (unsigned d = 0; d < operand->shape.size(); ++d)
      if (uses(d, loop))
        return true;
    return false;
  }
  /// The least and greatest position along `dim` of all of `loops`.
  std::pair<int64_t, int64_t> reach(unsigned dim,
                                    std::vector<Values> loops) const {
    for (unsigned loop = 0; loop < loops.size(); ++loop)
      if (!uses(dim, loop))
        loops[loop].resize(1);
    int64_t least = INT64_MAX, greatest = INT64_MIN;
    forEach(loops, [&](const Values &at) {
      least = std::min(least, position(dim, at));
      greatest = std::max(greatest, position(dim, at));
    });
    return {least, greatest};
  }
};

class Counter {
public:
  Counter(const Convolution &convolution, const Values &parts)
      : convolution(convolution), parts(parts) {
    for (unsigned loop = 0; loop < parts.size(); ++loop)
      dealt.push_back(deal(range(0, convolution.extents[loop]), parts[loop]));
  }

  WordCount run() {
    std::vector<Tensor> tensors;
    for (const Operand &input : convolution.inputs)
      tensors.push_back({&input, false});
    tensors.push_back({&convolution.output, true});
    std::vector<Values> coordinates;
    for (int64_t count : parts)
      coordinates.push_back(range(0, count));

    std::map<Values, WordCount> perShard;
    WordCount most;
    for (const Tensor &tensor : tensors) {
      std::map<Values, std::set<int64_t>> pieces = piecesOf(tensor);
      most.largestShare.push_back(0);
      forEach(coordinates, [&](const Values &shard) {
        const std::set<int64_t> &piece = pieces[shard];
        most.largestShare.back() =
            std::max<int64_t>(most.largestShare.back(), piece.size());
        std::set<int64_t> held = heldBy(tensor, shard);
        int64_t moved = 0, kept = piece.size();
        for (int64_t element : held)
          moved += !piece.count(element);
        bool partial = false;
        for (unsigned loop = 0; loop < parts.size(); ++loop)
          partial |= tensor.isOutput && parts[loop] > 1 && !tensor.uses(loop);
        int64_t bytes = partial ? convolution.accumulatorBytes
                                : tensor.operand->elementBytes;
        WordCount &count = perShard[shard];
        count.words += moved;
        count.bytes += moved * bytes;
        count.memoryBytes += (moved + kept) * bytes;
      });
    }
    forEach(coordinates, [&](const Values &shard) {
      const WordCount &count = perShard[shard];
      most.words = std::max(most.words, count.words);
      most.bytes = std::max(most.bytes, count.bytes);
      most.memoryBytes = std::max(most.memoryBytes, count.memoryBytes);
      int64_t macs = 0;
      forEach(iterationsOf(shard), [&](const Values &) { ++macs; });
      most.mostMacs = std::max(most.mostMacs, macs);
      most.totalMacs += macs;
    });
    return most;
  }

private:
  std::vector<Values> iterationsOf(const Values &shard) const {
    std::vector<Values> loops;
    for (unsigned loop = 0; loop < parts.size(); ++loop)
      loops.push_back(dealt[loop][shard[loop]]);
    return loops;
  }

  std::set<int64_t> elements(const Tensor &tensor,
                             const std::vector<Values> &positions) const {
    std::set<int64_t> result;
    forEach(positions, [&](const Values &at) {
      int64_t number = 0;
      for (unsigned d = 0; d < at.size(); ++d)
        number = number * tensor.operand->shape[d] + at[d];
      result.insert(number);
    });
    return result;
  }

  /// All positions from the least to the greatest read, within the tensor.
  std::set<int64_t> heldBy(const Tensor &tensor, const Values &shard) const {
    std::vector<Values> positions;
    for (unsigned d = 0; d < tensor.operand->shape.size(); ++d) {
      auto [least, greatest] = tensor.reach(d, iterationsOf(shard));
      positions.push_back(
          range(std::max<int64_t>(least, 0),
                std::min(greatest + 1, tensor.operand->shape[d])));
    }
    return elements(tensor, positions);
  }

  /// The positions along `dim` of the stripe of `shard`.
  Values stripeOf(const Tensor &tensor, unsigned dim,
                  const Values &shard) const {
    std::vector<Values> outer(parts.size(), {0}), inner(parts.size(), {0});
    bool anyParallel = false;
    for (unsigned loop = 0; loop < parts.size(); ++loop)
      anyParallel |= tensor.uses(dim, loop) && !convolution.isReduction(loop);
    int64_t pieces = 1, piece = 0;
    std::vector<bool> isOuter(parts.size(), false);
    for (unsigned loop = 0; loop < parts.size(); ++loop) {
      if (!tensor.uses(dim, loop))
        continue;
      isOuter[loop] = !anyParallel || !convolution.isReduction(loop);
      if (isOuter[loop]) {
        outer[loop] = range(0, parts[loop]);
        continue;
      }
      pieces *= parts[loop];
      piece = piece * parts[loop] + shard[loop];
    }

    struct Neighbour {
      int64_t first, last;
      Values at;
      bool operator<(const Neighbour &o) const {
        return first != o.first ? first < o.first : at < o.at;
      }
    };
    std::vector<Neighbour> order;
    forEach(outer, [&](const Values &at) {
      std::vector<Values> loops;
      for (unsigned loop = 0; loop < parts.size(); ++loop)
        loops.push_back(isOuter[loop] ? dealt[loop][at[loop]]
                                      : range(0, convolution.extents[loop]));
      auto [least, greatest] = tensor.reach(dim, loops);
      order.push_back({least, greatest, at});
    });
    std::sort(order.begin(), order.end());

    int64_t begin = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      int64_t end = tensor.operand->shape[dim];
      if (i + 1 < order.size()) {
        int64_t twice = order[i].last + 1 + order[i + 1].first;
        int64_t middle = twice >= 0 ? twice / 2 : -((1 - twice) / 2);
        end = std::min(std::max(middle, begin), end);
      }
      bool mine = true;
      for (unsigned loop = 0; loop < parts.size(); ++loop)
        mine &= !isOuter[loop] || order[i].at[loop] == shard[loop];
      if (mine)
        return deal(range(begin, end), pieces)[piece];
      begin = end;
    }
    return {};
  }

  /// What each shard owns once its replicas have divided their stripe.
  std::map<Values, std::set<int64_t>> piecesOf(const Tensor &tensor) const {
    std::map<Values, std::vector<Values>> groups; // by the coordinates that cut
    std::vector<Values> coordinates;
    for (int64_t count : parts)
      coordinates.push_back(range(0, count));
    forEach(coordinates, [&](const Values &shard) {
      Values cut = shard;
      for (unsigned loop = 0; loop < parts.size(); ++loop)
        cut[loop] = tensor.uses(loop) ? shard[loop] : 0;
      groups[cut].push_back(shard);
    });
    std::map<Values, std::set<int64_t>> pieces;
    for (const auto &[cut, shards] : groups) {
      std::vector<Values> positions;
      for (unsigned d = 0; d < tensor.operand->shape.size(); ++d)
        positions.push_back(stripeOf(tensor, d, cut));
      std::set<int64_t> all = elements(tensor, positions);
      std::vector<Values> dealtOut =
          deal(Values(all.begin(), all.end()), shards.size());
      for (size_t i = 0; i < shards.size(); ++i)
        pieces[shards[i]].insert(dealtOut[i].begin(), dealtOut[i].end());
    }
    return pieces;
  }

  const Convolution &convolution;
  const Values &parts;
  std::vector<std::vector<Values>> dealt; ///< per loop and part
};
} // namespace

WordCount dconv::test::countByElements(const Convolution &convolution,
                                       const std::vector<int64_t> &parts) {
  return Counter(convolution, parts).run();
}

std::vector<std::vector<int64_t>>
dconv::test::allParts(const Convolution &convolution, int64_t shards) {
  std::vector<Values> result;
  Values parts(convolution.numLoops(), 1);
  auto next = [&](auto &self, unsigned loop, int64_t left) -> void {
    if (loop == parts.size()) {
      result.push_back(parts);
      return;
    }
    for (int64_t count = 1; count <= std::min(left, convolution.extents[loop]);
         ++count) {
      parts[loop] = count;
      self(self, loop + 1, left / count);
    }
    parts[loop] = 1;
  };
  next(next, 0, shards);
  return result;
}

std::vector<std::vector<int64_t>>
dconv::test::realIterations(const Convolution &convolution) {
  std::vector<Tensor> tensors;
  for (const Operand &input : convolution.inputs)
    tensors.push_back({&input, false});
  tensors.push_back({&convolution.output, true});
  std::vector<Values> loops, result;
  for (int64_t extent : convolution.extents)
    loops.push_back(range(0, extent));
  forEach(loops, [&](const Values &at) {
    Values touched;
    for (const Tensor &tensor : tensors) {
      int64_t number = 0;
      for (unsigned d = 0; d < tensor.operand->shape.size(); ++d) {
        int64_t position = tensor.position(d, at);
        if (position < 0 || position >= tensor.operand->shape[d])
          return;
        number = number * tensor.operand->shape[d] + position;
      }
      touched.push_back(number);
    }
    result.push_back(touched);
  });
  return result;
}
