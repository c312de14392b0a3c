//===- MachineCheck.cpp - what a machine must fulfil ----------------------===//

#include "dconv/Geometry/Grid.h"
#include "dconv/Planner/MachineFields.h"

#include <algorithm>
#include <cmath>
#include <set>

using namespace dconv;

using Fault = std::optional<MachineFault>;

std::string dconv::wrongWith(const char *key, double value, bool optional) {
  if (std::isfinite(value) && (value > 0 || (optional && value == 0)))
    return "";
  // Shorter than std::to_string for 1e300, and with all of 1e-9.
  char text[32];
  std::snprintf(text, sizeof(text), "%g", std::isnan(value) ? NAN : value);
  return std::string("'") + key + "' is " + text +
         (optional ? " but must not be negative" : " but must be positive");
}

static std::string wrongWith(const char *key, int64_t value) {
  if (value > 0)
    return "";
  return std::string("'") + key + "' is " + std::to_string(value) +
         " but must be positive";
}

template <typename Struct> static std::string wrongFields(const Struct &value) {
  for (const Field<Struct> &field : fieldsOf<Struct>())
    if (std::string wrong =
            wrongWith(field.key, value.*field.member, field.optional);
        !wrong.empty())
      return wrong;
  return "";
}

static std::string wrongWithDevice(const DeviceDescription &device) {
  if (device.memoryBytes)
    if (std::string wrong = wrongWith("memory", *device.memoryBytes);
        !wrong.empty())
      return wrong;
  if (std::string wrong = wrongFields(device); !wrong.empty())
    return wrong;
  if (device.rates.empty())
    return "there is no rate, but at least one is needed";
  for (auto &[key, rate] : device.rates)
    if (std::string wrong = wrongFields(rate); !wrong.empty())
      return "of " + std::string(toString(key.first)) + " kernels in " +
             key.second + ", " + wrong;
  return "";
}

static std::string wrongWithHost(const Machine &machine) {
  if (std::string wrong = wrongFields(machine.hostLink); !wrong.empty())
    return wrong;
  return machine.hostBandwidth
             ? wrongWith("total-bandwidth", *machine.hostBandwidth)
             : "";
}

static std::string wrongWithPlaces(const Machine &machine) {
  const std::vector<int64_t> &places = machine.places;
  if (machine.levels.empty())
    return "there are places but no levels";
  if (places.size() != machine.devices.size())
    return "there are " + std::to_string(places.size()) + " places for " +
           std::to_string(machine.numDevices()) + " devices";
  for (size_t i = 0; i < places.size(); ++i)
    if (places[i] < 0 || (i > 0 && places[i] <= places[i - 1]))
      return "place " + std::to_string(places[i]) + " of device " +
             std::to_string(i) + " must be " +
             (i == 0 ? std::string("at least 0")
                     : "greater than " + std::to_string(places[i - 1]));
  if (places.back() >= machine.levels.back().devices)
    return "place " + std::to_string(places.back()) +
           " is outside the outermost level, which has " +
           std::to_string(machine.levels.back().devices);
  return "";
}

static std::string wrongWithLevel(const LinkLevel &level, int64_t inner) {
  if (level.devices < 1)
    return "a group has " + std::to_string(level.devices) +
           " devices but needs at least 1";
  if (level.devices % inner != 0)
    return "a group has " + std::to_string(level.devices) +
           " devices, which is no multiple of the " + std::to_string(inner) +
           " of the level before";
  if (std::string wrong = wrongFields(level.link); !wrong.empty())
    return wrong;
  return level.groupBandwidth
             ? wrongWith("group-bandwidth", *level.groupBandwidth)
             : "";
}

static Fault faultOfLevels(const Machine &machine) {
  int64_t inner = 1;
  for (size_t i = 0; i < machine.levels.size(); ++i) {
    const LinkLevel &level = machine.levels[i];
    if (std::string wrong = wrongWithLevel(level, inner); !wrong.empty())
      return MachineFault{MachineFault::Level, int64_t(i),
                          "level '" + level.name + "': " + wrong};
    inner = level.devices;
  }
  if (!machine.places.empty()) {
    if (std::string wrong = wrongWithPlaces(machine); !wrong.empty())
      return MachineFault{MachineFault::Places, 0, wrong};
  } else if (inner != machine.numDevices()) {
    return MachineFault{MachineFault::Level, int64_t(machine.levels.size()) - 1,
                        "the outermost level '" + machine.levels.back().name +
                            "' joins " + std::to_string(inner) +
                            " devices but there are " +
                            std::to_string(machine.numDevices())};
  }
  return std::nullopt;
}

