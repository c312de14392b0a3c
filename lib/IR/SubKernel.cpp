//===- SubKernel.cpp - the op that computes, and its proof ----------------===//

#include "dconv/Geometry/Streaming.h"
#include "dconv/IR/Dconv.h"
#include "dconv/IR/Recognize.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/InterleavedRange.h"

using namespace mlir;
using namespace dconv;

static ParseResult parsePaddings(OpAsmParser &parser, ArrayAttr &padding) {
  SmallVector<Attribute> entries;
  if (parser.parseCommaSeparatedList(
          AsmParser::Delimiter::Square, [&]() -> ParseResult {
            if (succeeded(parser.parseOptionalKeyword("none"))) {
              entries.push_back(parser.getBuilder().getUnitAttr());
              return success();
            }
            PaddingAttr entry;
            if (parser.parseAttribute(entry))
              return failure();
            entries.push_back(entry);
            return success();
          }))
    return failure();
  padding = parser.getBuilder().getArrayAttr(entries);
  return success();
}

static void printPaddings(OpAsmPrinter &printer, SubKernelOp,
                          ArrayAttr padding) {
  printer << '[';
  llvm::interleaveComma(padding, printer, [&](Attribute entry) {
    if (isa<UnitAttr>(entry))
      printer << "none";
    else
      printer << entry;
  });
  printer << ']';
}

#define GET_OP_CLASSES
#include "dconv/IR/DconvOps.cpp.inc"

linalg::LinalgOp SubKernelOp::convolution() {
  linalg::LinalgOp found;
  for (Operation &op : getBody().front().without_terminator())
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
      if (found)
        return {};
      found = linalgOp;
    }
  return found;
}

PaddingAttr SubKernelOp::paddingOf(unsigned i) {
  if (!getPadding())
    return {};
  return dyn_cast<PaddingAttr>((*getPadding())[i]);
}

/// The number of the region's argument that factor `i` of `recognized` reads,
/// or -1.
static int argumentOf(RecognizedConvolution &recognized, unsigned i) {
  auto argument = dyn_cast<BlockArgument>(recognized.inputValue(i));
  if (!argument || argument.getOwner() != recognized.op->getBlock())
    return -1;
  return argument.getArgNumber();
}

Convolution SubKernelOp::geometry() {
  std::optional<RecognizedConvolution> recognized =
      recognizeConvolution(convolution());
  assert(recognized && "the verifier has seen it");
  Convolution result = recognized->geometry;
  for (unsigned i = 0; i < recognized->geometry.inputs.size(); ++i) {
    Operand input = recognized->geometry.inputs[i];
    unsigned operand = argumentOf(*recognized, i);
    input.shape = cast<ShardedType>(getInputs()[operand].getType())
                      .getTensor()
                      .getShape()
                      .vec();
    if (PaddingAttr padding = paddingOf(operand)) {
      input.padLow = padding.getLow().vec();
      input.padHigh = padding.getHigh().vec();
    }
    result.inputs[operand] = std::move(input);
  }
  return result;
}

