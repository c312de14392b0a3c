//===- Partition.cpp - planned convolutions become sub-kernels ------------===//

#include "dconv/Geometry/Prediction.h"
#include "dconv/IR/Dconv.h"
#include "dconv/IR/Recognize.h"
#include "dconv/Transforms/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace dconv {
#define GEN_PASS_DEF_PARTITIONPASS
#include "dconv/Transforms/Passes.h.inc"
} // namespace dconv

using namespace mlir;
using namespace dconv;

namespace {
/// Rewrites one convolution under one split.
class Partitioner {
public:
  Partitioner(RecognizedConvolution &convolution, const Split &split,
              PlanAttr plan)
      : convolution(convolution), geometry(geometryWithPadding(convolution)),
        split(split), plan(plan), rewriter(convolution.op),
        grid(GridAttr::get(rewriter.getContext(),
                           split.grid(plan.getDevices()))),
        loc(convolution.op.getLoc()) {}

  void run() {
    SmallVector<Value> inputs;
    for (unsigned i = 0; i < geometry.inputs.size(); ++i)
      inputs.push_back(shardInput(i));
    TensorLayout layout = outputLayout(geometry, split);
    auto tensor = cast<RankedTensorType>(convolution.initValue().getType());
    ShardedType partial = plan.getStreamed() ? streamedType(tensor)
                                             : typeOf(tensor, layout);
    Value init =
        ShardOp::create(rewriter, loc, partial, convolution.initValue());
    Value result = createSubKernel(inputs, init);
    if (partial.isPartial()) {
      ShardedType scattered = typeOf(
          tensor,
          scatteredLayout(grid.grid(), layout, tensor.getShape().vec()));
      result = ReduceScatterOp::create(rewriter, loc, scattered, result);
    }
    result = UnshardOp::create(rewriter, loc, tensor, result);

    SmallVector<Operation *> pads;
    for (unsigned i = 0; i < geometry.inputs.size(); ++i)
      if (tensor::PadOp pad = fusiblePad(convolution, i))
        if (!llvm::is_contained(pads, pad))
          pads.push_back(pad);
    rewriter.replaceOp(convolution.op, result);
    for (Operation *pad : pads)
      if (pad->use_empty())
        rewriter.eraseOp(pad);
  }

private:
  ShardedType typeOf(RankedTensorType tensor, const TensorLayout &layout) {
    Type accumulator = convolution.body.accumulator;
    return ShardedType::get(
        tensor, ShardingAttr::get(
                    grid, layout, tensor.getShape(),
                    static_cast<Combiner>(convolution.body.combiner),
                    accumulator == tensor.getElementType() ? Type()
                                                           : accumulator));
  }

  ShardedType streamedType(RankedTensorType tensor) {
    return ShardedType::get(tensor, ShardingAttr::getStreamed(grid));
  }

  Value shardInput(unsigned i) {
    tensor::PadOp pad = fusiblePad(convolution, i);
    Value input = pad ? pad.getSource() : convolution.inputValue(i);
    auto tensor = cast<RankedTensorType>(input.getType());
    if (plan.getStreamed())
      return ShardOp::create(rewriter, loc, streamedType(tensor), input);
    TensorLayout layout = inputLayout(geometry, split, geometry.inputs[i]);
    for (GatheredInput gathered : plan.getGathered())
      if (gathered.input == i) {
        TensorLayout pieces =
            piecesLayout(grid.grid(), layout, tensor.getShape().vec());
        Value value =
            ShardOp::create(rewriter, loc, typeOf(tensor, pieces), input);
        return AllGatherOp::create(rewriter, loc, typeOf(tensor, layout), value,
                                   static_cast<Algorithm>(gathered.algorithm));
      }
    TensorLayout stripes = layout;
    for (DimLayout &dim : stripes.dims)
      dim.held = dim.owned;
    Value value =
        ShardOp::create(rewriter, loc, typeOf(tensor, stripes), input);
    if (layout == stripes)
      return value;
    return HaloExchangeOp::create(rewriter, loc, typeOf(tensor, layout), value);
  }

