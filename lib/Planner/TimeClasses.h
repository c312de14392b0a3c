//===- TimeClasses.h - splits alike in their time ---------------*- C++ -*-===//
//
// As SplitClasses.h, with two more things that time depends on: how many owners
// a shard reads from, and which axes lie within the groups of the innermost
// level. On a machine of one level all do.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_LIB_PLANNER_TIMECLASSES_H
#define DCONV_LIB_PLANNER_TIMECLASSES_H

#include "Components.h"

#include <functional>

namespace dconv {

/// What all splits of a class have in common. Numbers are products over the
/// components, so one less a component is a quotient.
struct TimeKey {
  int32_t shards = 1;
  int32_t inner = 1; ///< parts of the axes that lie within a group
  PerOperand<int32_t> cut{1, 1, 1};
  /// Owners that a shard in the middle reads from, and those along inner axes.
  PerOperand<int32_t> sources{1, 1, 1}, innerSources{1, 1, 1};

  TimeKey times(const TimeKey &o) const;
  /// `*this` less `o` in `rest`; false where it is not a factor.
  bool less(const TimeKey &o, TimeKey &rest) const;
  bool operator==(const TimeKey &o) const;
  bool operator<(const TimeKey &o) const;
};

/// A class of splits, and what none of them is below.
struct TimeClass {
  TimeKey key;
  PerOperand<double> held{1, 1,
                          1}; ///< elements that a shard holds, in the mean
  /// No less than what a shard can read within its group, over what it owns, in
  /// the mean.
  PerOperand<double> growth{1, 1, 1};
  /// Owners that a shard reads from, in the mean; and no fewer than those
  /// within its group.
  PerOperand<double> sources{1, 1, 1}, innerSources{1, 1, 1};
  double imbalance = 1; ///< longest parts over the mean

  TimeClass times(const TimeClass &o) const;
  /// Keeps the key, and is bounded by what bounds `o` too.
  void unite(const TimeClass &o);
};

/// One way to divide a component and to place its axes.
struct TimeChoice {
  std::vector<int64_t> parts; ///< per loop of the component
  std::vector<bool> inner;    ///< likewise, whether its axis is within a group
  TimeClass own;
};

/// Which numbers of shards a split may have whose axes within groups have given
/// numbers of parts.
class InnerPlaces {
public:
  /// `aligned(S)`: what Groups::aligned says of S shards, up to `mostShards`.
  InnerPlaces(int64_t mostShards, int64_t mostInner,
              const std::function<int64_t(int64_t)> &aligned);
  /// All numbers may.
  InnerPlaces() = default;

  /// Whether a split that divides some loops in `shards` parts, and of them in
  /// `inner` within groups, can divide the others so that this is possible.
  bool can(int64_t shards, int64_t inner) const {
    return inner == 1 || possible.empty() || possible[inner][shards];
  }

private:
  std::vector<std::vector<bool>> possible; ///< by `inner`, then by shards
};

/// The classes of a sequence of components, and of each of its tails.
class TimeChain {
public:
  /// `isOut(i, class)`: whether no split is of interest that divides the
  /// components from number i on as those of the class.
  using IsOut = std::function<bool(unsigned, const TimeClass &)>;
  TimeChain(std::vector<const std::vector<TimeChoice> *> choices,
            int64_t mostShards, int64_t mostInner, const InnerPlaces &places,
            const IsOut &isOut);

  unsigned length() const { return choices.size(); }
  const std::vector<TimeChoice> &choicesOf(unsigned i) const {
    return *choices[i];
  }
  const std::vector<TimeClass> &classes(unsigned from = 0) const {
    return tails[from];
  }
  /// The class of `key` among those of the components from `from` on, or null.
  const TimeClass *find(unsigned from, const TimeKey &key) const;

private:
  std::vector<const std::vector<TimeChoice> *> choices;
  std::vector<std::vector<TimeClass>> tails;
};

} // namespace dconv

#endif // DCONV_LIB_PLANNER_TIMECLASSES_H
