//===- ProgramOps.cpp - verifiers of level 3 ------------------------------===//

#include "dconv/IR/Dconv.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace dconv;

/// `[` offsets `]` `[` sizes `]`
static ParseResult parseBox(OpAsmParser &parser, DenseI64ArrayAttr &offsets,
                            DenseI64ArrayAttr &sizes) {
  for (DenseI64ArrayAttr *list : {&offsets, &sizes}) {
    SmallVector<int64_t> values;
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
          return parser.parseInteger(values.emplace_back());
        }))
      return failure();
    *list = parser.getBuilder().getDenseI64ArrayAttr(values);
  }
  return success();
}

static void printBox(OpAsmPrinter &printer, Operation *,
                     DenseI64ArrayAttr offsets, DenseI64ArrayAttr sizes) {
  for (DenseI64ArrayAttr list : {offsets, sizes}) {
    printer << '[';
    llvm::interleaveComma(list.asArrayRef(), printer);
    printer << ']';
  }
}

/// `[` order, ... `]`
static ParseResult parseOrders(OpAsmParser &parser, ArrayAttr &orders) {
  SmallVector<Attribute> parsed;
  auto parseOrder = [&] {
    SmallVector<int64_t> order;
    if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
          return parser.parseInteger(order.emplace_back());
        }))
      return failure();
    parsed.push_back(parser.getBuilder().getDenseI64ArrayAttr(order));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOrder))
    return failure();
  orders = parser.getBuilder().getArrayAttr(parsed);
  return success();
}

static void printOrders(OpAsmPrinter &printer, Operation *, ArrayAttr orders) {
  printer << '[';
  llvm::interleaveComma(orders.getAsRange<DenseI64ArrayAttr>(), printer,
                        [&](DenseI64ArrayAttr order) {
                          printer << '[';
                          llvm::interleaveComma(order.asArrayRef(), printer);
                          printer << ']';
                        });
  printer << ']';
}

#define GET_OP_CLASSES
#include "dconv/IR/DconvProgramOps.cpp.inc"

/// True for the element types that dconv moves.
static bool isMoved(Type type) {
  return type.isF16() || type.isBF16() || type.isF32() || type.isF64() ||
         type.isSignlessInteger(8) || type.isSignlessInteger(16) ||
         type.isSignlessInteger(32) || type.isSignlessInteger(64);
}

/// That `orders`, if there, has one for each of the host's values, which keeps
/// every dim.
static LogicalResult verifyOrders(ProgramOp op, FunctionType type) {
  std::optional<ArrayAttr> orders = op.getOrders();
  if (!orders)
    return success();
  SmallVector<Type> passed(type.getInputs());
  llvm::append_range(passed, type.getResults());
  if (orders->size() != passed.size())
    return op.emitOpError("has ")
           << orders->size() << " orders for " << type.getNumInputs()
           << " arguments and " << type.getNumResults() << " results";
  for (auto [order, value] :
       llvm::zip(orders->getAsRange<DenseI64ArrayAttr>(), passed)) {
    if (order.empty())
      continue;
    auto tensor = dyn_cast<RankedTensorType>(value);
    SmallVector<int64_t> sorted(order.asArrayRef());
    llvm::sort(sorted);
    if (!tensor ||
        sorted != llvm::to_vector(llvm::seq<int64_t>(tensor.getRank())))
      return op.emitOpError("has the order [")
             << order.asArrayRef() << "] for " << value
             << "; needs each of its dims once";
  }
  return success();
}

LogicalResult ProgramOp::verifyRegions() {
  auto type = cast<FunctionType>(getFunctionType());
  for (Type passed :
       llvm::concat<const Type>(type.getInputs(), type.getResults())) {
    auto tensor = dyn_cast<RankedTensorType>(passed);
    if (!isMoved(tensor ? tensor.getElementType() : passed) ||
        (tensor && !tensor.hasStaticShape()))
      return emitOpError("passes ") << passed << ", which dconv does not move";
  }
  for (Type result : type.getResults())
    if (!isa<RankedTensorType>(result))
      return emitOpError("returns ") << result << ", which is no tensor";
  if (failed(verifyOrders(*this, type)))
    return failure();
  int64_t next = 0;
  for (Operation &op : getBody().front()) {
    auto device = dyn_cast<DeviceOp>(op);
    if (!device)
      return emitOpError("holds dconv.device alone, but also '")
             << op.getName() << "'";
    if (int64_t id = device.getId(); id != next)
      return device.emitOpError("must be number ") << next << " but is " << id;
    ++next;
  }
  CountersAttr counters = getPredicted();
  for (ArrayRef<int64_t> list :
       {counters.getReceived(), counters.getSent(), counters.getScatter(),
        counters.getGather(), counters.getPeak()})
    if (static_cast<int64_t>(list.size()) != next)
      return emitOpError("predicts for ")
             << list.size() << " devices but has " << next;
  return success();
}

