//===- Result.h - a value or the reason why there is none -------*- C++ -*-===//
//
// Geometry and Planner use neither exceptions nor MLIR: what can fail returns
// a Result, whose error is a sentence for the user.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_GEOMETRY_RESULT_H
#define DCONV_GEOMETRY_RESULT_H

#include <string>
#include <utility>
#include <variant>

namespace dconv {

/// Why something failed: lower case, no full stop, what was got and needed.
struct Error {
  std::string message;
};

/// A `T`, or an Error. Test it before use.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : state(std::move(value)) {}
  Result(Error error) : state(std::move(error)) {}

  explicit operator bool() const { return state.index() == 0; }
  T &operator*() { return std::get<0>(state); }
  const T &operator*() const { return std::get<0>(state); }
  T *operator->() { return &std::get<0>(state); }
  const T *operator->() const { return &std::get<0>(state); }
  const std::string &error() const { return std::get<1>(state).message; }

private:
  std::variant<T, Error> state;
};

} // namespace dconv

#endif // DCONV_GEOMETRY_RESULT_H
