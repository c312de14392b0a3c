//===- Machine.h - devices and the links between them -----------*- C++ -*-===//
//
// What the planner knows of a machine: plain data, read from a YAML file by
// MachineFile.h or filled in by a program. Seconds, bytes and bytes per second
// throughout.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_PLANNER_MACHINE_H
#define DCONV_PLANNER_MACHINE_H

#include "dconv/Geometry/Result.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace dconv {

/// Which local kernel computes a shard; each has rates of its own.
enum class KernelClass {
  Dense,     ///< sums over input channels
  Depthwise, ///< two inputs, no reduction but the taps
  Pooling,   ///< one input
  /// As the first two, but neighbours in the memory of the output are columns
  /// of the image, not channels.
  DenseColumns,
  DepthwiseColumns,
  /// Dense, and neither channels nor columns can be a vector: products of
  /// input channels are added up within one.
  DenseDots,
};

const char *toString(KernelClass kernelClass);

/// The class whose rates serve where a device has none for `kernelClass`.
KernelClass generalClass(KernelClass kernelClass);

/// How fast a device computes one class of kernels in one element type. The
/// seconds of all that a kernel does add up; what has rate 0 takes none. Where
/// DeviceDescription::vectorBytes is known, lanes that idle in the last vector
/// of a run count as multiply-adds and outputs.
struct KernelRate {
  double macsPerSecond = 0;   ///< multiply-adds (of a pooling: combinations)
  double outputsPerSecond = 0; ///< elements of the sum read and written back
  double runsPerSecond = 0; ///< runs of neighbours in the memory of the output
  /// Runs through a sum: over input channels for one output and tap; of
  /// columns, over the taps for one output and input channel.
  double sumsPerSecond = 0;
  /// Multiply-adds of columns once more for each column that a stride skips.
  double stridedPerSecond = 0;
  double filterBandwidth = 0; ///< bytes of the filter
  /// Bytes of all operands beyond DeviceDescription::cacheBytes, and once more
  /// beyond lastCacheBytes.
  double beyondCache = 0, beyondLastCache = 0;
};
// A new member of KernelRate, DeviceDescription or Link is a row in the tables
// of MachineFields.h, and thereby checked, compared, read and written.

bool operator==(const KernelRate &a, const KernelRate &b);

/// The rates of a device by class and element type of the inputs ("f32",
/// "bf16", "i8", ...). Copies share them until one of them is written to by
/// `operator[]`, so that thousands of equal devices are copied and compared
/// fast; a reference that `operator[]` gave is not to be kept over a copy.
class KernelRates {
public:
  using Key = std::pair<KernelClass, std::string>;
  using Map = std::map<Key, KernelRate>;

  KernelRate &operator[](const Key &key) {
    if (map.use_count() > 1)
      map = std::make_shared<Map>(*map);
    return (*map)[key];
  }
  const KernelRate &at(const Key &key) const { return map->at(key); }
  Map::const_iterator find(const Key &key) const { return map->find(key); }
  Map::const_iterator begin() const { return map->begin(); }
  Map::const_iterator end() const { return map->end(); }
  size_t count(const Key &key) const { return map->count(key); }
  size_t size() const { return map->size(); }
  bool empty() const { return map->empty(); }
  bool operator==(const KernelRates &o) const {
    return map == o.map || *map == *o.map;
  }

private:
  std::shared_ptr<Map> map = std::make_shared<Map>();
};

/// One device.
struct DeviceDescription {
  std::string name;
  std::optional<int64_t> memoryBytes; ///< no limit where absent
  double memoryBandwidth = 0;         ///< what kernels read and write with
  double copyBandwidth = 0; ///< of copies within the device
  double launchLatency = 0; ///< of one kernel
  double copyLatency = 0;   ///< of one copied box
  double rowLatency = 0;    ///< of a row in it: what lies in one piece
  /// Of each row of a partial sum that is sent and added, where its rows are
  /// cut: where the innermost dim of the result is the one that is scattered.
  double sumRowLatency = 0;
  double vectorBytes = 0;   ///< of one vector of the kernels; 0: unknown
  double cacheBytes = 0;    ///< beyond which operands cost: see KernelRate
  double lastCacheBytes = 0;
  KernelRates rates;

