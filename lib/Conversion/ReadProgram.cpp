//===- ReadProgram.cpp - from a dconv.program to data ---------------------===//

#include "dconv/Conversion/ReadProgram.h"

#include "ProgramText.h"
#include "dconv/Runtime/Abi.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dconv;
using runtime::Command;
using runtime::CommandKind;

namespace {
/// Reads the commands of one device.
class DeviceReader {
public:
  DeviceReader(DeviceOp op, runtime::Program &program)
      : op(op), program(program), device(program.devices.emplace_back()),
        timed(program.timed.emplace_back()) {}

  void read() {
    device.arenaBytes = op.getArena();
    for (Operation &inner : op.getBody().front()) {
      if (auto phase = dyn_cast<PhaseOp>(inner)) {
        (phase.getName() == "run" ? timed.begin : timed.end) =
            device.commands.size();
        continue;
      }
      readCommand(&inner);
    }
  }

private:
  void readCommand(Operation *inner) {
    Command command;
    llvm::TypeSwitch<Operation *>(inner)
        .Case([&](AllocOp op) { readAlloc(op, command); })
        .Case([&](FreeOp op) {
          command.kind = CommandKind::Free;
          command.buffer = numberOf(op.getBuffer());
        })
        .Case([&](ScatterOp op) {
          command.kind = CommandKind::Scatter;
          command.argument = op.getArgument();
          readBox(op, command);
        })
        .Case([&](GatherOp op) {
          command.kind = CommandKind::Gather;
          command.argument = op.getArgument();
          readBox(op, command);
        })
        .Case([&](FillOp op) {
          command.kind = CommandKind::Fill;
          command.value = bitsOf(op.getValue());
          readBox(op, command);
        })
        .Case([&](CopyOp op) {
          command.kind = CommandKind::Copy;
          command.source = numberOf(op.getSource());
          readBox(op, command);
        })
        .Case([&](ConvertOp op) {
          command.kind = CommandKind::Convert;
          command.source = numberOf(op.getSource());
          readBox(op, command);
        })
        .Case([&](AccumulateOp op) {
          command.kind = CommandKind::Accumulate;
          command.combiner = static_cast<runtime::Combiner>(op.getCombiner());
          command.source = numberOf(op.getSource());
          readBox(op, command);
        })
        .Case([&](SendOp op) {
          command.kind = CommandKind::Send;
          readMessage(op, command);
        })
        .Case([&](ReceiveOp op) {
          command.kind = CommandKind::Receive;
          readMessage(op, command);
        })
        .Case([&](LaunchOp op) { readLaunch(op, command); });
    for (Value operand : inner->getOperands())
      if (isa<EventType>(operand.getType()))
        command.waits.push_back(events.lookup(operand));
    for (Value event : inner->getResults())
      if (isa<EventType>(event.getType()))
        events[event] = device.commands.size();
    device.commands.push_back(std::move(command));
  }

  uint32_t numberOf(Value buffer) { return buffers.lookup(buffer); }

  void readAlloc(AllocOp op, Command &command) {
    command.kind = CommandKind::Alloc;
    command.buffer = device.buffers.size();
    MemRefType type = op.getBuffer().getType();
    runtime::Buffer buffer;
    buffer.tensor = op.getTensor();
    buffer.shard = op.getShard();
    buffer.type = *elementTypeOf(type.getElementType());
    buffer.offset = op.getOffset();
    buffer.layout = *LayoutAttr::of(type);
    for (auto [origin, size] : llvm::zip(op.getOrigin(), type.getShape()))
      buffer.window.dims.push_back({origin, origin + size});
    buffers[op.getBuffer()] = command.buffer;
    device.buffers.push_back(std::move(buffer));
  }

  template <typename OpT> void readBox(OpT op, Command &command) {
    command.buffer = numberOf(op.getBuffer());
    for (auto [offset, size] : llvm::zip(op.getOffsets(), op.getSizes()))
      command.box.dims.push_back({offset, offset + size});
  }

  template <typename OpT> void readMessage(OpT op, Command &command) {
    command.peer = op.getPeer();
    command.step = op.getStep();
    command.sourceShard = op.getSourceShard();
    command.destinationShard = op.getDestinationShard();
    readBox(op, command);
  }

  void readLaunch(LaunchOp op, Command &command) {
    command.kind = CommandKind::Launch;
    command.buffer = numberOf(op.getOutput());
    for (Value input : op.getInputs())
      command.operands.push_back(numberOf(input));
    command.scalars.assign(op.getScalars().begin(), op.getScalars().end());
    command.bounds = op.getBounds().vec();
    command.overwrites = op.getOverwrites();
    std::string kernel = DCONV_KERNEL_PREFIX + op.getKernel().str();
    auto found = llvm::find(program.kernels, kernel);
    command.kernel = found - program.kernels.begin();
    if (found == program.kernels.end())
      program.kernels.push_back(kernel);
  }

  DeviceOp op;
  runtime::Program &program;
  runtime::DeviceProgram &device;
  runtime::Program::Timed &timed;
  llvm::DenseMap<Value, uint32_t> buffers;
  llvm::DenseMap<Value, uint32_t> events;
};
} // namespace

static runtime::Argument readArgument(Type type, ArrayRef<int64_t> order) {
  runtime::Argument argument;
  auto tensor = dyn_cast<RankedTensorType>(type);
  argument.type = *elementTypeOf(tensor ? tensor.getElementType() : type);
  argument.scalar = !tensor;
  if (tensor)
    argument.shape = tensor.getShape().vec();
  argument.order.assign(order.begin(), order.end());
  return argument;
}

runtime::Program dconv::readProgram(ProgramOp op) {
  runtime::Program program;
  program.name = op.getSymName().str();
  for (auto tensor : op.getTensors().getAsRange<TensorAttr>())
    program.tensors.push_back(
        {tensor.getName().str(), tensor.getShape().vec()});
  auto type = cast<FunctionType>(op.getFunctionType());
  auto orderOf = [&](unsigned number) -> ArrayRef<int64_t> {
    if (std::optional<ArrayAttr> orders = op.getOrders())
      return cast<DenseI64ArrayAttr>((*orders)[number]);
    return {};
  };
  for (auto [i, input] : llvm::enumerate(type.getInputs()))
    program.arguments.push_back(readArgument(input, orderOf(i)));
  for (auto [i, result] : llvm::enumerate(type.getResults()))
    program.results.push_back(
        readArgument(result, orderOf(type.getNumInputs() + i)));
  auto devices = op.getBody().getOps<DeviceOp>();
  size_t count = llvm::range_size(devices);
  program.devices.reserve(count);
  program.timed.reserve(count);
  for (DeviceOp device : devices)
    DeviceReader(device, program).read();
  CountersAttr predicted = op.getPredicted();
  program.predicted.bytesReceived = predicted.getReceived().vec();
  program.predicted.bytesSent = predicted.getSent().vec();
  program.predicted.scatterBytes = predicted.getScatter().vec();
  program.predicted.gatherBytes = predicted.getGather().vec();
  program.predicted.peakBytes = predicted.getPeak().vec();
  return program;
}
