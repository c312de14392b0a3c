//===- KernelSpec.h - kernels described by a line of a table ----*- C++ -*-===//

#ifndef DCONV_TEST_KERNELS_KERNELSPEC_H
#define DCONV_TEST_KERNELS_KERNELSPEC_H

#include "mlir/IR/MLIRContext.h"
#include <cstdint>
#include <string>
#include <vector>

namespace dconv::test {

/// A convolution or pooling. Types are f16, bf16, f32, f64, iN and, for inputs,
/// uN; shapes follow from the extents and the indices.
struct KernelSpec {
  std::string name;
  /// The loops and how far they run, for example "n=1 oh=7 kh=3".
  std::string loops;
  /// What indexes the image, the filter (empty for a pooling) and the result,
  /// for example "n, oh*2+kh".
  std::string image, filter, result;
  std::string imageType = "f32", filterType = "f32", resultType = "f32";
  /// "mac" or the op of a pooling, for example "maximumf".
  std::string combiner = "mac";
  bool zeroPoints = false;
  /// The taps, the loops named k*, get a shape from an operand that is not
  /// read; poolings always have one.
  bool window = false;
};

/// A row-major tensor of integers. Everything tested is integer-valued, so that
/// results can be compared exactly.
struct Tensor {
  std::string type;
  std::vector<int64_t> shape;
  std::vector<int64_t> values;

  /// The bytes of the values in `type`.
  std::vector<char> encode() const;
  /// Reads the values back from what `encode` made.
  void decode(const std::vector<char> &bytes);
};

/// A kernel with data to run it on.
struct KernelCase {
  KernelCase(mlir::MLIRContext &context, const KernelSpec &spec);

  /// The module with the function @k.
  std::string mlir() const;
  /// The result by the definition, one iteration after the other.
  Tensor expected() const;
  int64_t numIterations() const;

  KernelSpec spec;
  std::vector<std::string> loopNames;
  std::vector<int64_t> extents;
  /// Operands in the order of the arguments: image, [filter], result.
  std::vector<Tensor> tensors;
  /// The zero points of image and filter.
  int32_t zeroPoints[2] = {3, -2};

private:
  struct Index {
    /// One row per dim of the tensor: a coefficient per loop, then a constant.
    std::vector<std::vector<int64_t>> rows;
  };
  void addTensor(mlir::MLIRContext &context, const std::string &index,
                 const std::string &type);

  std::vector<Index> indices;
};

} // namespace dconv::test

#endif // DCONV_TEST_KERNELS_KERNELSPEC_H
