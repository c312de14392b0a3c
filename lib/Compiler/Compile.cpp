//===- Compile.cpp - a module as something that can run -------------------===//

#include "dconv/Compiler/Compile.h"

#include "dconv/Compiler/Codegen.h"
#include "dconv/Conversion/ReadProgram.h"
#include "dconv/IR/Dconv.h"
#include "dconv/Pipelines/Pipelines.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace dconv;

/// `type` as an argument or result, or nothing.
static std::optional<runtime::Argument> argumentOf(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (tensor && (!tensor.hasStaticShape() || tensor.getEncoding()))
    return std::nullopt;
  std::optional<runtime::ElementType> element =
      elementTypeOf(tensor ? tensor.getElementType() : type);
  if (!element)
    return std::nullopt;
  runtime::Argument argument;
  argument.type = *element;
  argument.scalar = !tensor;
  if (tensor)
    argument.shape = tensor.getShape().vec();
  return argument;
}

FailureOr<Signature> dconv::signatureOf(ModuleOp module, StringRef entry) {
  auto function = module.lookupSymbol<func::FuncOp>(entry);
  if (!function || function.isExternal()) {
    InFlightDiagnostic diag = module.emitError("has no function '")
                              << entry << "' to run";
    for (auto other : module.getOps<func::FuncOp>())
      if (!other.isExternal() && other.isPublic())
        diag.attachNote(other.getLoc())
            << "--entry=" << other.getName() << " would run this one";
    return diag;
  }
  Signature signature;
  for (auto [number, type] : llvm::enumerate(function.getArgumentTypes())) {
    std::optional<runtime::Argument> argument = argumentOf(type);
    if (!argument)
      return function.emitOpError("argument ")
             << number << " has type " << type
             << " but must be a tensor of static shape, or a scalar, of f16, "
                "bf16, f32, f64, i8, i16, i32 or i64";
    signature.arguments.push_back(std::move(*argument));
  }
  for (auto [number, type] : llvm::enumerate(function.getResultTypes())) {
    std::optional<runtime::Argument> result = argumentOf(type);
    if (!result || result->scalar)
      return function.emitOpError("result ")
             << number << " has type " << type
             << " but must be a tensor of static shape of f16, bf16, f32, "
                "f64, i8, i16, i32 or i64";
    signature.results.push_back(std::move(*result));
  }
  return signature;
}

int dconv::levelOf(ModuleOp module) {
  int level = 0;
  module.walk([&](Operation *op) {
    if (isa<ProgramOp>(op))
      level = std::max(level, 3);
    else if (isa<DconvDialect>(op->getDialect()))
      level = std::max(level, 2);
    else if (op->hasAttr(PlanAttr::name))
      level = std::max(level, 1);
  });
  return level;
}

LogicalResult dconv::scheduleModule(ModuleOp module,
                                    const PlanPassOptions &options) {
  PassManager pm(module.getContext());
  if (levelOf(module) < 3)
    buildDconvPipeline(pm, options);
  else
    pm.addPass(createEmitKernelsPass());
  return pm.run(module);
}

/// Reads what SchedulePass wrote of the convolutions of `program`.
static void readConvolutions(ProgramOp program, int64_t number,
                             CompiledModule &compiled) {
  auto entries = program->getAttrOfType<ArrayAttr>("dconv.convolutions");
  if (!entries)
    return;
  auto module = program->getParentOfType<ModuleOp>();
  for (auto entry : entries.getAsRange<DictionaryAttr>()) {
    CompiledConvolution convolution;
    convolution.program = number;
    if (auto name = entry.getAs<StringAttr>("name"))
      convolution.name = name.str();
    if (auto split = entry.getAs<StringAttr>("split"))
      convolution.split = split.str();
    if (auto grid = entry.getAs<DenseI64ArrayAttr>("grid"))
      convolution.grid = grid.asArrayRef().vec();
    if (auto macs = entry.getAs<IntegerAttr>("macs"))
      convolution.macs = macs.getInt();
    if (auto kernels = entry.getAs<ArrayAttr>("kernels"))
      for (auto kernel : kernels.getAsRange<FlatSymbolRefAttr>()) {
        Operation *function = module.lookupSymbol(kernel);
        auto path = function ? function->getAttrOfType<StringAttr>("dconv.path")
                             : StringAttr();
        convolution.isVector &= path && path.getValue() == "vector";
      }
    compiled.convolutions.push_back(std::move(convolution));
  }
}

FailureOr<CompiledModule> dconv::compileModule(ModuleOp module,
                                               StringRef path) {
  CompiledModule compiled;
  for (ProgramOp op : module.getOps<ProgramOp>()) {
    readConvolutions(op, compiled.programs.size(), compiled);
    compiled.programs.push_back(readProgram(op));
  }
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    compiled.kernels += function->hasAttr("dconv.path");
  PassManager pm(module.getContext());
  buildHostPipeline(pm);
  if (failed(pm.run(module)))
    return failure();
  if (llvm::Error error = emitSharedObject(module, path))
    return module.emitError() << llvm::toString(std::move(error));
  return compiled;
}
