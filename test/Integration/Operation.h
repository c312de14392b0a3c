//===- Operation.h - a convolution as loops over indices --------*- C++ -*-===//
//
// The matrix says by hand what each operation computes: its loops, and where
// each of them reads. From that come the MLIR text of a generic, the expected
// result, and the geometry of the predictions; nothing is read back from MLIR,
// so that a misreading of the compiler shows.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_TEST_INTEGRATION_OPERATION_H
#define DCONV_TEST_INTEGRATION_OPERATION_H

#include "Element.h"
#include "dconv/Geometry/Convolution.h"

#include <map>

namespace dconv::test {

enum class Combine { Add, Max, Min };

/// A convolution (two inputs) or pooling (one).
struct Operation {
  std::string name;         ///< in the names of cases
  Convolution geometry;     ///< inputs in operand order
  unsigned input = 0;       ///< which of `inputs` may be padded
  AccessMap shapeOnly;      ///< of an operand that only gives extents, or empty
  std::string mnemonic;     ///< "conv_1d" of a named op; empty for a generic
  std::string attributes;   ///< of a named op: "{strides = ...}"
  std::vector<ElementType> inputTypes;
  ElementType outputType = ElementType::F32;
  Combine combine = Combine::Add;
  bool isUnsigned = false;  ///< how inputs are widened and compared
  bool isQuantised = false; ///< two zero points follow the inputs
  std::string zeroPointType = "i32"; ///< or "tensor<i32>"
  bool isReversed = false;  ///< the generic's body names its operands backwards

  bool isPooling() const { return geometry.inputs.size() == 1; }
  /// Products that each result is the sum of.
  int64_t terms() const;
  ElementType accumulator() const;
};

/// Ends the program: the description of `operation` contradicts itself.
[[noreturn]] void misdescribed(const Operation &operation,
                               const std::string &why);

/// An operation in f32 from text: loops by role, "n=2 o0=6 k0=3 ic=4", and per
/// operand its indices, "n, 2*o0 + k0, ic". Operands are as large as the loops
/// need.
Operation describe(const std::string &name, const std::string &loops,
                   std::vector<std::string> inputs, const std::string &output,
                   const std::string &shapeOnly = "");

/// One image dim of a convolution.
struct ImageDim {
  int64_t out, taps;
  int64_t stride = 1;
  int64_t dilation = 1; ///< negative where the filter is read backwards
  int64_t low = 0, high = 0; ///< local padding
};

/// The attributes strides and dilations of a named op.
std::string stridesText(const std::vector<ImageDim> &image);

/// What the letters of a layout stand for: d, h, w are image dims (of the
/// filter: its taps), others get their role from the operands they are in.
struct Layout {
  std::string input, filter, output;
};

/// An operation whose operands have the dims of `layout`; `extents` of the
/// letters that are no image dims. Without a dim of the filter beyond the image
/// it is a convolution too; a pooling is made by `makePooling`.
Operation describe(const std::string &name, const Layout &layout,
                   const std::map<char, int64_t> &extents,
                   const std::vector<ImageDim> &image);

/// Drops the second input: its window remains as an operand without values.
void makePooling(Operation &operation, Combine combine);

/// Sets the types of all inputs and of the output.
void setTypes(Operation &operation, ElementType inputs, ElementType output);

/// Makes `low` and `high` elements of the padded input local padding.
void setPadding(Operation &operation, const Shape &low, const Shape &high);

/// Adds elements at the end of the input that nothing reads.
void enlargeInput(Operation &operation, const Shape &by);

/// What surrounds an operation.
struct Surroundings {
  int64_t padValue = 0;
  int64_t zeroPoints[2] = {0, 0};
};

/// The result on whole tensors, by the definition: from `initial`, over all
/// loops. Integers wrap at the end. Asserts that floats are exact on the way.
Tensor evaluate(const Operation &operation, const std::vector<Tensor> &inputs,
                const Surroundings &surroundings, const Tensor &initial);

/// The op with these operands: "linalg... -> type", without a result name.
std::string opText(const Operation &operation,
                   const std::vector<std::string> &inputs,
                   const std::string &initial);

/// The shape of the operand that only gives extents.
Shape windowOf(const Operation &operation);

/// The shape of an input with its local padding.
Shape paddedShape(const Operand &operand);

/// `tensor` with the local padding of `operand`.
Tensor pad(const Tensor &tensor, const Operand &operand, int64_t value);

/// Moves `at` to the next position of `shape`, row-major; false after the last.
bool nextPosition(std::vector<int64_t> &at, const Shape &shape);

/// A range of data for inputs and initial output, so that every sum is exact
/// and every result finite.
struct Ranges {
  int64_t input, filter, initial;
};
Ranges rangesOf(const Operation &operation);

} // namespace dconv::test

#endif // DCONV_TEST_INTEGRATION_OPERATION_H
