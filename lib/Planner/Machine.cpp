//===- Machine.cpp - devices and the links between them -------------------===//

#include "dconv/Planner/Machine.h"
#include "dconv/Geometry/Grid.h"
#include "dconv/Planner/MachineFields.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <queue>
#include <set>

using namespace dconv;

/// What the path between two devices is chosen for.
static constexpr double pathBytes = 1 << 20;

const char *dconv::toString(KernelClass kernelClass) {
  switch (kernelClass) {
  case KernelClass::Dense:
    return "dense";
  case KernelClass::Depthwise:
    return "depthwise";
  case KernelClass::Pooling:
    return "pooling";
  case KernelClass::DenseColumns:
    return "dense-columns";
  case KernelClass::DepthwiseColumns:
    return "depthwise-columns";
  case KernelClass::DenseDots:
    return "dense-dots";
  }
  return "";
}

KernelClass dconv::generalClass(KernelClass kernelClass) {
  switch (kernelClass) {
  case KernelClass::DenseColumns:
  case KernelClass::DenseDots:
    return KernelClass::Dense;
  case KernelClass::DepthwiseColumns:
    return KernelClass::Depthwise;
  default:
    return kernelClass;
  }
}

bool dconv::operator==(const KernelRate &a, const KernelRate &b) {
  return sameFields(a, b);
}

bool dconv::operator==(const Link &a, const Link &b) {
  return sameFields(a, b);
}

const KernelRate *DeviceDescription::rate(KernelClass kernelClass,
                                          const std::string &type) const {
  auto found = rates.find({kernelClass, type});
  return found == rates.end() ? nullptr : &found->second;
}

bool DeviceDescription::sameKindAs(const DeviceDescription &other) const {
  return memoryBytes == other.memoryBytes && sameFields(*this, other) &&
         rates == other.rates;
}

bool Machine::uniform() const {
  return std::all_of(devices.begin(), devices.end(),
                     [&](const DeviceDescription &device) {
                       return device.sameKindAs(devices.front());
                     });
}

const LinkLevel &Machine::levelBetween(int64_t first, int64_t second) const {
  for (const LinkLevel &level : levels)
    if (groupOf(first, level) == groupOf(second, level))
      return level;
  return levels.back();
}

//===----------------------------------------------------------------------===//
// Paths
//===----------------------------------------------------------------------===//

namespace {
struct Edge {
  int64_t to;
  Link link;
};
} // namespace

/// The links of each device. Of several between the same two the best for
/// `pathBytes` counts.
static std::vector<std::vector<Edge>> edgesOf(const Machine &machine) {
  std::vector<std::vector<Edge>> edges(machine.numDevices());
  for (const PairLink &pair : machine.pairs) {
    edges[pair.first].push_back({pair.second, pair.link});
    edges[pair.second].push_back({pair.first, pair.link});
  }
  return edges;
}

static double seconds(const Link &link) {
  return link.latency + pathBytes / link.bandwidth;
}

/// Per device the least sum of latencies from `source` over links of at least
/// `bandwidth`; infinite where there is no such path.
static std::vector<double>
leastLatencies(const std::vector<std::vector<Edge>> &edges, int64_t source,
               double bandwidth) {
  std::vector<double> least(edges.size(),
                            std::numeric_limits<double>::infinity());
  using Entry = std::pair<double, int64_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> open;
  least[source] = 0;
  open.push({0, source});
  while (!open.empty()) {
    auto [latency, device] = open.top();
    open.pop();
    if (latency > least[device])
      continue;
    for (const Edge &edge : edges[device]) {
      double sum = latency + edge.link.latency;
      if (edge.link.bandwidth < bandwidth || sum >= least[edge.to])
        continue;
      least[edge.to] = sum;
      open.push({sum, edge.to});
    }
  }
  return least;
}

/// The paths from `source` to all devices. The least time is not a sum along
/// the path, but for each bandwidth that a path may have at least, the least
/// latency is; the best path is the best of those.
static std::vector<Link> pathsFrom(const Machine &machine, int64_t source) {
  std::vector<std::vector<Edge>> edges = edgesOf(machine);
  std::set<double> bandwidths;
  for (const PairLink &pair : machine.pairs)
    bandwidths.insert(pair.link.bandwidth);
  std::vector<Link> paths(machine.numDevices());
  auto offer = [&](int64_t device, Link link) {
    Link &path = paths[device];
    if (path.bandwidth == 0 || seconds(link) < seconds(path))
      path = link;
  };
  // The widest first: of paths that take the same time it stays.
  for (auto width = bandwidths.rbegin(); width != bandwidths.rend(); ++width) {
    std::vector<double> least = leastLatencies(edges, source, *width);
    for (int64_t device = 0; device < machine.numDevices(); ++device)
      if (least[device] < std::numeric_limits<double>::infinity())
        offer(device, {least[device], *width});
  }
  // Who has a link uses it, whatever a detour would take.
  for (const Edge &edge : edges[source])
    paths[edge.to] = {};
  for (const Edge &edge : edges[source])
    offer(edge.to, edge.link);
  return paths;
}

