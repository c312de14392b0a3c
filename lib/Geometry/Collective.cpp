//===- Collective.cpp - how a tensor moves from one layout to another -----===//

#include "dconv/Geometry/Collective.h"

#include <algorithm>
#include <map>
#include <tuple>

using namespace dconv;

const char *dconv::toString(CollectiveAlgorithm algorithm) {
  switch (algorithm) {
  case CollectiveAlgorithm::Direct:
    return "direct";
  case CollectiveAlgorithm::Ring:
    return "ring";
  case CollectiveAlgorithm::Tree:
    return "tree";
  }
  return "";
}

/// For an order of boxes: dim by dim, begin before end.
static bool isBefore(const Box &a, const Box &b) {
  return std::lexicographical_compare(
      a.dims.begin(), a.dims.end(), b.dims.begin(), b.dims.end(),
      [](Interval x, Interval y) {
        return std::tie(x.begin, x.end) < std::tie(y.begin, y.end);
      });
}

namespace {
/// A box, who has it and who needs it.
struct Cast {
  int64_t source;
  Box box;
  std::vector<int64_t> destinations; ///< ascending; the source may be one

  bool reaches(int64_t shard) const {
    return std::binary_search(destinations.begin(), destinations.end(), shard);
  }
};

/// Routes casts over devices in a ring or a tree.
class Router {
public:
  Router(const Grid &grid, CollectiveAlgorithm algorithm)
      : grid(grid), isRing(algorithm == CollectiveAlgorithm::Ring) {}

  /// Adds the transfers of `cast`, the first of them in round `start`.
  void add(const Cast &cast, int start) {
    const int64_t home = grid.deviceOf(cast.source);
    // The members of the ring or tree: the source, then a shard per device.
    std::vector<int64_t> members = others(cast, home);
    members.insert(members.begin(), cast.source);
    for (int64_t shard : cast.destinations)
      if (grid.deviceOf(shard) == home)
        found.push_back({cast.source, shard, cast.box});
    for (int64_t k = 1, e = members.size(); k < e; ++k) {
      int64_t previous = isRing ? k - 1 : k - largestPower(k);
      int round = isRing ? k - 1 : log2(k);
      // After the first round the source of a tree takes all it sends from
      // where it has put what it has received, so that it goes together.
      bool relayed =
          previous > 0 || (!isRing && round > 0 && cast.reaches(cast.source));
      found.push_back(
          {members[previous], members[k], cast.box, start + round, relayed});
      for (int64_t shard : cast.destinations)
        if (shard != members[k] &&
            grid.deviceOf(shard) == grid.deviceOf(members[k]))
          found.push_back(
              {members[k], shard, cast.box, start + round + 1, true});
    }
  }

  std::vector<Transfer> take() { return std::move(found); }

private:
  /// The first destination on each device but `home`, in the order of devices
  /// that begins after it.
  std::vector<int64_t> others(const Cast &cast, int64_t home) const {
    std::vector<int64_t> before, after;
    int64_t last = home;
    for (int64_t shard : cast.destinations) {
      int64_t device = grid.deviceOf(shard);
      if (device == home || device == last)
        continue;
      last = device;
      (device < home ? before : after).push_back(shard);
    }
    after.insert(after.end(), before.begin(), before.end());
    return after;
  }

  static int log2(int64_t k) {
    int power = 0;
    while (k >>= 1)
      ++power;
    return power;
  }
  static int64_t largestPower(int64_t k) { return int64_t(1) << log2(k); }

  const Grid &grid;
  const bool isRing;
  std::vector<Transfer> found;
};
} // namespace

/// What moves, by the shards that need it.
static std::map<std::vector<int64_t>, std::vector<Cast>>
castsOf(const std::vector<Transfer> &direct) {
  auto order = [](const Transfer *a, const Transfer *b) {
    if (a->source != b->source)
      return a->source < b->source;
    if (a->box != b->box)
      return isBefore(a->box, b->box);
    return a->destination < b->destination;
  };
  std::vector<const Transfer *> sorted;
  for (const Transfer &transfer : direct)
    sorted.push_back(&transfer);
  std::sort(sorted.begin(), sorted.end(), order);

  std::map<std::vector<int64_t>, std::vector<Cast>> casts;
  for (auto it = sorted.begin(); it != sorted.end();) {
    Cast cast{(*it)->source, (*it)->box, {}};
    for (; it != sorted.end() && (*it)->source == cast.source &&
           (*it)->box == cast.box;
         ++it)
      cast.destinations.push_back((*it)->destination);
    casts[cast.destinations].push_back(std::move(cast));
  }
  return casts;
}

