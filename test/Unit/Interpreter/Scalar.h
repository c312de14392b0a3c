//===- Scalar.h - elements and what arith ops compute of them ---*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_INTERPRETER_SCALAR_H
#define DCONV_TEST_UNIT_INTERPRETER_SCALAR_H

#include "dconv/Geometry/Result.h"
#include "dconv/IR/Dconv.h"

#include <functional>

namespace dconv::test {

/// One element: an integer, sign-extended from its width, or a float, which its
/// type represents exactly.
struct Scalar {
  int64_t integer = 0;
  double real = 0;

  /// Bit for bit; one NaN is like another.
  bool operator==(const Scalar &o) const;
  bool operator!=(const Scalar &o) const { return !(*this == o); }
};

/// The type of an element: f16, bf16, f32, f64, index, or an integer of at most
/// 64 bits.
class ElementType {
public:
  static Result<ElementType> of(mlir::Type type);

  bool isFloat() const { return format != Format::Integer; }
  /// f16 or bf16: sums of these accumulate in f32.
  bool isNarrow() const {
    return format == Format::F16 || format == Format::BF16;
  }
  /// f32 for a narrow type, else the type itself.
  ElementType widened() const;
  unsigned bytes() const { return width / 8; }

  /// The element nearest to `exact` (ties to even), or `exact` wrapped.
  Scalar round(Scalar exact) const;
  Scalar read(mlir::Attribute value) const;
  /// An element that nobody should read: NaN, or a bit pattern.
  Scalar poison() const;
  /// What leaves every other element as it is under `combiner`.
  Scalar identity(Combiner combiner) const;
  Scalar combine(Combiner combiner, Scalar a, Scalar b) const;
  std::string text(Scalar value) const;

  bool operator==(const ElementType &o) const {
    return format == o.format && width == o.width;
  }
  bool operator!=(const ElementType &o) const { return !(*this == o); }

private:
  enum class Format { Integer, F16, BF16, F32, F64 };
  ElementType(Format format, unsigned width) : format(format), width(width) {}

  Format format;
  unsigned width; ///< bits
};

/// What an op computes of its operands, before that is rounded to the type of
/// its result. In double, which for f32 and narrower makes no other result.
using ScalarFunction = std::function<Scalar(llvm::ArrayRef<Scalar>)>;

/// The function of an arith op on scalars, or on tensors element by element.
Result<ScalarFunction> functionOf(mlir::Operation *op);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_INTERPRETER_SCALAR_H