static std::string wrongWithPair(const PairLink &pair, int64_t devices) {
  if (std::min(pair.first, pair.second) < 0 ||
      std::max(pair.first, pair.second) >= devices)
    return "the devices are 0 to " + std::to_string(devices - 1);
  if (pair.first == pair.second)
    return "two different devices are needed";
  return wrongFields(pair.link);
}

/// The first device to which no chain of `pairs` leads from device 0, or -1.
static int64_t firstUnconnected(const Machine &machine) {
  std::vector<std::vector<int64_t>> neighbours(machine.numDevices());
  for (const PairLink &pair : machine.pairs) {
    neighbours[pair.first].push_back(pair.second);
    neighbours[pair.second].push_back(pair.first);
  }
  std::vector<bool> reached(machine.numDevices(), false);
  std::vector<int64_t> open = {0};
  reached[0] = true;
  while (!open.empty()) {
    int64_t device = open.back();
    open.pop_back();
    for (int64_t next : neighbours[device])
      if (!reached[next]) {
        reached[next] = true;
        open.push_back(next);
      }
  }
  auto missing = std::find(reached.begin(), reached.end(), false);
  return missing == reached.end() ? -1 : missing - reached.begin();
}

static Fault faultOfPairs(const Machine &machine) {
  std::set<std::pair<int64_t, int64_t>> seen;
  for (size_t i = 0; i < machine.pairs.size(); ++i) {
    const PairLink &pair = machine.pairs[i];
    std::string wrong = wrongWithPair(pair, machine.numDevices());
    if (wrong.empty() &&
        !seen.insert(std::minmax(pair.first, pair.second)).second)
      wrong = "it is given twice";
    if (!wrong.empty())
      return MachineFault{MachineFault::Pair, int64_t(i),
                          "the link between devices " +
                              std::to_string(pair.first) + " and " +
                              std::to_string(pair.second) + ": " + wrong};
  }
  int64_t lost = firstUnconnected(machine);
  if (lost >= 0)
    return MachineFault{
        machine.pairs.empty() ? MachineFault::Whole : MachineFault::Pairs, 0,
        "no link leads from device 0 to device " + std::to_string(lost) +
            "; levels or pairs must join all"};
  return std::nullopt;
}

Fault dconv::findFault(const Machine &machine) {
  if (machine.devices.empty())
    return MachineFault{MachineFault::Whole, 0, "there is no device"};
  if (machine.numDevices() > Grid::most)
    return MachineFault{MachineFault::Whole, 0,
                        "there are " + std::to_string(machine.numDevices()) +
                            " devices but at most " +
                            std::to_string(Grid::most) + " are possible"};
  for (int64_t i = 0; i < machine.numDevices(); ++i) {
    if (i > 0 && machine.devices[i].sameKindAs(machine.devices[i - 1]))
      continue;
    if (std::string wrong = wrongWithDevice(machine.devices[i]); !wrong.empty())
      return MachineFault{MachineFault::Device, i,
                          "device " + std::to_string(i) + ": " + wrong};
  }
  if (machine.processors)
    if (std::string wrong = wrongWith("processors", *machine.processors);
        !wrong.empty())
      return MachineFault{MachineFault::Whole, 0, wrong};
  if (std::string wrong = wrongWithHost(machine); !wrong.empty())
    return MachineFault{MachineFault::Host, 0, "host: " + wrong};
  if (!machine.levels.empty() && !machine.pairs.empty())
    return MachineFault{MachineFault::Pairs, 0,
                        "there are both levels and pairs; one of them says "
                        "how the devices are joined"};
  if (machine.levels.empty() && !machine.places.empty())
    return MachineFault{MachineFault::Places, 0, wrongWithPlaces(machine)};
  return machine.levels.empty() ? faultOfPairs(machine)
                                : faultOfLevels(machine);
}

Result<int64_t> dconv::checkMachine(const Machine &machine) {
  if (Fault fault = findFault(machine))
    return Error{fault->message};
  return machine.numDevices();
}
