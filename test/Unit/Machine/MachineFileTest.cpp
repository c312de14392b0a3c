//===- MachineFileTest.cpp - machine files, read and written --------------===//

#include "dconv/Machine/MachineFile.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

using namespace dconv;

namespace {
void expectSame(const Machine &a, const Machine &b) {
  EXPECT_EQ(a.name, b.name);
  ASSERT_EQ(a.numDevices(), b.numDevices());
  for (int64_t i = 0; i < a.numDevices(); ++i) {
    const DeviceDescription &x = a.devices[i], &y = b.devices[i];
    EXPECT_EQ(x.name, y.name);
    EXPECT_EQ(x.memoryBytes, y.memoryBytes);
    EXPECT_EQ(x.memoryBandwidth, y.memoryBandwidth);
    EXPECT_EQ(x.copyBandwidth, y.copyBandwidth);
    EXPECT_EQ(x.launchLatency, y.launchLatency);
    EXPECT_EQ(x.copyLatency, y.copyLatency);
    ASSERT_EQ(x.rates.size(), y.rates.size());
    for (auto &[key, rate] : x.rates) {
      ASSERT_TRUE(y.rates.count(key));
      EXPECT_EQ(rate.macsPerSecond, y.rates.at(key).macsPerSecond);
      EXPECT_EQ(rate.outputsPerSecond, y.rates.at(key).outputsPerSecond);
    }
    EXPECT_TRUE(x.sameKindAs(y));
  }
  EXPECT_EQ(a.processors, b.processors);
  ASSERT_EQ(a.levels.size(), b.levels.size());
  for (size_t i = 0; i < a.levels.size(); ++i) {
    EXPECT_EQ(a.levels[i].name, b.levels[i].name);
    EXPECT_EQ(a.levels[i].devices, b.levels[i].devices);
    EXPECT_EQ(a.levels[i].link.latency, b.levels[i].link.latency);
    EXPECT_EQ(a.levels[i].link.bandwidth, b.levels[i].link.bandwidth);
    EXPECT_EQ(a.levels[i].groupBandwidth, b.levels[i].groupBandwidth);
  }
  EXPECT_EQ(a.places, b.places);
  ASSERT_EQ(a.pairs.size(), b.pairs.size());
  for (size_t i = 0; i < a.pairs.size(); ++i) {
    EXPECT_EQ(a.pairs[i].first, b.pairs[i].first);
    EXPECT_EQ(a.pairs[i].second, b.pairs[i].second);
    EXPECT_EQ(a.pairs[i].link.latency, b.pairs[i].link.latency);
    EXPECT_EQ(a.pairs[i].link.bandwidth, b.pairs[i].link.bandwidth);
  }
  EXPECT_EQ(a.hostLink.latency, b.hostLink.latency);
  EXPECT_EQ(a.hostLink.bandwidth, b.hostLink.bandwidth);
  EXPECT_EQ(a.hostBandwidth, b.hostBandwidth);
  EXPECT_EQ(a.overlap, b.overlap);
}

void expectRoundTrip(const Machine &machine) {
  std::string text = toYaml(machine, "two lines\n\nof comment");
  EXPECT_EQ(text.substr(0, 27), "# two lines\n#\n# of comment\n");
  Result<Machine> read = parseMachine(text, "written");
  ASSERT_TRUE(read) << read.error() << "\n" << text;
  expectSame(machine, *read);
}
} // namespace