/// The types of the region's arguments are those of the operands, widened.
static LogicalResult verifyArguments(SubKernelOp op) {
  Block &body = op.getBody().front();
  unsigned inputs = op.getInputs().size();
  if (body.getNumArguments() != inputs + 1)
    return op.emitOpError("region needs ")
           << inputs + 1 << " arguments but has " << body.getNumArguments();
  if (op.getPadding() && op.getPadding()->size() != inputs)
    return op.emitOpError("needs padding for ")
           << inputs << " inputs but has " << op.getPadding()->size();
  if (op.getPadding())
    for (auto [i, entry] : llvm::enumerate(*op.getPadding()))
      if (!isa<PaddingAttr, UnitAttr>(entry))
        return op.emitOpError("padding of input ")
               << i << " needs #dconv.padding<...> or none but has " << entry;
  for (unsigned i = 0; i <= inputs; ++i) {
    RankedTensorType tensor =
        cast<ShardedType>(op->getOperand(i).getType()).getTensor();
    SmallVector<int64_t> shape(tensor.getShape());
    if (PaddingAttr padding = i < inputs ? op.paddingOf(i) : PaddingAttr()) {
      if (padding.getLow().size() != shape.size() ||
          padding.getHigh().size() != shape.size())
        return op.emitOpError("padding of input ")
               << i << " needs " << shape.size() << " dims";
      if (padding.getValue().getType() != tensor.getElementType() ||
          !isa<FloatAttr, IntegerAttr>(padding.getValue()))
        return op.emitOpError("padding of input ")
               << i << " has value " << padding.getValue()
               << " but needs a number of type " << tensor.getElementType();
      for (auto [extent, low, high] :
           llvm::zip(shape, padding.getLow(), padding.getHigh())) {
        if (low < 0 || high < 0)
          return op.emitOpError("padding of input ") << i << " is negative";
        if (__builtin_add_overflow(extent, low, &extent) ||
            __builtin_add_overflow(extent, high, &extent))
          return op.emitOpError("padding of input ")
                 << i << " does not fit 64 bits";
      }
    }
    auto needed = RankedTensorType::get(shape, tensor.getElementType());
    if (body.getArgument(i).getType() != needed)
      return op.emitOpError("region argument ")
             << i << " needs type " << needed << " but has "
             << body.getArgument(i).getType();
  }
  return success();
}

/// The part of each loop at `coordinates`, whole loops where they are not split.
static LogicalResult verifyCoverage(SubKernelOp op, unsigned input,
                                    const Convolution &convolution,
                                    const Split &split) {
  const Operand &operand = convolution.inputs[input];
  AccessMap map = operand.unpaddedMap();
  auto type = cast<ShardedType>(op.getInputs()[input].getType());
  TensorLayout layout = type.layout();
  Grid grid = type.grid();
  for (auto [d, expr] : llvm::enumerate(map)) {
    // Dims are independent: only the axes that this one depends on matter.
    std::vector<unsigned> axes = layout.dims[d].axes;
    for (unsigned axis = 0; axis < split.axes.size(); ++axis)
      if (expr.uses(split.axes[axis].loop) && !llvm::is_contained(axes, axis))
        axes.push_back(axis);
    for (int64_t shard : grid.group(0, axes)) {
      std::vector<int64_t> at = grid.coordinates(shard);
      Interval needed = footprint(expr, split.iterations(convolution, at))
                            .intersect({0, operand.shape[d]});
      Interval held =
          layout.dims[d].held[grid.indexAlong(layout.dims[d].axes, at)];
      if (held.contains(needed))
        continue;
      InFlightDiagnostic diag = op.emitOpError("shard ")
                                << shard << " reads " << toString(needed)
                                << " of dim " << d << " of input " << input
                                << " but holds " << toString(held);
      diag.attachNote(op.getInputs()[input].getLoc())
          << "the input comes from here";
      diag.attachNote() << "a dconv.halo_exchange to held "
                        << toString(needed) << " would bring the rest";
      return diag;
    }
  }
  return success();
}

