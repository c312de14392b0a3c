//===- TabledSplit.h - the tables of one split ------------------*- C++ -*-===//

#ifndef DCONV_LIB_PLANNER_TABLEDSPLIT_H
#define DCONV_LIB_PLANNER_TABLEDSPLIT_H

#include "ShardWalk.h"

#include <deque>

namespace dconv {

/// A Split as a SplitView, with all that it points to.
struct TabledSplit {
  TabledSplit(const Convolution &convolution, const Split &split);
  TabledSplit(const TabledSplit &) = delete;

  /// False where the convolution has no components.
  bool valid() const { return !components.empty(); }

  std::vector<Component> components;
  std::vector<Stripes> stripes; ///< per loop
  std::deque<CellTable> tables;
  std::vector<LoopParts> loops;
  SplitView view;
};

} // namespace dconv

#endif // DCONV_LIB_PLANNER_TABLEDSPLIT_H
