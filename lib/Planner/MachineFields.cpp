//===- MachineFields.cpp - the numbers of a machine, as tables ------------===//

#include "dconv/Planner/MachineFields.h"

using namespace dconv;

const std::vector<Field<KernelRate>> &dconv::fieldsOf(const KernelRate *) {
  static const std::vector<Field<KernelRate>> fields = {
      {"macs", &KernelRate::macsPerSecond, Unit::PerSecond},
      {"outputs", &KernelRate::outputsPerSecond, Unit::PerSecond},
  };
  return fields;
}

const std::vector<Field<DeviceDescription>> &
dconv::fieldsOf(const DeviceDescription *) {
  using Device = DeviceDescription;
  static const std::vector<Field<Device>> fields = {
      {"memory-bandwidth", &Device::memoryBandwidth, Unit::BytesPerSecond},
      {"copy-bandwidth", &Device::copyBandwidth, Unit::BytesPerSecond},
      {"launch-latency", &Device::launchLatency, Unit::Seconds},
      {"copy-latency", &Device::copyLatency, Unit::Seconds},
  };
  return fields;
}

const std::vector<Field<Link>> &dconv::fieldsOf(const Link *) {
  static const std::vector<Field<Link>> fields = {
      {"latency", &Link::latency, Unit::Seconds},
      {"bandwidth", &Link::bandwidth, Unit::BytesPerSecond},
  };
  return fields;
}

const std::vector<KernelClass> &dconv::kernelClasses() {
  static const std::vector<KernelClass> classes = {
      KernelClass::Dense, KernelClass::Depthwise, KernelClass::Pooling};
  return classes;
}

const std::vector<std::string> &dconv::elementTypes() {
  static const std::vector<std::string> types = {"f64", "f32", "f16", "bf16",
                                                 "i64", "i32", "i16", "i8"};
  return types;
}
