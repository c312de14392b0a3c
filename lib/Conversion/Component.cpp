//===- Component.cpp - level 2 as the integers of a schedule --------------===//

#include "Component.h"

#include "KernelOutliner.h"
#include "Neutral.h"
#include "ProgramText.h"
#include "dconv/Geometry/Streaming.h"
#include "dconv/Geometry/StripeWindows.h"
#include "dconv/IR/ShardedValues.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dconv;

SmallVector<Component> dconv::componentsOf(Operation *root) {
  SmallVector<Component> result;
  for (SmallVector<Operation *> &ops : connectedOps(root))
    result.emplace_back().ops = std::move(ops);
  return result;
}

namespace {
/// Reads one component from its first op to its last.
class ComponentReader {
public:
  ComponentReader(KernelOutliner &outliner) : outliner(outliner) {}

  FailureOr<ComponentSchedule> read(const Component &component) {
    auto grid = [](Operation *op) {
      Value sharded = isa<ShardOp>(op) ? op->getResult(0) : op->getOperand(0);
      return cast<ShardedType>(sharded.getType()).getSharding().getGrid();
    };
    program().grid = grid(component.ops.front()).grid();
    for (Operation *op : component.ops) {
      if (op->getBlock() != component.ops.front()->getBlock())
        return op->emitOpError("uses a sharded value of another block; "
                               "dconv.unshard it there");
      if (failed(checkStreams(op)) || failed(read(op)))
        return failure();
    }
    const StripeWindows windows(program());
    for (SubKernel &kernel : subKernels)
      outlineKernels(kernel, windows);
    return std::move(result);
  }

private:
  /// A sub-kernel whose kernels are to be outlined: what they read lies in
  /// windows that the whole program decides.
  struct SubKernel {
    SubKernelOp op;
    RecognizedConvolution recognized;
    size_t step;
  };

  DistributedProgram &program() { return result.input.program; }

  /// What is streamed comes from the host's memory of an argument and goes to
  /// that of a result: it is not both.
  static LogicalResult checkStreams(Operation *op) {
    for (Value operand : op->getOperands()) {
      auto type = dyn_cast<ShardedType>(operand.getType());
      if (!type || !type.isStreamed())
        continue;
      bool isComputed = isa<SubKernelOp>(operand.getDefiningOp());
      if (isa<SubKernelOp>(op) && isComputed)
        return op->emitOpError("reads a streamed tensor that another "
                               "sub-kernel computes; dconv.unshard it and "
                               "dconv.shard the result");
      if (isa<UnshardOp>(op) && !isComputed)
        return op->emitOpError("returns a streamed tensor that no sub-kernel "
                               "computes; use the tensor that was sharded");
    }
    return success();
  }

  LogicalResult read(Operation *op) {
    if (auto shard = dyn_cast<ShardOp>(op))
      return readShard(shard);
    llvm::TypeSwitch<Operation *>(op)
        .Case([&](UnshardOp op) { readUnshard(op); })
        .Case([&](SubKernelOp op) { readSubKernel(op); })
        .Case([&](AllReduceOp op) { readAllReduce(op); })
        .Case(
            [&](ReduceScatterOp op) { readMove(op, StepKind::ReduceScatter); })
        .Default([&](Operation *op) {
          readMove(op, StepKind::Redistribute);
          program().values.back().fetchedOnUse = isFetchedOnUse(op);
        });
    return success();
  }

  //===--------------------------------------------------------------------===//
  // Values and steps
  //===--------------------------------------------------------------------===//

  /// Adds a value of `type` that is a version of tensor `tensor`, made by
  /// `step`. Each comes from a shard, whose types have been checked.
  void addValue(Value value, ShardedType type, uint32_t tensor, Step step,
                StepDetail detail) {
    runtime::ElementType element =
        *elementTypeOf(type.getTensor().getElementType());
    runtime::ElementType storage = *elementTypeOf(type.storageType());
    ShardedValue entry;
    entry.layout = type.layout();
    entry.streamed = type.isStreamed();
    entry.shape = type.getTensor().getShape().vec();
    entry.elementBytes = runtime::bytesOf(element);
    entry.storageBytes = runtime::bytesOf(storage);
    step.result = program().values.size();
    if (value)
      numbers[value] = step.result;
    program().values.push_back(std::move(entry));
    result.input.values.push_back({element, storage, tensor});
    addStep(std::move(step), std::move(detail));
  }

  void addStep(Step step, StepDetail detail) {
    program().steps.push_back(std::move(step));
    result.input.steps.push_back(std::move(detail));
  }

  uint32_t addTensor(const std::string &name, ArrayRef<int64_t> shape) {
    result.input.tensors.push_back({name, shape.vec()});
    return result.input.tensors.size() - 1;
  }

