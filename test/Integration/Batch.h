//===- Batch.h - compiles and runs cases together ---------------*- C++ -*-===//

#ifndef DCONV_TEST_INTEGRATION_BATCH_H
#define DCONV_TEST_INTEGRATION_BATCH_H

#include "Case.h"

#include <memory>
#include <optional>

namespace dconv::test {

/// Programs for the same number of devices, all streamed or none, compiled into one shared object:
/// the compiler's fixed cost is paid once. Each case is one public function.
class Batch {
public:
  /// Compiles `cases`. Where that fails, every case compiles alone when it
  /// runs, so that only the one at fault fails.
  explicit Batch(std::vector<const Case *> cases);
  ~Batch();

  /// Runs one of the cases. Returns what is wrong, or nothing.
  std::string run(const Case &which);

private:
  struct Compiled;

  /// Compiles some programs, or says why not.
  static std::unique_ptr<Compiled>
  compile(const std::vector<Program *> &programs, const Case &like,
          std::string &why);

  std::vector<const Case *> cases;
  std::vector<Program> programs;
  std::unique_ptr<Compiled> compiled;
};

} // namespace dconv::test

#endif // DCONV_TEST_INTEGRATION_BATCH_H
