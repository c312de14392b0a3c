//===- Quantity.cpp - numbers with units ----------------------------------===//

#include "Quantity.h"

#include <charconv>
#include <cmath>

using namespace dconv;

namespace {
/// `value suffix` is value * factor / divisor; one of them is 1, so that small
/// units round once.
struct Suffix {
  const char *text;
  double factor, divisor;
};

struct UnitInfo {
  const char *needed;
  std::vector<Suffix> suffixes; ///< of those to print with, ascending
  std::vector<Suffix> alsoRead;
};
} // namespace

static const UnitInfo &infoOf(Unit unit) {
  static const UnitInfo seconds{
      "a positive time, such as '2 us'",
      {{"ns", 1, 1e9}, {"us", 1, 1e6}, {"ms", 1, 1e3}, {"s", 1, 1}},
      {}};
  static const UnitInfo bytes{"a positive number of bytes, such as '64 GiB'",
                              {{"B", 1, 1},
                               {"KB", 1e3, 1},
                               {"MB", 1e6, 1},
                               {"GB", 1e9, 1},
                               {"TB", 1e12, 1}},
                              {{"KiB", 1024.0, 1},
                               {"MiB", 1048576.0, 1},
                               {"GiB", 1073741824.0, 1},
                               {"TiB", 1099511627776.0, 1}}};
  static const UnitInfo bytesPerSecond{
      "a positive number of bytes per second, such as '25 GB/s'",
      {{"B/s", 1, 1},
       {"KB/s", 1e3, 1},
       {"MB/s", 1e6, 1},
       {"GB/s", 1e9, 1},
       {"TB/s", 1e12, 1}},
      {{"KiB/s", 1024.0, 1},
       {"MiB/s", 1048576.0, 1},
       {"GiB/s", 1073741824.0, 1},
       {"TiB/s", 1099511627776.0, 1},
       {"Mbit/s", 125e3, 1},
       {"Gbit/s", 125e6, 1},
       {"Tbit/s", 125e9, 1}}};
  static const UnitInfo perSecond{"a positive rate, such as '20 T/s'",
                                  {{"/s", 1, 1},
                                   {"K/s", 1e3, 1},
                                   {"M/s", 1e6, 1},
                                   {"G/s", 1e9, 1},
                                   {"T/s", 1e12, 1},
                                   {"P/s", 1e15, 1}},
                                  {}};
  static const UnitInfo one{"a positive number", {}, {}};
  switch (unit) {
  case Unit::Seconds:
    return seconds;
  case Unit::Bytes:
    return bytes;
  case Unit::BytesPerSecond:
    return bytesPerSecond;
  case Unit::PerSecond:
    return perSecond;
  case Unit::One:
    return one;
  }
  return one;
}

Result<double> dconv::parseQuantity(const std::string &text, Unit unit) {
  const UnitInfo &info = infoOf(unit);
  Error malformed{std::string("needs ") + info.needed};
  double number = 0;
  // Without the check, "inf" and "nan" would be numbers.
  size_t digit = text.find_first_not_of("-.");
  if (digit == std::string::npos || text[digit] < '0' || text[digit] > '9')
    return malformed;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc())
    return malformed;
  std::string rest(end, text.data() + text.size());
  size_t start = rest.find_first_not_of(' ');
  rest = start == std::string::npos ? "" : rest.substr(start);

  Suffix found{"", 1, 1};
  std::string known;
  bool matched = rest.empty();
  for (const std::vector<Suffix> *list : {&info.suffixes, &info.alsoRead})
    for (const Suffix &suffix : *list) {
      known += (known.empty() ? "" : ", ") + std::string(suffix.text);
      if (rest == suffix.text) {
        found = suffix;
        matched = true;
      }
    }
  if (!matched)
    return Error{malformed.message +
                 (known.empty() ? ", without a unit" : "; units: " + known)};
  number = number * found.factor / found.divisor;
  if (!std::isfinite(number))
    return malformed;
  return number;
}

/// The shortest decimal of `value`, never with an exponent where that is short.
static std::string shortest(double value) {
  char buffer[64];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return error == std::errc() ? std::string(buffer, end) : "";
}

std::string dconv::quantityText(double value, Unit unit) {
  const std::vector<Suffix> &suffixes = infoOf(unit).suffixes;
  for (auto suffix = suffixes.rbegin(); suffix != suffixes.rend(); ++suffix) {
    double scaled = value * suffix->divisor / suffix->factor;
    if (!(scaled >= 1))
      continue;
    std::string text = shortest(scaled) + " " + suffix->text;
    // A smaller unit may say exactly what this one rounds.
    Result<double> read = parseQuantity(text, unit);
    if (read && *read == value)
      return text;
  }
  return shortest(value);
}
