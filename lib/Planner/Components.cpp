//===- Components.cpp - loops that move along the same dims ---------------===//

#include "Components.h"

#include "dconv/Geometry/Stripes.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <numeric>
#include <tuple>

using namespace dconv;

/// The first loop that several dims of one operand use, or -1.
static int findSharedLoop(const Convolution &convolution,
                          const std::vector<OperandDim> &dims) {
  for (unsigned loop = 0; loop < convolution.numLoops(); ++loop) {
    PerOperand<unsigned> uses{0, 0, 0};
    for (const OperandDim &dim : dims)
      if (dim.expr.uses(loop) && ++uses[dim.operand] > 1)
        return loop;
  }
  return -1;
}

/// For each loop the first loop of its component.
static std::vector<unsigned> firstLoops(const Convolution &convolution,
                                        const std::vector<OperandDim> &dims) {
  std::vector<unsigned> first(convolution.numLoops());
  std::iota(first.begin(), first.end(), 0);
  for (const OperandDim &dim : dims)
    for (const Term &term : dim.expr.terms) {
      unsigned a = first[dim.expr.terms[0].loop], b = first[term.loop];
      std::replace(first.begin(), first.end(), std::max(a, b), std::min(a, b));
    }
  return first;
}

Result<std::vector<Component>>
dconv::findComponents(const Convolution &convolution) {
  if (convolution.inputs.empty() || convolution.inputs.size() >= mostOperands)
    return Error{"a convolution has one or two inputs, not " +
                 std::to_string(convolution.inputs.size())};
  std::vector<OperandDim> dims;
  for (unsigned i = 0; i <= convolution.inputs.size(); ++i) {
    bool isInput = i < convolution.inputs.size();
    const Operand &operand =
        isInput ? convolution.inputs[i] : convolution.output;
    AccessMap map = operand.unpaddedMap();
    for (unsigned d = 0; d < map.size(); ++d)
      dims.push_back({i, d, map[d], operand.shape[d]});
  }

  if (int loop = findSharedLoop(convolution, dims); loop >= 0)
    return Error{"loop " + std::to_string(loop) +
                 " is in two dims of an operand"};
  std::vector<unsigned> first = firstLoops(convolution, dims);
  std::map<unsigned, Component> byFirst;
  for (unsigned loop = 0; loop < convolution.numLoops(); ++loop)
    byFirst[first[loop]].loops.push_back(loop);
  for (const OperandDim &dim : dims) {
    bool constant = dim.expr.terms.empty();
    byFirst[constant ? convolution.numLoops() : first[dim.expr.terms[0].loop]]
        .dims.push_back(dim);
  }

  std::vector<Component> components;
  for (auto &[loop, component] : byFirst)
    components.push_back(std::move(component));
  return components;
}

static int64_t longestOf(const Stripes &stripes) {
  int64_t longest = 0;
  for (Interval stripe : stripes)
    longest = std::max(longest, stripe.size());
  return longest;
}

namespace {
/// Makes the Division of one component.
class Divider {
public:
  Divider(const Convolution &convolution, const Component &component,
          std::vector<Stripes> given)
      : convolution(convolution), component(component),
        box(convolution.iterations()), stripes(std::move(given)) {
    for (const Stripes &ofLoop : stripes) {
      result.parts.push_back(ofLoop.size());
      result.longest.push_back(longestOf(ofLoop));
    }
  }

  Division run() {
    makeCells();
    for (const OperandDim &dim : component.dims)
      divideDim(dim);
    summarize();
    findExtreme();
    return std::move(result);
  }

private:
  void makeCells() {
    std::vector<int64_t> at(component.loops.size(), 0);
    while (true) {
      Cell cell;
      cell.at = at;
      cell.heldAlong.reserve(component.dims.size());
      cell.ownedAlong.reserve(component.dims.size());
      result.cells.push_back(std::move(cell));
      size_t i = at.size();
      while (i > 0 && ++at[i - 1] == result.parts[i - 1])
        at[--i] = 0;
      if (i == 0)
        return;
    }
  }

