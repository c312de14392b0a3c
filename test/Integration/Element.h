//===- Element.h - tensors of integers in any element type ------*- C++ -*-===//

#ifndef DCONV_TEST_INTEGRATION_ELEMENT_H
#define DCONV_TEST_INTEGRATION_ELEMENT_H

#include "dconv/Runtime/Program.h"

#include <cstddef>
#include <limits>

namespace dconv::test {

using runtime::ElementType;
using Shape = std::vector<int64_t>;
/// Elements of a tensor, row-major. All data of the matrix are integers.
using Values = std::vector<int64_t>;

/// Stands for the least value of a float type.
constexpr int64_t minusInfinity = std::numeric_limits<int64_t>::min();

/// A tensor, or a scalar where it has no dims.
struct Tensor {
  ElementType type = ElementType::F32;
  Shape shape;
  Values values;
};

int64_t volume(const Shape &shape);

/// "tensor<2x3xf32>"; "f32" without dims.
std::string typeText(ElementType type, const Shape &shape);
std::string typeText(const Tensor &tensor);

/// `value` as a constant in MLIR text.
std::string constantText(ElementType type, int64_t value);

/// The elements in memory. A value that a float type does not have is rounded
/// to the nearest, ties to even; of one that an integer type does not have the
/// low bits remain.
std::vector<std::byte> encode(const Tensor &tensor);

/// Element `i` of memory as a number, for messages.
double decode(ElementType type, const std::byte *data, int64_t i);

/// An m so that `type` has all integers of [-m, m]: the greatest, but for i64.
int64_t exactLimit(ElementType type);

/// Integers that differ from element to element: uniform in [-range, range],
/// the same for the same seed.
Tensor patternOf(ElementType type, Shape shape, int64_t range, uint64_t seed);

/// A number from `state`, which moves on.
uint64_t nextRandom(uint64_t &state);

} // namespace dconv::test

#endif // DCONV_TEST_INTEGRATION_ELEMENT_H
