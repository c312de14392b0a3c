//===- LinkRates.cpp - what the levels of a machine cost ------------------===//

#include "LinkRates.h"

#include <algorithm>
#include <numeric>

using namespace dconv;

LinkRates::LinkRates(const Machine &machine) : machine(machine) {
  LinkCost worst;
  int64_t inside = 1; // devices of a group of the level before
  for (const LinkLevel &of : machine.levels) {
    worst.latency = std::max(worst.latency, of.link.latency);
    worst.perByte = std::max(worst.perByte, 1 / of.link.bandwidth);
    Level level{worst, of.groupBandwidth ? 1 / *of.groupBandwidth : 0.0};
    // A group that has enough for all its devices shares nothing.
    if (inside * level.groupPerByte <= worst.perByte)
      level.groupPerByte = 0;
    sharesGroupsAnywhere |= level.groupPerByte > 0;
    levels.push_back(level);
    inside = of.devices;
  }
  hostLink = {machine.hostLink.latency, 1 / machine.hostLink.bandwidth};
  if (machine.hostBandwidth)
    hostShared = 1 / *machine.hostBandwidth;
  numProcessors = machine.processors.value_or(0);
}

LinkCost LinkRates::shared(unsigned level, double share, double members) const {
  LinkCost cost = levels[level].link;
  cost.perByte =
      std::max(cost.perByte, share * members * levels[level].groupPerByte);
  return cost;
}

LinkCost LinkRates::noLessThan(LinkCost cost, LinkCost inside) {
  return {std::max(cost.latency, inside.latency),
          std::max(cost.perByte, inside.perByte)};
}

const LinkRates::Groups &LinkRates::groups(int64_t shards) {
  if (shards >= int64_t(known.size()))
    known.resize(std::max(shards, machine.numDevices()) + 1);
  if (known[shards])
    return *known[shards];
  known[shards] = std::make_unique<Groups>();
  Groups &groups = *known[shards];
  const int64_t devices = machine.numDevices();
  for (const LinkLevel &level : machine.levels) {
    int64_t aligned = 0, members = 1;
    if (level.devices > machine.placeOf(devices - 1)) {
      members = shards;
    } else if (machine.places.empty() &&
               level.devices * shards % devices == 0) {
      aligned = members = level.devices * shards / devices;
    } else {
      members = 0;
      int64_t begin = 0; // of the shards of the group
      int64_t group = machine.groupOf(0, level);
      // Members matter to groups that share; nothing is finer than 1.
      for (int64_t shard = 1;
           shard < shards && (aligned != 1 || sharesGroupsAnywhere); ++shard) {
        int64_t next = machine.groupOf(shard * devices / shards, level);
        if (next == group)
          continue;
        group = next;
        members = std::max(members, shard - begin);
        begin = shard;
        aligned = std::gcd(aligned, shard);
      }
      members = std::max(members, shards - begin);
    }
    groups.aligned.push_back(aligned);
    groups.members.push_back(members);
  }
  return groups;
}

AxisPlace LinkRates::place(const Groups &groups, int64_t stride,
                           int64_t parts) {
  AxisPlace place{0, stride};
  // The last level joins all.
  while (place.level + 1 < groups.aligned.size() &&
         groups.aligned[place.level] % (stride * parts) != 0)
    ++place.level;
  return place;
}
