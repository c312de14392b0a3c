//===- SchedulePass.cpp - sharded values become device programs -----------===//

#include "Component.h"
#include "KernelOutliner.h"
#include "ProgramText.h"

#include "dconv/IR/ShardedValues.h"
#include "dconv/Runtime/Checker.h"
#include "dconv/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace dconv {
#define GEN_PASS_DEF_SCHEDULEPASS
#include "dconv/Transforms/Passes.h.inc"
} // namespace dconv

using namespace mlir;
using namespace dconv;

/// The op before which the program of `component` is called: after the last op
/// that computes or brings data. Fails where a result is used before that.
static FailureOr<Operation *> callPosition(const Component &component) {
  Operation *last = component.ops.front();
  for (Operation *op : component.ops)
    if (!isa<UnshardOp>(op) && last->isBeforeInBlock(op))
      last = op;
  for (Operation *op : component.ops) {
    if (!isa<UnshardOp>(op) || last->isBeforeInBlock(op))
      continue;
    for (Operation *user : op->getUsers()) {
      Operation *inBlock = op->getBlock()->findAncestorOpInBlock(*user);
      if (inBlock && inBlock->isBeforeInBlock(last))
        return op->emitOpError("is used before the last op that its program "
                               "computes; move the use behind it");
    }
  }
  return last->getNextNode();
}

/// What reports say of each convolution of `component`.
static ArrayAttr describeConvolutions(const Component &component,
                                      const ComponentSchedule &schedule,
                                      ArrayRef<std::string> names) {
  Builder builder(component.ops.front()->getContext());
  SmallVector<Attribute> entries;
  unsigned number = 0;
  for (Operation *op : component.ops) {
    auto kernel = dyn_cast<SubKernelOp>(op);
    if (!kernel)
      continue;
    Convolution geometry = kernel.geometry();
    Split split = kernel.getSplit().split();
    SmallVector<Attribute> kernels;
    for (unsigned k : schedule.kernelsOfSubKernel[number])
      kernels.push_back(FlatSymbolRefAttr::get(builder.getContext(),
                                               schedule.input.kernels[k]));
    entries.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("name", builder.getStringAttr(names[number])),
         builder.getNamedAttr("split",
                              builder.getStringAttr(toString(split, geometry))),
         builder.getNamedAttr(
             "grid", builder.getDenseI64ArrayAttr(split.grid(1).shape)),
         builder.getNamedAttr(
             "macs", builder.getI64IntegerAttr(geometry.iterations().volume())),
         builder.getNamedAttr("kernels", builder.getArrayAttr(kernels))}));
    ++number;
  }
  return builder.getArrayAttr(entries);
}

namespace {
class Schedule : public dconv::impl::SchedulePassBase<Schedule> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(verifyShardedValues(module)))
      return signalPassFailure();
    SymbolTable symbols(module);
    llvm::DenseMap<Operation *, std::string> names;
    for (auto &[name, convolution] : convolutionsOf(module))
      if (auto kernel = convolution.op->getParentOfType<SubKernelOp>())
        names[kernel] = name;
    KernelOutliner outliner(symbols);
    for (const Component &component : componentsOf(module))
      if (failed(schedule(component, symbols, outliner, names)))
        return signalPassFailure();
    numKernels += outliner.numKernels();
  }

  LogicalResult schedule(const Component &component, SymbolTable &symbols,
                         KernelOutliner &outliner,
                         llvm::DenseMap<Operation *, std::string> &names) {
    SmallVector<std::string> convolutions;
    for (Operation *op : component.ops)
      if (isa<SubKernelOp>(op))
        convolutions.push_back(names[op]);
    FailureOr<Operation *> position = callPosition(component);
    if (failed(position))
      return failure();

    Operation *first = component.ops.front();
    auto function = first->getParentOfType<FunctionOpInterface>();
    if (!function || function->getParentOp() != getOperation())
      return first->emitOpError("must be in a function of the module");
    std::string name = convolutions.empty() ? function.getName().str() + "_move"
                                            : convolutions.front();
    llvm::replace(name, '#', '_');
    while (symbols.lookup(name))
      name += "_";
    outliner.startProgram(function, name);
    FailureOr<ComponentSchedule> scheduled = readComponent(component, outliner);
    if (failed(scheduled))
      return failure();
    scheduled->input.name = name;
    runtime::Program program = dconv::schedule(scheduled->input);
    if (runtime::Status status = runtime::check(program); status.failed())
      return first->emitOpError("the schedule does not hold: ")
             << status.message();

    OpBuilder builder(function);
    ProgramOp op = writeProgram(builder, first->getLoc(), program);
    symbols.insert(op);
    if (!convolutions.empty())
      op->setAttr("dconv.convolutions",
                  describeConvolutions(component, *scheduled, convolutions));
    replace(component, *scheduled, op, *position);
    ++numPrograms;
    for (const runtime::DeviceProgram &device : program.devices)
      numCommands += device.commands.size();
    return success();
  }

  /// Calls `program` before `position` in place of the ops of `component`.
  static void replace(const Component &component, ComponentSchedule &scheduled,
                      ProgramOp program, Operation *position) {
    OpBuilder builder(position);
    SmallVector<Type> types;
    for (Value result : scheduled.results)
      types.push_back(result.getType());
    auto execute = ExecuteOp::create(builder, component.ops.front()->getLoc(),
                                     types, SymbolRefAttr::get(program),
                                     scheduled.arguments, ValueRange());
    SmallVector<Operation *> fills;
    for (auto [returned, result] :
         llvm::zip(scheduled.results, execute.getResults())) {
      returned.replaceAllUsesWith(result);
      Operation *producer = returned.getDefiningOp();
      if (isa<UnshardOp>(producer))
        continue;
      // A transpose; the devices return what it would compute.
      if (Operation *init =
              cast<linalg::TransposeOp>(producer).getInit().getDefiningOp())
        fills.push_back(init);
      producer->erase();
    }
    for (Operation *op : llvm::reverse(component.ops)) {
      if (auto shard = dyn_cast<ShardOp>(op))
        if (Operation *producer = shard.getInput().getDefiningOp())
          fills.push_back(producer);
      op->erase();
    }
    eraseUnused(fills);
  }

  /// Fills and transposes that the devices do by themselves leave nothing on
  /// the host.
  static void eraseUnused(SmallVectorImpl<Operation *> &ops) {
    llvm::SmallPtrSet<Operation *, 8> erased;
    while (!ops.empty()) {
      Operation *op = ops.pop_back_val();
      if (erased.contains(op) ||
          !isa<linalg::FillOp, linalg::TransposeOp, tensor::EmptyOp>(op) ||
          !op->use_empty())
        continue;
      for (Value operand : op->getOperands())
        if (Operation *producer = operand.getDefiningOp())
          ops.push_back(producer);
      erased.insert(op);
      op->erase();
    }
  }
};
} // namespace
