//===- WriteProgram.cpp - from data to a dconv.program --------------------===//

#include "ProgramText.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace dconv;
using runtime::Buffer;
using runtime::Command;
using runtime::CommandKind;
using runtime::ElementType;

std::optional<ElementType> dconv::elementTypeOf(Type type) {
  if (type.isF16())
    return ElementType::F16;
  if (type.isBF16())
    return ElementType::BF16;
  if (type.isF32())
    return ElementType::F32;
  if (type.isF64())
    return ElementType::F64;
  if (type.isSignlessInteger(8))
    return ElementType::I8;
  if (type.isSignlessInteger(16))
    return ElementType::I16;
  if (type.isSignlessInteger(32))
    return ElementType::I32;
  if (type.isSignlessInteger(64))
    return ElementType::I64;
  return std::nullopt;
}

Type dconv::typeOf(ElementType type, MLIRContext *context) {
  Builder builder(context);
  switch (type) {
  case ElementType::F16:
    return builder.getF16Type();
  case ElementType::BF16:
    return builder.getBF16Type();
  case ElementType::F32:
    return builder.getF32Type();
  case ElementType::F64:
    return builder.getF64Type();
  case ElementType::I8:
    return builder.getI8Type();
  case ElementType::I16:
    return builder.getI16Type();
  case ElementType::I32:
    return builder.getI32Type();
  case ElementType::I64:
    return builder.getI64Type();
  }
  llvm_unreachable("unknown element type");
}

MemRefType dconv::bufferType(ArrayRef<int64_t> shape, Type element,
                             const BufferLayout &layout) {
  return MemRefType::get(shape, element,
                         LayoutAttr::get(element.getContext(), layout));
}

uint64_t dconv::bitsOf(TypedAttr value) {
  if (auto number = dyn_cast<FloatAttr>(value))
    return number.getValue().bitcastToAPInt().getZExtValue();
  return cast<IntegerAttr>(value).getValue().getZExtValue();
}

TypedAttr dconv::attributeOf(uint64_t bits, Type type) {
  unsigned width = type.getIntOrFloatBitWidth();
  APInt value(64, bits);
  if (auto floatType = dyn_cast<FloatType>(type))
    return FloatAttr::get(
        type, APFloat(floatType.getFloatSemantics(), value.trunc(width)));
  return IntegerAttr::get(type, value.trunc(width));
}

static RankedTensorType tensorType(const runtime::Argument &argument,
                                   MLIRContext *context) {
  return RankedTensorType::get(argument.shape, typeOf(argument.type, context));
}

namespace {
/// Writes the commands of one device.
class DeviceWriter {
public:
  DeviceWriter(OpBuilder &builder, Location loc,
               const runtime::Program &program,
               const runtime::DeviceProgram &device)
      : builder(builder), loc(loc), program(program), device(device),
        buffers(device.buffers.size()) {}

