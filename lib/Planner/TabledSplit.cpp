//===- TabledSplit.cpp - the tables of one split --------------------------===//

#include "TabledSplit.h"

using namespace dconv;

TabledSplit::TabledSplit(const Convolution &convolution, const Split &split) {
  Result<std::vector<Component>> found = findComponents(convolution);
  if (!found)
    return;
  components = std::move(*found);
  for (int64_t extent : convolution.extents)
    stripes.push_back({{0, extent}});
  for (const AxisSplit &axis : split.axes) {
    stripes[axis.loop] = stripesOf(axis.lengths);
    view.shards *= axis.lengths.size();
    if (axis.lengths.size() > 1)
      view.order.push_back(axis.loop);
  }
  for (const Component &component : components) {
    std::vector<Stripes> own;
    for (unsigned loop : component.loops)
      own.push_back(stripes[loop]);
    tables.emplace_back(convolution, component, own);
    view.tables.push_back(&tables.back());
  }
  for (const Stripes &ofLoop : stripes)
    loops.emplace_back(ofLoop);
  for (const LoopParts &loop : loops)
    view.loops.push_back(&loop);
}