LogicalResult DeviceOp::verifyRegions() {
  SmallVector<StringRef, 2> phases;
  for (Operation &op : getBody().front()) {
    if (auto phase = dyn_cast<PhaseOp>(op))
      phases.push_back(phase.getName());
    else if (!isa<AllocOp, FreeOp, ScatterOp, GatherOp, FillOp, CopyOp,
                  ConvertOp, AccumulateOp, SendOp, ReceiveOp, LaunchOp>(op))
      return op.emitOpError("is no command of a device");
  }
  if (phases != ArrayRef<StringRef>{"run", "store"})
    return emitOpError("needs the phases \"run\" and \"store\", once each in "
                       "this order");
  return success();
}

LogicalResult PhaseOp::verify() {
  if (getName() != "run" && getName() != "store")
    return emitOpError("needs \"run\" or \"store\" but has \"")
           << getName() << "\"";
  return success();
}

/// The program that `command` belongs to.
static ProgramOp programOf(Operation *command) {
  return cast<ProgramOp>(command->getParentOp()->getParentOp());
}

static FunctionType programType(Operation *command) {
  return cast<FunctionType>(programOf(command).getFunctionType());
}

/// That begin + size, of each dim, is a position.
static LogicalResult verifyBounds(Operation *op, const char *what,
                                  ArrayRef<int64_t> begins,
                                  ArrayRef<int64_t> sizes) {
  int64_t end;
  for (auto [d, begin, size] : llvm::enumerate(begins, sizes))
    if (size < 0 || llvm::AddOverflow(begin, size, end))
      return op->emitOpError("has a ")
             << what << " of " << size << " elements from " << begin
             << " in dim " << d;
  return success();
}

LogicalResult AllocOp::verify() {
  ArrayRef<Attribute> tensors = programOf(*this).getTensors().getValue();
  if (getTensor() >= tensors.size())
    return emitOpError("is a window of tensor ")
           << static_cast<int64_t>(getTensor()) << " of " << tensors.size();
  size_t rank = cast<TensorAttr>(tensors[getTensor()]).getShape().size();
  ArrayRef<int64_t> sizes = getBuffer().getType().getShape();
  if (sizes.size() != rank || getOrigin().size() != rank)
    return emitOpError("has a window of ")
           << sizes.size() << " dims at an origin of " << getOrigin().size()
           << " in a tensor of " << rank;
  return verifyBounds(*this, "window", getOrigin(), sizes);
}

template <typename OpT> static LogicalResult verifyBox(OpT op) {
  size_t rank = op.getBuffer().getType().getRank();
  if (op.getOffsets().size() != rank || op.getSizes().size() != rank)
    return op.emitOpError("has a box of ")
           << op.getOffsets().size() << " offsets and " << op.getSizes().size()
           << " sizes on a buffer of " << rank << " dims";
  return verifyBounds(op, "box", op.getOffsets(), op.getSizes());
}

LogicalResult ScatterOp::verify() {
  size_t count = programType(*this).getNumInputs();
  if (getArgument() >= count)
    return emitOpError("reads argument ")
           << static_cast<int64_t>(getArgument()) << " of " << count;
  return verifyBox(*this);
}

LogicalResult GatherOp::verify() {
  size_t count = programType(*this).getNumResults();
  if (getArgument() >= count)
    return emitOpError("writes result ")
           << static_cast<int64_t>(getArgument()) << " of " << count;
  return verifyBox(*this);
}

LogicalResult FillOp::verify() {
  Type element = getBuffer().getType().getElementType();
  if (getValue().getType() != element ||
      !isa<FloatAttr, IntegerAttr>(getValue()))
    return emitOpError("fills ") << element << " with " << getValue();
  return verifyBox(*this);
}

