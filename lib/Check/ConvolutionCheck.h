//===- ConvolutionCheck.h - checks executions of a convolution --*- C++ -*-===//

#ifndef DCONV_LIB_CHECK_CONVOLUTIONCHECK_H
#define DCONV_LIB_CHECK_CONVOLUTIONCHECK_H

#include "ReferenceKernels.h"
#include "Tolerance.h"

#include "dconv/Check/Reference.h"
#include "dconv/Check/Samples.h"

namespace dconv {

/// Checks the executions of one convolution, on the operands that it has in the
/// reference: in the op's order, the initial output last, dense and row-major,
/// a scalar pointed to.
class ConvolutionCheck {
public:
  using Operands = void *const *;

  /// An error where `partitioned` does not fit `convolution`. Adds what a full
  /// check needs to `kernels`, which outlives the result.
  static Result<ConvolutionCheck>
  create(const PartitionedConvolution &partitioned,
         RecognizedConvolution &convolution, const CheckOptions &options,
         ReferenceKernels &kernels);

  const std::string &name() const { return partitioned.name; }
  bool isRecorded() const { return partitioned.isRecorded; }
  int64_t outputBytes() const;

  /// Compares `got`, all values or samples, with the reference.
  void check(Operands operands, const void *got, CheckReport &report) const;

  /// Writes the reference to `output`, rounded once. An error where its sums
  /// are not exact, so that a right run may have other values.
  Result<int64_t> compute(Operands operands, void *output) const;

private:
  /// An operand of the op; a scalar is one element.
  struct OperandData {
    runtime::ElementType type;
    int64_t count;
  };

  explicit ConvolutionCheck(ReferenceKernels &kernels) : kernels(&kernels) {}

  Tolerance toleranceFor(Operands operands) const;
  /// The reference of all values, in double or long double; that of their
  /// magnitudes where the inputs' are taken.
  template <typename Wide>
  std::vector<Wide> reals(Operands operands, bool magnitudes) const;
  /// The same in the integer type of the output.
  template <typename Integer>
  std::vector<Integer> integers(Operands operands) const;

  template <typename Wide>
  void checkReals(Operands operands, const void *got, Judge &judge) const;
  void checkSamples(Operands operands, const void *got, Judge &judge) const;
  template <typename Wide>
  Result<int64_t> computeReals(Operands operands, void *output) const;

  /// Whether values are sums of f64, which only long double is wider than.
  bool needsLongDouble() const {
    return output().type == runtime::ElementType::F64 &&
           body.combiner == CombinerKind::Add;
  }

  const void *init(Operands operands) const {
    return operands[data.size() - 1];
  }
  const OperandData &output() const { return data.back(); }

  PartitionedConvolution partitioned;
  Split split;
  Convolution geometry; ///< as RecognizedConvolution's
  Body body;
  std::vector<OperandData> data; ///< per operand of the op
  int64_t partialSums = 1;
  bool sample = false;
  uint64_t seed = 0;
  ReferenceKernels *kernels;
  unsigned kernel = 0;
};

} // namespace dconv

#endif // DCONV_LIB_CHECK_CONVOLUTIONCHECK_H
