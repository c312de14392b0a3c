//===- Compile.cpp - a module as something that can run -------------------===//

#include "dconv/Compiler/Compile.h"

#include "CodeKey.h"
#include "KernelFacts.h"
#include "dconv/Compiler/Codegen.h"
#include "dconv/Conversion/PlainLoops.h"
#include "dconv/Conversion/ReadProgram.h"
#include "dconv/IR/Dconv.h"
#include "dconv/Pipelines/Pipelines.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
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

LogicalResult
dconv::scheduleModule(ModuleOp module, const PlanPassOptions &options,
                      std::optional<ChannelsLastPassOptions> layout) {
  if (levelOf(module) == 3)
    return success();
  PassManager pm(module.getContext());
  buildSchedulePipeline(pm, options, layout);
  return pm.run(module);
}

/// Reads what SchedulePass wrote of a convolution of program `number`.
static CompiledConvolution readConvolution(DictionaryAttr entry, int64_t number,
                                           const KernelFacts &facts) {
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
      auto fact = facts.find(kernel.getValue());
      convolution.isVector &=
          fact != facts.end() && fact->second.path == "vector";
    }
  return convolution;
}

/// Compiles the functions of `module` into the shared object `path`.
static FailureOr<KernelFacts> compileCode(ModuleOp module, StringRef path) {
  PassManager emit(module.getContext());
  emit.addPass(createEmitKernelsPass());
  if (failed(emit.run(module)))
    return failure();
  KernelFacts facts = factsOf(module);
  PassManager lower(module.getContext());
  buildHostPipeline(lower);
  if (failed(lower.run(module)))
    return failure();
  if (llvm::Error error = emitSharedObject(module, path))
    return module.emitError() << llvm::toString(std::move(error));
  return facts;
}

/// Takes the code of `module` from `cache`, if it is there.
static std::optional<KernelFacts> fetchCode(ModuleOp module, StringRef path,
                                            const CodeCache &cache,
                                            StringRef key) {
  std::optional<std::string> text = cache.fetch(key, path);
  std::optional<KernelFacts> facts;
  if (text)
    facts = parseFacts(*text);
  if (!facts)
    return std::nullopt;
  // What the compiler said of them.
  for (auto kernel : module.getOps<func::FuncOp>())
    if (auto fact = facts->find(kernel.getName());
        fact != facts->end() && !fact->second.reason.empty())
      remarkPlainLoops(kernel, fact->second.reason);
  return facts;
}

FailureOr<CompiledModule> dconv::compileModule(ModuleOp module, StringRef path,
                                               const CodeCache *cache) {
  CompiledModule compiled;
  // Lowering drops the programs.
  SmallVector<ArrayAttr> convolutions;
  for (ProgramOp op : module.getOps<ProgramOp>()) {
    compiled.programs.push_back(readProgram(op));
    convolutions.push_back(op->getAttrOfType<ArrayAttr>("dconv.convolutions"));
  }

  std::string key = cache ? codeKeyOf(module) : "";
  std::optional<KernelFacts> facts;
  if (cache)
    facts = fetchCode(module, path, *cache, key);
  compiled.fromCache = facts.has_value();
  if (!facts) {
    FailureOr<KernelFacts> made = compileCode(module, path);
    if (failed(made))
      return failure();
    facts = std::move(*made);
    if (cache)
      if (llvm::Error error = cache->add(key, path, toText(*facts)))
        module.emitWarning("compiled code is not kept for later: ")
            << llvm::toString(std::move(error));
  }

  compiled.kernels = facts->size();
  for (auto [number, entries] : llvm::enumerate(convolutions))
    if (entries)
      for (auto entry : entries.getAsRange<DictionaryAttr>())
        compiled.convolutions.push_back(readConvolution(entry, number, *facts));
  return compiled;
}
