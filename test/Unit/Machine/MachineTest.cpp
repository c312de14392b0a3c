//===- MachineTest.cpp - links, more and fewer devices --------------------===//

#include "dconv/Planner/Machine.h"
#include "dconv/Geometry/Grid.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>
#include <functional>
#include <random>

using namespace dconv;
using testing::HasSubstr;

namespace {
DeviceDescription makeDevice(const std::string &name, double speed = 1e9) {
  DeviceDescription device;
  device.name = name;
  device.memoryBytes = 1 << 20;
  device.memoryBandwidth = device.copyBandwidth = 1e9;
  device.launchLatency = device.copyLatency = 1e-6;
  device.rates[{KernelClass::Dense, "f32"}] = {speed, speed};
  return device;
}

/// A machine of `devices` equal devices and no links.
Machine makeMachine(int64_t devices) {
  Machine machine;
  machine.name = "test";
  machine.devices.assign(devices, makeDevice("d"));
  machine.hostLink = {1e-6, 1e9};
  return machine;
}

/// Groups of `sizes` devices; level i has latency i + 1 microseconds.
Machine makeLevels(const std::vector<int64_t> &sizes) {
  Machine machine = makeMachine(sizes.back());
  for (size_t i = 0; i < sizes.size(); ++i)
    machine.levels.push_back({"level" + std::to_string(i),
                              sizes[i],
                              {1e-6 * double(i + 1), 1e9},
                              std::nullopt});
  return machine;
}

/// The path by its definition: all simple paths are tried.
Link bestPath(const Machine &machine, int64_t from, int64_t to) {
  for (const PairLink &pair : machine.pairs)
    if ((pair.first == from && pair.second == to) ||
        (pair.first == to && pair.second == from))
      return pair.link;
  Link best;
  double bestSeconds = 1e300;
  std::vector<bool> visited(machine.devices.size());
  std::function<void(int64_t, Link)> walk = [&](int64_t at, Link sum) {
    if (at == to) {
      double seconds = sum.latency + double(1 << 20) / sum.bandwidth;
      if (seconds < bestSeconds) {
        bestSeconds = seconds;
        best = sum;
      }
      return;
    }
    visited[at] = true;
    for (const PairLink &pair : machine.pairs)
      for (auto [a, b] : {std::pair(pair.first, pair.second),
                          std::pair(pair.second, pair.first)})
        if (a == at && !visited[b])
          walk(b, {sum.latency + pair.link.latency,
                   std::min(sum.bandwidth, pair.link.bandwidth)});
    visited[at] = false;
  };
  walk(from, {0, 1e300});
  return best;
}

double secondsOf(Link link) {
  return link.latency + double(1 << 20) / link.bandwidth;
}

void expectPaths(const Machine &machine) {
  for (int64_t from = 0; from < machine.numDevices(); ++from)
    for (int64_t to = 0; to < machine.numDevices(); ++to)
      if (from != to) {
        Link got = machine.linkBetween(from, to);
        Link expected = bestPath(machine, from, to);
        EXPECT_DOUBLE_EQ(secondsOf(got), secondsOf(expected))
            << from << " to " << to;
      }
}

/// A random connected machine joined in pairs, of many ties.
Machine randomPairs(std::mt19937 &random, int64_t devices) {
  auto below = [&](int64_t n) { return int64_t(random() % n); };
  Machine machine = makeMachine(devices);
  auto link = [&] {
    return Link{1e-6 * double(1 + below(200)), 1e8 * double(1 + below(20))};
  };
  for (int64_t i = 1; i < devices; ++i)
    machine.pairs.push_back({below(i), i, link()});
  for (int64_t a = 0; a < devices; ++a)
    for (int64_t b = a + 1; b < devices; ++b) {
      bool joined = false;
      for (const PairLink &pair : machine.pairs)
        joined |= pair.first == a && pair.second == b;
      if (!joined && below(3) == 0)
        machine.pairs.push_back({b, a, link()}); // either order
    }
  return machine;
}
} // namespace

// Each group is written out as a list of devices, innermost first.
TEST(Machine, LevelBetweenIsTheInnermostSharedGroup) {
  Machine machine = makeLevels({2, 4, 12});
  std::vector<std::vector<std::vector<int64_t>>> groups = {
      {{0, 1}, {2, 3}, {4, 5}, {6, 7}, {8, 9}, {10, 11}},
      {{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9, 10, 11}},
      {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}};
  ASSERT_TRUE(checkMachine(machine));
  for (int64_t a = 0; a < 12; ++a)
    for (int64_t b = 0; b < 12; ++b) {
      std::string expected;
      for (size_t level = 0; level < groups.size() && expected.empty(); ++level)
        for (const std::vector<int64_t> &group : groups[level])
          if (std::count(group.begin(), group.end(), a) &&
              std::count(group.begin(), group.end(), b))
            expected = "level" + std::to_string(level);
      EXPECT_EQ(machine.levelBetween(a, b).name, expected) << a << " " << b;
    }
  EXPECT_EQ(machine.linkBetween(0, 11), (Link{3e-6, 1e9}));
}

