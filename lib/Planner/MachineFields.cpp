//===- MachineFields.cpp - the numbers of a machine, as tables ------------===//

#include "dconv/Planner/MachineFields.h"

using namespace dconv;

const std::vector<Field<KernelRate>> &dconv::fieldsOf(const KernelRate *) {
  static const std::vector<Field<KernelRate>> fields = {
      {"macs", &KernelRate::macsPerSecond, Unit::PerSecond},
      {"outputs", &KernelRate::outputsPerSecond, Unit::PerSecond},
      {"runs", &KernelRate::runsPerSecond, Unit::PerSecond, true},
      {"sums", &KernelRate::sumsPerSecond, Unit::PerSecond, true},
      {"strided", &KernelRate::stridedPerSecond, Unit::PerSecond, true},
      {"filter", &KernelRate::filterBandwidth, Unit::BytesPerSecond, true},
      {"beyond-cache", &KernelRate::beyondCache, Unit::BytesPerSecond, true},
      {"beyond-last-cache", &KernelRate::beyondLastCache, Unit::BytesPerSecond,
       true},
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
      {"row-latency", &Device::rowLatency, Unit::Seconds, true},
      {"sum-row-latency", &Device::sumRowLatency, Unit::Seconds, true},
      {"vector", &Device::vectorBytes, Unit::Bytes, true},
      {"cache", &Device::cacheBytes, Unit::Bytes, true},
      {"last-cache", &Device::lastCacheBytes, Unit::Bytes, true},
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
      KernelClass::Dense,        KernelClass::DenseColumns,
      KernelClass::DenseDots,    KernelClass::Depthwise,
      KernelClass::DepthwiseColumns, KernelClass::Pooling};
  return classes;
}

const std::vector<std::string> &dconv::elementTypes() {
  static const std::vector<std::string> types = {"f64", "f32", "f16", "bf16",
                                                 "i64", "i32", "i16", "i8"};
  return types;
}
