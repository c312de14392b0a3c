//===- KernelSpec.h - kernels described by a line of a table ----*- C++ -*-===//

#ifndef DCONV_TEST_KERNELS_KERNELSPEC_H
#define DCONV_TEST_KERNELS_KERNELSPEC_H

#include "dconv/Geometry/BufferLayout.h"
#include "mlir/IR/MLIRContext.h"
#include <cstdint>
#include <optional>
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
  /// "row-major", "preferred" by the emitter, or a layout of the filter like
  /// "d3 by 32, d0, d1, d2, d3".
  std::string layout = "row-major";
  /// Sums start from this and not from what the result holds.
  std::optional<int64_t> initial = std::nullopt;
  /// Positions of a dim of an input outside of [low, high) hold its zero.
  struct Inside {
    unsigned input, dim;
    int64_t low, high;
  };
  std::vector<Inside> inside = {};
};

/// A row-major tensor of integers. Everything tested is integer-valued, so that
/// results can be compared exactly.
struct Tensor {
  std::string type;
  std::vector<int64_t> shape;
  std::vector<int64_t> values;

  /// The bytes of the values in `type`, in the order of `layout`.
  std::vector<char> encode(const BufferLayout &layout = {}) const;
  /// Reads the values back from what `encode` made of a row-major tensor.
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
  /// Those that read inside of `spec.inside`.
  double numInsideIterations() const;
  /// Pointers to what comes after the tensors among the arguments.
  std::vector<void *> scalarArguments();

  KernelSpec spec;
  std::vector<std::string> loopNames;
  std::vector<int64_t> extents;
  /// Operands in the order of the arguments: image, [filter], result.
  std::vector<Tensor> tensors;
  /// The zero points of image and filter.
  int32_t zeroPoints[2] = {3, -2};

private:
  void clearOutside();

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