  uint32_t tensorOf(Value value) {
    return result.input.values[numbers.lookup(value)].tensor;
  }

  /// The number of `value` among the arguments; where a transpose computes it,
  /// the host passes what that reads.
  uint32_t argumentOf(Value value) {
    std::vector<uint32_t> order;
    if (auto transpose = value.getDefiningOp<linalg::TransposeOp>()) {
      order.assign(transpose.getPermutation().begin(),
                   transpose.getPermutation().end());
      value = transpose.getInput();
    }
    for (auto [number, passed] : llvm::enumerate(result.arguments))
      if (passed == value && result.input.arguments[number].order == order)
        return number;
    runtime::Argument argument;
    argument.order = std::move(order);
    auto tensor = dyn_cast<RankedTensorType>(value.getType());
    argument.type = *elementTypeOf(getElementTypeOrSelf(value.getType()));
    argument.scalar = !tensor;
    if (tensor)
      argument.shape = tensor.getShape().vec();
    result.input.arguments.push_back(std::move(argument));
    result.arguments.push_back(value);
    return result.arguments.size() - 1;
  }

  //===--------------------------------------------------------------------===//
  // Ops
  //===--------------------------------------------------------------------===//

  LogicalResult readShard(ShardOp op) {
    ShardedType type = op.getType();
    if (!elementTypeOf(type.getTensor().getElementType()) ||
        !elementTypeOf(type.storageType()))
      return op.emitOpError("dconv moves f16, bf16, f32, f64, i8, i16, i32 "
                            "and i64, but this is ")
             << type.getTensor();
    Step step;
    StepDetail detail;
    detail.identity =
        identityOf(type.getSharding().getCombiner(), type.storageType());
    std::string name =
        isInit(op) ? "output" : "input " + std::to_string(inputs++);
    if (TypedAttr constant = constantFill(op.getInput())) {
      step.kind = StepKind::Fill;
      detail.fill = widenedBits(constant, type.storageType());
    } else {
      step.kind = StepKind::Shard;
      detail.argument = argumentOf(op.getInput());
    }
    addValue(op.getResult(), type, addTensor(name, type.getTensor().getShape()),
             step, detail);
    return success();
  }

  /// True where `op` shards the initial output of a sub-kernel.
  static bool isInit(ShardOp op) {
    return llvm::any_of(op->getUses(), [](OpOperand &use) {
      auto kernel = dyn_cast<SubKernelOp>(use.getOwner());
      return kernel && use.get() == kernel.getInit();
    });
  }

  void readUnshard(UnshardOp op) {
    Step step;
    step.kind = StepKind::Unshard;
    step.operand = numbers.lookup(op.getInput());
    StepDetail detail;
    detail.argument = result.results.size();
    runtime::Argument argument;
    argument.type = *elementTypeOf(op.getType().getElementType());
    Value returned = op.getResult();
    if (linalg::TransposeOp transpose = onlyTranspose(returned)) {
      returned = transpose.getResult()[0];
      argument.order.resize(op.getType().getRank());
      for (auto [d, dim] : llvm::enumerate(transpose.getPermutation()))
        argument.order[dim] = d;
    }
    argument.shape =
        cast<RankedTensorType>(returned.getType()).getShape().vec();
    result.input.results.push_back(std::move(argument));
    result.results.push_back(returned);
    addStep(step, detail);
  }

  /// The transpose that alone reads `value`, in the same block, or null.
  static linalg::TransposeOp onlyTranspose(Value value) {
    if (!value.hasOneUse())
      return {};
    auto transpose = dyn_cast<linalg::TransposeOp>(*value.user_begin());
    if (!transpose || transpose.getInput() != value ||
        transpose->getBlock() != value.getParentBlock())
      return {};
    return transpose;
  }

  void readMove(Operation *op, StepKind kind) {
    Value from = op->getOperand(0);
    Step step;
    step.kind = kind;
    step.operand = numbers.lookup(from);
    step.algorithm = algorithmOf(op);
    StepDetail detail;
    detail.combiner = static_cast<runtime::Combiner>(
        cast<ShardedType>(from.getType()).getSharding().getCombiner());
    addValue(op->getResult(0), cast<ShardedType>(op->getResult(0).getType()),
             tensorOf(from), step, detail);
  }