static bool samePairs(const std::vector<PairLink> &a,
                      const std::vector<PairLink> &b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const PairLink &a, const PairLink &b) {
                      return a.first == b.first && a.second == b.second &&
                             a.link == b.link;
                    });
}

Link Machine::linkBetween(int64_t first, int64_t second) const {
  if (!levels.empty())
    return levelBetween(first, second).link;
  std::lock_guard<std::mutex> lock(found.mutex);
  if (!samePairs(found.pairs, pairs)) {
    found.from.clear();
    found.pairs = pairs;
  }
  std::vector<Link> &paths = found.from[first];
  if (static_cast<int64_t>(paths.size()) != numDevices())
    paths = pathsFrom(*this, first);
  return paths[second];
}

//===----------------------------------------------------------------------===//
// More and fewer devices
//===----------------------------------------------------------------------===//

/// Drops the levels that join nothing more, and makes the outermost as small as
/// its devices allow; `places` is kept only where a group has a free place.
static void fitLevels(Machine &machine) {
  int64_t last = machine.placeOf(machine.numDevices() - 1);
  std::vector<LinkLevel> &levels = machine.levels;
  while (levels.size() > 1 && last < levels[levels.size() - 2].devices)
    levels.pop_back();
  if (levels.empty())
    return;
  int64_t inner = levels.size() > 1 ? levels[levels.size() - 2].devices : 1;
  levels.back().devices = (last / inner + 1) * inner;
  if (machine.numDevices() == levels.back().devices)
    machine.places.clear();
}

/// Gives each device its place explicitly.
static void writePlaces(Machine &machine) {
  if (!machine.places.empty() || machine.levels.empty())
    return;
  machine.places.resize(machine.numDevices());
  std::iota(machine.places.begin(), machine.places.end(), 0);
}

static Result<Machine> checked(Machine machine, const std::string &what) {
  if (Result<int64_t> valid = checkMachine(machine); !valid)
    return Error{what + ": " + valid.error()};
  return machine;
}

Result<Machine> dconv::withDevices(const Machine &machine, int64_t devices) {
  int64_t has = machine.numDevices();
  std::string what = "machine '" + machine.name + "', which has " +
                     std::to_string(has) + (has == 1 ? " device" : " devices") +
                     ", with " + std::to_string(devices);
  if (devices < 1 || devices > Grid::most)
    return Error{what + ": 1 to " + std::to_string(Grid::most) +
                 " devices are possible"};
  if (devices == has)
    return machine;
  Machine result = machine;
  if (devices < has) {
    writePlaces(result);
    result.devices.resize(devices);
    if (!result.places.empty())
      result.places.resize(devices);
    result.pairs.erase(std::remove_if(result.pairs.begin(), result.pairs.end(),
                                      [&](const PairLink &pair) {
                                        return std::max(pair.first,
                                                        pair.second) >= devices;
                                      }),
                       result.pairs.end());
    fitLevels(result);
    return checked(std::move(result), what);
  }
  if (!machine.uniform())
    return Error{what + ": its devices differ, so it is not known what more of "
                        "them would be; name them in its file"};
  if (machine.levels.empty())
    return Error{what + ": its file has no levels, so it is not known how more "
                        "devices would be joined"};
  writePlaces(result);
  for (int64_t place = machine.levels.back().devices;
       result.numDevices() < devices; ++place) {
    result.devices.push_back(machine.devices[result.numDevices() % has]);
    result.places.push_back(place);
  }
  fitLevels(result);
  return checked(std::move(result), what);
}

Result<Machine> dconv::withoutDevice(const Machine &machine, int64_t lost) {
  std::string what =
      "machine '" + machine.name + "' without device " + std::to_string(lost);
  if (lost < 0 || lost >= machine.numDevices())
    return Error{what + ": its devices are 0 to " +
                 std::to_string(machine.numDevices() - 1)};
  Machine result = machine;
  writePlaces(result);
  result.devices.erase(result.devices.begin() + lost);
  if (!result.places.empty())
    result.places.erase(result.places.begin() + lost);
  result.pairs.clear();
  for (PairLink pair : machine.pairs) {
    if (pair.first == lost || pair.second == lost)
      continue;
    pair.first -= pair.first > lost;
    pair.second -= pair.second > lost;
    result.pairs.push_back(pair);
  }
  return checked(std::move(result), what);
}
