//===- MachineErrorsTest.cpp - what machine files must not hold -----------===//

#include "dconv/Machine/MachineFile.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cstdio>
#include <fstream>

using namespace dconv;
using testing::HasSubstr;
using testing::StartsWith;

namespace {
/// A file without faults; each test changes one place. `/*N*/` is not there,
/// lines are counted from 1.
const std::string good =
    "name: m\n"                                    // 1
    "processors: 2\n"                              // 2
    "devices:\n"                                   // 3
    "  - name: a\n"                                // 4
    "    count: 3\n"                               // 5
    "    memory: 2 GiB\n"                          // 6
    "    memory-bandwidth: 10 GB/s\n"              // 7
    "    copy-bandwidth: 5 GB/s\n"                 // 8
    "    launch-latency: 3 us\n"                   // 9
    "    copy-latency: 2 us\n"                     // 10
    "    rates:\n"                                 // 11
    "      dense:\n"                               // 12
    "        f32: {macs: 1 G/s, outputs: 2 G/s}\n" // 13
    "  - name: b\n"                                // 14
    "    memory-bandwidth: 1 GB/s\n"               // 15
    "    copy-bandwidth: 1 GB/s\n"                 // 16
    "    launch-latency: 3 us\n"                   // 17
    "    copy-latency: 2 us\n"                     // 18
    "    rates: {pooling: {i8: {macs: 1e9, outputs: 1e9}}}\n"
    "levels:\n"               // 20
    "  - name: inner\n"       // 21
    "    devices: 2\n"        // 22
    "    latency: 1 us\n"     // 23
    "    bandwidth: 8 GB/s\n" // 24
    "  - {name: outer, devices: 4, latency: 9 us, bandwidth: 1 GB/s}\n"
    "host:\n"               // 26
    "  latency: 1 ms\n"     // 27
    "  bandwidth: 1 GB/s\n" // 28
    "overlap: true\n";      // 29

/// `good` with the first `from` replaced.
std::string with(const std::string &from, const std::string &to) {
  std::string text = good;
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string errorOf(const std::string &text) {
  Result<Machine> machine = parseMachine(text, "m.yaml");
  return machine ? "no error" : machine.error();
}

struct Case {
  const char *from, *to;
  int line;
  const char *message;
};

void expectErrors(const std::vector<Case> &cases) {
  for (const Case &c : cases) {
    std::string error = errorOf(with(c.from, c.to));
    EXPECT_THAT(error, StartsWith("m.yaml:" + std::to_string(c.line) + ": "))
        << c.to;
    EXPECT_THAT(error, HasSubstr(c.message)) << c.to;
  }
}
} // namespace

TEST(MachineErrors, TheGoodFileIsGood) { EXPECT_EQ(errorOf(good), "no error"); }

TEST(MachineErrors, UnknownKeys) {
  expectErrors({
      {"processors: 2", "cores: 2", 2,
       "the machine has the unknown key 'cores'; known: name, devices, "
       "processors, levels, places, pairs, host, overlap"},
      {"    memory: 2", "    memroy: 2", 6,
       "entry 0 of 'devices' has the unknown key 'memroy'; known: name, count, "
       "memory, rates, memory-bandwidth, copy-bandwidth, launch-latency, "
       "copy-latency"},
      {"      dense:", "      denser:", 12,
       "'rates' of entry 0 of 'devices' has the unknown key 'denser'; known: "
       "dense, dense-columns, dense-dots, depthwise, depthwise-columns, "
       "pooling"},
      {"        f32:", "        float:", 13,
       "'dense' in 'rates' of entry 0 of 'devices' has the unknown key "
       "'float'; known: f64, f32, f16, bf16, i64, i32, i16, i8"},
      {"{macs: 1 G/s", "{flops: 1 G/s", 13, "known: macs, outputs"},
      {"    devices: 2", "    count: 2", 22,
       "level 0 has the unknown key 'count'; known: name, devices, "
       "group-bandwidth, latency, bandwidth"},
      {"  latency: 1 ms", "  delay: 1 ms", 27,
       "the host has the unknown key 'delay'; known: total-bandwidth, latency, "
       "bandwidth"},
      {"processors: 2", "[1, 2]: 2", 2,
       "the machine has the unknown key a list"},
      {"processors: 2", "<<: {}", 2, "the machine has the unknown key '<<'"},
  });
}

TEST(MachineErrors, KeysGivenTwice) {
  expectErrors({
      {"processors: 2", "name: n", 2, "the machine has the key 'name' twice"},
      {"    copy-latency: 2 us", "    memory: 1 GB", 10,
       "entry 0 of 'devices' has the key 'memory' twice"},
      {"outputs: 2 G/s", "macs: 2 G/s", 13, "has the key 'macs' twice"},
  });
}

TEST(MachineErrors, MissingKeys) {
  expectErrors({
      {"name: m\n", "", 1, "the machine needs the key 'name'"},
      {"host:\n  latency: 1 ms\n  bandwidth: 1 GB/s\n", "", 1,
       "the machine needs the key 'host'"},
      {"    copy-bandwidth: 5 GB/s\n", "", 4,
       "entry 0 of 'devices' needs the key 'copy-bandwidth'"},
      {"    rates: {pooling: {i8: {macs: 1e9, outputs: 1e9}}}\n", "", 14,
       "entry 1 of 'devices' needs the key 'rates'"},
      {", outputs: 2 G/s", "", 13,
       "'f32' in 'dense' in 'rates' of entry 0 of 'devices' needs the key "
       "'outputs'"},
      {", bandwidth: 1 GB/s}", "}", 25, "level 1 needs the key 'bandwidth'"},
      {"  bandwidth: 1 GB/s\noverlap", "overlap", 27,
       "the host needs the key 'bandwidth'"},
  });
}

TEST(MachineErrors, Quantities) {
  expectErrors({
      {"10 GB/s", "-10 GB/s", 7,
       "'memory-bandwidth' of entry 0 of 'devices' is '-10 GB/s' but must be "
       "positive"},
      {"10 GB/s", "0", 7, "is '0' but must be positive"},
      {"10 GB/s", "-0.0", 7, "is '-0.0' but must be positive"},
      {"10 GB/s", ".nan", 7,
       "is '.nan' but needs a positive number of bytes per second, such as "
       "'25 GB/s'"},
      {"10 GB/s", "nan", 7, "is 'nan' but needs"},
      {"10 GB/s", ".inf", 7, "is '.inf' but needs"},
      {"10 GB/s", "inf", 7, "is 'inf' but needs"},
      {"10 GB/s", "1e999", 7, "is '1e999' but needs"},
      {"10 GB/s", "1e300 TB/s", 7, "is '1e300 TB/s' but needs"},
      {"10 GB/s", "fast", 7, "is 'fast' but needs"},
      {"10 GB/s", "0x10", 7, "units: B/s, KB/s"},
      {"10 GB/s", "10 Gb/s", 7,
       "is '10 Gb/s' but needs a positive number of bytes per second, such as "
       "'25 GB/s'; units: B/s, KB/s, MB/s, GB/s, TB/s, KiB/s, MiB/s, GiB/s, "
       "TiB/s, Mbit/s, Gbit/s, Tbit/s"},
      {"10 GB/s", "10 GB", 7, "is '10 GB' but needs"},
      {"10 GB/s", "", 7, "is empty but needs"},
      {"10 GB/s", "[1, 2]", 7, "is a list but needs"},
      {"10 GB/s", "{a: 1}", 7, "is a map but needs"},
      {"10 GB/s", "\"1\\n2\"", 7, "is '1?2' but needs"},
      {"    launch-latency: 3 us", "    launch-latency: 3 sec", 9,
       "but needs a positive time, such as '2 us'; units: ns, us, ms, s"},
      {"{macs: 1 G/s", "{macs: 1 GFLOP/s", 13,
       "'macs' of 'f32' in 'dense' in 'rates' of entry 0 of 'devices' is "
       "'1 GFLOP/s' but needs a positive rate, such as '20 T/s'; units: /s, "
       "K/s, M/s, G/s, T/s, P/s"},
      {"memory: 2 GiB", "memory: 2 GiB/s", 6,
       "but needs a positive number of bytes, such as '64 GiB'; units: B, KB"},
      {"memory: 2 GiB", "memory: 1.5 B", 6, "needs a whole number of bytes"},
      {"memory: 2 GiB", "memory: 9e99", 6, "needs a whole number of bytes"},
      {"memory: 2 GiB", "memory: 0", 6, "is '0' but must be positive"},
      {"    bandwidth: 8 GB/s", "    bandwidth: -8", 24,
       "'bandwidth' of level 0 is '-8' but must be positive"},
      {"bandwidth: 1 GB/s}", "bandwidth: 1 GB/s, group-bandwidth: 0}", 25,
       "'group-bandwidth' of level 1 is '0' but must be positive"},
      {"  latency: 1 ms", "  latency: 1 ms\n  total-bandwidth: x", 28,
       "'total-bandwidth' of the host is 'x' but needs"},
  });
  EXPECT_THAT(errorOf(with("10 GB/s", std::string(500, 'x'))),
              HasSubstr(std::string(60, 'x') + "...'"));
}

TEST(MachineErrors, Counts) {
  expectErrors({
      {"count: 3", "count: 0", 5,
       "'count' of entry 0 of 'devices' is '0' but needs a whole number from 1 "
       "to 65536"},
      {"count: 3", "count: -3", 5, "is '-3' but needs a whole number"},
      {"count: 3", "count: 1.5", 5, "is '1.5' but needs a whole number"},
      {"count: 3", "count: 65537", 5, "is '65537' but needs a whole number"},
      {"count: 3", "count: 99999999999999999999", 5, "needs a whole number"},
      {"count: 3", "count: three", 5, "is 'three' but needs a whole number"},
      {"count: 3", "count:", 5, "is empty but needs a whole number"},
      {"  - name: b", "  - name: b\n    count: 65534", 15,
       "needs to leave at most 65536 devices in all"},
      {"processors: 2", "processors: 0", 2,
       "'processors' of the machine is '0'"},
      {"    devices: 2", "    devices: 0", 22, "'devices' of level 0 is '0'"},
      {"overlap: true", "overlap: 1", 29,
       "'overlap' of the machine is '1' but needs true or false"},
  });
}

TEST(MachineErrors, FormsOfParts) {
  expectErrors({
      {"name: m", "name:", 1,
       "'name' of the machine is empty but needs a name"},
      {"host:\n  latency: 1 ms\n  bandwidth: 1 GB/s\n", "host:\n", 26,
       "the host is empty but needs the keys total-bandwidth, latency, "
       "bandwidth"},
      {"name: m", "name: [m]", 1,
       "'name' of the machine is a list but needs a name"},
      {"  - name: a", "  - name: ''", 4, "is '' but needs a name"},
      {"processors: 2", "pairs: 3", 2,
       "'pairs' of the machine is '3' but needs a list with at least one"},
      {"  - name: b", "  - 3\n  - name: b", 14,
       "entry 1 of 'devices' is '3' but needs the keys name, count, memory"},
      {"        f32: {macs: 1 G/s, outputs: 2 G/s}", "        f32: 3", 13,
       "is '3' but needs the keys macs, outputs"},
      {"    rates: {pooling: {i8: {macs: 1e9, outputs: 1e9}}}",
       "    rates: {pooling: {}}", 19,
       "'rates' of entry 1 of 'devices' is empty but needs at least one rate"},
      {"processors: 2", "places: 7", 2,
       "'places' of the machine is '7' but needs a list of numbers"},
      {"processors: 2", "places: [0, 1, x]", 2,
       "'places' of the machine is 'x' but needs a whole number from 0"},
  });
  std::string noDevices = "name: m\nhost: {latency: 1, bandwidth: 1}\n";
  EXPECT_EQ(
      errorOf(noDevices + "devices: []\n"),
      "m.yaml:3: 'devices' of the machine is a list but needs a list with "
      "at least one entry");
  EXPECT_EQ(
      errorOf(noDevices + "devices: 8\n"),
      "m.yaml:3: 'devices' of the machine is '8' but needs a list with at "
      "least one entry");
  EXPECT_EQ(errorOf(noDevices),
            "m.yaml:1: the machine needs the key 'devices'");
}

TEST(MachineErrors, Links) {
  expectErrors({
      {"    devices: 2", "    devices: 3", 25,
       "level 'outer': a group has 4 devices, which is no multiple of the 3 of "
       "the level before"},
      {"count: 3", "count: 4", 25,
       "the outermost level 'outer' joins 4 devices but there are 5"},
      {"processors: 2", "places: [0, 1, 2, 4]", 2,
       "place 4 is outside the outermost level, which has 4"},
      {"processors: 2", "places: [0, 1]", 2,
       "there are 2 places for 4 devices"},
      {"overlap: true",
       "pairs:\n  - {between: [0, 1], latency: 1 us, bandwidth: 1 GB/s}", 30,
       "there are both levels and pairs"},
  });
}

/// The good devices without levels and with `pairs`.
static std::string pairsError(const std::string &pairs) {
  std::string text = good;
  size_t begin = text.find("levels:"), end = text.find("host:");
  return errorOf(text.replace(begin, end - begin, pairs));
}

TEST(MachineErrors, Pairs) {
  auto pair = [](const char *between) {
    return std::string("  - {between: ") + between +
           ", latency: 1 us, bandwidth: 1 GB/s}\n";
  };
  std::string chain =
      "pairs:\n" + pair("[0, 1]") + pair("[2, 1]") + pair("[2, 3]");
  EXPECT_EQ(pairsError(chain), "no error");
  EXPECT_EQ(pairsError(""), "m.yaml:1: no link leads from device 0 to device "
                            "1; levels or pairs must join all");
  EXPECT_THAT(pairsError("pairs:\n" + pair("[0, 1]") + pair("[2, 3]")),
              StartsWith("m.yaml:21: no link leads from device 0 to device 2"));
  EXPECT_EQ(pairsError(chain + pair("[1, 2]")),
            "m.yaml:24: the link between devices 1 and 2: it is given twice");
  EXPECT_EQ(
      pairsError(chain + pair("[1, 1]")),
      "m.yaml:24: the link between devices 1 and 1: two different devices "
      "are needed");
  EXPECT_EQ(pairsError(chain + pair("[1, 4]")),
            "m.yaml:24: the link between devices 1 and 4: the devices are 0 to "
            "3");
  EXPECT_THAT(pairsError(chain + pair("[1]")),
              StartsWith("m.yaml:24: 'between' of pair 3 is a list but needs "
                         "two devices"));
  EXPECT_THAT(pairsError(chain + pair("[1, -1]")),
              StartsWith("m.yaml:24: 'between' of pair 3 is '-1' but needs a "
                         "whole number from 0"));
  EXPECT_THAT(pairsError(chain + "  - {between: [0, 3], latency: 0, bandwidth: "
                                 "1}\n"),
              StartsWith("m.yaml:24: 'latency' of pair 3 is '0' but must be "
                         "positive"));
  EXPECT_THAT(pairsError("places: [0, 1, 2, 3]\n" + chain),
              StartsWith("m.yaml:20: there are places but no levels"));
}

TEST(MachineErrors, NotYamlOrNotOneMachine) {
  EXPECT_EQ(errorOf(""), "m.yaml:1: there is no machine in this file");
  EXPECT_EQ(errorOf("# nothing\n\n"),
            "m.yaml:1: there is no machine in this file");
  EXPECT_EQ(errorOf("---\n"), "m.yaml:1: there is no machine in this file");
  EXPECT_THAT(errorOf("- 1\n- 2\n"),
              StartsWith("m.yaml:1: the machine is a list but needs the keys"));
  EXPECT_THAT(errorOf("h100\n"), StartsWith("m.yaml:1: the machine is 'h100'"));
  EXPECT_THAT(errorOf(good + "---\n" + good),
              StartsWith("m.yaml:31: a second document begins"));
  EXPECT_THAT(errorOf(with("{macs: 1 G/s", "{macs: [1 G/s")),
              StartsWith("m.yaml:13: no valid YAML: "));
  EXPECT_THAT(errorOf(with("    count: 3", "\tcount: 3")),
              testing::MatchesRegex("m.yaml:[456]: no valid YAML: .*"));
  EXPECT_THAT(errorOf("name: 'm\nhost: \"x\\y\"\n"),
              testing::MatchesRegex("m.yaml:[123]: .*"));
  EXPECT_THAT(errorOf("name: *m\n"), StartsWith("m.yaml:1: no valid YAML: "));
}

// Texts that have crashed parsers: each is an error, none an exception.
TEST(MachineErrors, HostileTexts) {
  std::vector<std::string> texts = {
      std::string(100000, '['),
      std::string(100000, '{'),
      std::string(50000, '-') + " ",
      "a: &a [*a, *a]\nname: *a\n",
      "devices: &a {rates: *a}\n",
      std::string("name: \0m\n", 9),
      "\xff\xfe\x00\x00",
      "name: \xc3\x28\n",
      "!!binary |\n  x",
      "? \n: \n",
      "%YAML 9.9\n---\nname: m\n",
      "%TAG\n---\nname: m",
  };
  for (size_t end = 0; end < good.find("host:"); ++end)
    texts.push_back(good.substr(0, end));
  for (const std::string &text : texts)
    EXPECT_THAT(errorOf(text), testing::MatchesRegex("m.yaml:[1-9][0-9]*: .*"))
        << text.substr(0, 80);
}

TEST(MachineErrors, FilesThatCannotBeRead) {
  std::string folder = testing::TempDir();
  Result<Machine> none = readMachine(folder + "no-such-machine.yaml");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error(), folder + "no-such-machine.yaml:1: cannot be read: No "
                                   "such file or directory");
  Result<Machine> directory = readMachine(folder);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error(), folder +
                                   ":1: cannot be read: it is a directory, "
                                   "but a machine file is needed");
  std::string path = folder + "dconv-bad-machine.yaml";
  std::ofstream(path) << with("count: 3", "count: 0");
  Result<Machine> bad = readMachine(path);
  std::remove(path.c_str());
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error(), StartsWith(path + ":5: 'count' of entry 0"));
}
