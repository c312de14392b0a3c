//===- Evaluate.cpp - the result of a convolution by its definition -------===//

#include "Operation.h"

#include "llvm/Support/ErrorHandling.h"

#include <algorithm>
#include <cmath>

namespace dconv::test {

namespace {
/// A tensor with its padding made, and how its offset moves with each loop.
struct Reader {
  Values values;
  std::vector<int64_t> steps; ///< per loop
  int64_t first = 0;          ///< offset where all loops are 0

  Reader(const Operand &operand, unsigned numLoops) : steps(numLoops, 0) {
    const Shape shape = paddedShape(operand);
    int64_t stride = 1;
    for (size_t d = shape.size(); d-- > 0; stride *= shape[d]) {
      first += stride * operand.map[d].constant;
      for (const Term &term : operand.map[d].terms)
        steps[term.loop] += stride * term.coefficient;
    }
  }

  int64_t offset(const std::vector<int64_t> &at) const {
    int64_t offset = first;
    for (size_t loop = 0; loop < at.size(); ++loop)
      offset += steps[loop] * at[loop];
    return offset;
  }
};
} // namespace

bool nextPosition(std::vector<int64_t> &at, const Shape &shape) {
  for (size_t d = shape.size(); d-- > 0;) {
    if (++at[d] < shape[d])
      return true;
    at[d] = 0;
  }
  return false;
}

Tensor pad(const Tensor &tensor, const Operand &operand, int64_t value) {
  Tensor padded{tensor.type, paddedShape(operand), {}};
  std::vector<int64_t> at(padded.shape.size(), 0);
  do {
    int64_t offset = 0;
    bool isInside = true;
    for (size_t d = 0; d < at.size(); ++d) {
      const int64_t position = at[d] - operand.padLow[d];
      isInside &= position >= 0 && position < operand.shape[d];
      offset = offset * operand.shape[d] + position;
    }
    padded.values.push_back(isInside ? tensor.values[offset] : value);
  } while (nextPosition(at, padded.shape));
  return padded;
}

/// `value` of an integer type read without a sign.
static int64_t asUnsigned(ElementType type, int64_t value) {
  unsigned bits = 8 * runtime::bytesOf(type);
  return bits == 64 ? value : value & ((int64_t(1) << bits) - 1);
}

static int64_t combined(const Operation &operation, int64_t a, int64_t b) {
  switch (operation.combine) {
  case Combine::Add:
    return static_cast<int64_t>(static_cast<uint64_t>(a) +
                                static_cast<uint64_t>(b));
  case Combine::Max:
    return std::max(a, b);
  case Combine::Min:
    return std::min(a, b);
  }
  llvm_unreachable("every combiner is above");
}

Tensor evaluate(const Operation &operation, const std::vector<Tensor> &inputs,
                const Surroundings &surroundings, const Tensor &initial) {
  const Convolution &geometry = operation.geometry;
  const bool isFloat = runtime::isFloat(operation.outputType);
  std::vector<Reader> readers;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Reader reader(geometry.inputs[i], geometry.numLoops());
    reader.values =
        pad(inputs[i], geometry.inputs[i], surroundings.padValue).values;
    for (int64_t &value : reader.values) {
      if (operation.isUnsigned)
        value = asUnsigned(operation.inputTypes[i], value);
      if (operation.isQuantised)
        value -= surroundings.zeroPoints[i];
    }
    readers.push_back(std::move(reader));
  }
  const Reader writer(geometry.output, geometry.numLoops());

  Tensor result = initial;
  if (operation.isUnsigned && operation.combine != Combine::Add)
    for (int64_t &value : result.values)
      value = asUnsigned(operation.outputType, value);
  std::vector<double> magnitudes;
  if (isFloat && operation.combine == Combine::Add)
    for (int64_t value : result.values)
      magnitudes.push_back(std::abs(static_cast<double>(value)));
  // All loops but the last, then the last.
  const unsigned last = geometry.numLoops() - 1;
  const Shape outer(geometry.extents.begin(), geometry.extents.end() - 1);
  std::vector<int64_t> at(last, 0);
  do {
    int64_t from[2] = {readers[0].offset(at),
                       readers.size() == 2 ? readers[1].offset(at) : 0};
    int64_t where = writer.offset(at);
    for (int64_t i = 0; i < geometry.extents[last]; ++i) {
      int64_t product = readers[0].values[from[0]];
      from[0] += readers[0].steps[last];
      if (readers.size() == 2) {
        product = static_cast<int64_t>(
            static_cast<uint64_t>(product) *
            static_cast<uint64_t>(readers[1].values[from[1]]));
        from[1] += readers[1].steps[last];
      }
      result.values[where] = combined(operation, result.values[where], product);
      if (!magnitudes.empty())
        magnitudes[where] += std::abs(static_cast<double>(product));
      where += writer.steps[last];
    }
  } while (nextPosition(at, outer));

  for (double magnitude : magnitudes)
    if (magnitude > exactLimit(operation.accumulator()))
      misdescribed(operation, "a sum of the data is not exact");
  return result;
}

} // namespace dconv::test
