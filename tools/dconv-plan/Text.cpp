//===- Text.cpp - numbers and tables for people ---------------------------===//

#include "Text.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

#include <algorithm>
#include <cmath>

using namespace dconv;

std::string dconv::withCommas(int64_t number) {
  std::string digits = std::to_string(number);
  size_t first = digits[0] == '-' ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;)
    digits.insert(at -= 3, ",");
  return digits;
}

/// `value` with three digits that count, none of them an exponent.
static std::string threeDigits(double value) {
  int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.*f", decimals, value);
  return text;
}

std::string dconv::secondsText(double seconds) {
  if (seconds == 0)
    return "0";
  double size = std::abs(seconds);
  std::string sign = seconds < 0 ? "-" : "";
  if (size < 999.5e-9)
    return sign + threeDigits(size * 1e9) + " ns";
  if (size < 999.5e-6)
    return sign + threeDigits(size * 1e6) + " us";
  if (size < 999.5e-3)
    return sign + threeDigits(size * 1e3) + " ms";
  return sign + threeDigits(size) + " s";
}

std::string dconv::bytesText(int64_t bytes) {
  static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024)
    return std::to_string(bytes) + " B";
  double value = bytes / 1024.0;
  unsigned unit = 0;
  for (; value >= 1023.5; value /= 1024)
    ++unit;
  return threeDigits(value) + " " + units[unit];
}

std::string dconv::percentText(double fraction) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(
      std::abs(fraction) < 0.001 ? "%.2g %%" : "%.1f %%", fraction * 100);
  return text;
}

std::string dconv::counted(int64_t number, const std::string &noun) {
  return withCommas(number) + " " + noun + (number == 1 ? "" : "s");
}

void Table::print(llvm::raw_ostream &os, unsigned indent) const {
  std::vector<size_t> widths;
  for (const std::vector<std::string> &row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  }
  for (const std::vector<std::string> &row : rows) {
    std::string line(indent, ' ');
    for (size_t i = 0; i < row.size(); ++i) {
      if (widths[i] == 0)
        continue;
      std::string blanks(widths[i] - row[i].size(), ' ');
      line += (i == 0 ? row[i] + blanks : blanks + row[i]) + "  ";
    }
    os << llvm::StringRef(line).rtrim() << "\n";
  }
}
