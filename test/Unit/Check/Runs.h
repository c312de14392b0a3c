//===- Runs.h - runs to check -----------------------------------*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_CHECK_RUNS_H
#define DCONV_TEST_UNIT_CHECK_RUNS_H

#include "dconv/Check/Reference.h"
#include "dconv/Check/Samples.h"

#include "mlir/IR/OwningOpRef.h"

#include <string>
#include <vector>

namespace dconv::test {

using Bytes = std::vector<std::byte>;

/// A context with everything that a module before dconv uses.
mlir::MLIRContext &context();

/// A module, the data of one run of @main, and what a partitioned run of it
/// would have recorded.
class TestRun {
public:
  /// Parses `text` and fills the arguments of @main with integers.
  explicit TestRun(const std::string &text);

  /// The dense elements of argument `i`.
  template <typename T> T *argument(unsigned i) {
    return reinterpret_cast<T *>(arguments[i].data());
  }
  void addRecord(const std::string &name, const void *data, size_t bytes);
  void addResult(const void *data, size_t bytes);
  void addConvolution(const std::string &name, const std::string &split = "");

  template <typename T>
  void addRecord(const std::string &name, const std::vector<T> &values) {
    addRecord(name, values.data(), values.size() * sizeof(T));
  }
  template <typename T> void addResult(const std::vector<T> &values) {
    addResult(values.data(), values.size() * sizeof(T));
  }

  template <typename T> T *record(unsigned i) {
    return reinterpret_cast<T *>(run.records[i].output.data());
  }
  template <typename T> T *result(unsigned i) {
    return reinterpret_cast<T *>(results[i].data());
  }

  /// Records and returns, of a module whose only op is a convolution of its
  /// arguments, every value as its definition says.
  void computeByDefinition(const std::string &split = "");

  Result<CheckReport> check(const CheckOptions &options = {});
  /// The report of a check that finds no error in its input.
  CheckReport report(const CheckOptions &options = {});

  mlir::OwningOpRef<mlir::ModuleOp> module;
  CheckedRun run;

private:
  std::vector<Bytes> arguments, results;
};

/// The definition of a multiply-add over `input` with a filter of 3x3 taps,
/// stride 1: [n, h + 2, w + 2, c] and [3, 3, c, f] to [n, h, w, f], added to
/// `output`.
std::vector<float> convolve(const float *input, const float *filter,
                            std::vector<float> output, int64_t height,
                            int64_t width, int64_t channels, int64_t features);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_CHECK_RUNS_H
