//===- Report.h - what a check found ----------------------------*- C++ -*-===//

#ifndef DCONV_CHECK_REPORT_H
#define DCONV_CHECK_REPORT_H

#include <cstdint>
#include <string>

namespace dconv {

struct CheckReport {
  std::string kind;   ///< "full" or "sample"
  int64_t values = 0; ///< compared
  int64_t wrong = 0;
  double maxAbsError = 0; ///< of the finite differences
  double bound = 0;       ///< the largest applied; 0 where all had to be equal
  /// "main#0 at [0, 3, 4, 7] is 12 but 13 is expected"; empty where all is
  /// right.
  std::string firstWrong;
};

} // namespace dconv

#endif // DCONV_CHECK_REPORT_H
