//===- Measurement.h - measured seconds of a plan ---------------*- C++ -*-===//

#ifndef DCONV_CALIBRATE_MEASUREMENT_H
#define DCONV_CALIBRATE_MEASUREMENT_H

#include "dconv/Geometry/Convolution.h"
#include "dconv/Geometry/Split.h"
#include "dconv/Runner/Runner.h"

#include "mlir/IR/MLIRContext.h"

#include <memory>
#include <string>
#include <vector>

namespace dconv {

/// A function compiled with every convolution split one way, ready to run.
///
/// Several live side by side, so that they can take turns: what disturbs a
/// computer for a while then disturbs all of them.
class Measurement {
public:
  /// Compiles function `main` of the module `text` for `devices` threads. The
  /// inputs are small integers. With `trace`, `commands` says what the runs did.
  static Result<std::unique_ptr<Measurement>>
  prepare(mlir::MLIRContext &context, const std::string &text,
          const std::string &split, int64_t devices, bool trace);
  ~Measurement();

  /// Runs once; what dconv-run calls `seconds`.
  Result<double> run();

  /// The first convolution of the module, with its local padding, and its type.
  const Convolution &convolution() const { return geometry; }
  const std::string &elementType() const { return type; }
  const Split &split() const { return parsed; }
  bool isVector() const { return vector; }

  /// A command of the program.
  struct Timed {
    std::string kind; ///< as runtime::toString names it
    std::string tensor; ///< "input 0", ...
    int64_t device = 0, shard = 0;
    int64_t bytes = 0;          ///< of its box
    std::vector<int64_t> sizes; ///< of its box
    double seconds = 0;         ///< median of all runs
    double least = 0;           ///< of all runs: without waiting for others
  };
  /// The timed commands, allocations excluded.
  Result<std::vector<Timed>> commands() const;

private:
  Measurement() = default;

  std::string directory; ///< holds the code; goes with the measurement
  std::unique_ptr<Runner> runner;
  std::vector<runtime::Program> programs;
  Signature signature;
  std::vector<Bytes> inputs;
  Convolution geometry;
  std::string type;
  Split parsed;
  bool vector = true;
};

} // namespace dconv

#endif // DCONV_CALIBRATE_MEASUREMENT_H