  Value createSubKernel(ArrayRef<Value> inputs, Value init) {
    Builder builder(rewriter.getContext());
    SmallVector<Attribute> paddings(inputs.size(), builder.getUnitAttr());
    for (unsigned i = 0; i < inputs.size(); ++i)
      if (tensor::PadOp pad = fusiblePad(convolution, i))
        paddings[i] = PaddingAttr::get(
            builder.getContext(), geometry.inputs[i].padLow,
            geometry.inputs[i].padHigh, padValue(pad));
    bool anyPadding = llvm::any_of(
        paddings, [](Attribute attr) { return isa<PaddingAttr>(attr); });
    auto kernel = SubKernelOp::create(
        rewriter, loc, init.getType(), inputs, init,
        SplitAttr::get(builder.getContext(), split),
        anyPadding ? builder.getArrayAttr(paddings) : ArrayAttr());

    OpBuilder::InsertionGuard guard(rewriter);
    Block *body = rewriter.createBlock(&kernel.getBody());
    linalg::LinalgOp op = convolution.op;
    SmallVector<Value> operands(op->getOperands());
    for (unsigned i = 0; i < inputs.size(); ++i)
      operands[convolution.body.factors[i].operand] =
          body->addArgument(convolution.inputValue(i).getType(), loc);
    for (unsigned number : convolution.shapeOnly) {
      auto type = cast<RankedTensorType>(operands[number].getType());
      operands[number] = tensor::EmptyOp::create(
          rewriter, loc, type.getShape(), type.getElementType());
    }
    for (unsigned number : convolution.scalars)
      if (isa<RankedTensorType>(operands[number].getType()))
        operands[number] = scalarInRegion(operands[number], kernel);
    operands[op.getDpsInitOperand(0)->getOperandNumber()] =
        body->addArgument(convolution.initValue().getType(), loc);
    Operation *clone = rewriter.clone(*op);
    clone->setOperands(operands);
    clone->removeAttr(PlanAttr::name);
    YieldOp::create(rewriter, loc, clone->getResult(0));
    return kernel.getResult();
  }

  /// A tensor without dims whose element comes from outside `kernel`.
  Value scalarInRegion(Value tensor, SubKernelOp kernel) {
    OpBuilder outside(kernel);
    Value scalar =
        tensor::ExtractOp::create(outside, loc, tensor, ValueRange());
    return tensor::FromElementsOp::create(rewriter, loc, tensor.getType(),
                                          scalar);
  }

  RecognizedConvolution &convolution;
  Convolution geometry;
  const Split &split;
  const PlanAttr plan;
  IRRewriter rewriter;
  GridAttr grid;
  Location loc;
};

class Partition : public dconv::impl::PartitionPassBase<Partition> {
  void runOnOperation() override {
    bool failed = false;
    for (auto &[name, convolution] : convolutionsOf(getOperation()))
      if (auto plan =
              convolution.op->getAttrOfType<PlanAttr>(PlanAttr::name))
        failed |= mlir::failed(partition(name, convolution, plan));
    getOperation().walk([&](Operation *op) {
      if (!failed && op->hasAttr(PlanAttr::name)) {
        op->emitOpError("carries a plan but is no convolution that dconv can "
                        "partition");
        failed = true;
      }
    });
    if (failed)
      signalPassFailure();
  }

  LogicalResult partition(StringRef name, RecognizedConvolution &convolution,
                          PlanAttr plan) {
    Convolution geometry = geometryWithPadding(convolution);
    Result<Split> split = plan.resolve(geometry);
    if (!split)
      return convolution.op->emitOpError()
             << "'" << name << "' cannot follow its plan: " << split.error();
    if (!plan.getStreamed()) {
      bool fills = bool(constantFill(convolution.initValue()));
      Prediction prediction =
          predict(distribute(geometry, *split, plan.getDevices(), fills,
                             plan.getGathered()));
      bytesReceived += *llvm::max_element(prediction.bytesReceived);
    }
    Partitioner(convolution, *split, plan).run();
    ++numSubKernels;
    return success();
  }
};
} // namespace
