//===- CellTable.cpp - what the parts of a component hold -----------------===//

#include "CellTable.h"

#include "dconv/Geometry/Distribution.h"

#include <algorithm>
#include <numeric>
#include <tuple>

using namespace dconv;

static int64_t floorDiv(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/// One dim of an operand: who owns what of it.
struct CellTable::Dim {
  const OperandDim *dim = nullptr;
  std::vector<size_t> outer, inner; ///< places of the loops that cut it
  int64_t pieces = 1;               ///< combinations of `inner`
  std::vector<Interval> owned;      ///< by outer, then inner combination
  std::vector<int64_t> cellOf;      ///< likewise: sum of at * stride
  std::vector<unsigned> byPosition; ///< of `owned`, those not empty
};

class CellTable::Builder {
public:
  Builder(const Convolution &convolution, const Component &component,
          const std::vector<Stripes> &stripes, CellTable &table)
      : convolution(convolution), component(component), stripes(stripes),
        table(table), numLoops(component.loops.size()), at(numLoops, 0),
        strides(numLoops, 1), box(convolution.iterations()) {
    for (size_t i = numLoops; i-- > 0;) {
      strides[i] = cells;
      cells *= stripes[i].size();
    }
  }

  void run() {
    for (const OperandDim &dim : component.dims)
      addDim(dim);
    table.all.resize(cells);
    addResultDims();
    int64_t index = 0;
    do {
      countCell(index++);
    } while (advance());
    serve();
    summarize();
  }

private:
  /// The next combination of coordinates; false after the last.
  bool advance() {
    for (size_t i = numLoops; i-- > 0;) {
      if (++at[i] < int64_t(stripes[i].size()))
        return true;
      at[i] = 0;
    }
    return false;
  }

  int64_t indexAlong(const std::vector<size_t> &loops) const {
    int64_t index = 0;
    for (size_t i : loops)
      index = index * stripes[i].size() + at[i];
    return index;
  }

  void addDim(const OperandDim &of) {
    Dim dim;
    dim.dim = &of;
    bool anyParallel = std::any_of(
        of.expr.terms.begin(), of.expr.terms.end(),
        [&](const Term &t) { return !convolution.isReduction(t.loop); });
    for (size_t i = 0; i < numLoops; ++i) {
      if (!of.expr.uses(component.loops[i]))
        continue;
      bool again = anyParallel && convolution.isReduction(component.loops[i]);
      (again ? dim.inner : dim.outer).push_back(i);
      if (again)
        dim.pieces *= stripes[i].size();
      table.cut[of.operand] *= stripes[i].size();
    }
    cutAtMidpoints(dim);
    dims.push_back(std::move(dim));
  }

  /// Calls `visit` for each combination of `loops`, the others at 0.
  template <typename Visit>
  void forEach(const std::vector<size_t> &loops, Visit visit) {
    while (true) {
      visit();
      size_t i = loops.size();
      while (i > 0 &&
             ++at[loops[i - 1]] == int64_t(stripes[loops[i - 1]].size()))
        at[loops[--i]] = 0;
      if (i == 0)
        return;
    }
  }

  int64_t cellAt(const std::vector<size_t> &loops) const {
    int64_t cell = 0;
    for (size_t i : loops)
      cell += at[i] * strides[i];
    return cell;
  }

  void cutAtMidpoints(Dim &dim) {
    const OperandDim &of = *dim.dim;
    std::vector<Interval> reads; // with all taps of `inner`
    std::vector<int64_t> outerCells, innerCells;
    for (size_t i = 0; i < numLoops; ++i)
      box[component.loops[i]] = {0, convolution.extents[component.loops[i]]};
    forEach(dim.outer, [&] {
      for (size_t i : dim.outer)
        box[component.loops[i]] = stripes[i][at[i]];
      reads.push_back(footprint(of.expr, box));
      outerCells.push_back(cellAt(dim.outer));
    });
    forEach(dim.inner, [&] { innerCells.push_back(cellAt(dim.inner)); });
    std::vector<unsigned> order(reads.size());
    std::iota(order.begin(), order.end(), 0);
    auto before = [&](unsigned a, unsigned b) {
      return std::tie(reads[a].begin, a) < std::tie(reads[b].begin, b);
    };
    if (!std::is_sorted(order.begin(), order.end(), before))
      std::sort(order.begin(), order.end(), before);
    dim.owned.resize(reads.size() * dim.pieces);
    dim.cellOf.resize(dim.owned.size());
    int64_t begin = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      int64_t end = of.extent;
      if (i + 1 < order.size())
        // Arithmetic shift: the floor also of a negative sum.
        end = std::clamp((reads[order[i]].end + reads[order[i + 1]].begin) >> 1,
                         begin, of.extent);
      int64_t first = order[i] * dim.pieces, piece = 0;
      int64_t size = (end - begin) / dim.pieces;
      int64_t longer = (end - begin) % dim.pieces;
      for (; piece < dim.pieces; ++piece) {
        int64_t next = begin + size + (piece < longer);
        dim.owned[first + piece] = {begin, next};
        dim.cellOf[first + piece] = outerCells[order[i]] + innerCells[piece];
        if (begin < next)
          dim.byPosition.push_back(first + piece);
        begin = next;
      }
    }
  }

  /// Calls `visit` for each stripe of `dim` that meets `held`.
  template <typename Visit>
  static void forOwners(const Dim &dim, Interval held, Visit visit) {
    auto from = std::partition_point(
        dim.byPosition.begin(), dim.byPosition.end(),
        [&](unsigned i) { return dim.owned[i].end <= held.begin; });
    for (; from != dim.byPosition.end() && dim.owned[*from].begin < held.end;
         ++from)
      visit(*from);
  }

  void addResultDims() {
    for (const Dim &dim : dims) {
      if (dim.dim->operand != convolution.inputs.size())
        continue;
      ResultDim result;
      result.dim = dim.dim->dim;
      for (Interval stripe : dim.owned) {
        int64_t length = stripe.size();
        result.longest = std::max(result.longest, length);
        if (std::find(result.lengths.begin(), result.lengths.end(), length) ==
            result.lengths.end())
          result.lengths.push_back(length);
      }
      std::fill(at.begin(), at.end(), 0);
      do {
        result.ofCell.push_back(dim.owned[indexAlong(dim.outer)].size());
      } while (advance());
      table.resultDims.push_back(std::move(result));
    }
  }

  void countCell(int64_t index) {
    CellCounts &cell = table.all[index];
    for (size_t i = 0; i < numLoops; ++i) {
      box[component.loops[i]] = stripes[i][at[i]];
      cell.macs *= stripes[i][at[i]].size();
    }
    cell.interior = cell.macs;
    for (const Dim &dim : dims) {
      const OperandDim &of = *dim.dim;
      unsigned t = of.operand;
      Interval read = footprint(of.expr, box);
      Interval held = read.intersect({0, of.extent});
      Interval own =
          dim.owned[indexAlong(dim.outer) * dim.pieces + indexAlong(dim.inner)];
      Interval common = held.intersect(own);
      cell.held[t] *= held.size();
      cell.owned[t] *= own.size();
      cell.common[t] *= common.size();
      cell.window[t] *= read.size();
      cell.hull[t] *= own.hull(read).size();
      cell.lies[t] = cell.lies[t] && read == own;
      if (t == convolution.inputs.size() || (held == own && !held.empty()))
        continue;
      int64_t sources = 0;
      if (!held.empty())
        forOwners(dim, held, [&](unsigned) { ++sources; });
      cell.sources[t] *= sources;
      cell.self[t] *= !common.empty();
      if (!own.contains(held))
        cell.interior = std::min(cell.interior, interiorOf(of, own, cell.macs));
    }
  }

  /// Of the `macs` iterations of `box`, those that read positions of `own` or
  /// padding alone.
  int64_t interiorOf(const OperandDim &of, Interval own, int64_t macs) const {
    const Term *parallel = nullptr;
    Interval rest{of.expr.constant, of.expr.constant + 1};
    for (const Term &term : of.expr.terms) {
      if (!convolution.isReduction(term.loop)) {
        if (parallel)
          return 0;
        parallel = &term;
        continue;
      }
      int64_t first = term.coefficient * box[term.loop].begin;
      int64_t last = term.coefficient * (box[term.loop].end - 1);
      rest.begin += std::min(first, last);
      rest.end += std::max(first, last);
    }
    if (!parallel)
      return 0;
    // c o + rest lies in [low, high) for o from `begin` up to below `end`.
    Interval range = box[parallel->loop];
    int64_t c = parallel->coefficient;
    auto above = [&](int64_t bound) { // c o >= bound
      if (c > 0)
        range.begin = std::max(range.begin, -floorDiv(-bound, c));
      else
        range.end = std::min(range.end, floorDiv(bound, c) + 1);
    };
    auto below = [&](int64_t bound) { // c o <= bound
      if (c > 0)
        range.end = std::min(range.end, floorDiv(bound, c) + 1);
      else
        range.begin = std::max(range.begin, -floorDiv(-bound, c));
    };
    if (own.begin > 0)
      above(own.begin - rest.begin);
    if (own.end < of.extent)
      below(own.end - rest.end);
    return macs / box[parallel->loop].size() * range.size();
  }

  /// Adds up, at each owner, what the cells that it serves hold of its stripe.
  void serve() {
    for (unsigned t = 0; t < convolution.inputs.size(); ++t) {
      std::vector<const Dim *> cutting;
      bool moves = false;
      for (const Dim &dim : dims)
        if (dim.dim->operand == t)
          cutting.push_back(&dim);
      for (const CellCounts &cell : table.all)
        moves |= cell.held[t] != cell.common[t];
      for (CellCounts &cell : table.all)
        cell.served[t] = moves ? 0 : cell.common[t];
      if (!moves)
        continue;
      std::fill(at.begin(), at.end(), 0);
      int64_t index = 0;
      do {
        for (size_t i = 0; i < numLoops; ++i)
          box[component.loops[i]] = stripes[i][at[i]];
        int64_t source = index++;
        for (const Dim *dim : cutting)
          source -= cellAt(dim->outer) + cellAt(dim->inner);
        serveFrom(t, cutting, 0, source, 1);
      } while (advance());
    }
  }

  void serveFrom(unsigned t, const std::vector<const Dim *> &cutting, size_t d,
                 int64_t source, int64_t elements) {
    if (d == cutting.size()) {
      table.all[source].served[t] += elements;
      return;
    }
    const Dim &dim = *cutting[d];
    Interval held =
        footprint(dim.dim->expr, box).intersect({0, dim.dim->extent});
    if (held.empty())
      return;
    forOwners(dim, held, [&](unsigned i) {
      serveFrom(t, cutting, d + 1, source + dim.cellOf[i],
                elements * dim.owned[i].intersect(held).size());
    });
  }

  void summarize() {
    for (const CellCounts &cell : table.all) {
      table.interiorShare =
          std::min(table.interiorShare, double(cell.interior) / cell.macs);
      for (unsigned t = 0; t < mostOperands; ++t) {
        table.mostOwned[t] = std::max(table.mostOwned[t], cell.owned[t]);
        table.mostWindow[t] = std::max(table.mostWindow[t], cell.window[t]);
        table.mostHull[t] = std::max(table.mostHull[t], cell.hull[t]);
        table.sumHeld[t] += cell.held[t];
        table.sumCommon[t] += cell.common[t];
        table.sumSources[t] += cell.sources[t];
        table.sumSelf[t] += cell.self[t];
        if (t >= convolution.inputs.size())
          continue;
        addUndominated(table.halos[t], HaloCell{cell.held[t], cell.common[t],
                                                cell.sources[t], cell.self[t]});
        if (cell.owned[t] != 0)
          addUndominated(table.rooms[t],
                         RoomCell{cell.owned[t], cell.window[t], cell.hull[t]});
      }
    }
  }

  template <typename Cell>
  static void addUndominated(std::vector<Cell> &cells, Cell cell) {
    for (const Cell &other : cells)
      if (other.dominates(cell))
        return;
    cells.erase(std::remove_if(
                    cells.begin(), cells.end(),
                    [&](const Cell &other) { return cell.dominates(other); }),
                cells.end());
    cells.push_back(cell);
  }

  const Convolution &convolution;
  const Component &component;
  const std::vector<Stripes> &stripes;
  CellTable &table;
  size_t numLoops;
  int64_t cells = 1;
  std::vector<int64_t> at, strides;
  Box box; ///< of the whole iteration space, the component's loops varied
  std::vector<Dim> dims;
};

CellTable::CellTable(const Convolution &convolution, const Component &component,
                     const std::vector<Stripes> &stripes) {
  Builder(convolution, component, stripes, *this).run();
}

PiecesDim::PiecesDim(const Convolution &convolution,
                     const std::vector<const CellTable *> &tables,
                     int64_t pieces)
    : number(pieces) {
  if (pieces == 1)
    return;
  auto find = [&](unsigned d) {
    for (unsigned c = 0; c < tables.size(); ++c)
      for (const ResultDim &of : tables[c]->resultDims)
        if (of.dim == d)
          return std::make_pair(c, &of);
    return std::make_pair(0u, (const ResultDim *)nullptr);
  };
  const std::vector<int64_t> &shape = convolution.output.shape;
  const int divided = dividedDim(shape, [&](unsigned d) {
    const std::vector<int64_t> &lengths = find(d).second->lengths;
    return std::all_of(lengths.begin(), lengths.end(), [&](int64_t length) {
      return dividesEvenly(length, pieces);
    });
  });
  if (divided < 0)
    return;
  std::tie(place, dim) = find(divided);
  innermost = divided > 0 && divided + 1 == int(shape.size());
}
