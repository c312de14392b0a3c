//===- Interpreter.cpp - what a program at level 0, 1 or 2 means ----------===//

#include "Interpreter.h"

#include "HostOps.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace dconv::test {

/// The value of `value` as a `T`, or an error.
template <typename T, typename Frame>
static Result<const T *> lookUp(const Frame &frame, mlir::Value value) {
  auto found = frame.find(value);
  if (found == frame.end())
    return Error{"reads a value that nobody has computed"};
  if (const T *result = std::get_if<T>(&found->second))
    return result;
  return Error{"reads a sharded value as a tensor, or a tensor as sharded"};
}

template <typename Frame>
static Result<Scalar> readScalar(const Frame &frame, mlir::Value value) {
  Result<const Tensor *> tensor = lookUp<Tensor>(frame, value);
  if (!tensor)
    return Error{tensor.error()};
  if ((*tensor)->elements.size() != 1)
    return Error{"reads a tensor as a scalar"};
  return (*tensor)->elements[0];
}

static Error inOp(Operation *op, const std::string &what) {
  return {"'" + op->getName().getStringRef().str() + "': " + what};
}

Result<std::vector<Tensor>> Interpreter::run(StringRef function,
                                             ArrayRef<Tensor> arguments) {
  auto callee = module.lookupSymbol<func::FuncOp>(function);
  if (!callee || callee.isExternal())
    return Error{"there is no function '" + function.str() + "' with a body"};
  if (callee.getNumArguments() != arguments.size())
    return Error{"'" + function.str() + "' needs " +
                 std::to_string(callee.getNumArguments()) +
                 " arguments but has " + std::to_string(arguments.size())};
  Frame frame;
  for (auto [value, tensor] : llvm::zip(callee.getArguments(), arguments))
    frame.try_emplace(value, tensor);

  Block &body = callee.getBody().front();
  for (Operation &op : body.without_terminator())
    if (std::optional<Error> error = runOp(&op, frame))
      return inOp(&op, error->message);
  std::vector<Tensor> results;
  for (mlir::Value value : body.getTerminator()->getOperands()) {
    Result<const Tensor *> tensor = lookUp<Tensor>(frame, value);
    if (!tensor)
      return inOp(body.getTerminator(), tensor.error());
    results.push_back(**tensor);
  }
  return results;
}

std::optional<Error> Interpreter::runOp(Operation *op, Frame &frame) {
  if (auto call = dyn_cast<func::CallOp>(op))
    return runCall(call, frame);
  auto define = [&](auto result) -> std::optional<Error> {
    if (!result)
      return Error{result.error()};
    frame.try_emplace(op->getResult(0), std::move(*result));
    return std::nullopt;
  };
  if (auto kernel = dyn_cast<SubKernelOp>(op))
    return define(runSubKernel(kernel, frame));
  if (isa<ShardOp, UnshardOp, HaloExchangeOp, ReshardOp, AllGatherOp,
          AllReduceOp, ReduceScatterOp>(op))
    return define(runMove(op, frame));
  return define(runHost(op, frame));
}

std::optional<Error> Interpreter::runCall(func::CallOp op, Frame &frame) {
  std::vector<Tensor> arguments;
  for (mlir::Value operand : op.getOperands()) {
    Result<const Tensor *> tensor = lookUp<Tensor>(frame, operand);
    if (!tensor)
      return Error{tensor.error()};
    arguments.push_back(**tensor);
  }
  Result<std::vector<Tensor>> results = run(op.getCallee(), arguments);
  if (!results)
    return Error{results.error()};
  for (auto [value, tensor] : llvm::zip(op.getResults(), *results))
    frame.try_emplace(value, tensor);
  return std::nullopt;
}

Result<Tensor> Interpreter::runHost(Operation *op, const Frame &frame) {
  std::vector<const Tensor *> operands;
  for (mlir::Value operand : op->getOperands()) {
    Result<const Tensor *> tensor = lookUp<Tensor>(frame, operand);
    if (!tensor)
      return Error{tensor.error()};
    operands.push_back(*tensor);
  }
  return runHostOp(op, operands,
                   [&](mlir::Value value) { return readScalar(frame, value); });
}

Result<Interpreter::Value> Interpreter::runMove(Operation *op,
                                                const Frame &frame) {
  auto wrap = [](auto result) -> Result<Value> {
    if (!result)
      return Error{result.error()};
    return Value(std::move(*result));
  };
  mlir::Value operand = op->getOperand(0);
  auto to = dyn_cast<ShardedType>(op->getResult(0).getType());
  if (isa<ShardOp>(op)) {
    Result<const Tensor *> tensor = lookUp<Tensor>(frame, operand);
    if (!tensor)
      return Error{tensor.error()};
    Movement &movement = moved.emplace_back(op, to, (*tensor)->type);
    return wrap(scatter(**tensor, to, movement));
  }
  Result<const ShardedTensor *> value = lookUp<ShardedTensor>(frame, operand);
  if (!value)
    return Error{value.error()};
  auto from = cast<ShardedType>(operand.getType());
  int64_t shards = from.grid().numShards(), needed = (*value)->shards.size();
  if (shards != needed || (to && to.grid().numShards() != needed))
    return Error{"goes from one grid to another"};
  Movement &movement = moved.emplace_back(op, from, (*value)->shards[0].type);
  if (isa<UnshardOp>(op))
    return wrap(gather(**value, from, movement));
  if (isa<ReduceScatterOp, AllReduceOp>(op))
    return wrap(reduce(**value, from, to, movement));
  auto by = op->getAttrOfType<IntegerAttr>("algorithm");
  return wrap(redistribute(**value, from, to,
                           by ? static_cast<Algorithm>(by.getInt())
                              : Algorithm::Direct,
                           movement));
}