/// `cast` as `pieces`, divided along the longest dim of the box; empty ones are
/// left out.
static std::vector<Cast> divided(const Cast &cast, int64_t pieces) {
  if (pieces == 1 || cast.box.rank() == 0)
    return {cast};
  std::vector<int64_t> sizes = cast.box.sizes();
  size_t longest = std::max_element(sizes.begin(), sizes.end()) - sizes.begin();
  std::vector<Cast> parts;
  for (Interval stripe : balancedStripes(cast.box[longest], pieces)) {
    if (stripe.empty())
      continue;
    parts.push_back(cast);
    parts.back().box[longest] = stripe;
  }
  return parts;
}

/// Makes one transfer of those between the same shards in the same round whose
/// boxes together are a box.
static void merge(std::vector<Transfer> &transfers) {
  if (transfers.empty())
    return;
  auto key = [](const Transfer &t) {
    return std::tie(t.round, t.destination, t.source, t.relayed);
  };
  for (unsigned d = transfers.front().box.rank(); d-- > 0;) {
    // Those that differ in dim d alone become neighbours.
    std::sort(transfers.begin(), transfers.end(),
              [&](const Transfer &a, const Transfer &b) {
                if (key(a) != key(b))
                  return key(a) < key(b);
                Box x = a.box, y = b.box;
                x[d] = y[d] = {};
                return x == y ? a.box[d].begin < b.box[d].begin
                              : isBefore(x, y);
              });
    std::vector<Transfer> merged;
    for (Transfer &next : transfers) {
      if (!merged.empty() && key(merged.back()) == key(next)) {
        Box &before = merged.back().box;
        Box rest = next.box; // what would have to be there already
        rest[d] = {before[d].begin, next.box[d].begin};
        if (before == rest) {
          before[d].end = next.box[d].end;
          continue;
        }
      }
      merged.push_back(std::move(next));
    }
    transfers = std::move(merged);
  }
}

std::vector<Transfer> dconv::redistribution(const Grid &grid,
                                            const TensorLayout &from,
                                            const TensorLayout &to,
                                            CollectiveAlgorithm algorithm) {
  std::vector<Transfer> direct;
  for (int64_t shard = 0, e = grid.numShards(); shard < e; ++shard) {
    std::vector<Transfer> found = transfersTo(grid, from, to, shard);
    direct.insert(direct.end(), std::make_move_iterator(found.begin()),
                  std::make_move_iterator(found.end()));
  }
  if (algorithm == CollectiveAlgorithm::Direct)
    return direct;

  Router router(grid, algorithm);
  for (const auto &[destinations, casts] : castsOf(direct)) {
    int64_t devices = 1;
    for (size_t i = 1; i < destinations.size(); ++i)
      devices +=
          grid.deviceOf(destinations[i - 1]) != grid.deviceOf(destinations[i]);
    int64_t pieces = 1;
    if (algorithm == CollectiveAlgorithm::Ring)
      pieces = (devices + casts.size() - 1) / int64_t(casts.size());
    for (const Cast &cast : casts) {
      int start = 0;
      for (const Cast &piece : divided(cast, pieces))
        router.add(piece, start++);
    }
  }
  std::vector<Transfer> transfers = router.take();
  merge(transfers);
  std::sort(transfers.begin(), transfers.end(),
            [](const Transfer &a, const Transfer &b) {
              auto key = [](const Transfer &t) {
                return std::tie(t.round, t.destination, t.source, t.relayed);
              };
              return key(a) != key(b) ? key(a) < key(b)
                                      : isBefore(a.box, b.box);
            });
  return transfers;
}
