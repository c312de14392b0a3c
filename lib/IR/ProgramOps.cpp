//===- ProgramOps.cpp - verifiers of level 3 ------------------------------===//

#include "dconv/IR/Dconv.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace dconv;

/// `[` offsets `]` `[` sizes `]`
static ParseResult parseBox(OpAsmParser &parser, DenseI64ArrayAttr &offsets,
                            DenseI64ArrayAttr &sizes) {
  for (DenseI64ArrayAttr *list : {&offsets, &sizes}) {
    SmallVector<int64_t> values;
    if (parser.parseCommaSeparatedList(
            AsmParser::Delimiter::Square,
            [&] { return parser.parseInteger(values.emplace_back()); }))
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

#define GET_OP_CLASSES
#include "dconv/IR/DconvProgramOps.cpp.inc"

LogicalResult ProgramOp::verifyRegions() {
  int64_t next = 0;
  for (Operation &op : getBody().front()) {
    auto device = dyn_cast<DeviceOp>(op);
    if (!device)
      return emitOpError("holds dconv.device alone, but also '")
             << op.getName() << "'";
    if (int64_t id = device.getId(); id != next)
      return device.emitOpError("must be number ")
             << next << " but is " << id;
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

LogicalResult PhaseOp::verify() {
  if (getName() != "run" && getName() != "store")
    return emitOpError("needs \"run\" or \"store\" but has \"")
           << getName() << "\"";
  return success();
}

LogicalResult ExecuteOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto program =
      symbols.lookupNearestSymbolFrom<ProgramOp>(*this, getProgramAttr());
  if (!program)
    return emitOpError("runs ") << getProgramAttr() << ", which is no program";
  auto type = cast<FunctionType>(program.getFunctionType());
  auto matches = [](TypeRange have, TypeRange want) {
    return have.size() == want.size() &&
           llvm::all_of(llvm::zip(have, want), [](auto pair) {
             auto [a, b] = pair;
             auto shaped = dyn_cast<ShapedType>(a);
             auto wanted = dyn_cast<ShapedType>(b);
             if (!shaped || !wanted)
               return a == b;
             return shaped.getShape() == wanted.getShape() &&
                    shaped.getElementType() == wanted.getElementType();
           });
  };
  TypeRange results = getOuts().empty() ? TypeRange(getResultTypes())
                                        : TypeRange(getOuts().getTypes());
  if (!matches(getInputs().getTypes(), type.getInputs()) ||
      !matches(results, type.getResults()))
    return emitOpError("calls ")
           << getProgramAttr() << " with " << getInputs().getTypes() << " -> "
           << results << " but it has type " << type;
  return success();
}