TEST(Machine, PathsOfPairsAreTheBestOfAll) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    Machine machine = randomPairs(random, 2 + round % 6);
    ASSERT_TRUE(checkMachine(machine)) << checkMachine(machine).error();
    expectPaths(machine);
  }
}

// 0 - 1 is slow; the detour over 2 would be faster, but who is joined uses it.
TEST(Machine, JoinedDevicesUseTheirLink) {
  Machine machine = makeMachine(3);
  machine.pairs = {
      {0, 1, {1e-6, 1e6}}, {0, 2, {1e-6, 1e10}}, {2, 1, {1e-6, 1e10}}};
  EXPECT_EQ(machine.linkBetween(0, 1), (Link{1e-6, 1e6}));
}

// A wide detour of many hops against a narrow one of few, around 1 MiB.
TEST(Machine, PathsWeighLatencyAgainstBandwidth) {
  Machine machine = makeMachine(4);
  machine.pairs = {{0, 1, {1e-6, 1e9}},
                   {1, 3, {1e-6, 1e9}},
                   {0, 2, {400e-6, 1e10}},
                   {2, 3, {400e-6, 1e10}}};
  EXPECT_EQ(machine.linkBetween(0, 3), (Link{800e-6, 1e10}));
  machine.pairs[2].link.latency = 800e-6; // links may change between questions
  EXPECT_EQ(machine.linkBetween(0, 3), (Link{2e-6, 1e9}));
}

TEST(Machine, UniformButForNames) {
  Machine machine = makeMachine(3);
  machine.devices[1].name = "other";
  EXPECT_TRUE(machine.uniform());
  machine.devices[1].rates[{KernelClass::Dense, "f32"}].macsPerSecond = 2e9;
  EXPECT_FALSE(machine.uniform());
  machine = makeMachine(3);
  machine.devices[2].memoryBytes = std::nullopt;
  EXPECT_FALSE(machine.uniform());
}

// Copies share their rates, but none sees what another writes.
TEST(Machine, RatesOfCopiesAreTheirOwn) {
  DeviceDescription first = makeDevice("d");
  DeviceDescription second = first;
  EXPECT_TRUE(first.sameKindAs(second));
  second.rates[{KernelClass::Dense, "f32"}].macsPerSecond = 7;
  second.rates[{KernelClass::Pooling, "i8"}] = {1, 2};
  EXPECT_EQ(first.rate(KernelClass::Dense, "f32")->macsPerSecond, 1e9);
  EXPECT_EQ(first.rate(KernelClass::Pooling, "i8"), nullptr);
  EXPECT_FALSE(first.sameKindAs(second));
  first = second;
  first.rates[{KernelClass::Dense, "f32"}].macsPerSecond = 8;
  EXPECT_EQ(second.rate(KernelClass::Dense, "f32")->macsPerSecond, 7);
  EXPECT_EQ(second.rates.size(), 2u);
}

// Whatever is left is joined as it was.
TEST(Machine, FewerDevicesKeepTheirLevels) {
  Machine machine = makeLevels({2, 4, 12});
  for (int64_t devices = 1; devices <= 12; ++devices) {
    Result<Machine> fewer = withDevices(machine, devices);
    ASSERT_TRUE(fewer) << fewer.error();
    ASSERT_EQ(fewer->numDevices(), devices);
    ASSERT_TRUE(checkMachine(*fewer)) << checkMachine(*fewer).error();
    for (int64_t a = 0; a < devices; ++a)
      for (int64_t b = 0; b < devices; ++b)
        if (a != b)
          EXPECT_EQ(fewer->levelBetween(a, b).name,
                    machine.levelBetween(a, b).name)
              << devices << ": " << a << " " << b;
  }
  EXPECT_EQ(withDevices(machine, 4)->levels.size(), 2u);
  EXPECT_TRUE(withDevices(machine, 4)->places.empty());
  EXPECT_EQ(withDevices(machine, 5)->levels.size(), 3u);
  EXPECT_EQ(withDevices(machine, 5)->levels.back().devices, 8);
}

