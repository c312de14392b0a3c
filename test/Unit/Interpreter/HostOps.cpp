//===- HostOps.cpp - ops on whole tensors ---------------------------------===//

#include "HostOps.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace dconv::test {

static Result<Tensor> runConstant(Type type, Attribute value) {
  Result<Tensor> result = makeTensor(type);
  if (!result)
    return result;
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense && !isa<IntegerAttr, FloatAttr>(value))
    return Error{"cannot interpret a constant that is no number"};
  for (size_t i = 0; i < result->elements.size(); ++i)
    result->elements[i] =
        result->type.read(dense ? dense.getValues<Attribute>()[i] : value);
  return result;
}

static Result<Tensor> runLinalg(linalg::LinalgOp op,
                                ArrayRef<const Tensor *> operands,
                                Captured captured) {
  if (op.getNumDpsInits() != 1 || !op.hasPureTensorSemantics())
    return Error{"needs one result, on tensors"};
  std::vector<InputView> inputs;
  for (const Tensor *operand : operands.drop_back())
    inputs.push_back(InputView::of(*operand));
  Tensor output = *operands.back();
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  Box iterations = Box::whole({extents.begin(), extents.end()});
  if (std::optional<Error> error =
          runLinalgOp(op, iterations, inputs, output, captured))
    return *error;
  return output;
}

static Result<Tensor> runPad(tensor::PadOp op, const Tensor &source,
                             Captured captured) {
  Result<Tensor> result = makeTensor(op.getType());
  if (!result)
    return result;
  Block &block = *op.getBody();
  auto yielded = cast<tensor::YieldOp>(block.getTerminator());
  Attribute constant;
  Scalar value;
  if (matchPattern(yielded.getValue(), m_Constant(&constant))) {
    value = source.type.read(constant);
  } else {
    Result<Scalar> outside = captured(yielded.getValue());
    if (!outside)
      return Error{outside.error()};
    value = *outside;
  }
  Position inSource;
  for (const Position &at : Positions(result->box)) {
    inSource = at;
    for (auto [d, low] : llvm::enumerate(op.getStaticLow()))
      inSource[d] -= low;
    const Scalar *element = source.find(inSource);
    *result->find(at) = element ? *element : value;
  }
  return result;
}

/// Calls `visit` with each position of a slice in the whole tensor, in order.
template <typename SliceOp>
static std::optional<Error>
forEachOfSlice(SliceOp op, llvm::function_ref<void(const Position &)> visit) {
  auto isDynamic = [](ArrayRef<int64_t> list) {
    return llvm::any_of(list, ShapedType::isDynamic);
  };
  if (isDynamic(op.getStaticOffsets()) || isDynamic(op.getStaticSizes()) ||
      isDynamic(op.getStaticStrides()))
    return Error{"cannot interpret a slice with dynamic bounds"};
  Position in;
  for (const Position &at : Positions(Box::whole(op.getStaticSizes().vec()))) {
    in = at;
    for (size_t d = 0; d < in.size(); ++d)
      in[d] = op.getStaticOffsets()[d] + at[d] * op.getStaticStrides()[d];
    visit(in);
  }
  return std::nullopt;
}

static Result<Tensor> runExtractSlice(tensor::ExtractSliceOp op,
                                      const Tensor &source) {
  Result<Tensor> result = makeTensor(op.getType());
  if (!result)
    return result;
  size_t next = 0;
  std::optional<Error> error = forEachOfSlice(op, [&](const Position &at) {
    result->elements[next++] = *source.find(at);
  });
  if (error)
    return *error;
  return result;
}

static Result<Tensor> runInsertSlice(tensor::InsertSliceOp op,
                                     const Tensor &source, const Tensor &into) {
  Tensor result = into;
  size_t next = 0;
  std::optional<Error> error = forEachOfSlice(op, [&](const Position &at) {
    *result.find(at) = source.elements[next++];
  });
  if (error)
    return *error;
  return result;
}

static Result<Tensor> runExtract(tensor::ExtractOp op,
                                 ArrayRef<const Tensor *> operands) {
  Position at;
  for (const Tensor *index : operands.drop_front())
    at.push_back(index->elements[0].integer);
  const Scalar *element = operands[0]->find(at);
  if (!element)
    return Error{"reads " + toString(at) + " of a tensor of " +
                 dconv::toString(operands[0]->box)};
  return Tensor(operands[0]->type, Box(), *element);
}

static Result<Tensor> runFromElements(tensor::FromElementsOp op,
                                      ArrayRef<const Tensor *> operands) {
  Result<Tensor> result = makeTensor(op.getType());
  if (result)
    for (auto [element, operand] : llvm::zip(result->elements, operands))
      element = operand->elements[0];
  return result;
}

static Result<Tensor> runElementwise(Operation *op,
                                     ArrayRef<const Tensor *> operands) {
  Result<ScalarFunction> function = functionOf(op);
  if (!function)
    return Error{function.error()};
  Result<Tensor> result = makeTensor(op->getResult(0).getType());
  if (!result)
    return result;
  SmallVector<Scalar> scalars(operands.size());
  for (size_t i = 0; i < result->elements.size(); ++i) {
    for (auto [scalar, operand] : llvm::zip(scalars, operands))
      scalar = operand->elements[i];
    result->elements[i] = result->type.round((*function)(scalars));
  }
  return result;
}

Result<Tensor> runHostOp(Operation *op, ArrayRef<const Tensor *> operands,
                         Captured captured) {
  if (op->getNumResults() != 1)
    return Error{"needs one result"};
  Type type = op->getResult(0).getType();
  Attribute constant;
  if (matchPattern(op, m_Constant(&constant)))
    return runConstant(type, constant);
  return llvm::TypeSwitch<Operation *, Result<Tensor>>(op)
      .Case([&](linalg::LinalgOp linalgOp) {
        return runLinalg(linalgOp, operands, captured);
      })
      .Case([&](tensor::EmptyOp) { return makeTensor(type); })
      .Case([&](tensor::PadOp pad) {
        return runPad(pad, *operands[0], captured);
      })
      .Case([&](tensor::ExtractSliceOp slice) {
        return runExtractSlice(slice, *operands[0]);
      })
      .Case([&](tensor::InsertSliceOp insert) {
        return runInsertSlice(insert, *operands[0], *operands[1]);
      })
      .Case([&](tensor::ExtractOp extract) {
        return runExtract(extract, operands);
      })
      .Case([&](tensor::FromElementsOp from) {
        return runFromElements(from, operands);
      })
      .Case([&](tensor::SplatOp) -> Result<Tensor> {
        Result<Tensor> result = makeTensor(type);
        if (result)
          llvm::fill(result->elements, operands[0]->elements[0]);
        return result;
      })
      .Default([&](Operation *) { return runElementwise(op, operands); });
}

} // namespace dconv::test
