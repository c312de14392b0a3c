//===- Programs.h - programs of one convolution, as text --------*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_INTERPRETER_PROGRAMS_H
#define DCONV_TEST_UNIT_INTERPRETER_PROGRAMS_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace dconv::test {

/// A program with a name for the test, function @main as text.
struct Program {
  std::string name, text;
};
inline void PrintTo(const Program &program, std::ostream *os) {
  *os << program.name;
}

/// A named op, and what the dims of its operands are: n batch, g group, c
/// channels of the input, f and m channels of the output, d h w the image (in
/// the filter: its taps).
struct NamedOp {
  const char *name, *input, *filter, *output;

  bool isPooling() const;
  /// conv_1d, conv_2d and conv_3d have neither strides nor dilations.
  bool hasStrides() const;
  bool isQuantised() const;
  bool isUnsigned() const;
  unsigned imageDims() const;
};

/// How a window moves along one dim of the image.
struct Window {
  int64_t image = 5, taps = 3, stride = 1, dilation = 1, low = 0, high = 0;

  /// Number of positions, less than 1 where it does not fit.
  int64_t outputs() const;
};

/// A program with one named op on arguments, maybe a tensor.pad in front.
struct NamedProgram {
  NamedOp op;
  std::vector<Window> windows; ///< per dim of the image
  std::map<char, int64_t> channels = {
      {'n', 2}, {'g', 2}, {'c', 3}, {'f', 4}, {'m', 2}};
  std::string input = "f32", filter = "f32", output = "f32";
  std::string padValue = "0.0";
  std::string attributes = ""; ///< more of them, "cast = #linalg.type_fn<...>"
  bool fillsOutput = false;    ///< the initial output is a constant

  std::string text() const;

private:
  using Extent = llvm::function_ref<int64_t(const Window &)>;
  std::string typeOf(llvm::StringRef dims, const std::string &element,
                     Extent imageExtent) const;
  /// "[0, 1, 0]", per dim of the input.
  std::string padWidths(int64_t Window::*side) const;
};

/// A program with one linalg.generic on arguments.
struct GenericProgram {
  std::string loops;              ///< "o, k"
  std::string iterators;          ///< per loop 'p' or 'r'
  std::vector<std::string> maps;  ///< per operand, "o + k"
  std::vector<std::string> types; ///< per operand
  /// Of %a, %b, ... in operand order; "" for the multiply-add in f32.
  std::string body = "";
  /// "low[1] high[1]" of a pad of the first operand, whose type this is.
  std::string pad = "", unpadded = "";

  std::string text() const;
};

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_INTERPRETER_PROGRAMS_H
