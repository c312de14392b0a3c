//===- Layout.cpp - how a tensor lies on the grid -------------------------===//

#include "dconv/Geometry/Layout.h"

#include <algorithm>

using namespace dconv;

TensorLayout TensorLayout::replicated(const std::vector<int64_t> &shape) {
  TensorLayout layout;
  for (int64_t extent : shape)
    layout.dims.push_back({{}, {{0, extent}}, {{0, extent}}});
  return layout;
}

/// The box of `shard` whose interval in each dim is one of `stripes`.
static Box boxOf(const TensorLayout &layout, Stripes DimLayout::*stripes,
                 const Grid &grid, int64_t shard) {
  std::vector<int64_t> at = grid.coordinates(shard);
  Box box;
  for (const DimLayout &dim : layout.dims)
    box.dims.push_back((dim.*stripes)[grid.indexAlong(dim.axes, at)]);
  return box;
}

Box TensorLayout::owned(const Grid &grid, int64_t shard) const {
  return boxOf(*this, &DimLayout::owned, grid, shard);
}

Box TensorLayout::held(const Grid &grid, int64_t shard) const {
  return boxOf(*this, &DimLayout::held, grid, shard);
}

bool TensorLayout::cuts(unsigned axis) const {
  return std::any_of(dims.begin(), dims.end(), [&](const DimLayout &dim) {
    return std::find(dim.axes.begin(), dim.axes.end(), axis) != dim.axes.end();
  });
}

std::vector<unsigned> TensorLayout::cutAxes() const {
  std::vector<unsigned> axes;
  for (const DimLayout &dim : dims)
    axes.insert(axes.end(), dim.axes.begin(), dim.axes.end());
  std::sort(axes.begin(), axes.end());
  return axes;
}

namespace {
/// Visits the combinations of one candidate per dim, dim by dim.
class SourceSearch {
public:
  SourceSearch(const Grid &grid, const TensorLayout &from, const Box &wanted,
               std::vector<int64_t> at, int64_t destination)
      : grid(grid), from(from), wanted(wanted), at(std::move(at)),
        destination(destination) {}

  std::vector<Transfer> run() {
    visit(0);
    std::sort(found.begin(), found.end(),
              [](const Transfer &a, const Transfer &b) {
                return a.source < b.source;
              });
    return std::move(found);
  }

private:
  void visit(unsigned d) {
    if (d == from.dims.size()) {
      found.push_back({grid.shardAt(at), destination, box});
      return;
    }
    const DimLayout &dim = from.dims[d];
    for (size_t i = 0; i < dim.owned.size(); ++i) {
      Interval part = dim.owned[i].intersect(wanted[d]);
      if (part.empty())
        continue;
      int64_t rest = i;
      for (size_t a = dim.axes.size(); a-- > 0; rest /= grid.shape[dim.axes[a]])
        at[dim.axes[a]] = rest % grid.shape[dim.axes[a]];
      box.dims.push_back(part);
      visit(d + 1);
      box.dims.pop_back();
    }
  }

  const Grid &grid;
  const TensorLayout &from;
  const Box &wanted;
  std::vector<int64_t> at;
  int64_t destination;
  Box box;
  std::vector<Transfer> found;
};
} // namespace

std::vector<Transfer> dconv::transfersTo(const Grid &grid,
                                         const TensorLayout &from,
                                         const TensorLayout &to,
                                         int64_t destination) {
  Box wanted = to.held(grid, destination);
  if (wanted.empty())
    return {};
  return SourceSearch(grid, from, wanted, grid.coordinates(destination),
                      destination)
      .run();
}