TEST(Machine, MoreDevicesAreFurtherGroupsOfTheOutermostLevel) {
  Machine machine = makeLevels({2, 8});
  for (int64_t devices : {8, 9, 12, 13, 60480, 65536}) {
    Result<Machine> more = withDevices(machine, devices);
    ASSERT_TRUE(more) << more.error();
    ASSERT_EQ(more->numDevices(), devices);
    ASSERT_TRUE(checkMachine(*more)) << checkMachine(*more).error();
    for (int64_t a : {int64_t(0), int64_t(1), int64_t(7), devices - 2})
      for (int64_t b : {int64_t(1), int64_t(6), devices - 1})
        if (a != b)
          EXPECT_EQ(more->levelBetween(a, b).name,
                    a / 2 == b / 2 ? "level0" : "level1");
  }
  // A machine without an inner level grows device by device.
  EXPECT_EQ(withDevices(makeLevels({4}), 7)->levels[0].devices, 7);
}

TEST(Machine, WithDevicesRefuses) {
  Machine machine = makeLevels({2, 4});
  EXPECT_THAT(withDevices(machine, 0).error(),
              HasSubstr("1 to 65536 devices are possible"));
  EXPECT_THAT(withDevices(machine, Grid::most + 1).error(),
              HasSubstr("1 to 65536 devices are possible"));
  machine.devices[3].memoryBytes = 1;
  EXPECT_THAT(withDevices(machine, 5).error(),
              HasSubstr("machine 'test', which has 4 devices, with 5: its "
                        "devices differ"));
  Machine pairs = makeMachine(3);
  pairs.pairs = {{0, 2, {1e-6, 1e9}}, {2, 1, {1e-6, 1e9}}};
  EXPECT_THAT(withDevices(pairs, 4).error(), HasSubstr("has no levels"));
  EXPECT_THAT(withDevices(pairs, 2).error(),
              HasSubstr("no link leads from device 0 to device 1"));
  EXPECT_TRUE(withDevices(pairs, 3));
}

// All devices but the lost ones, joined as they were, in any order of loss.
TEST(Machine, LostDevicesLeaveTheirPlaceFree) {
  Machine machine = makeLevels({2, 4, 12});
  for (int64_t i = 0; i < 12; ++i)
    machine.devices[i].name = std::to_string(i);
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    Machine rest = machine;
    while (rest.numDevices() > 1) {
      int64_t lost = random() % rest.numDevices();
      std::string name = rest.devices[lost].name;
      Result<Machine> fewer = withoutDevice(rest, lost);
      ASSERT_TRUE(fewer) << fewer.error();
      rest = *fewer;
      for (int64_t a = 0; a < rest.numDevices(); ++a) {
        ASSERT_NE(rest.devices[a].name, name);
        for (int64_t b = 0; b < rest.numDevices(); ++b)
          if (a != b)
            ASSERT_EQ(rest.levelBetween(a, b).name,
                      machine
                          .levelBetween(std::stoi(rest.devices[a].name),
                                        std::stoi(rest.devices[b].name))
                          .name);
      }
    }
    EXPECT_THAT(withoutDevice(rest, 0).error(),
                HasSubstr("there is no device"));
  }
}

