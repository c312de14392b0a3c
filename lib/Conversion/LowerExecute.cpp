//===- LowerExecute.cpp - how the host meets the runtime ------------------===//

#include "dconv/IR/Dconv.h"
#include "dconv/Runtime/Abi.h"
#include "dconv/Transforms/Passes.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace dconv {
#define GEN_PASS_DEF_LOWEREXECUTEPASS
#include "dconv/Transforms/Passes.h.inc"
} // namespace dconv

using namespace mlir;
using namespace dconv;

namespace {
class LowerExecute : public dconv::impl::LowerExecutePassBase<LowerExecute> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    pointer = LLVM::LLVMPointerType::get(&getContext());
    for (auto [number, program] :
         llvm::enumerate(module.getOps<ProgramOp>()))
      programNumbers[program.getSymName()] = number;
    SmallVector<ExecuteOp> calls;
    module.walk([&](ExecuteOp op) { calls.push_back(op); });
    auto atEnd = OpBuilder::atBlockEnd(module.getBody());
    for (StringRef name : {DCONV_CONTEXT_SYMBOL, DCONV_EXECUTE_SYMBOL})
      createPointerGlobal(atEnd, name);
    for (ExecuteOp call : calls)
      if (failed(lowerCall(call)))
        return signalPassFailure();
    for (auto function :
         llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
      if (function.isPublic() && !function.isExternal())
        createEntryPoint(function);
    // What the devices run is no code of the host.
    for (ProgramOp program :
         llvm::make_early_inc_range(module.getOps<ProgramOp>()))
      program.erase();
  }

  /// A global pointer, null until the loader sets it.
  void createPointerGlobal(OpBuilder &builder, StringRef name) {
    Location loc = getOperation().getLoc();
    auto global = LLVM::GlobalOp::create(builder, loc, pointer,
                                         /*isConstant=*/false,
                                         LLVM::Linkage::External, name,
                                         /*value=*/Attribute());
    OpBuilder::InsertionGuard guard(builder);
    builder.createBlock(&global.getInitializerRegion());
    Value null = LLVM::ZeroOp::create(builder, loc, pointer);
    LLVM::ReturnOp::create(builder, loc, null);
  }

  //===--------------------------------------------------------------------===//
  // Calls of programs
  //===--------------------------------------------------------------------===//

  LogicalResult lowerCall(ExecuteOp call) {
    auto number = programNumbers.find(call.getProgram());
    auto isTensor = [](Type type) { return isa<TensorType>(type); };
    if (llvm::any_of(call->getOperandTypes(), isTensor) ||
        call->getNumResults() != 0)
      return call.emitOpError("must be bufferized before it is lowered");
    if (number == programNumbers.end() ||
        !call->getParentOfType<FunctionOpInterface>())
      return call.emitOpError("must be in a function of the module");
    OpBuilder builder(call);
    Location loc = call.getLoc();
    Value arguments = storePointers(builder, call, call.getInputs());
    Value results = storePointers(builder, call, call.getOuts());
    auto load = [&](StringRef name) -> Value {
      Value address = LLVM::AddressOfOp::create(builder, loc, pointer, name);
      return LLVM::LoadOp::create(builder, loc, pointer, address);
    };
    Value function = load(DCONV_EXECUTE_SYMBOL);
    Value context = load(DCONV_CONTEXT_SYMBOL);
    Value program = LLVM::ConstantOp::create(
        builder, loc, builder.getI64Type(),
        builder.getI64IntegerAttr(number->second));
    auto type = LLVM::LLVMFunctionType::get(
        builder.getI32Type(),
        {pointer, builder.getI64Type(), pointer, pointer});
    // The status is kept by the session, which refuses all later calls.
    LLVM::CallOp::create(
        builder, loc, type,
        ValueRange{function, context, program, arguments, results});
    call.erase();
    return success();
  }

  /// Stack memory of the function that holds `call`: not of a loop around it.
  Value allocaInFunction(ExecuteOp call, Type element, int64_t count) {
    auto function = call->getParentOfType<FunctionOpInterface>();
    auto builder = OpBuilder::atBlockBegin(&function.getFunctionBody().front());
    Value size = LLVM::ConstantOp::create(builder, call.getLoc(),
                                          builder.getI64Type(),
                                          builder.getI64IntegerAttr(count));
    return LLVM::AllocaOp::create(builder, call.getLoc(), pointer, element,
                                  size);
  }

  /// An array with the address of each value: of a buffer's first element, or
  /// of a copy of a scalar.
  Value storePointers(OpBuilder &builder, ExecuteOp call, ValueRange values) {
    Location loc = call.getLoc();
    Value array = allocaInFunction(
        call, pointer, std::max<int64_t>(values.size(), 1));
    for (auto [i, value] : llvm::enumerate(values)) {
      Value address;
      if (isa<MemRefType>(value.getType())) {
        Value index =
            memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, value);
        Value number = arith::IndexCastOp::create(builder, loc,
                                                  builder.getI64Type(), index);
        address = LLVM::IntToPtrOp::create(builder, loc, pointer, number);
      } else {
        address = allocaInFunction(call, value.getType(), 1);
        LLVM::StoreOp::create(builder, loc, value, address);
      }
      Value slot = LLVM::GEPOp::create(builder, loc, pointer, pointer, array,
                                       LLVM::GEPArg(int32_t(i)));
      LLVM::StoreOp::create(builder, loc, address, slot);
    }
    return array;
  }

  //===--------------------------------------------------------------------===//
  // Entry points
  //===--------------------------------------------------------------------===//

  /// dconv_entry_f(args): args[i] points to the data of argument i of `f`, or
  /// to the value of a scalar. A function with other arguments has none.
  void createEntryPoint(func::FuncOp function) {
    for (Type type : function.getArgumentTypes()) {
      auto buffer = dyn_cast<MemRefType>(type);
      if (buffer ? !buffer.hasStaticShape() || !buffer.getLayout().isIdentity()
                 : !type.isIntOrFloat())
        return;
    }
    if (function.getNumResults() != 0)
      return;
    OpBuilder builder(function);
    Location loc = function.getLoc();
    auto entry = func::FuncOp::create(
        builder, loc, (entryPrefix + function.getName()).str(),
        builder.getFunctionType({pointer}, {}));
    Block *body = entry.addEntryBlock();
    builder.setInsertionPointToStart(body);
    LLVMTypeConverter converter(&getContext());
    SmallVector<Value> arguments;
    for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
      Value slot = LLVM::GEPOp::create(builder, loc, pointer, pointer,
                                       body->getArgument(0),
                                       LLVM::GEPArg(int32_t(i)));
      Value data = LLVM::LoadOp::create(builder, loc, pointer, slot);
      if (auto buffer = dyn_cast<MemRefType>(type)) {
        Value descriptor = MemRefDescriptor::fromStaticShape(
            builder, loc, converter, buffer, data);
        arguments.push_back(UnrealizedConversionCastOp::create(
                                builder, loc, buffer, descriptor)
                                .getResult(0));
      } else {
        arguments.push_back(LLVM::LoadOp::create(builder, loc, type, data));
      }
    }
    func::CallOp::create(builder, loc, function, arguments);
    func::ReturnOp::create(builder, loc);
  }

  static constexpr llvm::StringLiteral entryPrefix = DCONV_ENTRY_PREFIX;
  Type pointer;
  llvm::StringMap<int64_t> programNumbers;
};
} // namespace
