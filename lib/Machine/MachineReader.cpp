//===- MachineReader.cpp - a machine from its file ------------------------===//
//
// yaml-cpp reports by exceptions, and so does this file within; none leaves it.
//
//===----------------------------------------------------------------------===//

#include "Quantity.h"
#include "dconv/Geometry/Grid.h"
#include "dconv/Machine/MachineFile.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

using namespace dconv;

namespace {
/// Thrown at the first error.
struct Failure {
  int line;
  std::string message;
};

/// Counted from 1; what has no place in the file is at its begin.
int lineOf(const YAML::Mark &mark) {
  return mark.is_null() ? 1 : mark.line + 1;
}

[[noreturn]] void fail(int line, const std::string &message) {
  throw Failure{line, message};
}

/// A node and its line. yaml-cpp has nothing in the line after its key.
struct Value {
  Value(const YAML::Node &node) : node(node), line(lineOf(node.Mark())) {}
  Value(const YAML::Node &node, const YAML::Node &key)
      : node(node), line(lineOf((node.IsNull() ? key : node).Mark())) {}

  YAML::Node node;
  int line;
};

std::string join(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// What a node is, for errors: its text, or its form.
std::string describe(const YAML::Node &node) {
  switch (node.Type()) {
  case YAML::NodeType::Map:
    return "a map";
  case YAML::NodeType::Sequence:
    return "a list";
  case YAML::NodeType::Scalar: {
    std::string text = node.Scalar();
    if (text.size() > 60)
      text = text.substr(0, 60) + "...";
    for (char &c : text)
      if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
        c = '?';
    return "'" + text + "'";
  }
  default:
    return "empty";
  }
}

/// A map whose keys are known, each there once. `what` names it in errors.
class Keys {
public:
  Keys(const Value &value, const std::string &what,
       const std::vector<std::string> &known)
      : line(value.line), what(what) {
    const YAML::Node &node = value.node;
    if (!node.IsMap())
      fail(line, what + " is " + describe(node) + " but needs the keys " +
                     join(known));
    for (const auto &entry : node) {
      std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      if (std::find(known.begin(), known.end(), key) == known.end())
        fail(lineOf(entry.first.Mark()), what + " has the unknown key " +
                                             describe(entry.first) +
                                             "; known: " + join(known));
      if (has(key))
        fail(lineOf(entry.first.Mark()),
             what + " has the key '" + key + "' twice");
      order.push_back(key);
      values.emplace_back(entry.second, entry.first);
    }
  }

  bool has(const std::string &key) const {
    return std::find(order.begin(), order.end(), key) != order.end();
  }

  const Value &get(const std::string &key) const {
    auto found = std::find(order.begin(), order.end(), key);
    if (found == order.end())
      fail(line, what + " needs the key '" + key + "'");
    return values[found - order.begin()];
  }

  const std::vector<std::string> &keys() const { return order; }
  const std::string &name() const { return what; }

  std::string text(const std::string &key) const {
    const YAML::Node &value = get(key).node;
    if (!value.IsScalar() || value.Scalar().empty())
      wrong(key, "needs a name");
    return value.Scalar();
  }

  double quantity(const std::string &key, Unit unit, bool optional) const {
    const YAML::Node &value = get(key).node;
    Result<double> number =
        parseQuantity(value.IsScalar() ? value.Scalar() : "", unit);
    if (!number)
      wrong(key, number.error());
    if (std::string fault = wrongWith(key.c_str(), *number, optional);
        !fault.empty())
      wrong(key, optional ? "must not be negative" : "must be positive");
    return *number;
  }

  int64_t integer(const std::string &key, int64_t least) const {
    return integerIn(get(key), key, least);
  }

  std::vector<int64_t> integers(const std::string &key) const {
    const YAML::Node &list = get(key).node;
    if (!list.IsSequence())
      wrong(key, "needs a list of numbers");
    std::vector<int64_t> numbers;
    for (const YAML::Node &number : list)
      numbers.push_back(integerIn(number, key, 0));
    return numbers;
  }

  bool boolean(const std::string &key) const {
    const YAML::Node &value = get(key).node;
    std::string text = value.IsScalar() ? value.Scalar() : "";
    if (text != "true" && text != "false")
      wrong(key, "needs true or false");
    return text == "true";
  }

  template <typename Struct> void fields(Struct &into) const {
    for (const Field<Struct> &field : fieldsOf<Struct>())
      if (!field.optional || has(field.key))
        into.*field.member = quantity(field.key, field.unit, field.optional);
  }

  [[noreturn]] void wrong(const std::string &key,
                          const std::string &needed) const {
    fail(get(key).line, "'" + key + "' of " + what + " is " +
                            describe(get(key).node) + " but " + needed);
  }

private:
  int64_t integerIn(const Value &value, const std::string &key,
                    int64_t least) const {
    std::string text = value.node.IsScalar() ? value.node.Scalar() : "";
    int64_t number = 0;
    auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc() ||
        end != text.data() + text.size() || number < least ||
        number > Grid::most)
      fail(value.line,
           "'" + key + "' of " + what + " is " + describe(value.node) +
               " but needs a whole number from " + std::to_string(least) +
               " to " + std::to_string(Grid::most));
    return number;
  }

  int line;
  std::string what;
  std::vector<std::string> order;
  std::vector<Value> values;
};

template <typename Struct>
std::vector<std::string> withFields(std::vector<std::string> keys) {
  for (const Field<Struct> &field : fieldsOf<Struct>())
    keys.push_back(field.key);
  return keys;
}

/// Reads one file, and remembers where its parts stand.
class MachineReader {
public:
  Machine read(const YAML::Node &root) {
    Keys keys(root, "the machine",
              {"name", "devices", "processors", "levels", "places", "pairs",
               "host", "overlap"});
    lines[MachineFault::Whole] = {lineOf(root.Mark())};
    machine.name = keys.text("name");
    readDevices(keys);
    if (keys.has("processors"))
      machine.processors = keys.integer("processors", 1);
    if (keys.has("levels"))
      for (const YAML::Node &level : listAt(keys, "levels"))
        readLevel(level);
    if (keys.has("places")) {
      lines[MachineFault::Places] = {keys.get("places").line};
      machine.places = keys.integers("places");
    }
    if (keys.has("pairs")) {
      lines[MachineFault::Pairs] = {keys.get("pairs").line};
      for (const YAML::Node &pair : listAt(keys, "pairs"))
        readPair(pair);
    }
    readHost(keys.get("host"));
    if (keys.has("overlap"))
      machine.overlap = keys.boolean("overlap");
    if (std::optional<MachineFault> fault = findFault(machine))
      throw Failure{lineOfFault(*fault), fault->message};
    return std::move(machine);
  }

private:
  YAML::Node listAt(const Keys &keys, const std::string &key) {
    YAML::Node list = keys.get(key).node;
    if (!list.IsSequence() || list.size() == 0)
      keys.wrong(key, "needs a list with at least one entry");
    return list;
  }

