//===- Tensor.h - dense boxes of elements -----------------------*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_INTERPRETER_TENSOR_H
#define DCONV_TEST_UNIT_INTERPRETER_TENSOR_H

#include "Scalar.h"

namespace dconv::test {

using Position = std::vector<int64_t>;

/// "(3, 0, 2)"
std::string toString(llvm::ArrayRef<int64_t> position);

/// The positions of a box, row-major: `for (const Position &at :
/// Positions(b))`.
class Positions {
public:
  explicit Positions(const Box &box) : box(box) {}

  class Iterator {
  public:
    Iterator(const Box &box, int64_t left);
    const Position &operator*() const { return at; }
    Iterator &operator++();
    bool operator!=(const Iterator &o) const { return left != o.left; }

  private:
    const Box &box;
    Position at;
    int64_t left; ///< positions that remain, this one included
  };
  Iterator begin() const { return {box, box.volume()}; }
  Iterator end() const { return {box, 0}; }

private:
  Box box;
};

/// The elements of a box of a tensor: of the whole one, or of what a shard
/// holds. A scalar is a tensor without dims.
struct Tensor {
  ElementType type;
  Box box;
  std::vector<Scalar> elements; ///< row-major in the box

  Tensor(ElementType type, Box box, Scalar value);

  /// The element at `position` of the tensor, or null outside the box.
  const Scalar *find(llvm::ArrayRef<int64_t> position) const;
  Scalar *find(llvm::ArrayRef<int64_t> position);

  /// Each element rounded to `to`.
  Tensor converted(ElementType to) const;
};

/// All of `type`, a scalar or a static tensor, poisoned.
Result<Tensor> makeTensor(mlir::Type type);

/// The first element in which `got` is not `expected`, bit for bit, as text;
/// empty where they are the same tensor.
std::string differenceOf(const Tensor &got, const Tensor &expected);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_INTERPRETER_TENSOR_H
