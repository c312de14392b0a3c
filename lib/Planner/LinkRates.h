//===- LinkRates.h - what the levels of a machine cost ----------*- C++ -*-===//
//
// On a machine of levels, the price of a transfer depends on the axes along
// which it goes: one that stays within the groups of a level has the link of
// that level, any other that of the first level outside in which it stays.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_LIB_PLANNER_LINKRATES_H
#define DCONV_LIB_PLANNER_LINKRATES_H

#include "dconv/Planner/Machine.h"

#include <memory>

namespace dconv {

/// Seconds of a message, and of each byte.
struct LinkCost {
  double latency = 0, perByte = 0;
};

/// An axis of a grid, or several taken together, among the levels.
struct AxisPlace {
  unsigned level = 0;
  int64_t stride = 1; ///< shards between neighbours
};

/// The shards of a grid among the groups of a machine, and what its links cost.
class LinkRates {
public:
  explicit LinkRates(const Machine &machine);

  unsigned numLevels() const { return levels.size(); }

  /// A link between devices that `level` joins and no level inside does. The
  /// way leads through the links inside, so it is no faster than those.
  LinkCost link(unsigned level) const { return levels[level].link; }

  /// The same where all devices of a group of the level inside use it at once
  /// and share what the group has: a part `share` of the `members` shards of
  /// the group sends.
  LinkCost shared(unsigned level, double share, double members) const;
  /// Whether groups share what they have for `level`.
  bool sharesGroups(unsigned level) const {
    return levels[level].groupPerByte > 0;
  }

  /// `cost` of a level, no less than that of the level inside.
  static LinkCost noLessThan(LinkCost cost, LinkCost inside);

  bool sharesGroupsAtAll() const { return sharesGroupsAnywhere; }

  /// How `shards` shards lie in the groups of the levels.
  struct Groups {
    /// Per level: a block of consecutive shards, aligned to its size, stays in
    /// a group where its size divides this; 0 where there is one group.
    std::vector<int64_t> aligned;
    /// Per level, of the fullest group; any number where no groups share.
    std::vector<int64_t> members;
  };
  const Groups &groups(int64_t shards);

  /// The innermost level in whose groups all lines along an axis of `parts`
  /// parts lie, `stride` shards apart.
  static AxisPlace place(const Groups &groups, int64_t stride, int64_t parts);

  LinkCost host() const { return hostLink; }
  double hostPerByte() const { return hostShared; }
  /// The devices share so many processors; 0: each has its own.
  int64_t processors() const { return numProcessors; }

private:
  struct Level {
    LinkCost link;
    double groupPerByte = 0;
  };

  const Machine &machine;
  std::vector<Level> levels;
  LinkCost hostLink;
  double hostShared = 0;
  int64_t numProcessors = 0;
  bool sharesGroupsAnywhere = false;
  /// By number of shards; empty where not asked yet. Asked for every class of
  /// splits, so it is no map.
  std::vector<std::unique_ptr<Groups>> known;
};

} // namespace dconv

#endif // DCONV_LIB_PLANNER_LINKRATES_H