  /// An all-reduce is a reduce-scatter and an all-gather.
  void readAllReduce(AllReduceOp op) {
    auto from = cast<ShardedType>(op.getInput().getType());
    ArrayRef<int64_t> shape = from.getTensor().getShape();
    ShardedType pieces = ShardedType::get(
        from.getTensor(),
        ShardingAttr::get(
            from.getSharding().getGrid(),
            scatteredLayout(from.grid(), from.layout(), shape.vec()), shape));
    Step reduce;
    reduce.kind = StepKind::ReduceScatter;
    reduce.operand = numbers.lookup(op.getInput());
    StepDetail detail;
    detail.combiner =
        static_cast<runtime::Combiner>(from.getSharding().getCombiner());
    uint32_t tensor = tensorOf(op.getInput());
    addValue(Value(), pieces, tensor, reduce, detail);
    Step gather;
    gather.kind = StepKind::Redistribute;
    gather.algorithm = algorithmOf(op);
    gather.operand = program().values.size() - 1;
    addValue(op.getResult(), op.getType(), tensor, gather, StepDetail());
  }

  static CollectiveAlgorithm algorithmOf(Operation *op) {
    return llvm::TypeSwitch<Operation *, CollectiveAlgorithm>(op)
        .Case<ReshardOp, AllGatherOp, AllReduceOp>([](auto op) {
          return static_cast<CollectiveAlgorithm>(op.getAlgorithm());
        })
        .Default(CollectiveAlgorithm::Direct);
  }

  /// True where only one sub-kernel reads the result of `op`, and exactly what
  /// it holds: then each shard's part is fetched to where that kernel reads it.
  /// What is passed on must be kept, and what the operand holds beyond what it
  /// owns would be sent to shards that have it.
  bool isFetchedOnUse(Operation *op) {
    if (!op->hasOneUse() || algorithmOf(op) != CollectiveAlgorithm::Direct)
      return false;
    auto kernel = dyn_cast<SubKernelOp>(*op->user_begin());
    if (!kernel)
      return false;
    auto from = cast<ShardedType>(op->getOperand(0).getType());
    auto to = cast<ShardedType>(op->getResult(0).getType());
    for (const DimLayout &dim : from.layout().dims)
      if (dim.held != dim.owned)
        return false;
    unsigned input = op->use_begin()->getOperandNumber();
    if (input >= kernel.getInputs().size())
      return false; // the initial output
    Convolution geometry = kernel.geometry();
    Split split = kernel.getSplit().split();
    Grid grid = to.grid();
    TensorLayout layout = to.layout();
    const Operand &operand = geometry.inputs[input];
    for (int64_t shard = 0, e = grid.numShards(); shard < e; ++shard) {
      Box needed = shardFootprint(geometry, split, operand, shard)
                       .intersect(operand.extent());
      Box held = layout.held(grid, shard);
      if (needed != held && !(needed.empty() && held.empty()))
        return false;
    }
    return true;
  }

  void readSubKernel(SubKernelOp op) {
    std::optional<RecognizedConvolution> recognized =
        recognizeConvolution(op.convolution());
    Convolution geometry = op.geometry();
    Split split = op.getSplit().split();
    const Grid &grid = program().grid;
    Type accumulator = recognized->body.accumulator;

    Step step;
    step.kind = StepKind::SubKernel;
    step.operand = numbers.lookup(op.getInit());
    StepDetail detail;
    detail.accumulator = *elementTypeOf(accumulator);
    step.accumulatorBytes = runtime::bytesOf(detail.accumulator);
    for (auto [i, input] : llvm::enumerate(op.getInputs())) {
      KernelInput read{static_cast<int>(numbers.lookup(input)), {}};
      for (int64_t shard = 0, e = grid.numShards(); shard < e; ++shard)
        read.footprints.push_back(
            shardFootprint(geometry, split, geometry.inputs[i], shard));
      step.inputs.push_back(std::move(read));
      PaddingAttr padding = op.paddingOf(i);
      detail.padding.push_back(padding ? bitsOf(padding.getValue()) : 0);
    }
    for (unsigned scalar : recognized->scalars) {
      Value value = recognized->op->getOperand(scalar);
      if (auto tensor = value.getDefiningOp<tensor::FromElementsOp>())
        value = tensor.getElements().front();
      // A constant of the region becomes an argument: it must outlive it.
      if (Operation *constant = value.getDefiningOp();
          constant && op->isProperAncestor(constant))
        constant->moveBefore(op);
      detail.scalars.push_back(argumentOf(value));
    }

    bool isStreamed = op.getType().isStreamed();
    if (isStreamed)
      step.outputs = outputBlocks(geometry, split);
    uint32_t tensor = tensorOf(op.getInit());
    int init = step.operand;
    addValue(op.getResult(), op.getType(), tensor, std::move(step),
             std::move(detail));
    // The initial output is not read again: the result takes over its memory.
    if (op.getInit().hasOneUse() && !isStreamed)
      program().values.back().inPlaceOf = init;
    subKernels.push_back(
        {op, std::move(*recognized), program().steps.size() - 1});
  }

