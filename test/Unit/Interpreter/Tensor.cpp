//===- Tensor.cpp - dense boxes of elements -------------------------------===//

#include "Tensor.h"

#include "llvm/Support/InterleavedRange.h"

using namespace mlir;

namespace dconv::test {

std::string toString(ArrayRef<int64_t> position) {
  std::string text;
  llvm::raw_string_ostream(text) << '(' << llvm::interleaved(position) << ')';
  return text;
}

Positions::Iterator::Iterator(const Box &box, int64_t left)
    : box(box), left(left) {
  for (Interval dim : box.dims)
    at.push_back(dim.begin);
}

Positions::Iterator &Positions::Iterator::operator++() {
  --left;
  for (unsigned d = box.rank(); d-- > 0;) {
    if (++at[d] < box[d].end)
      break;
    at[d] = box[d].begin;
  }
  return *this;
}

Tensor::Tensor(ElementType type, Box box, Scalar value)
    : type(type), box(std::move(box)), elements(this->box.volume(), value) {}

const Scalar *Tensor::find(ArrayRef<int64_t> position) const {
  if (position.size() != box.rank())
    return nullptr;
  int64_t index = 0;
  for (unsigned d = 0; d < box.rank(); ++d) {
    if (!box[d].contains(position[d]))
      return nullptr;
    index = index * box[d].size() + (position[d] - box[d].begin);
  }
  return &elements[index];
}

Scalar *Tensor::find(ArrayRef<int64_t> position) {
  return const_cast<Scalar *>(std::as_const(*this).find(position));
}

Tensor Tensor::converted(ElementType to) const {
  Tensor result = *this;
  result.type = to;
  if (to != type)
    for (Scalar &element : result.elements)
      element = to.round(element);
  return result;
}

Result<Tensor> makeTensor(Type type) {
  Result<ElementType> element = ElementType::of(getElementTypeOrSelf(type));
  if (!element)
    return Error{element.error()};
  std::vector<int64_t> shape;
  if (auto shaped = dyn_cast<ShapedType>(type)) {
    if (!shaped.hasRank() || !shaped.hasStaticShape())
      return Error{"cannot interpret a tensor whose shape is dynamic"};
    shape = shaped.getShape().vec();
  }
  return Tensor(*element, Box::whole(shape), element->poison());
}

std::string differenceOf(const Tensor &got, const Tensor &expected) {
  if (got.type != expected.type || got.box != expected.box)
    return "tensor of " + dconv::toString(got.box) + ", expected one of " +
           dconv::toString(expected.box);
  for (const Position &at : Positions(expected.box))
    if (*got.find(at) != *expected.find(at))
      return "at " + toString(at) + " got " + got.type.text(*got.find(at)) +
             ", expected " + got.type.text(*expected.find(at));
  return "";
}

} // namespace dconv::test
