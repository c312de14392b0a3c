//===- Text.h - numbers and tables for people -------------------*- C++ -*-===//

#ifndef DCONV_TOOLS_DCONVPLAN_TEXT_H
#define DCONV_TOOLS_DCONVPLAN_TEXT_H

#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <string>
#include <vector>

namespace dconv {

/// "1,234,567".
std::string withCommas(int64_t number);
/// "0", "12.3 us", "4.56 ms", "7.89 s": three digits that count.
std::string secondsText(double seconds);
/// "960 B", "1.21 MiB": three digits that count.
std::string bytesText(int64_t bytes);
/// "12.3 %", of a fraction; "0.0042 %" where there is less.
std::string percentText(double fraction);
/// `number` with a noun: "1 row", "2 rows".
std::string counted(int64_t number, const std::string &noun);

/// Rows of cells in aligned columns: the first to the left, the others to the
/// right.
class Table {
public:
  void add(std::vector<std::string> row) { rows.push_back(std::move(row)); }
  /// Each line begins with `indent` blanks. Columns without text are left out.
  void print(llvm::raw_ostream &os, unsigned indent) const;

private:
  std::vector<std::vector<std::string>> rows;
};

} // namespace dconv

#endif // DCONV_TOOLS_DCONVPLAN_TEXT_H