  void readDevices(const Keys &keys) {
    const Value &devices = keys.get("devices");
    if (devices.node.IsMap()) { // a uniform machine
      readDevice(devices, "the device");
      return;
    }
    int number = 0;
    for (const YAML::Node &device : listAt(keys, "devices"))
      readDevice(device, "entry " + std::to_string(number++) + " of 'devices'");
  }

  void readDevice(const Value &value, const std::string &what) {
    Keys keys(
        value, what,
        withFields<DeviceDescription>({"name", "count", "memory", "rates"}));
    DeviceDescription device;
    device.name = keys.text("name");
    int64_t count = keys.has("count") ? keys.integer("count", 1) : 1;
    if (machine.numDevices() + count > Grid::most)
      keys.wrong("count", "needs to leave at most " +
                              std::to_string(Grid::most) + " devices in all");
    if (keys.has("memory"))
      device.memoryBytes = readMemory(keys);
    keys.fields(device);
    readRates(keys.get("rates"), "'rates' of " + what, device);
    machine.devices.insert(machine.devices.end(), count, device);
    std::vector<int> &at = lines[MachineFault::Device];
    at.insert(at.end(), count, value.line);
  }

  int64_t readMemory(const Keys &keys) {
    double bytes = keys.quantity("memory", Unit::Bytes, false);
    // Doubles beyond are no longer exact.
    if (bytes > double(int64_t(1) << 53) || bytes != double(int64_t(bytes)))
      keys.wrong("memory", "needs a whole number of bytes, at most 2^53");
    return int64_t(bytes);
  }

