//===- SplitClasses.h - splits with the same numbers of parts ---*- C++ -*-===//
//
// Two splits are of one class where each tensor is cut in the same number of
// parts. A class has a lower bound of its words; classes of some components
// combine to classes of all.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_LIB_PLANNER_SPLITCLASSES_H
#define DCONV_LIB_PLANNER_SPLITCLASSES_H

#include "Components.h"

namespace dconv {

/// One way to divide a component.
struct Choice {
  std::vector<int64_t> parts; ///< per loop of the component
  int64_t shards = 1;         ///< their product
  Outline outline;
};

/// What all splits of a class have in common.
struct ClassKey {
  int64_t shards = 1;
  PerOperand<int64_t> cut{1, 1, 1};

  bool operator==(const ClassKey &o) const {
    return shards == o.shards && cut == o.cut;
  }
  bool operator<(const ClassKey &o) const {
    return shards != o.shards ? shards < o.shards : cut < o.cut;
  }
};

/// A class of splits of the components from one on, and what none of them is
/// below: the elements of each operand that a shard holds, in the mean, and the
/// imbalance (longest parts over the mean).
struct SplitClass {
  ClassKey key;
  PerOperand<double> held{1, 1, 1};
  double imbalance = 1;
};

/// The classes of a sequence of components, and of each of its tails.
class ClassChain {
public:
  /// `choices`: per component. No class has more than `mostShards` shards or
  /// exceeds `mostImbalance`.
  ClassChain(std::vector<const std::vector<Choice> *> choices,
             int64_t mostShards, double mostImbalance);

  unsigned length() const { return choices.size(); }
  const std::vector<Choice> &choicesOf(unsigned i) const { return *choices[i]; }
  /// The classes of the components from number `from` on, ascending by key; of
  /// those past the last, the class of the split that divides nothing.
  const std::vector<SplitClass> &classes(unsigned from = 0) const {
    return tails[from];
  }
  /// The class of `key` less `choice` among those of the components after
  /// `from`, or null.
  const SplitClass *rest(unsigned from, const ClassKey &key,
                         const Choice &choice) const;

private:
  std::vector<const std::vector<Choice> *> choices;
  std::vector<std::vector<SplitClass>> tails;
};

} // namespace dconv

#endif // DCONV_LIB_PLANNER_SPLITCLASSES_H
