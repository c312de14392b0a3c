//===- ReferenceKernels.cpp - linalg ops computed serially ----------------===//

#include "ReferenceKernels.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Pass/PassManager.h"

#include <cfloat>

using namespace dconv;
using namespace mlir;

/// The type of C++'s long double.
static FloatType longDouble(MLIRContext *context) {
  if constexpr (LDBL_MANT_DIG == 64)
    return Float80Type::get(context);
  else if constexpr (LDBL_MANT_DIG == 113)
    return Float128Type::get(context);
  else
    return Float64Type::get(context);
}

namespace {
/// Builds the function of one op.
class KernelBuilder {
public:
  KernelBuilder(linalg::LinalgOp op, bool inLongDouble)
      : op(op), context(op->getContext()), loc(UnknownLoc::get(context)),
        wide(inLongDouble ? longDouble(context) : Float64Type::get(context)) {}

  void build(OpBuilder &builder, StringRef name);

private:
  MemRefType bufferOf(OpOperand &operand);
  SmallVector<int64_t> stridesOf(OpOperand &operand);
  SmallVector<unsigned> loopOrder();
  void buildBody(OpBuilder &builder, ValueRange arguments);

  linalg::LinalgOp op;
  MLIRContext *context;
  Location loc;
  FloatType wide;
};
} // namespace

MemRefType KernelBuilder::bufferOf(OpOperand &operand) {
  Type type = operand.get().getType();
  Type element = getElementTypeOrSelf(type);
  if (op.isDpsInit(&operand)) {
    if (isa<FloatType>(element))
      element = wide;
  } else if (element.isF16() || element.isBF16()) {
    element = Float32Type::get(context);
  }
  auto shaped = dyn_cast<ShapedType>(type);
  return MemRefType::get(shaped ? shaped.getShape() : ArrayRef<int64_t>(),
                         element);
}

/// How far apart, in bytes, the elements of consecutive iterations of each loop
/// are.
SmallVector<int64_t> KernelBuilder::stridesOf(OpOperand &operand) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  MemRefType buffer = bufferOf(operand);
  SmallVector<int64_t> zero(map.getNumDims(), 0);
  auto position = [&](ArrayRef<int64_t> loops) {
    int64_t offset = 0;
    for (auto [index, extent] : llvm::zip(map.compose(loops),
                                          buffer.getShape()))
      offset = offset * extent + index;
    return offset * buffer.getElementTypeBitWidth() / 8;
  };
  SmallVector<int64_t> strides;
  for (unsigned loop = 0; loop < map.getNumDims(); ++loop) {
    SmallVector<int64_t> one = zero;
    one[loop] = 1;
    strides.push_back(position(one) - position(zero));
  }
  return strides;
}

/// Parallel loops, reductions, and innermost the loop that touches the fewest
/// cache lines, rather a parallel one, since that makes vector code.
SmallVector<unsigned> KernelBuilder::loopOrder() {
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  SmallVector<int64_t> cost(iterators.size(), 0);
  for (OpOperand &operand : op->getOpOperands())
    for (auto [loop, stride] : llvm::enumerate(stridesOf(operand)))
      cost[loop] += std::min<int64_t>(std::abs(stride), 64);
  for (unsigned loop = 0; loop < cost.size(); ++loop) {
    if (iterators[loop] == utils::IteratorType::reduction)
      cost[loop] += 64;
    if (ranges[loop] < 8)
      cost[loop] += 1024;
  }
  unsigned innermost = llvm::min_element(cost) - cost.begin();
  SmallVector<unsigned> order;
  for (auto kind :
       {utils::IteratorType::parallel, utils::IteratorType::reduction})
    for (unsigned loop = 0; loop < cost.size(); ++loop)
      if (loop != innermost && iterators[loop] == kind)
        order.push_back(loop);
  order.push_back(innermost);
  return order;
}