  void readRates(const Value &value, const std::string &what,
                 DeviceDescription &device) {
    std::vector<std::string> classes;
    for (KernelClass kernelClass : kernelClasses())
      classes.push_back(toString(kernelClass));
    Keys byClass(value, what, classes);
    for (KernelClass kernelClass : kernelClasses()) {
      std::string key = toString(kernelClass);
      if (!byClass.has(key))
        continue;
      Keys byType(byClass.get(key), "'" + key + "' in " + what, elementTypes());
      for (const std::string &type : byType.keys()) {
        KernelRate rate;
        Keys(byType.get(type), "'" + type + "' in '" + key + "' in " + what,
             withFields<KernelRate>({}))
            .fields(rate);
        device.rates[{kernelClass, type}] = rate;
      }
    }
    if (device.rates.empty())
      fail(value.line, what + " is empty but needs at least one rate, such as "
                              "'dense: {f32: {...}}'");
  }

  void readLevel(const Value &value) {
    size_t number = machine.levels.size();
    Keys keys(value, "level " + std::to_string(number),
              withFields<Link>({"name", "devices", "group-bandwidth"}));
    LinkLevel level;
    level.name = keys.text("name");
    level.devices = keys.integer("devices", 1);
    keys.fields(level.link);
    if (keys.has("group-bandwidth"))
      level.groupBandwidth =
          keys.quantity("group-bandwidth", Unit::BytesPerSecond, false);
    machine.levels.push_back(level);
    lines[MachineFault::Level].push_back(value.line);
  }

  void readPair(const Value &value) {
    Keys keys(value, "pair " + std::to_string(machine.pairs.size()),
              withFields<Link>({"between"}));
    std::vector<int64_t> between = keys.integers("between");
    if (between.size() != 2)
      keys.wrong("between", "needs two devices, such as '[0, 1]'");
    PairLink pair{between[0], between[1], {}};
    keys.fields(pair.link);
    machine.pairs.push_back(pair);
    lines[MachineFault::Pair].push_back(value.line);
  }

  void readHost(const Value &value) {
    lines[MachineFault::Host] = {value.line};
    Keys keys(value, "the host", withFields<Link>({"total-bandwidth"}));
    keys.fields(machine.hostLink);
    if (keys.has("total-bandwidth"))
      machine.hostBandwidth =
          keys.quantity("total-bandwidth", Unit::BytesPerSecond, false);
  }

  int lineOfFault(const MachineFault &fault) {
    const std::vector<int> &at = lines[fault.part];
    return fault.index < int64_t(at.size()) ? at[fault.index]
                                            : lines[MachineFault::Whole][0];
  }

  Machine machine;
  std::map<MachineFault::Part, std::vector<int>> lines;
};
} // namespace

Result<Machine> dconv::parseMachine(const std::string &text,
                                    const std::string &name) {
  auto error = [&](int line, const std::string &message) {
    return Error{name + ":" + std::to_string(line) + ": " + message};
  };
  try {
    std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.empty() || documents[0].IsNull())
      return error(1, "there is no machine in this file");
    if (documents.size() > 1)
      return error(lineOf(documents[1].Mark()),
                   "a second document begins, but a file has one machine");
    return MachineReader().read(documents[0]);
  } catch (const Failure &failure) {
    return error(failure.line, failure.message);
  } catch (const YAML::Exception &exception) {
    return error(lineOf(exception.mark), "no valid YAML: " + exception.msg);
  } catch (const std::exception &exception) {
    return error(1, std::string("cannot be read: ") + exception.what());
  }
}

Result<Machine> dconv::readMachine(const std::string &path) {
  auto error = [&](const std::string &why) {
    return Error{path + ":1: cannot be read: " + why};
  };
  std::error_code code;
  if (std::filesystem::is_directory(path, code))
    return error("it is a directory, but a machine file is needed");
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    return error(std::strerror(errno ? errno : EIO));
  std::ostringstream text;
  text << stream.rdbuf();
  if (stream.bad())
    return error(std::strerror(errno ? errno : EIO));
  return parseMachine(text.str(), path);
}