  void write(runtime::Program::Timed timed) {
    for (auto [number, command] : llvm::enumerate(device.commands)) {
      if (number == timed.begin)
        PhaseOp::create(builder, loc, "run");
      if (number == timed.end)
        PhaseOp::create(builder, loc, "store");
      events.push_back(write(command));
    }
    // A device without shards has no commands.
    if (timed.begin == device.commands.size())
      PhaseOp::create(builder, loc, "run");
    if (timed.end == device.commands.size())
      PhaseOp::create(builder, loc, "store");
  }

private:
  Value write(const Command &command) {
    SmallVector<Value> waits;
    for (uint32_t wait : command.waits)
      waits.push_back(events[wait]);
    SmallVector<int64_t> offsets, sizes;
    for (Interval interval : command.box.dims) {
      offsets.push_back(interval.begin);
      sizes.push_back(interval.size());
    }
    Type event = EventType::get(builder.getContext());
    Value buffer = buffers[command.buffer];
    const Buffer &planned = device.buffers[command.buffer];
    switch (command.kind) {
    case CommandKind::Alloc: {
      SmallVector<int64_t> origin;
      for (Interval interval : planned.window.dims)
        origin.push_back(interval.begin);
      auto alloc = AllocOp::create(
          builder, loc,
          bufferType(planned.window.sizes(),
                     typeOf(planned.type, builder.getContext()),
                     planned.layout),
          event, planned.offset, planned.tensor, planned.shard, origin, waits);
      buffers[command.buffer] = alloc.getBuffer();
      return alloc.getEvent();
    }
    case CommandKind::Free:
      return FreeOp::create(builder, loc, event, buffer, waits);
    case CommandKind::Scatter:
      return ScatterOp::create(builder, loc, event, command.argument, buffer,
                               offsets, sizes, waits);
    case CommandKind::Gather:
      return GatherOp::create(builder, loc, event, buffer, offsets, sizes,
                              command.argument, waits);
    case CommandKind::Fill:
      return FillOp::create(
          builder, loc, event, buffer, offsets, sizes,
          attributeOf(command.value,
                      typeOf(planned.type, builder.getContext())),
          waits);
    case CommandKind::Copy:
      return CopyOp::create(builder, loc, event, buffers[command.source],
                            offsets, sizes, buffer, waits);
    case CommandKind::Convert:
      return ConvertOp::create(builder, loc, event, buffers[command.source],
                               offsets, sizes, buffer, waits);
    case CommandKind::Accumulate:
      return AccumulateOp::create(
          builder, loc, event, static_cast<Combiner>(command.combiner),
          buffers[command.source], offsets, sizes, buffer, waits);
    case CommandKind::Send:
      return SendOp::create(builder, loc, event, buffer, offsets, sizes,
                            command.peer, command.step, command.sourceShard,
                            command.destinationShard, waits);
    case CommandKind::Receive:
      return ReceiveOp::create(builder, loc, event, buffer, offsets, sizes,
                               command.peer, command.step, command.sourceShard,
                               command.destinationShard, waits);
    case CommandKind::Launch: {
      SmallVector<Value> inputs;
      for (uint32_t operand : command.operands)
        inputs.push_back(buffers[operand]);
      SmallVector<int64_t> scalars(command.scalars.begin(),
                                   command.scalars.end());
      DenseI64ArrayAttr bounds;
      if (!command.bounds.empty())
        bounds = builder.getDenseI64ArrayAttr(command.bounds);
      UnitAttr overwrites;
      if (command.overwrites)
        overwrites = builder.getUnitAttr();
      return LaunchOp::create(
          builder, loc, event,
          FlatSymbolRefAttr::get(builder.getContext(),
                                 program.kernels[command.kernel]),
          inputs, buffer, builder.getDenseI64ArrayAttr(scalars), bounds,
          overwrites, waits);
    }
    }
    llvm_unreachable("unknown command");
  }

  OpBuilder &builder;
  Location loc;
  const runtime::Program &program;
  const runtime::DeviceProgram &device;
  SmallVector<Value> buffers; ///< by number, once allocated
  SmallVector<Value> events;  ///< of each command
};
} // namespace

/// The orders of the host's dims, or null where none differs.
static ArrayAttr ordersOf(const runtime::Program &program,
                          MLIRContext *context) {
  SmallVector<Attribute> orders;
  bool differ = false;
  for (const auto *arguments : {&program.arguments, &program.results})
    for (const runtime::Argument &argument : *arguments) {
      orders.push_back(DenseI64ArrayAttr::get(
          context,
          SmallVector<int64_t>(argument.order.begin(), argument.order.end())));
      differ |= !argument.order.empty();
    }
  return differ ? ArrayAttr::get(context, orders) : ArrayAttr();
}

ProgramOp dconv::writeProgram(OpBuilder &builder, Location loc,
                              const runtime::Program &program) {
  MLIRContext *context = builder.getContext();
  SmallVector<Type> inputs, results;
  for (const runtime::Argument &argument : program.arguments) {
    if (argument.scalar)
      inputs.push_back(typeOf(argument.type, context));
    else
      inputs.push_back(tensorType(argument, context));
  }
  for (const runtime::Argument &result : program.results)
    results.push_back(tensorType(result, context));
  SmallVector<Attribute> tensors;
  for (const runtime::Tensor &tensor : program.tensors)
    tensors.push_back(TensorAttr::get(
        context, builder.getStringAttr(tensor.name), tensor.shape));
  const runtime::Counters &predicted = program.predicted;
  auto op = ProgramOp::create(
      builder, loc, program.name, FunctionType::get(context, inputs, results),
      builder.getArrayAttr(tensors), ordersOf(program, context),
      CountersAttr::get(context, predicted.bytesReceived, predicted.bytesSent,
                        predicted.scatterBytes, predicted.gatherBytes,
                        predicted.peakBytes));
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&op.getBody());
  for (auto [id, device] : llvm::enumerate(program.devices)) {
    auto deviceOp = DeviceOp::create(builder, loc, id, device.arenaBytes);
    OpBuilder::InsertionGuard inDevice(builder);
    builder.createBlock(&deviceOp.getBody());
    DeviceWriter(builder, loc, program, device).write(program.timed[id]);
  }
  return op;
}
