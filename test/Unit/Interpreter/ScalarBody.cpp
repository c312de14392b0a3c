//===- ScalarBody.cpp - the body of an op, scalar by scalar ---------------===//

#include "ScalarBody.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace dconv::test {

Result<ScalarBody> ScalarBody::prepare(Block &block, bool wide,
                                       Captured captured) {
  ScalarBody body;
  llvm::DenseMap<Value, unsigned> numbers;
  auto define = [&](Value value, Scalar scalar = {}) {
    numbers[value] = body.values.size();
    body.values.push_back(scalar);
    return numbers[value];
  };
  for (BlockArgument argument : block.getArguments())
    define(argument);
  body.numArguments = block.getNumArguments();

  auto numberOf = [&](Value value) -> Result<unsigned> {
    if (auto found = numbers.find(value); found != numbers.end())
      return found->second;
    Result<Scalar> scalar = captured(value);
    if (!scalar)
      return Error{scalar.error()};
    return define(value, *scalar);
  };

  for (Operation &op : block.without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      unsigned loop = index.getDim();
      body.indices.push_back({loop, define(index)});
      continue;
    }
    Result<ElementType> type = ElementType::of(op.getResult(0).getType());
    if (!type)
      return Error{type.error()};
    Attribute constant;
    if (matchPattern(&op, m_Constant(&constant))) {
      define(op.getResult(0), type->read(constant));
      continue;
    }
    Result<ScalarFunction> function = functionOf(&op);
    if (!function)
      return Error{function.error()};
    Step step{*function, {}, 0, wide ? type->widened() : *type};
    for (Value operand : op.getOperands()) {
      Result<unsigned> number = numberOf(operand);
      if (!number)
        return Error{number.error()};
      step.operands.push_back(*number);
    }
    step.result = define(op.getResult(0));
    body.steps.push_back(std::move(step));
  }
  for (Value value : block.getTerminator()->getOperands()) {
    Result<unsigned> number = numberOf(value);
    if (!number)
      return Error{number.error()};
    body.results.push_back(*number);
  }
  return body;
}

void ScalarBody::run(ArrayRef<int64_t> iteration) {
  for (Index index : indices)
    values[index.result].integer = iteration[index.loop];
  SmallVector<Scalar, 3> operands;
  for (const Step &step : steps) {
    operands.clear();
    for (unsigned operand : step.operands)
      operands.push_back(values[operand]);
    values[step.result] = step.type.round(step.function(operands));
  }
}

} // namespace dconv::test
