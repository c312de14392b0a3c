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

  LogicalResult read() {
    device.arenaBytes = op.getArena();
    for (Operation &inner : op.getBody().front()) {
      if (auto phase = dyn_cast<PhaseOp>(inner)) {
        (phase.getName() == "run" ? timed.begin : timed.end) =
            device.commands.size();
        continue;
      }
      if (failed(readCommand(&inner)))
        return failure();
    }
    return success();
  }

private:
  LogicalResult readCommand(Operation *inner) {
    Command command;
    LogicalResult result =
        llvm::TypeSwitch<Operation *, LogicalResult>(inner)
            .Case([&](AllocOp op) { return readAlloc(op, command); })
            .Case([&](FreeOp op) {
              command.kind = CommandKind::Free;
              command.buffer = numberOf(op.getBuffer());
              return success();
            })
            .Case([&](ScatterOp op) {
              command.kind = CommandKind::Scatter;
              command.argument = op.getArgument();
              if (command.argument >= program.arguments.size())
                return LogicalResult(op.emitOpError("reads argument ")
                                     << op.getArgument() << " of "
                                     << program.arguments.size());
              return readBox(op, command);
            })
            .Case([&](GatherOp op) {
              command.kind = CommandKind::Gather;
              command.argument = op.getArgument();
              if (command.argument >= program.results.size())
                return LogicalResult(op.emitOpError("writes result ")
                                     << op.getArgument() << " of "
                                     << program.results.size());
              return readBox(op, command);
            })
            .Case([&](FillOp op) {
              command.kind = CommandKind::Fill;
              Type element =
                  cast<MemRefType>(op.getBuffer().getType()).getElementType();
              if (op.getValue().getType() != element)
                return LogicalResult(op.emitOpError("fills ")
                                     << element << " with " << op.getValue());
              command.value = bitsOf(op.getValue());
              return readBox(op, command);
            })
            .Case([&](CopyOp op) {
              command.kind = CommandKind::Copy;
              command.source = numberOf(op.getSource());
              return readBox(op, command);
            })
            .Case([&](ConvertOp op) {
              command.kind = CommandKind::Convert;
              command.source = numberOf(op.getSource());
              return readBox(op, command);
            })
            .Case([&](AccumulateOp op) {
              command.kind = CommandKind::Accumulate;
              command.combiner =
                  static_cast<runtime::Combiner>(op.getCombiner());
              command.source = numberOf(op.getSource());
              return readBox(op, command);
            })
            .Case([&](SendOp op) {
              command.kind = CommandKind::Send;
              return readMessage(op, command);
            })
            .Case([&](ReceiveOp op) {
              command.kind = CommandKind::Receive;
              return readMessage(op, command);
            })
            .Case([&](LaunchOp op) { return readLaunch(op, command); })
            .Default([](Operation *op) {
              return op->emitOpError("is no command of a device");
            });
    if (failed(result))
      return failure();
    for (Value operand : inner->getOperands())
      if (isa<EventType>(operand.getType()))
        command.waits.push_back(events.lookup(operand));
    for (Value event : inner->getResults())
      if (isa<EventType>(event.getType()))
        events[event] = device.commands.size();
    device.commands.push_back(std::move(command));
    return success();
  }

  uint32_t numberOf(Value buffer) { return buffers.lookup(buffer); }

  LogicalResult readAlloc(AllocOp op, Command &command) {
    command.kind = CommandKind::Alloc;
    command.buffer = device.buffers.size();
    auto type = cast<MemRefType>(op.getBuffer().getType());
    std::optional<runtime::ElementType> element =
        elementTypeOf(type.getElementType());
    if (!element || !type.getLayout().isIdentity())
      return op.emitOpError("needs a dense buffer of a type that dconv moves "
                            "but has ")
             << type;
    if (op.getTensor() >= program.tensors.size())
      return op.emitOpError("is a window of tensor ")
             << op.getTensor() << " of " << program.tensors.size();
    if (static_cast<int64_t>(op.getOrigin().size()) != type.getRank() ||
        program.tensors[op.getTensor()].shape.size() != op.getOrigin().size())
      return op.emitOpError("has a window of ")
             << type.getRank() << " dims at an origin of "
             << op.getOrigin().size() << " in a tensor of "
             << program.tensors[op.getTensor()].shape.size();
    runtime::Buffer buffer;
    buffer.tensor = op.getTensor();
    buffer.shard = op.getShard();
    buffer.type = *element;
    buffer.offset = op.getOffset();
    for (auto [origin, size] : llvm::zip(op.getOrigin(), type.getShape()))
      buffer.window.dims.push_back({origin, origin + size});
    buffers[op.getBuffer()] = command.buffer;
    device.buffers.push_back(std::move(buffer));
    return success();
  }

  template <typename OpT> LogicalResult readBox(OpT op, Command &command) {
    command.buffer = numberOf(op.getBuffer());
    unsigned rank = cast<MemRefType>(op.getBuffer().getType()).getRank();
    if (op.getOffsets().size() != rank || op.getSizes().size() != rank)
      return op.emitOpError("has a box of ")
             << op.getOffsets().size() << " offsets and "
             << op.getSizes().size() << " sizes on a buffer of " << rank
             << " dims";
    for (auto [offset, size] : llvm::zip(op.getOffsets(), op.getSizes()))
      command.box.dims.push_back({offset, offset + size});
    return success();
  }

  template <typename OpT> LogicalResult readMessage(OpT op, Command &command) {
    command.peer = op.getPeer();
    command.step = op.getStep();
    command.sourceShard = op.getSourceShard();
    command.destinationShard = op.getDestinationShard();
    return readBox(op, command);
  }

  LogicalResult readLaunch(LaunchOp op, Command &command) {
    command.kind = CommandKind::Launch;
    command.buffer = numberOf(op.getOutput());
    for (Value input : op.getInputs())
      command.operands.push_back(numberOf(input));
    for (int64_t scalar : op.getScalars()) {
      if (scalar < 0 ||
          scalar >= static_cast<int64_t>(program.arguments.size()) ||
          !program.arguments[scalar].scalar)
        return op.emitOpError("passes argument ")
               << scalar << ", which is no scalar of the program";
      command.scalars.push_back(scalar);
    }
    std::string kernel = DCONV_KERNEL_PREFIX + op.getKernel().str();
    auto found = llvm::find(program.kernels, kernel);
    command.kernel = found - program.kernels.begin();
    if (found == program.kernels.end())
      program.kernels.push_back(kernel);
    return success();
  }

  DeviceOp op;
  runtime::Program &program;
  runtime::DeviceProgram &device;
  runtime::Program::Timed &timed;
  llvm::DenseMap<Value, uint32_t> buffers;
  llvm::DenseMap<Value, uint32_t> events;
};
} // namespace

