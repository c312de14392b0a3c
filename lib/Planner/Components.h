//===- Components.h - loops that move along the same dims -------*- C++ -*-===//
//
// Loops that share an expression of an operand form a component: the two loops
// of a window, or a single loop. Each dim of each operand belongs to one
// component, so footprints, stripes and work of a shard are products over the
// components, and a component is looked at without the others.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_LIB_PLANNER_COMPONENTS_H
#define DCONV_LIB_PLANNER_COMPONENTS_H

#include "dconv/Geometry/Convolution.h"
#include "dconv/Geometry/Stripes.h"

#include <array>

namespace dconv {

/// Two inputs at most, and the output, which comes last.
constexpr unsigned mostOperands = 3;
template <typename T> using PerOperand = std::array<T, mostOperands>;

struct OperandDim {
  unsigned operand = 0; ///< number of the input, or of inputs for the output
  unsigned dim = 0;
  LinearExpr expr; ///< to positions of the unpadded tensor
  int64_t extent = 0;
};

struct Component {
  std::vector<unsigned> loops; ///< ascending
  std::vector<OperandDim> dims;
};

/// The components of `convolution`, ordered by their first loop; dims without
/// loops form one without loops, the last. An error where a loop is in two
/// dims of an operand, or the number of inputs is not one or two.
Result<std::vector<Component>> findComponents(const Convolution &convolution);

/// What the shards at one combination of the parts of a component own and
/// hold of it.
struct Cell {
  std::vector<int64_t> at; ///< coordinate per loop of the component
  /// Numbers of elements, products over the dims of the component.
  PerOperand<int64_t> held{1, 1, 1}, owned{1, 1, 1}, common{1, 1, 1};
  /// Per dim of the component.
  std::vector<Interval> heldAlong, ownedAlong;
};

/// What is known of a component divided in given parts without a look at every
/// shard.
struct Outline {
  PerOperand<int64_t> cut{1, 1, 1};     ///< parts that each operand is cut in
  PerOperand<double> meanHeld{1, 1, 1}; ///< elements, over the shards
  double imbalance = 1; ///< longest part over the mean, a product over loops
};

/// A component whose loops are divided in given stripes.
struct Division {
  std::vector<int64_t> parts;   ///< per loop of the component
  std::vector<int64_t> longest; ///< likewise, of its parts
  std::vector<Cell> cells;      ///< row-major
  /// Per operand, whether each cell holds all that it owns.
  PerOperand<bool> holdsOwned{true, true, true};
  /// Of the cells, those that can be the busiest where a greater coordinate
  /// never means a greater piece of a replica.
  std::vector<unsigned> extreme;
  unsigned representative = 0; ///< a cell with much to receive
  PerOperand<int64_t> mostOwned{1, 1, 1};
};

/// `component` of `convolution` with its loop i divided in `parts[i]` balanced
/// parts, 1 <= parts[i] <= its extent. Stripes are those of inputLayout and
/// outputLayout.
Outline outline(const Convolution &convolution, const Component &component,
                const std::vector<int64_t> &parts);
Division divide(const Convolution &convolution, const Component &component,
                const std::vector<int64_t> &parts);
/// The same in stripes that need not be balanced, one list per loop.
Outline outline(const Convolution &convolution, const Component &component,
                const std::vector<Stripes> &stripes);
Division divide(const Convolution &convolution, const Component &component,
                const std::vector<Stripes> &stripes);

} // namespace dconv

#endif // DCONV_LIB_PLANNER_COMPONENTS_H