  bool cutsFirst(const OperandDim &dim, unsigned loop) const {
    bool anyParallel = std::any_of(
        dim.expr.terms.begin(), dim.expr.terms.end(),
        [&](const Term &t) { return !convolution.isReduction(t.loop); });
    return !anyParallel || !convolution.isReduction(loop);
  }

  /// The footprint of the whole of the component, but for loops of `outer`,
  /// which are at `at`.
  Interval allTapFootprint(const OperandDim &dim,
                           const std::vector<size_t> &outer,
                           const std::vector<int64_t> &at) {
    for (size_t i = 0; i < component.loops.size(); ++i)
      box[component.loops[i]] = {0, convolution.extents[component.loops[i]]};
    for (size_t i : outer)
      box[component.loops[i]] = stripes[i][at[i]];
    return footprint(dim.expr, box);
  }

  /// What each combination of `outer` owns of `dim` before reductions divide
  /// it again, numbered row-major.
  Stripes firstCut(const OperandDim &dim, const std::vector<size_t> &outer) {
    std::vector<Interval> reads;
    std::vector<int64_t> at(component.loops.size(), 0);
    while (true) {
      reads.push_back(allTapFootprint(dim, outer, at));
      size_t i = outer.size();
      while (i > 0 && ++at[outer[i - 1]] == result.parts[outer[i - 1]])
        at[outer[--i]] = 0;
      if (i == 0)
        break;
    }
    std::vector<size_t> order(reads.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return std::tie(reads[a].begin, a) < std::tie(reads[b].begin, b);
    });
    Stripes owned(reads.size());
    int64_t begin = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      int64_t end = dim.extent;
      if (i + 1 < order.size())
        // Arithmetic shift: the floor also of a negative sum.
        end = std::clamp((reads[order[i]].end + reads[order[i + 1]].begin) >> 1,
                         begin, dim.extent);
      owned[order[i]] = {begin, end};
      begin = end;
    }
    return owned;
  }

  void divideDim(const OperandDim &dim) {
    std::vector<size_t> outer, inner; // loops of the first cut, of the second
    int64_t pieces = 1;
    for (size_t i = 0; i < component.loops.size(); ++i) {
      if (!dim.expr.uses(component.loops[i]))
        continue;
      if (cutsFirst(dim, component.loops[i])) {
        outer.push_back(i);
        continue;
      }
      inner.push_back(i);
      pieces *= result.parts[i];
    }
    std::vector<Stripes> owned;
    for (Interval stripe : firstCut(dim, outer))
      owned.push_back(balancedStripes(stripe, pieces));

    auto indexAlong = [&](const std::vector<size_t> &loops, const Cell &cell) {
      int64_t index = 0;
      for (size_t i : loops)
        index = index * result.parts[i] + cell.at[i];
      return index;
    };
    for (Cell &cell : result.cells) {
      for (size_t i = 0; i < component.loops.size(); ++i)
        box[component.loops[i]] = stripes[i][cell.at[i]];
      Interval held = footprint(dim.expr, box).intersect({0, dim.extent});
      Interval own = owned[indexAlong(outer, cell)][indexAlong(inner, cell)];
      unsigned t = dim.operand;
      cell.held[t] *= held.size();
      cell.owned[t] *= own.size();
      cell.common[t] *= held.intersect(own).size();
      cell.heldAlong.push_back(held);
      cell.ownedAlong.push_back(own);
    }
  }

  void summarize() {
    PerOperand<double> held{0, 0, 0};
    for (const Cell &cell : result.cells) {
      for (unsigned t = 0; t < mostOperands; ++t) {
        held[t] += cell.held[t];
        result.mostOwned[t] = std::max(result.mostOwned[t], cell.owned[t]);
        result.holdsOwned[t] &= cell.common[t] == cell.owned[t];
      }
    }
    auto load = [&](const Cell &cell) {
      double missing = 0, all = 0;
      for (unsigned t = 0; t < mostOperands; ++t) {
        missing += (cell.held[t] - cell.common[t]) / held[t];
        all += cell.held[t] / held[t];
      }
      return std::make_pair(missing, all);
    };
    for (unsigned i = 1; i < result.cells.size(); ++i)
      if (load(result.cells[i]) >= load(result.cells[result.representative]))
        result.representative = i;
  }

  /// Of the cells alike in sizes, and in where what they own lies in what they
  /// hold, keeps those without another at coordinates at least as great.
  void findExtreme() {
    std::map<std::vector<int64_t>, std::vector<unsigned>> kept;
    std::vector<int64_t> sizes, last;
    std::vector<unsigned> *alike = nullptr; // those of `last`
    for (unsigned i = result.cells.size(); i-- > 0;) {
      const Cell &cell = result.cells[i];
      sizes.clear();
      for (size_t d = 0; d < component.dims.size(); ++d) {
        Interval held = cell.heldAlong[d], owned = cell.ownedAlong[d];
        Interval common = held.intersect(owned);
        sizes.insert(sizes.end(),
                     {held.size(), owned.size(), common.size(),
                      common.empty() ? 0 : common.begin - owned.begin});
      }
      if (!alike || sizes != last) {
        alike = &kept[sizes];
        last = sizes;
      }
      bool dominated =
          std::any_of(alike->begin(), alike->end(), [&](unsigned other) {
            const std::vector<int64_t> &at = result.cells[other].at;
            return std::equal(at.begin(), at.end(), cell.at.begin(),
                              [](int64_t a, int64_t b) { return a >= b; });
          });
      if (!dominated)
        alike->push_back(i);
    }
    for (const auto &[of, cells] : kept)
      result.extreme.insert(result.extreme.end(), cells.begin(), cells.end());
    std::sort(result.extreme.begin(), result.extreme.end());
  }

  const Convolution &convolution;
  const Component &component;
  Box box; ///< of the whole iteration space, the component's loops varied
  std::vector<Stripes> stripes; ///< per loop of the component
  Division result;
};
} // namespace

