//===- ChannelsLast.cpp - convolutions with their channels last -----------===//

#include "dconv/Transforms/ChannelsLast.h"

#include "dconv/IR/Dconv.h"
#include "dconv/IR/Recognize.h"
#include "dconv/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace dconv {
#define GEN_PASS_DEF_CHANNELSLASTPASS
#include "dconv/Transforms/Passes.h.inc"
} // namespace dconv

using namespace mlir;
using namespace dconv;

/// `shape` with its dims in `order`.
static SmallVector<int64_t> inOrder(ArrayRef<int64_t> shape,
                                    const DimOrder &order) {
  SmallVector<int64_t> result;
  for (int64_t dim : order)
    result.push_back(shape[dim]);
  return result;
}

/// Whether an annotation of the upstream `shard` dialect says how an operand or
/// the result of `convolution` lies: it is for the dims as they are.
static bool isAnnotated(RecognizedConvolution &convolution) {
  auto isAnnotation = [](Operation *op) {
    return op && op->getName().getDialectNamespace() == "shard";
  };
  for (Value operand : convolution.op->getOperands()) {
    Operation *producer = operand.getDefiningOp();
    if (auto pad = dyn_cast_or_null<tensor::PadOp>(producer))
      producer = pad.getSource().getDefiningOp();
    else if (auto fill = dyn_cast_or_null<linalg::FillOp>(producer))
      if (isAnnotation(fill.output().getDefiningOp()))
        return true;
    if (isAnnotation(producer))
      return true;
  }
  return llvm::any_of(convolution.op->getUsers(), isAnnotation);
}

/// Erases `op` and what it alone used, as far as nothing uses it.
static void eraseDead(Operation *op) {
  if (!op || !isOpTriviallyDead(op))
    return;
  SmallVector<Value> operands(op->getOperands());
  op->erase();
  llvm::SmallPtrSet<Operation *, 4> producers;
  for (Value operand : operands)
    if (Operation *producer = operand.getDefiningOp())
      producers.insert(producer);
  for (Operation *producer : producers)
    eraseDead(producer);
}

namespace {
/// Rewrites one convolution.
class Rewriter {
public:
  Rewriter(RecognizedConvolution &convolution, const DimOrders &orders)
      : convolution(convolution), orders(orders), builder(convolution.op),
        loc(convolution.op.getLoc()) {}

  void run() {
    linalg::LinalgOp op = convolution.op;
    SmallVector<Value> operands(op->getOperands());
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    for (unsigned i = 0; i < orders.inputs.size(); ++i) {
      unsigned number = convolution.body.factors[i].operand;
      operands[number] = input(i);
      maps[number] = reordered(maps[number], orders.inputs[i]);
    }
    unsigned last = operands.size() - 1;
    operands[last] = init();
    maps[last] = reordered(maps[last], orders.output);

    auto generic = linalg::GenericOp::create(
        builder, loc, operands[last].getType(),
        ArrayRef<Value>(operands).drop_back(), operands[last], maps,
        op.getIteratorTypesArray());
    IRMapping mapping;
    op->getRegion(0).cloneInto(&generic.getRegion(), mapping);
    for (NamedAttribute attr : op->getDiscardableAttrs())
      if (attr.getName().getReferencedDialect() ==
          op->getContext()->getLoadedDialect<DconvDialect>())
        generic->setDiscardableAttr(attr.getName(), attr.getValue());

    Value result = transposed(generic.getResult(0), inverse(orders.output));
    SmallVector<Value> before(op->getOperands());
    op->getResult(0).replaceAllUsesWith(result);
    op->erase();
    llvm::SmallPtrSet<Operation *, 4> producers;
    for (Value operand : before)
      if (Operation *producer = operand.getDefiningOp())
        producers.insert(producer);
    for (Operation *producer : producers)
      eraseDead(producer);
  }

private:
  /// The input, with its padding if that can become local padding.
  Value input(unsigned i) {
    const DimOrder &order = orders.inputs[i];
    tensor::PadOp pad = fusiblePad(convolution, i);
    if (!pad)
      return transposed(convolution.inputValue(i), order);
    Value source = transposed(pad.getSource(), order);
    Value value = arith::ConstantOp::create(builder, loc, padValue(pad));
    auto type =
        RankedTensorType::get(inOrder(pad.getResultType().getShape(), order),
                              pad.getResultType().getElementType());
    auto amounts = [&](ArrayRef<int64_t> perDim) {
      return getAsIndexOpFoldResult(builder.getContext(),
                                    inOrder(perDim, order));
    };
    return tensor::PadOp::create(builder, loc, type, source,
                                 amounts(pad.getStaticLow()),
                                 amounts(pad.getStaticHigh()), value);
  }

  /// The initial output; a constant one stays a fill.
  Value init() {
    TypedAttr constant = constantFill(convolution.initValue());
    if (!constant)
      return transposed(convolution.initValue(), orders.output);
    Value value = arith::ConstantOp::create(builder, loc, constant);
    return linalg::FillOp::create(
               builder, loc, value,
               emptyLike(convolution.initValue(), orders.output))
        .getResult(0);
  }

  Value emptyLike(Value value, const DimOrder &order) {
    auto type = cast<RankedTensorType>(value.getType());
    return tensor::EmptyOp::create(
        builder, loc, inOrder(type.getShape(), order), type.getElementType());
  }

  /// `value` with its dims in `order`; of a transposed tensor, a transpose of
  /// that, or itself where the two cancel.
  Value transposed(Value value, DimOrder order) {
    if (auto transpose = value.getDefiningOp<linalg::TransposeOp>()) {
      for (int64_t &dim : order)
        dim = transpose.getPermutation()[dim];
      value = transpose.getInput();
    }
    if (isIdentity(order))
      return value;
    return linalg::TransposeOp::create(builder, loc, value,
                                       emptyLike(value, order), order)
        .getResult()[0];
  }

  static AffineMap reordered(AffineMap map, const DimOrder &order) {
    SmallVector<AffineExpr> results;
    for (int64_t dim : order)
      results.push_back(map.getResult(dim));
    return AffineMap::get(map.getNumDims(), map.getNumSymbols(), results,
                          map.getContext());
  }

  RecognizedConvolution &convolution;
  const DimOrders &orders;
  OpBuilder builder;
  Location loc;
};

class ChannelsLast : public dconv::impl::ChannelsLastPassBase<ChannelsLast> {
  using ChannelsLastPassBase::ChannelsLastPassBase;

  void runOnOperation() override {
    numConvolutions +=
        makeChannelsLast(getOperation(), {minChannels, minWork}).size();
  }
};
} // namespace

OutputOrders dconv::makeChannelsLast(ModuleOp module, const ReorderRule &rule) {
  OutputOrders made;
  for (auto &[name, convolution] : convolutionsOf(module)) {
    if (convolution.op->getParentOfType<SubKernelOp>() ||
        isAnnotated(convolution))
      continue;
    std::optional<DimOrders> orders =
        channelsLast(convolution.geometry, convolution.input, rule);
    if (!orders)
      continue;
    Rewriter(convolution, *orders).run();
    made[name] = orders->output;
  }
  return made;
}