Result<ShardedTensor> Interpreter::runSubKernel(SubKernelOp op, Frame &frame) {
  linalg::LinalgOp convolution = op.convolution();
  if (!convolution)
    return Error{"needs one linalg op"};
  // Scalars and tensors of which only the shape matters.
  for (Operation &inner : op.getBody().front().without_terminator())
    if (&inner != convolution)
      if (std::optional<Error> error = runOp(&inner, frame))
        return inOp(&inner, error->message);

  Result<const ShardedTensor *> init =
      lookUp<ShardedTensor>(frame, op.getInit());
  if (!init)
    return Error{init.error()};
  ShardedTensor result = **init;
  if (op.getType().isStreamed()) {
    // One tensor on the host, to which the shards add in their order; it is
    // rounded when they are done.
    ElementType type = result.shards[0].type;
    Tensor host = result.shards[0].converted(type.widened());
    for (size_t shard = 0; shard < result.shards.size(); ++shard)
      if (std::optional<Error> error = runShare(op, shard, host, frame))
        return Error{"shard " + std::to_string(shard) + " " + error->message};
    for (Tensor &shard : result.shards)
      shard = host.converted(type);
    return result;
  }
  for (size_t shard = 0; shard < result.shards.size(); ++shard)
    if (std::optional<Error> error =
            runShare(op, shard, result.shards[shard], frame))
      return Error{"shard " + std::to_string(shard) + " " + error->message};
  return result;
}

/// The part of the iteration space that `split` gives to `coordinates`.
static Result<Box> shareOf(SplitAttr split, const Position &coordinates,
                           ArrayRef<int64_t> extents) {
  Box box = Box::whole({extents.begin(), extents.end()});
  if (split.getAxes().size() != coordinates.size())
    return Error{"has a grid of other axes than the split"};
  for (auto [axis, part] : llvm::zip(split.getAxes(), coordinates)) {
    int64_t begin = 0, parts = axis.getLengths().size();
    if (part >= parts || axis.getLoop() >= box.rank())
      return Error{"has no share of loop d" + std::to_string(axis.getLoop())};
    for (int64_t length : axis.getLengths().take_front(part))
      begin += length;
    box[axis.getLoop()] = {begin, begin + axis.getLengths()[part]};
  }
  return box;
}

/// What `shard` may read of input `i` of `op`: what it holds, and the padding
/// that follows from the position it reads.
static InputView viewOf(SubKernelOp op, unsigned i, const Tensor &held) {
  RankedTensorType tensor =
      cast<ShardedType>(op.getInputs()[i].getType()).getTensor();
  InputView view;
  view.held = &held;
  view.whole = view.padded = Box::whole(tensor.getShape().vec());
  view.low.assign(tensor.getRank(), 0);
  if (PaddingAttr padding = op.paddingOf(i)) {
    view.low = padding.getLow().vec();
    for (unsigned d = 0; d < view.low.size(); ++d)
      view.padded[d].end += view.low[d] + padding.getHigh()[d];
    view.padding = held.type.read(padding.getValue());
  }
  return view;
}

std::optional<Error> Interpreter::runShare(SubKernelOp op, int64_t shard,
                                           Tensor &output, const Frame &frame) {
  linalg::LinalgOp convolution = op.convolution();
  Block &body = op.getBody().front();
  std::vector<InputView> inputs;
  for (OpOperand *operand : convolution.getDpsInputOperands()) {
    auto argument = dyn_cast<BlockArgument>(operand->get());
    if (argument && argument.getOwner() == &body) {
      unsigned number = argument.getArgNumber();
      if (number >= op.getInputs().size())
        return Error{"reads the initial output as an input"};
      Result<const ShardedTensor *> input =
          lookUp<ShardedTensor>(frame, op->getOperand(number));
      if (!input)
        return Error{input.error()};
      inputs.push_back(viewOf(op, number, (*input)->shards[shard]));
      continue;
    }
    Result<const Tensor *> tensor = lookUp<Tensor>(frame, operand->get());
    if (!tensor)
      return Error{tensor.error()};
    inputs.push_back(InputView::of(**tensor));
  }
  Grid grid = cast<ShardedType>(op.getInit().getType()).grid();
  Result<Box> share = shareOf(op.getSplit(), grid.coordinates(shard),
                              convolution.getStaticLoopRanges());
  if (!share)
    return Error{share.error()};
  return runLinalgOp(
      convolution, *share, inputs, output,
      [&](mlir::Value value) { return readScalar(frame, value); });
}

} // namespace dconv::test