LogicalResult SubKernelOp::verifyRegions() {
  if (failed(verifyArguments(*this)))
    return failure();
  auto yield = dyn_cast<YieldOp>(getBody().front().getTerminator());
  if (!yield)
    return emitOpError("region must end in dconv.yield");
  linalg::LinalgOp linalgOp = convolution();
  if (!linalgOp)
    return emitOpError("region needs exactly one linalg op");
  for (Operation &inner : getBody().front().without_terminator())
    if (&inner != linalgOp && !isa<tensor::EmptyOp, tensor::FromElementsOp>(inner) &&
        !inner.hasTrait<OpTrait::ConstantLike>())
      return emitOpError("region holds one linalg op, tensor.empty, "
                         "tensor.from_elements and constants, but also '")
             << inner.getName() << "'";
  NotRecognized why;
  std::optional<RecognizedConvolution> recognized =
      recognizeConvolution(linalgOp, &why);
  if (!recognized)
    return emitOpError("region holds no convolution: ") << why.reason;

  SmallVector<bool> read(getInputs().size());
  for (unsigned i = 0; i < recognized->geometry.inputs.size(); ++i) {
    int argument = argumentOf(*recognized, i);
    if (argument < 0 || argument >= static_cast<int>(read.size()))
      return emitOpError("input ")
             << i << " of the region's op must be an argument of the region";
    if (std::exchange(read[argument], true))
      return emitOpError("region reads argument ")
             << argument << " twice; pass it as two inputs";
  }
  for (auto [i, isRead] : llvm::enumerate(read))
    if (!isRead)
      return emitOpError("input ") << i << " is not read by the region's op";
  Block &body = getBody().front();
  if (recognized->initValue() != body.getArguments().back())
    return emitOpError("the region's op must combine into the region's last "
                       "argument");
  if (yield.getValue() != linalgOp->getResult(0))
    return emitOpError("the region must yield the result of its linalg op");
  for (unsigned scalar : recognized->scalars)
    if (Value value = linalgOp->getOperand(scalar);
        isa<ShapedType>(value.getType()) &&
        !value.getDefiningOp<tensor::FromElementsOp>())
      return emitOpError("operand ")
             << scalar << " of the region's op must be a scalar, or a "
             << "tensor.from_elements of one in the region";

  Convolution geometry = this->geometry();
  Split split = getSplit().split();
  if (Result<int64_t> shards = checkSplit(split, geometry); !shards)
    return emitOpError("split: ") << shards.error();
  for (Value operand : getOperands()) {
    auto type = cast<ShardedType>(operand.getType());
    if (type.grid().shape != split.grid(1).shape)
      return emitOpError("split needs grid ")
             << llvm::interleaved_array(split.grid(1).shape)
             << " but an operand lies on " << type.getSharding().getGrid();
    if (type.getSharding().getGrid() !=
        cast<ShardedType>(getInit().getType()).getSharding().getGrid())
      return emitOpError("operands lie on different grids");
  }
  for (unsigned i = 0; i < getInputs().size(); ++i) {
    if (cast<ShardedType>(getInputs()[i].getType()).isPartial())
      return emitOpError("input ") << i << " holds partial sums";
    if (failed(verifyCoverage(*this, i, geometry, split)))
      return failure();
  }

  auto init = cast<ShardedType>(getInit().getType());
  if (init.isStreamed())
    if (Result<int64_t> shards =
            checkStreamed(geometry, split, init.grid().devices);
        !shards)
      return emitOpError() << shards.error();
  TensorLayout needed = outputLayout(geometry, split);
  if (!init.isStreamed() && !(init.layout() == needed)) {
    auto wanted = ShardingAttr::get(
        init.getSharding().getGrid(), needed, init.getTensor().getShape(),
        static_cast<Combiner>(recognized->body.combiner),
        recognized->body.accumulator == init.getTensor().getElementType()
            ? Type()
            : recognized->body.accumulator);
    return emitOpError("the initial output lies as ")
           << init.getSharding() << " but the split needs " << wanted;
  }
  if (init.isPartial() && recognized->body.ignoresNaN)
    return emitOpError("cannot split a reduction in which a NaN loses against "
                       "a number; partial results combine as arith.maximumf "
                       "and arith.minimumf do");
  if (init.isPartial()) {
    Combiner combiner = static_cast<Combiner>(recognized->body.combiner);
    if (init.getSharding().getCombiner() != combiner)
      return emitOpError("partial sums combine by ")
             << stringifyCombiner(init.getSharding().getCombiner())
             << " but the region's op by " << stringifyCombiner(combiner);
    if (init.storageType() != recognized->body.accumulator)
      return emitOpError("partial sums are kept in ")
             << init.storageType() << " but accumulate in "
             << recognized->body.accumulator;
  }
  if (getType() != init)
    return emitOpError("result must lie like the initial output, ")
           << init << ", but is " << getType();
  return success();
}