static FailureOr<runtime::Argument> readArgument(ProgramOp op, Type type) {
  runtime::Argument argument;
  auto tensor = dyn_cast<RankedTensorType>(type);
  std::optional<runtime::ElementType> element =
      elementTypeOf(tensor ? tensor.getElementType() : type);
  if (!element || (tensor && !tensor.hasStaticShape()))
    return op.emitOpError("passes ") << type << ", which dconv does not move";
  argument.type = *element;
  argument.scalar = !tensor;
  if (tensor)
    argument.shape = tensor.getShape().vec();
  return argument;
}

FailureOr<runtime::Program> dconv::readProgram(ProgramOp op) {
  runtime::Program program;
  program.name = op.getSymName().str();
  for (Attribute attr : op.getTensors()) {
    auto tensor = dyn_cast<TensorAttr>(attr);
    if (!tensor)
      return op.emitOpError("names ") << attr << ", which is no tensor";
    program.tensors.push_back(
        {tensor.getName().str(), tensor.getShape().vec()});
  }
  auto type = cast<FunctionType>(op.getFunctionType());
  for (auto [types, arguments] :
       {std::pair(type.getInputs(), &program.arguments),
        std::pair(type.getResults(), &program.results)})
    for (Type argument : types) {
      FailureOr<runtime::Argument> read = readArgument(op, argument);
      if (failed(read))
        return failure();
      arguments->push_back(std::move(*read));
    }
  auto devices = op.getBody().getOps<DeviceOp>();
  size_t count = llvm::range_size(devices);
  program.devices.reserve(count);
  program.timed.reserve(count);
  for (DeviceOp device : devices)
    if (failed(DeviceReader(device, program).read()))
      return failure();
  CountersAttr predicted = op.getPredicted();
  program.predicted.bytesReceived = predicted.getReceived().vec();
  program.predicted.bytesSent = predicted.getSent().vec();
  program.predicted.scatterBytes = predicted.getScatter().vec();
  program.predicted.gatherBytes = predicted.getGather().vec();
  program.predicted.peakBytes = predicted.getPeak().vec();
  return program;
}