  /// The rate of `kernelClass` in `type`, or null.
  const KernelRate *rate(KernelClass kernelClass,
                         const std::string &type) const;
  /// Whether the two compute alike: everything but the name.
  bool sameKindAs(const DeviceDescription &other) const;
};

/// What one device sends, or receives, over.
struct Link {
  double latency = 0;
  double bandwidth = 0;
};

bool operator==(const Link &a, const Link &b);

/// A level of a hierarchy: groups of `devices` consecutive places, each made of
/// whole groups of the level before.
struct LinkLevel {
  std::string name;
  int64_t devices = 1; ///< that a full group has
  Link link;
  /// What one group of the level before has in all for traffic that leaves it,
  /// where that is less than its devices' links together.
  std::optional<double> groupBandwidth;
};

/// A direct link between two devices, both ways at once.
struct PairLink {
  int64_t first = 0, second = 0;
  Link link;
};

/// The paths that `Machine::linkBetween` has found; copies start without.
class FoundPaths {
public:
  FoundPaths() = default;
  FoundPaths(const FoundPaths &) {}
  FoundPaths &operator=(const FoundPaths &) { return *this; }

private:
  friend struct Machine;
  std::mutex mutex;
  std::vector<PairLink> pairs; ///< for which `from` was found
  std::map<int64_t, std::vector<Link>> from;
};

struct Machine {
  std::string name;
  std::vector<DeviceDescription> devices;
  /// The devices are threads that share so many processors; none where each
  /// has its own.
  std::optional<int64_t> processors;
  /// Innermost first, the last joins all devices; or empty, and `pairs` says.
  std::vector<LinkLevel> levels;
  /// Where each device stands in the groups of `levels`, ascending: a machine
  /// that has lost a device has groups with a free place. Empty: device i at
  /// place i, and all groups are full.
  std::vector<int64_t> places;
  /// A transfer between two that are not joined takes the path with the least
  /// time for 1 MiB: latencies add up, the least bandwidth counts.
  std::vector<PairLink> pairs;
  Link hostLink; ///< between the host and each device
  /// What the host has in all, where that is less than the links together.
  std::optional<double> hostBandwidth;
  /// Whether the backend lets a halo travel while the interior is computed.
  bool overlap = false;

  int64_t numDevices() const { return devices.size(); }
  bool uniform() const; ///< all devices alike but for their names
  int64_t placeOf(int64_t device) const {
    return places.empty() ? device : places[device];
  }
  /// The number of the group of `level` that `device` is in.
  int64_t groupOf(int64_t device, const LinkLevel &level) const {
    return placeOf(device) / level.devices;
  }
  /// The level that joins two devices: the innermost with both in one group.
  const LinkLevel &levelBetween(int64_t first, int64_t second) const;
  /// The link, or path, between two different devices. The first question
  /// about a device of `pairs` finds its paths to all others.
  Link linkBetween(int64_t first, int64_t second) const;

private:
  mutable FoundPaths found;
};

/// The number of devices; an error where `machine` has none or more than
/// Grid::most, a number is not positive, groups do not nest, or some devices are
/// not connected.
Result<int64_t> checkMachine(const Machine &machine);

/// `machine` with `devices` devices: the first of its own, and, where it has
/// fewer and they are uniform, copies of them in further groups of the
/// outermost level. An error where the devices differ, where pairs of `pairs`
/// would have to be made up, or where the first are joined by the others alone.
Result<Machine> withDevices(const Machine &machine, int64_t devices);

/// `machine` without device `lost`, for a plan on those that remain, in their
/// order: its place stays free. An error where it joined others.
Result<Machine> withoutDevice(const Machine &machine, int64_t lost);

} // namespace dconv

#endif // DCONV_PLANNER_MACHINE_H
