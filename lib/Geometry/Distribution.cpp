//===- Distribution.cpp - where the operands of a split lie ---------------===//

#include "dconv/Geometry/Distribution.h"

#include <algorithm>
#include <tuple>
#include <utility>

using namespace dconv;

namespace {
/// One combination of the coordinates of some axes.
struct Cell {
  int64_t index;      ///< row-major among the combinations
  Interval footprint; ///< of its part of the loops that these axes split
};
} // namespace

/// The part of each loop at combination `index` of `axes`, whole loops else.
static Box boxAt(const Convolution &convolution, const Split &split,
                 const std::vector<unsigned> &axes, int64_t index) {
  Box box = convolution.iterations();
  for (size_t a = axes.size(); a-- > 0;) {
    const AxisSplit &axis = split.axes[axes[a]];
    int64_t parts = axis.lengths.size();
    box[axis.loop] = stripesOf(axis.lengths)[index % parts];
    index /= parts;
  }
  return box;
}

/// Cuts `whole` at the midpoints between neighbouring footprints, in order of
/// position. Entry i of the result belongs to combination i of `axes`.
static Stripes cutAtMidpoints(const Convolution &convolution,
                              const Split &split,
                              const std::vector<unsigned> &axes,
                              const LinearExpr &expr, Interval whole) {
  int64_t count = 1;
  for (unsigned axis : axes)
    count *= split.axes[axis].lengths.size();
  std::vector<Cell> cells;
  for (int64_t i = 0; i < count; ++i)
    cells.push_back({i, footprint(expr, boxAt(convolution, split, axes, i))});
  std::sort(cells.begin(), cells.end(), [](const Cell &a, const Cell &b) {
    return std::tie(a.footprint.begin, a.index) <
           std::tie(b.footprint.begin, b.index);
  });

  Stripes stripes(count);
  int64_t begin = whole.begin;
  for (int64_t i = 0; i < count; ++i) {
    int64_t end = whole.end;
    if (i + 1 < count) {
      // Arithmetic shift: the floor also of a negative sum.
      end = (cells[i].footprint.end + cells[i + 1].footprint.begin) >> 1;
      end = std::min(std::max(end, begin), whole.end);
    }
    stripes[cells[i].index] = {begin, end};
    begin = end;
  }
  return stripes;
}

TensorLayout dconv::inputLayout(const Convolution &convolution,
                                const Split &split, const Operand &operand) {
  TensorLayout layout;
  AccessMap map = operand.unpaddedMap();
  std::vector<bool> used(split.axes.size());
  for (size_t d = 0; d < map.size(); ++d) {
    const LinearExpr &expr = map[d];
    std::vector<unsigned> outer, inner; // axes of the first cut, of the second
    bool anyParallel =
        std::any_of(expr.terms.begin(), expr.terms.end(), [&](const Term &t) {
          return !convolution.isReduction(t.loop);
        });
    for (unsigned axis = 0; axis < split.axes.size(); ++axis) {
      unsigned loop = split.axes[axis].loop;
      if (used[axis] || !expr.uses(loop))
        continue;
      used[axis] = true;
      bool divideAgain = anyParallel && convolution.isReduction(loop);
      (divideAgain ? inner : outer).push_back(axis);
    }

    Interval whole{0, operand.shape[d]};
    DimLayout dim;
    dim.axes = outer;
    dim.axes.insert(dim.axes.end(), inner.begin(), inner.end());
    int64_t pieces = 1;
    for (unsigned axis : inner)
      pieces *= split.axes[axis].lengths.size();
    for (Interval stripe :
         cutAtMidpoints(convolution, split, outer, expr, whole))
      for (Interval piece : balancedStripes(stripe, pieces))
        dim.owned.push_back(piece);

    // Clamped, so that one wholly in padding is empty at an end of the tensor.
    for (size_t i = 0; i < dim.owned.size(); ++i) {
      Interval read = footprint(expr, boxAt(convolution, split, dim.axes, i));
      dim.held.push_back({std::clamp(read.begin, whole.begin, whole.end),
                          std::clamp(read.end, whole.begin, whole.end)});
    }
    layout.dims.push_back(std::move(dim));
  }
  return layout;
}

TensorLayout dconv::outputLayout(const Convolution &convolution,
                                 const Split &split) {
  TensorLayout layout;
  for (size_t d = 0; d < convolution.output.map.size(); ++d) {
    DimLayout dim{{}, {{0, convolution.output.shape[d]}}, {}};
    for (unsigned axis = 0; axis < split.axes.size(); ++axis) {
      if (!convolution.output.map[d].uses(split.axes[axis].loop))
        continue;
      dim.axes = {axis};
      dim.owned = stripesOf(split.axes[axis].lengths);
    }
    dim.held = dim.owned;
    layout.dims.push_back(std::move(dim));
  }
  for (unsigned axis = 0; axis < split.axes.size(); ++axis)
    if (convolution.isReduction(split.axes[axis].loop) &&
        split.axes[axis].lengths.size() > 1)
      layout.partialAxes.push_back(axis);
  return layout;
}

int dconv::dividedDim(const TensorLayout &layout,
                      const std::vector<int64_t> &shape, int64_t pieces) {
  return dividedDim(shape, [&](unsigned d) {
    const Stripes &stripes = layout.dims[d].owned;
    return std::all_of(stripes.begin(), stripes.end(), [&](Interval stripe) {
      return dividesEvenly(stripe.size(), pieces);
    });
  });
}

/// Divides the stripes of `dividedDim` again over `axes`.
static void divideAgain(const Grid &grid, const std::vector<unsigned> &axes,
                        const std::vector<int64_t> &shape,
                        TensorLayout &layout) {
  if (axes.empty() || shape.empty())
    return;
  int64_t pieces = grid.sizeAlong(axes);
  DimLayout &dim = layout.dims[dividedDim(layout, shape, pieces)];
  dim.axes.insert(dim.axes.end(), axes.begin(), axes.end());
  Stripes stripes = std::exchange(dim.owned, {});
  for (Interval stripe : stripes)
    for (Interval piece : balancedStripes(stripe, pieces))
      dim.owned.push_back(piece);
  dim.held = dim.owned;
}

TensorLayout dconv::scatteredLayout(const Grid &grid,
                                    const TensorLayout &partial,
                                    const std::vector<int64_t> &shape) {
  TensorLayout layout = partial;
  layout.partialAxes.clear();
  divideAgain(grid, partial.partialAxes, shape, layout);
  return layout;
}

std::vector<unsigned> dconv::replicatedAxes(const Grid &grid,
                                            const TensorLayout &layout) {
  std::vector<unsigned> axes;
  for (unsigned axis = 0; axis < grid.shape.size(); ++axis)
    if (grid.shape[axis] > 1 && !layout.cuts(axis))
      axes.push_back(axis);
  return axes;
}

TensorLayout dconv::piecesLayout(const Grid &grid, const TensorLayout &layout,
                                 const std::vector<int64_t> &shape) {
  TensorLayout pieces = layout;
  for (DimLayout &dim : pieces.dims)
    dim.held = dim.owned;
  divideAgain(grid, replicatedAxes(grid, layout), shape, pieces);
  return pieces;
}

Box dconv::shardFootprint(const Convolution &convolution, const Split &split,
                          const Operand &operand, int64_t shard) {
  Grid grid = split.grid(/*devices=*/1);
  return footprint(operand.unpaddedMap(),
                   split.iterations(convolution, grid.coordinates(shard)));
}