  void outlineKernels(SubKernel &kernel, const StripeWindows &stripes) {
    auto &[op, recognized, number] = kernel;
    const Step &step = program().steps[number];
    StepDetail &detail = result.input.steps[number];
    const Grid &grid = program().grid;
    Convolution geometry = op.geometry();
    Split split = op.getSplit().split();
    bool isStreamed = op.getType().isStreamed();
    TensorLayout layout = op.getType().layout();
    std::vector<std::optional<uint64_t>> initial =
        initialValues(op, step.outputs, recognized.body.accumulator);
    KernelContract contract;
    contract.inside = neutralPadding(op, recognized);
    SmallVector<unsigned> &kernels = result.kernelsOfSubKernel.emplace_back();
    for (int64_t shard = 0, e = grid.numShards(); shard < e; ++shard) {
      std::vector<Box> windows;
      for (const KernelInput &read : step.inputs)
        windows.push_back(stripes.windowOf(read, shard));
      contract.initial = initial[shard];
      detail.overwrites.push_back(contract.initial.has_value());
      std::vector<int64_t> &bounds = detail.bounds.emplace_back();
      for (auto [input, dim] : contract.inside) {
        Interval inside =
            geometry.inputs[input].extent()[dim].intersect(windows[input][dim]);
        if (inside.empty()) // no iteration reads more than padding
          inside = {windows[input][dim].begin, windows[input][dim].begin};
        inside = inside.shifted(-windows[input][dim].begin);
        bounds.insert(bounds.end(), {inside.begin, inside.end});
      }
      unsigned outlined = numberOf(outliner.kernelFor(
          op, recognized, geometry,
          split.iterations(geometry, grid.coordinates(shard)), windows,
          isStreamed ? step.outputs[shard] : layout.owned(grid, shard),
          contract));
      detail.kernels.push_back(outlined);
      if (!llvm::is_contained(kernels, outlined))
        kernels.push_back(outlined);
    }
  }

  /// The dims of inputs of which kernels need not read the local padding.
  static std::vector<std::pair<unsigned, unsigned>>
  neutralPadding(SubKernelOp op, RecognizedConvolution &recognized) {
    std::vector<std::pair<unsigned, unsigned>> dims;
    for (unsigned i = 0; i < op.getInputs().size(); ++i) {
      PaddingAttr padding = op.paddingOf(i);
      if (!padding ||
          !isNeutral(recognized, factorOf(recognized, i), padding.getValue()))
        continue;
      for (auto [d, low, high] :
           llvm::enumerate(padding.getLow(), padding.getHigh()))
        if (low != 0 || high != 0)
          dims.push_back({i, d});
    }
    return dims;
  }

  /// For each shard, the value that its results start from, where that is a
  /// constant which nothing but the kernel needs: of a streamed result, whose
  /// blocks are `outputs`, for the first shard on a device that adds to a
  /// block.
  std::vector<std::optional<uint64_t>>
  initialValues(SubKernelOp op, const std::vector<Box> &outputs,
                Type accumulator) {
    const Grid &grid = program().grid;
    std::vector<std::optional<uint64_t>> values(grid.numShards());
    auto init = op.getInit().getDefiningOp<ShardOp>();
    if (!init)
      return values;
    TypedAttr constant = constantFill(init.getInput());
    if (op.getType().isStreamed()) {
      for (int64_t device = 0; constant && device < grid.devices; ++device) {
        std::vector<int64_t> shards = grid.shardsOf(device);
        for (const Residency &block : residenciesOf(outputs, shards))
          values[shards[block.first]] = widenedBits(constant, accumulator);
      }
      return values;
    }
    if (!init->hasOneUse())
      return values;
    ShardedType type = init.getType();
    for (int64_t shard = 0, e = grid.numShards(); shard < e; ++shard) {
      if (!receivesValue(grid, type.layout(), shard))
        values[shard] =
            identityOf(type.getSharding().getCombiner(), accumulator);
      else if (constant)
        values[shard] = widenedBits(constant, accumulator);
    }
    return values;
  }

  /// The number of a kernel in this program.
  unsigned numberOf(const std::string &kernel) {
    std::vector<std::string> &kernels = result.input.kernels;
    auto found = llvm::find(kernels, kernel);
    unsigned number = found - kernels.begin();
    if (found == kernels.end())
      kernels.push_back(kernel);
    return number;
  }

  KernelOutliner &outliner;
  ComponentSchedule result;
  std::vector<SubKernel> subKernels;
  llvm::DenseMap<Value, int> numbers;
  unsigned inputs = 0;
};
} // namespace

FailureOr<ComponentSchedule> dconv::readComponent(const Component &component,
                                                  KernelOutliner &outliner) {
  return ComponentReader(outliner).read(component);
}