/// The body of the op on widened values.
void KernelBuilder::buildBody(OpBuilder &builder, ValueRange arguments) {
  Block *body = op.getBlock();
  IRMapping values;
  for (auto [argument, value] :
       llvm::zip(body->getArguments(), arguments)) {
    Value widened = value;
    if (isa<FloatType>(value.getType()) && value.getType() != wide)
      widened = arith::ExtFOp::create(builder, loc, wide, value);
    values.map(argument, widened);
  }
  for (Operation &inner : body->without_terminator()) {
    if (isa<arith::ExtFOp>(inner)) {
      values.map(inner.getResult(0), values.lookup(inner.getOperand(0)));
      continue;
    }
    Operation *clone = builder.clone(inner, values);
    for (Value result : clone->getResults())
      if (isa<FloatType>(result.getType()))
        result.setType(wide);
    // Any order is as good, and vector code needs another.
    if (auto sum = dyn_cast<arith::AddFOp>(clone))
      sum.setFastmath(arith::FastMathFlags::reassoc);
  }
  linalg::YieldOp::create(builder, loc,
                          values.lookup(body->getTerminator()->getOperand(0)));
}

void KernelBuilder::build(OpBuilder &builder, StringRef name) {
  SmallVector<Type> types;
  for (OpOperand &operand : op->getOpOperands())
    types.push_back(bufferOf(operand));
  auto function = func::FuncOp::create(builder, loc, name,
                                       builder.getFunctionType(types, {}));
  OpBuilder::InsertionGuard guard(builder);
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);

  SmallVector<unsigned> order = loopOrder();
  // From the new loops, outermost first, to the op's.
  AffineMap toOld =
      inversePermutation(AffineMap::getPermutationMap(order, context));
  SmallVector<AffineMap> maps;
  for (AffineMap map : op.getIndexingMapsArray())
    maps.push_back(map.compose(toOld));
  SmallVector<utils::IteratorType> iterators;
  for (unsigned loop : order)
    iterators.push_back(op.getIteratorTypesArray()[loop]);
  linalg::GenericOp::create(
      builder, loc, entry->getArguments().drop_back(),
      entry->getArguments().take_back(), maps, iterators,
      [&](OpBuilder &nested, Location, ValueRange arguments) {
        buildBody(nested, arguments);
      });
  func::ReturnOp::create(builder, loc);
}

static std::string nameOf(unsigned kernel) {
  return "reference_" + std::to_string(kernel);
}

ReferenceKernels::ReferenceKernels(MLIRContext *context)
    : module(ModuleOp::create(UnknownLoc::get(context))) {
  context->loadDialect<func::FuncDialect, linalg::LinalgDialect,
                       memref::MemRefDialect, arith::ArithDialect>();
}

unsigned ReferenceKernels::add(linalg::LinalgOp op, bool inLongDouble) {
  OwningOpRef<ModuleOp> alone =
      ModuleOp::create(UnknownLoc::get(op->getContext()));
  auto builder = OpBuilder::atBlockEnd(alone->getBody());
  KernelBuilder(op, inLongDouble).build(builder, "reference");
  std::string text;
  llvm::raw_string_ostream(text) << *alone;
  auto [entry, isNew] = numbers.try_emplace(text, numKernels);
  if (isNew) {
    auto function = cast<func::FuncOp>(alone->getBody()->front());
    function->moveBefore(module->getBody(), module->getBody()->end());
    function.setName(nameOf(numKernels++));
  }
  return entry->second;
}

static void buildPipeline(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  ConvertFuncToLLVMPassOptions functions;
  functions.useBarePtrCallConv = true;
  pm.addPass(createConvertFuncToLLVMPass(functions));
  pm.addPass(createReconcileUnrealizedCastsPass());
}

Result<int64_t> ReferenceKernels::compile() {
  if (numKernels == 0)
    return 0;
  PassManager pm(module->getContext());
  buildPipeline(pm);
  if (failed(pm.run(*module)))
    return Error{"the reference of a convolution cannot be lowered"};
  for (auto function : module->getOps<LLVM::LLVMFuncOp>())
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      function.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(),
                          UnitAttr::get(module->getContext()));
  Result<std::unique_ptr<Jit>> compiled = Jit::compile(*module);
  if (!compiled)
    return Error{compiled.error()};
  jit = std::move(*compiled);
  for (unsigned kernel = 0; kernel < numKernels; ++kernel) {
    // The engine's wrapper, which takes the addresses of the arguments.
    void *address = jit->address("_mlir_" + nameOf(kernel));
    entries.push_back(reinterpret_cast<void (*)(void **)>(address));
  }
  return numKernels;
}

void ReferenceKernels::run(unsigned kernel, ArrayRef<const void *> inputs,
                           void *output) const {
  SmallVector<const void *> buffers(inputs);
  buffers.push_back(output);
  SmallVector<void *> arguments;
  for (const void *&buffer : buffers)
    arguments.push_back(&buffer);
  entries[kernel](arguments.data());
}
