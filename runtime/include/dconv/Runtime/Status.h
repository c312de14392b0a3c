//===- Status.h - how a call into the runtime ended -------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_STATUS_H
#define DCONV_RUNTIME_STATUS_H

#include <cstdint>
#include <string>
#include <utility>

namespace dconv::runtime {

/// The numbers cross the C ABI: they are never reused.
enum class StatusCode : int32_t {
  Ok = 0,
  InvalidProgram = 1, ///< the checker refused the program
  InvalidInput = 2,   ///< what the user gave cannot be used
  OutOfBudget = 3,    ///< a device would need more memory than it has
  MissingSymbol = 4,  ///< the shared object lacks a kernel or an entry
  TransferFailed = 5, ///< a message was lost or stayed corrupt
  FileError = 6,      ///< reading or writing a file
  Stopped = 7,        ///< given up because another device failed
};

/// Ok, or a code and a sentence for the user: lower case, no full stop, what
/// was got and needed.
class [[nodiscard]] Status {
public:
  Status() = default;
  Status(StatusCode code, std::string message)
      : state(code), text(std::move(message)) {}

  bool failed() const { return state != StatusCode::Ok; }
  StatusCode code() const { return state; }
  const std::string &message() const { return text; }

private:
  StatusCode state = StatusCode::Ok;
  std::string text;
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_STATUS_H