TEST(MachineFile, ReadsWhatAPersonWrites) {
  Result<Machine> machine = parseMachine(R"(
name: pair of nodes
devices: {name: card, count: 4, memory: 64 GiB, memory-bandwidth: 3.35TB/s,
          copy-bandwidth: 1e12, launch-latency: 2.5 us, copy-latency: 800 ns,
          rates: {dense: {bf16: {macs: 300 T/s, outputs: 2.5e11}}}}
levels:
  - {name: node, devices: 2, latency: 1 us, bandwidth: 450 GB/s}
  - name: network
    devices: 4
    latency: 0.01 ms
    bandwidth: 400 Gbit/s
    group-bandwidth: 25 GiB/s
host: {latency: 1e-5, bandwidth: 64 GB/s, total-bandwidth: 100 GB/s}
overlap: true
)",
                                         "m.yaml");
  ASSERT_TRUE(machine) << machine.error();
  EXPECT_EQ(machine->name, "pair of nodes");
  ASSERT_EQ(machine->numDevices(), 4);
  EXPECT_TRUE(machine->uniform());
  const DeviceDescription &device = machine->devices[3];
  EXPECT_EQ(device.memoryBytes, int64_t(64) << 30);
  EXPECT_EQ(device.memoryBandwidth, 3.35e12);
  EXPECT_EQ(device.copyBandwidth, 1e12);
  EXPECT_EQ(device.launchLatency, 2.5e-6);
  EXPECT_EQ(device.copyLatency, 800e-9);
  ASSERT_TRUE(device.rate(KernelClass::Dense, "bf16"));
  EXPECT_EQ(device.rate(KernelClass::Dense, "bf16")->macsPerSecond, 300e12);
  EXPECT_EQ(device.rate(KernelClass::Dense, "bf16")->outputsPerSecond, 2.5e11);
  EXPECT_EQ(device.rate(KernelClass::Dense, "f32"), nullptr);
  EXPECT_EQ(device.rate(KernelClass::Pooling, "bf16"), nullptr);
  EXPECT_FALSE(machine->processors);
  EXPECT_EQ(machine->levels[0].groupBandwidth, std::nullopt);
  EXPECT_EQ(machine->levels[1].link.latency, 1e-5);
  EXPECT_EQ(machine->levels[1].link.bandwidth, 50e9);
  EXPECT_EQ(machine->levels[1].groupBandwidth, 25.0 * (1 << 30));
  EXPECT_EQ(machine->hostLink.latency, 1e-5);
  EXPECT_EQ(machine->hostBandwidth, 100e9);
  EXPECT_TRUE(machine->overlap);
}

// Memory may be unlimited, and one device needs no links.
TEST(MachineFile, OneDeviceIsShort) {
  Result<Machine> machine = parseMachine(
      "name: one\n"
      "devices: {name: d, memory-bandwidth: 1, copy-bandwidth: 1,\n"
      "          launch-latency: 1, copy-latency: 1,\n"
      "          rates: {pooling: {i8: {macs: 1, outputs: 1}}}}\n"
      "host: {latency: 1, bandwidth: 1}\n",
      "m.yaml");
  ASSERT_TRUE(machine) << machine.error();
  EXPECT_EQ(machine->numDevices(), 1);
  EXPECT_FALSE(machine->devices[0].memoryBytes);
  EXPECT_FALSE(machine->overlap);
  expectRoundTrip(*machine);
}

TEST(MachineFile, AllFilesOfTheProjectAreGood) {
  std::map<std::string, int64_t> expected = {{"boards4", 4},
                                             {"cpu16", 16},
                                             {"h100x8", 8},
                                             {"h100x8x4", 32},
                                             {"host", 4}};
  std::map<std::string, int64_t> found;
  for (const auto &entry :
       std::filesystem::directory_iterator(DCONV_MACHINES)) {
    Result<Machine> machine = readMachine(entry.path());
    ASSERT_TRUE(machine) << machine.error();
    found[machine->name] = machine->numDevices();
    EXPECT_EQ(entry.path().filename(), machine->name + ".yaml");
    for (const DeviceDescription &device : machine->devices)
      for (KernelClass kernelClass :
           {KernelClass::Dense, KernelClass::Depthwise, KernelClass::Pooling})
        EXPECT_TRUE(device.rate(kernelClass, "f32"))
            << machine->name << " " << device.name;
    expectRoundTrip(*machine);
  }
  EXPECT_EQ(found, expected);
}

// The first block is a file; the others replace what joins its devices.
TEST(MachineFile, TheExamplesOfTheDocumentationAreGood) {
  std::ifstream page(DCONV_MACHINES "/../docs/machines.md");
  std::vector<std::string> blocks;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (line == "```yaml")
      blocks.emplace_back();
    else if (inside && line != "```")
      blocks.back() += line + "\n";
    inside = line == "```yaml" || (inside && line != "```");
  }
  ASSERT_EQ(blocks.size(), 3u);
  Result<Machine> machine = parseMachine(blocks[0], "machines.md");
  ASSERT_TRUE(machine) << machine.error();
  EXPECT_EQ(machine->numDevices(), 8);

  auto withLinks = [&](const std::string &links, const std::string &count) {
    std::string text = blocks[0];
    size_t begin = text.find("levels:"), end = text.find("host:");
    text.replace(begin, end - begin, links);
    text.replace(text.find("count: 8"), 8, "count: " + count);
    return parseMachine(text, "machines.md");
  };
  Result<Machine> four = withLinks(blocks[1], "32");
  ASSERT_TRUE(four) << four.error();
  EXPECT_EQ(four->levels[1].groupBandwidth, 400e9);
  Result<Machine> lost = withLinks(
      "places: [0, 1, 2, 4, 5, 6, 7]\n" +
          blocks[0].substr(blocks[0].find("levels:"),
                           blocks[0].find("host:") - blocks[0].find("levels:")),
      "7");
  ASSERT_TRUE(lost) << lost.error();
  Result<Machine> chain = withLinks(blocks[2], "3");
  ASSERT_TRUE(chain) << chain.error();
  EXPECT_EQ(chain->linkBetween(0, 2), (Link{4e-6, 25e9}));
}