// Free places are not filled: new devices come in new groups.
TEST(Machine, MoreDevicesAfterALoss) {
  Result<Machine> rest = withoutDevice(makeLevels({2, 4}), 0);
  ASSERT_TRUE(rest);
  Result<Machine> more = withDevices(*rest, 5);
  ASSERT_TRUE(more) << more.error();
  EXPECT_EQ(more->places, (std::vector<int64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(more->levelBetween(0, 1).name, "level1");
  EXPECT_EQ(more->levelBetween(3, 4).name, "level0");
}

TEST(Machine, LostDevicesOfPairs) {
  std::mt19937 random(11);
  int connected = 0, apart = 0;
  for (int round = 0; round < 60; ++round) {
    Machine machine = randomPairs(random, 3 + round % 4);
    for (int64_t i = 0; i < machine.numDevices(); ++i)
      machine.devices[i].name = std::to_string(i);
    int64_t lost = random() % machine.numDevices();
    Result<Machine> rest = withoutDevice(machine, lost);
    // The oracle: the same links by the names of the devices.
    Machine expected = makeMachine(machine.numDevices());
    for (const PairLink &pair : machine.pairs)
      if (pair.first != lost && pair.second != lost)
        expected.pairs.push_back(pair);
    bool whole = true;
    for (int64_t a = 0; a < machine.numDevices(); ++a)
      for (int64_t b = 0; b < machine.numDevices(); ++b)
        if (a != lost && b != lost && a != b) {
          Link path = bestPath(expected, a, b);
          whole &= path.bandwidth > 0;
          if (rest)
            EXPECT_DOUBLE_EQ(
                secondsOf(path),
                secondsOf(rest->linkBetween(a - (a > lost), b - (b > lost))));
        }
    EXPECT_EQ(bool(rest), whole);
    (whole ? connected : apart) += 1;
  }
  EXPECT_GT(connected, 5);
  EXPECT_GT(apart, 5);
}

TEST(Machine, LosingWhatIsNotThereIsAnError) {
  EXPECT_THAT(withoutDevice(makeLevels({2}), 2).error(),
              HasSubstr("without device 2: its devices are 0 to 1"));
  EXPECT_THAT(withoutDevice(makeLevels({2}), -1).error(),
              HasSubstr("without device -1: its devices are 0 to 1"));
}

// Faults that a machine file cannot have, or that programs make.
TEST(Machine, ChecksWhatProgramsFillIn) {
  auto wrong = [](const std::function<void(Machine &)> &change) {
    Machine machine = makeLevels({2, 4});
    change(machine);
    Result<int64_t> checked = checkMachine(machine);
    return checked ? std::string("nothing") : checked.error();
  };
  EXPECT_EQ(wrong([](Machine &) {}), "nothing");
  EXPECT_EQ(wrong([](Machine &m) { m.devices.clear(); }), "there is no device");
  EXPECT_EQ(
      wrong([](Machine &m) { m.devices.resize(Grid::most + 1, m.devices[0]); }),
      "there are 65537 devices but at most 65536 are possible");
  EXPECT_EQ(wrong([](Machine &m) { m.devices[1].memoryBytes = 0; }),
            "device 1: 'memory' is 0 but must be positive");
  EXPECT_EQ(wrong([](Machine &m) { m.devices[1].copyLatency = -1; }),
            "device 1: 'copy-latency' is -1 but must be positive");
  EXPECT_EQ(wrong([](Machine &m) { m.devices[3].rates = {}; }),
            "device 3: there is no rate, but at least one is needed");
  EXPECT_EQ(wrong([](Machine &m) {
              m.devices[0].rates[{KernelClass::Pooling, "i8"}] = {1, 0};
            }),
            "device 0: of pooling kernels in i8, 'outputs' is 0 but must be "
            "positive");
  EXPECT_EQ(wrong([](Machine &m) { m.processors = 0; }),
            "'processors' is 0 but must be positive");
  EXPECT_EQ(wrong([](Machine &m) { m.hostLink.bandwidth = std::nan(""); }),
            "host: 'bandwidth' is nan but must be positive");
  EXPECT_EQ(wrong([](Machine &m) { m.hostBandwidth = 0; }),
            "host: 'total-bandwidth' is 0 but must be positive");
  EXPECT_EQ(wrong([](Machine &m) { m.levels[1].link.latency = 0; }),
            "level 'level1': 'latency' is 0 but must be positive");
  EXPECT_EQ(wrong([](Machine &m) { m.levels[1].groupBandwidth = -2; }),
            "level 'level1': 'group-bandwidth' is -2 but must be positive");
  EXPECT_EQ(wrong([](Machine &m) { m.levels[0].devices = 0; }),
            "level 'level0': a group has 0 devices but needs at least 1");
  EXPECT_EQ(wrong([](Machine &m) { m.levels[0].devices = 3; }),
            "level 'level1': a group has 4 devices, which is no multiple of "
            "the 3 of the level before");
  EXPECT_EQ(wrong([](Machine &m) { m.levels[1].devices = 8; }),
            "the outermost level 'level1' joins 8 devices but there are 4");
  EXPECT_EQ(wrong([](Machine &m) {
              m.places = {0, 1, 2};
            }),
            "there are 3 places for 4 devices");
  EXPECT_EQ(wrong([](Machine &m) {
              m.places = {0, 2, 2, 3};
            }),
            "place 2 of device 2 must be greater than 2");
  EXPECT_EQ(wrong([](Machine &m) {
              m.places = {-1, 2, 2, 3};
            }),
            "place -1 of device 0 must be at least 0");
  EXPECT_EQ(wrong([](Machine &m) {
              m.places = {0, 1, 2, 4};
            }),
            "place 4 is outside the outermost level, which has 4");
  EXPECT_EQ(wrong([](Machine &m) {
              m.levels.clear();
              m.places = {0, 1, 2, 3};
            }),
            "there are places but no levels");
  EXPECT_EQ(wrong([](Machine &m) { m.levels.clear(); }),
            "no link leads from device 0 to device 1; levels or pairs must "
            "join all");
  EXPECT_EQ(wrong([](Machine &m) {
              m.pairs = {{0, 1, {1, 1}}};
            }),
            "there are both levels and pairs; one of them says how the devices "
            "are joined");
}