Division dconv::divide(const Convolution &convolution,
                       const Component &component,
                       const std::vector<Stripes> &stripes) {
  return Divider(convolution, component, stripes).run();
}

Division dconv::divide(const Convolution &convolution,
                       const Component &component,
                       const std::vector<int64_t> &parts) {
  std::vector<Stripes> stripes;
  for (size_t i = 0; i < parts.size(); ++i)
    stripes.push_back(balancedStripes(
        {0, convolution.extents[component.loops[i]]}, parts[i]));
  return Divider(convolution, component, std::move(stripes)).run();
}

/// The mean size of the footprint within the tensor along `dim`, whose terms
/// have the given stripes.
static double meanFootprint(const OperandDim &dim,
                            const std::vector<Stripes> &stripes) {
  const std::vector<Term> &terms = dim.expr.terms;
  if (terms.empty())
    return Interval{dim.expr.constant, dim.expr.constant + 1}
        .intersect({0, dim.extent})
        .size();
  auto reach = [&](size_t i, Interval part, Interval read) {
    int64_t first = terms[i].coefficient * part.begin;
    int64_t last = terms[i].coefficient * (part.end - 1);
    return Interval{read.begin + std::min(first, last),
                    read.end + std::max(first, last)};
  };
  size_t longest = 0; // the term with the most stripes
  int64_t cells = 1;
  for (size_t i = 0; i < terms.size(); ++i) {
    cells *= stripes[i].size();
    if (stripes[i].size() > stripes[longest].size())
      longest = i;
  }
  const Stripes &along = stripes[longest];
  const int64_t parts = along.size();
  const bool ascends = terms[longest].coefficient > 0;
  double sum = 0;
  std::vector<size_t> at(terms.size(), 0);
  while (true) {
    Interval rest{dim.expr.constant, dim.expr.constant + 1};
    for (size_t i = 0; i < terms.size(); ++i)
      if (i != longest)
        rest = reach(i, stripes[i][at[i]], rest);
    // All in one piece, less what reaches over an end: few of many do.
    int64_t coefficient = std::abs(terms[longest].coefficient);
    sum +=
        double(rest.size()) * parts +
        double(coefficient) * (along.back().end - along.front().begin - parts);
    auto clipped = [&](int64_t p) {
      Interval read = reach(longest, along[p], rest);
      return read.size() - read.intersect({0, dim.extent}).size();
    };
    int64_t low = 0, high = parts;
    for (; low < parts; ++low) {
      int64_t p = ascends ? low : parts - 1 - low;
      if (reach(longest, along[p], rest).begin >= 0)
        break;
      sum -= clipped(p);
    }
    for (; high > low; --high) {
      int64_t p = ascends ? high - 1 : parts - high;
      if (reach(longest, along[p], rest).end <= dim.extent)
        break;
      sum -= clipped(p);
    }
    size_t i = terms.size();
    while (i-- > 0) {
      if (i == longest)
        continue;
      if (++at[i] < stripes[i].size())
        break;
      at[i] = 0;
    }
    if (i == size_t(-1))
      return sum / cells;
  }
}