LogicalResult CopyOp::verify() { return verifyBox(*this); }
LogicalResult ConvertOp::verify() { return verifyBox(*this); }
LogicalResult AccumulateOp::verify() { return verifyBox(*this); }
LogicalResult SendOp::verify() { return verifyBox(*this); }
LogicalResult ReceiveOp::verify() { return verifyBox(*this); }

LogicalResult LaunchOp::verify() {
  ArrayRef<Type> arguments = programType(*this).getInputs();
  for (int64_t scalar : getScalars())
    if (scalar < 0 || scalar >= static_cast<int64_t>(arguments.size()) ||
        isa<RankedTensorType>(arguments[scalar]))
      return emitOpError("passes argument ")
             << scalar << ", which is no scalar of the program";
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto kernel = symbols.lookupNearestSymbolFrom<FunctionOpInterface>(
      *this, getKernelAttr());
  if (kernel && kernel->hasAttr("dconv.path"))
    return success(); // compiled: its types are pointers
  if (!kernel || !kernel->hasAttr("dconv.kernel"))
    return emitOpError("launches ")
           << getKernelAttr() << ", which is no kernel";
  SmallVector<Type> needed(getInputs().getTypes());
  needed.push_back(getOutput().getType());
  for (int64_t scalar : getScalars())
    needed.push_back(programType(*this).getInput(scalar));
  needed.append(getBounds().size(), IndexType::get(getContext()));
  if (kernel.getArgumentTypes() != ArrayRef<Type>(needed) ||
      kernel.getNumResults() != 0) {
    InFlightDiagnostic diag = emitOpError("launches ")
                              << getKernelAttr() << " on " << needed;
    diag.attachNote(kernel.getLoc())
        << "the kernel is " << kernel.getFunctionType();
    return diag;
  }
  auto inside = kernel->getAttrOfType<ArrayAttr>("dconv.inside");
  size_t entries = inside ? inside.size() : 0;
  if (getBounds().size() != 2 * entries)
    return emitOpError("passes ")
           << getBounds().size() << " bounds to " << getKernelAttr()
           << ", whose dconv.inside has " << entries
           << " entries; needs a begin and an end for each";
  bool startsFromConstant =
      kernel.getArgAttr(getInputs().size(), "dconv.initial") != nullptr;
  if (getOverwrites() && !startsFromConstant)
    return emitOpError("overwrites its output with ")
           << getKernelAttr() << ", which has no dconv.initial";
  if (!getOverwrites() && startsFromConstant)
    return emitOpError("reads its output with ")
           << getKernelAttr() << ", which starts from its dconv.initial";
  return success();
}

/// True where a value of type `given` may be passed as what a program takes or
/// returns: the tensor, or a dense buffer of it.
static bool isPassable(Type given, Type wanted) {
  if (auto buffer = dyn_cast<MemRefType>(given))
    return buffer.getLayout().isIdentity() && isa<RankedTensorType>(wanted) &&
           RankedTensorType::get(buffer.getShape(), buffer.getElementType()) ==
               wanted;
  if (auto tensor = dyn_cast<RankedTensorType>(given))
    return tensor.dropEncoding() == wanted;
  return given == wanted;
}

LogicalResult ExecuteOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto program =
      symbols.lookupNearestSymbolFrom<ProgramOp>(*this, getProgramAttr());
  if (!program)
    return emitOpError("runs ") << getProgramAttr() << ", which is no program";
  auto type = cast<FunctionType>(program.getFunctionType());
  auto matches = [](TypeRange given, TypeRange wanted) {
    return given.size() == wanted.size() &&
           llvm::all_of(llvm::zip(given, wanted), [](auto pair) {
             return isPassable(std::get<0>(pair), std::get<1>(pair));
           });
  };
  if (!getOuts().empty() && getNumResults() != 0)
    return emitOpError("has results and buffers for them; needs one of both");
  TypeRange results = getOuts().empty() ? TypeRange(getResultTypes())
                                        : TypeRange(getOuts().getTypes());
  if (!matches(getInputs().getTypes(), type.getInputs()) ||
      !matches(results, type.getResults()))
    return emitOpError("calls ")
           << getProgramAttr() << " with " << getInputs().getTypes() << " -> "
           << results << " but it has type " << type;
  return success();
}
