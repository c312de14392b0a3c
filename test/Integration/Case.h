//===- Case.h - one program of the matrix -----------------------*- C++ -*-===//

#ifndef DCONV_TEST_INTEGRATION_CASE_H
#define DCONV_TEST_INTEGRATION_CASE_H

#include "Operation.h"

#include "dconv/Geometry/Prediction.h"

#include "llvm/ADT/StringRef.h"

#include <functional>

namespace dconv::test {

/// A convolution of a program and how it is split.
struct PlannedConvolution {
  Convolution geometry;
  unsigned input = 0;       ///< which of its inputs is no filter
  bool fillsOutput = false; ///< its initial output is a constant
  std::string split;        ///< SPEC; empty for the default rule
  std::string function;     ///< what its function adds to the case's name
  unsigned index = 0;       ///< in its function
  int64_t executions = 1;   ///< times it runs in one run of the program
  std::vector<GatheredInput> gathered; ///< inputs that the devices copy
};

/// A program with its data and the results it must give.
struct Program {
  /// Functions; "@F" stands for the name of the one to run.
  std::string text;
  std::vector<Tensor> arguments;
  std::vector<Tensor> results;
  std::vector<PlannedConvolution> convolutions;
};

/// One test: a program that is made when it is needed.
struct Case {
  /// Stable: OP/TYPE/SPLIT, and /stream or /gather where it does.
  std::string name;
  int64_t devices;
  std::function<Program()> build;
  bool streamed = false; ///< the tensors stay on the host
};

using Cases = std::vector<Case>;

/// What the initial output is made of.
enum class Initial {
  Constant, ///< a fill
  Bias,     ///< a vector, broadcast along all dims but the last of the result
  Argument, ///< a tensor that the function is given
};

/// What surrounds the operation in its function.
struct Setting {
  Initial initial = Initial::Constant;
  int64_t fill = 0;
  int64_t padValue = 0;
  /// The function also returns the padded input.
  bool sharesPad = false;
  /// Zero points are arguments, not constants.
  bool passesZeroPoints = false;
  /// Per dim of the input, how far apart its elements are put among zeros
  /// before it is padded; empty where they are not.
  Shape spread;
};

/// A function that runs `operation` on its arguments.
Program programOf(const Operation &operation, const Setting &setting,
                  const std::string &split);

/// "%name = tensor.pad %from ..." of an input, its constant included.
std::string padText(const std::string &name, const std::string &from,
                    ElementType type, const Operand &operand, int64_t value);

/// "%name = linalg.fill ..." of a tensor, its constant and space included.
std::string fillText(const std::string &name, ElementType type,
                     const Shape &shape, int64_t value);

/// `tensor` with its elements apart, among zeros.
Tensor spreadOut(const Tensor &tensor, const Shape &spread);

/// Appends a case for `operation` under `split`, and for one in four another
/// that gathers what the split replicates, and for one in four another that
/// streams: with the reductions last, on as many devices, at most, as
/// leave no sum to several.
void add(Cases &cases, const Operation &operation, const Setting &setting,
         const std::string &type, const std::string &split, int64_t devices);

/// Appends cases for every loop split alone, and for pairs and triples of
/// loops, with parts, lengths and numbers of devices drawn by `seed`.
void addSplits(Cases &cases, const Operation &operation,
               const Setting &setting, const std::string &type,
               unsigned combinations, uint64_t seed);

/// "f32", "i8_i32".
std::string typesName(const Operation &operation);

/// A named op of small, uneven sizes with local padding.
Operation namedOperation(llvm::StringRef mnemonic);

/// Padding and initial output that suit `operation`: those of its combiner.
Setting settingOf(const Operation &operation);

Cases namedCases();
Cases elementCases();
Cases genericCases();
Cases cornerCases();
Cases programCases();
/// The layers that peers compute wrongly or refuse, by name.
Cases xlaCases();
Cases dtensorCases();

} // namespace dconv::test

#endif // DCONV_TEST_INTEGRATION_CASE_H