/// `stripesOf(i)` makes the stripes of loop i of the component, in `parts[i]`
/// parts of which the longest has `longest[i]`.
template <typename StripesOf>
static Outline
outlineOf(const Convolution &convolution, const Component &component,
          const std::vector<int64_t> &parts,
          const std::vector<int64_t> &longest, StripesOf stripesOf) {
  Outline result;
  std::vector<size_t> places(convolution.numLoops());
  for (size_t i = 0; i < parts.size(); ++i) {
    int64_t extent = convolution.extents[component.loops[i]];
    places[component.loops[i]] = i;
    result.imbalance *= double(longest[i]) * parts[i] / extent;
  }

  for (const OperandDim &dim : component.dims) {
    double mean = 1;
    std::vector<Stripes> stripes;
    Interval reached = footprint(dim.expr, convolution.iterations());
    bool padded = !Interval{0, dim.extent}.contains(reached);
    for (const Term &term : dim.expr.terms) {
      int64_t extent = convolution.extents[term.loop];
      size_t i = places[term.loop];
      result.cut[dim.operand] *= parts[i];
      mean += std::abs(term.coefficient) * (double(extent) / parts[i] - 1);
      if (padded)
        stripes.push_back(stripesOf(i));
    }
    if (padded)
      mean = meanFootprint(dim, stripes);
    // Dims of one operand have loops of their own, so means multiply.
    result.meanHeld[dim.operand] *= mean;
  }
  return result;
}

Outline dconv::outline(const Convolution &convolution,
                       const Component &component,
                       const std::vector<int64_t> &parts) {
  std::vector<int64_t> longest;
  for (size_t i = 0; i < parts.size(); ++i) {
    int64_t extent = convolution.extents[component.loops[i]];
    longest.push_back((extent + parts[i] - 1) / parts[i]);
  }
  return outlineOf(convolution, component, parts, longest, [&](size_t i) {
    int64_t extent = convolution.extents[component.loops[i]];
    return balancedStripes({0, extent}, parts[i]);
  });
}

Outline dconv::outline(const Convolution &convolution,
                       const Component &component,
                       const std::vector<Stripes> &stripes) {
  std::vector<int64_t> parts, longest;
  for (const Stripes &ofLoop : stripes) {
    parts.push_back(ofLoop.size());
    longest.push_back(longestOf(ofLoop));
  }
  return outlineOf(convolution, component, parts, longest,
                   [&](size_t i) { return stripes[i]; });
}
