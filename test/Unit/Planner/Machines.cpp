//===- Machines.cpp - machines for tests of the planner -------------------===//

#include "Machines.h"

#include "dconv/Planner/MachineFields.h"

using namespace dconv;
using namespace dconv::test;

static DeviceDescription device(double macs) {
  DeviceDescription device;
  device.name = "device";
  device.memoryBandwidth = macs / 5;
  device.copyBandwidth = macs / 10;
  device.launchLatency = 2e-6;
  device.copyLatency = 1e-7;
  for (KernelClass kernel :
       {KernelClass::Dense, KernelClass::Depthwise, KernelClass::Pooling})
    device.rates[{kernel, "f32"}] = {macs, macs / 20};
  return device;
}

/// `device`, with all that a calibration tells of its kernels.
static DeviceDescription calibrated(double macs) {
  DeviceDescription full = device(macs);
  full.rowLatency = full.sumRowLatency = 1e-8;
  full.vectorBytes = 64;
  full.cacheBytes = 1 << 12;
  full.lastCacheBytes = 1 << 16;
  for (KernelClass kernel : kernelClasses())
    full.rates[{kernel, "f32"}] = {macs,     macs / 20, macs / 50, macs * 2,
                                   macs * 8, macs / 4,  macs / 2,  macs / 5};
  return full;
}

Machine dconv::test::threads(int64_t devices, int64_t processors) {
  Machine machine;
  machine.name = "threads";
  machine.devices.assign(devices, calibrated(5e10));
  if (processors)
    machine.processors = processors;
  machine.levels.push_back({"memory", devices, {5e-6, 5e9}, {}});
  machine.hostLink = {1e-6, 6e9};
  machine.hostBandwidth = 1e10;
  return machine;
}

Machine dconv::test::clusterOf(int64_t devices, int64_t outer) {
  Machine machine;
  machine.name = "cluster";
  machine.devices.assign(devices, device(2e13));
  machine.levels.push_back(
      {"node", std::min<int64_t>(8, devices), {3e-6, 450e9}, {}});
  if (outer && devices > 8) // two nodes
    machine.levels.push_back({"rack", 16, {4e-6, 50e9}, 250e9});
  if (devices > 8) {
    int64_t group = outer ? 16 : 8;
    int64_t whole = (devices + group - 1) / group * group;
    if (machine.levels.back().devices < whole)
      machine.levels.push_back({"network", whole, {6e-6, 40e9}, 100e9});
    for (int64_t place = 0; place < devices && devices % group != 0; ++place)
      machine.places.push_back(place);
  }
  machine.hostLink = {1e-5, 50e9};
  machine.hostBandwidth = 100e9;
  return machine;
}

Machine dconv::test::ringOf(int64_t devices) {
  Machine machine;
  machine.name = "ring";
  machine.devices.assign(devices, device(1e12));
  for (int64_t d = 0; d + 1 < devices || (d < devices && devices > 2); ++d)
    machine.pairs.push_back(
        {d, (d + 1) % devices, {2e-6, d % 2 ? 10e9 : 20e9}});
  machine.hostLink = {1e-5, 10e9};
  return machine;
}

Machine dconv::test::unevenBoards(int64_t devices) {
  Machine machine;
  machine.name = "boards";
  for (int64_t d = 0; d < devices; ++d) {
    machine.devices.push_back(device(1e9 * (1 + d * 7 % 5)));
    machine.devices.back().name = "board" + std::to_string(d);
    machine.devices.back().memoryBytes = int64_t(1) << (24 + d % 3);
  }
  machine.levels.push_back({"switch", devices, {1e-4, 1e8}, {}});
  machine.hostLink = {1e-4, 1e8};
  return machine;
}
