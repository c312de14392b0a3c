//===- MachineWriter.cpp - the file of a machine --------------------------===//

#include "Quantity.h"
#include "dconv/Machine/MachineFile.h"

#include <yaml-cpp/yaml.h>

#include <sstream>

using namespace dconv;

namespace {
template <typename Struct>
void writeFields(YAML::Emitter &out, const Struct &from) {
  for (const Field<Struct> &field : fieldsOf<Struct>())
    if (!field.optional || from.*field.member != 0)
      out << YAML::Key << field.key << YAML::Value
          << quantityText(from.*field.member, field.unit);
}

void writeQuantity(YAML::Emitter &out, const char *key,
                   const std::optional<double> &value) {
  if (value)
    out << YAML::Key << key << YAML::Value
        << quantityText(*value, Unit::BytesPerSecond);
}

void writeDevice(YAML::Emitter &out, const DeviceDescription &device,
                 int64_t count) {
  out << YAML::BeginMap << YAML::Key << "name" << YAML::Value << device.name;
  if (count > 1)
    out << YAML::Key << "count" << YAML::Value << count;
  if (device.memoryBytes)
    out << YAML::Key << "memory" << YAML::Value
        << quantityText(double(*device.memoryBytes), Unit::Bytes);
  writeFields(out, device);
  out << YAML::Key << "rates" << YAML::Value << YAML::BeginMap;
  for (KernelClass kernelClass : kernelClasses()) {
    bool begun = false;
    for (const std::string &type : elementTypes()) {
      const KernelRate *rate = device.rate(kernelClass, type);
      if (!rate)
        continue;
      if (!begun)
        out << YAML::Key << toString(kernelClass) << YAML::Value
            << YAML::BeginMap;
      begun = true;
      out << YAML::Key << type << YAML::Value << YAML::Flow << YAML::BeginMap;
      writeFields(out, *rate);
      out << YAML::EndMap;
    }
    if (begun)
      out << YAML::EndMap;
  }
  out << YAML::EndMap << YAML::EndMap;
}

void writeDevices(YAML::Emitter &out,
                  const std::vector<DeviceDescription> &all) {
  struct Entry {
    const DeviceDescription *device;
    int64_t count;
  };
  std::vector<Entry> entries;
  for (const DeviceDescription &device : all) {
    if (!entries.empty() && entries.back().device->name == device.name &&
        entries.back().device->sameKindAs(device))
      ++entries.back().count;
    else
      entries.push_back({&device, 1});
  }
  out << YAML::Key << "devices" << YAML::Value;
  if (entries.size() == 1) {
    writeDevice(out, *entries[0].device, entries[0].count);
    return;
  }
  out << YAML::BeginSeq;
  for (const Entry &entry : entries)
    writeDevice(out, *entry.device, entry.count);
  out << YAML::EndSeq;
}

void writeLinks(YAML::Emitter &out, const Machine &machine) {
  if (!machine.levels.empty()) {
    out << YAML::Key << "levels" << YAML::Value << YAML::BeginSeq;
    for (const LinkLevel &level : machine.levels) {
      out << YAML::Flow << YAML::BeginMap << YAML::Key << "name" << YAML::Value
          << level.name << YAML::Key << "devices" << YAML::Value
          << level.devices;
      writeFields(out, level.link);
      writeQuantity(out, "group-bandwidth", level.groupBandwidth);
      out << YAML::EndMap;
    }
    out << YAML::EndSeq;
  }
  if (!machine.places.empty())
    out << YAML::Key << "places" << YAML::Value << YAML::Flow << machine.places;
  if (machine.pairs.empty())
    return;
  out << YAML::Key << "pairs" << YAML::Value << YAML::BeginSeq;
  for (const PairLink &pair : machine.pairs) {
    out << YAML::Flow << YAML::BeginMap << YAML::Key << "between" << YAML::Value
        << YAML::Flow << std::vector<int64_t>{pair.first, pair.second};
    writeFields(out, pair.link);
    out << YAML::EndMap;
  }
  out << YAML::EndSeq;
}
} // namespace

std::string dconv::toYaml(const Machine &machine, const std::string &comment) {
  std::string text;
  std::istringstream lines(comment);
  for (std::string line; std::getline(lines, line);)
    text += line.empty() ? "#\n" : "# " + line + "\n";
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "name" << YAML::Value << machine.name;
  if (machine.processors)
    out << YAML::Key << "processors" << YAML::Value << *machine.processors;
  writeDevices(out, machine.devices);
  writeLinks(out, machine);
  out << YAML::Key << "host" << YAML::Value << YAML::Flow << YAML::BeginMap;
  writeFields(out, machine.hostLink);
  writeQuantity(out, "total-bandwidth", machine.hostBandwidth);
  out << YAML::EndMap;
  if (machine.overlap)
    out << YAML::Key << "overlap" << YAML::Value << true;
  out << YAML::EndMap;
  return text + out.c_str() + "\n";
}