TEST(MachineFile, TheSameCardsInOneServerAndInFour) {
  Result<Machine> one = readMachine(DCONV_MACHINES "/h100x8.yaml");
  Result<Machine> four = readMachine(DCONV_MACHINES "/h100x8x4.yaml");
  ASSERT_TRUE(one && four);
  EXPECT_TRUE(one->devices[0].sameKindAs(four->devices[31]));
  EXPECT_EQ(one->linkBetween(0, 7), four->linkBetween(24, 31));
  EXPECT_EQ(four->linkBetween(7, 8).bandwidth, 50e9);
}

TEST(MachineFile, TheBuiltinHostIsTheFile) {
  Result<Machine> file = readMachine(DCONV_MACHINES "/host.yaml");
  ASSERT_TRUE(file) << file.error();
  expectSame(*file, builtinHost());
}

TEST(MachineFile, LostAndFewerDevicesAreWrittenToo) {
  Result<Machine> machine = readMachine(DCONV_MACHINES "/h100x8x4.yaml");
  ASSERT_TRUE(machine);
  Result<Machine> rest = withoutDevice(*machine, 9);
  ASSERT_TRUE(rest);
  expectRoundTrip(*rest);
  for (int64_t devices : {1, 5, 12, 100}) {
    Result<Machine> other = withDevices(*machine, devices);
    ASSERT_TRUE(other);
    expectRoundTrip(*other);
  }
}

// Any double, any text, pairs: what is read is what was written.
TEST(MachineFile, RandomMachinesRoundTrip) {
  std::mt19937_64 random(5);
  auto number = [&] {
    return std::exp(std::uniform_real_distribution<>(-40, 40)(random));
  };
  auto name = [&] {
    const char *names[] = {"plain",      "null",     "~",      "true",
                           "3",          "a: b # c", "- x",    "\"quoted\"",
                           "two\nlines", " spaces ", "{flow}", "\xc3\xa4"};
    return std::string(names[random() % std::size(names)]);
  };
  for (int round = 0; round < 200; ++round) {
    Machine machine;
    machine.name = name();
    for (int64_t i = random() % 4; i >= 0; --i) {
      DeviceDescription device;
      device.name = name();
      if (random() % 2)
        device.memoryBytes = 1 + int64_t(random() >> (11 + random() % 50));
      device.memoryBandwidth = number();
      device.copyBandwidth = number();
      device.launchLatency = number();
      device.copyLatency = number();
      for (const char *type : {"f32", "i8", "bf16"})
        for (KernelClass kernelClass :
             {KernelClass::Dense, KernelClass::Depthwise, KernelClass::Pooling})
          if (random() % 2)
            device.rates[{kernelClass, type}] = {number(), number()};
      device.rates[{KernelClass::Dense, "f64"}] = {number(), number()};
      machine.devices.insert(machine.devices.end(), 1 + random() % 3, device);
    }
    for (int64_t i = 1; i < machine.numDevices(); ++i)
      machine.pairs.push_back({i, int64_t(random() % i), {number(), number()}});
    if (random() % 2)
      machine.processors = 1 + random() % 100;
    machine.hostLink = {number(), number()};
    if (random() % 2)
      machine.hostBandwidth = number();
    machine.overlap = random() % 2;
    expectRoundTrip(machine);
  }
}

// Numbers are written in units where nothing is lost.
TEST(MachineFile, WritesUnits) {
  Result<Machine> machine = readMachine(DCONV_MACHINES "/h100x8x4.yaml");
  ASSERT_TRUE(machine);
  std::string text = toYaml(*machine, "");
  for (const char *expected :
       {"memory: 80 GB\n", "memory-bandwidth: 3 TB/s\n",
        "launch-latency: 4 us\n", "bf16: {macs: 297 T/s, outputs: 375 G/s}\n",
        "- {name: NVLink, devices: 8, latency: 3 us, bandwidth: 450 GB/s}\n",
        "group-bandwidth: 400 GB/s"})
    EXPECT_THAT(text, testing::HasSubstr(expected));
}
