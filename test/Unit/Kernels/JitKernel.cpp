//===- JitKernel.cpp - compiles and runs one kernel -----------------------===//

#include "JitKernel.h"
#include "dconv/IR/Dconv.h"
#include "dconv/Kernels/Layouts.h"
#include "dconv/Kernels/Lowering.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include <chrono>

using namespace mlir;
using namespace dconv;
using namespace dconv::test;

MLIRContext &dconv::test::kernelContext() {
  static MLIRContext *context = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    DialectRegistry registry;
    registry.insert<affine::AffineDialect, arith::ArithDialect,
                    func::FuncDialect, linalg::LinalgDialect,
                    memref::MemRefDialect, scf::SCFDialect, ub::UBDialect,
                    vector::VectorDialect, LLVM::LLVMDialect, DconvDialect>();
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    auto *created = new MLIRContext(registry, MLIRContext::Threading::DISABLED);
    created->loadAllAvailableDialects();
    return created;
  }();
  return *context;
}

static double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void JitKernel::usePreferredLayouts(func::FuncOp function,
                                    const KernelTarget &target) {
  size_t next = 0;
  llvm::SmallVector<BufferLayout> preferred =
      preferredLayouts(function, target);
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<MemRefType>(argument.getType());
    if (!type)
      continue;
    if (LayoutAttr layout =
            LayoutAttr::get(function.getContext(), preferred[next++]))
      argument.setType(
          MemRefType::get(type.getShape(), type.getElementType(), layout));
  }
  function.setFunctionType(FunctionType::get(
      function.getContext(), function.getBody().getArgumentTypes(), {}));
}

JitKernel::JitKernel(const KernelCase &kernelCase, const KernelTarget &target) {
  MLIRContext &context = kernelContext();
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(kernelCase.mlir(), &context);
  if (!module) {
    failure = "parse";
    return;
  }
  double start = now();
  auto function = module->lookupSymbol<func::FuncOp>("k");
  if (kernelCase.spec.layout == "preferred")
    usePreferredLayouts(function, target);
  for (Type type : function.getArgumentTypes())
    if (auto memref = dyn_cast<MemRefType>(type))
      argumentLayouts.push_back(*LayoutAttr::of(memref));
  FailureOr<EmittedKernel> emittedKernel = emitKernel(function, target);
  if (failed(emittedKernel)) {
    failure = "emit";
    return;
  }
  result = *emittedKernel;
  if (failed(verify(*module))) {
    failure = "verify";
    return;
  }
  emitSeconds = now() - start;
  llvm::raw_string_ostream(text) << *module;

  start = now();
  PassManager pm(&context);
  buildKernelLoweringPipeline(pm);
  if (failed(pm.run(*module))) {
    failure = "lower";
    return;
  }
  emitSeconds += now() - start;

  start = now();
  auto host = llvm::orc::JITTargetMachineBuilder::detectHost();
  auto machine = host ? host->createTargetMachine() : host.takeError();
  if (!machine) {
    failure = llvm::toString(machine.takeError());
    return;
  }
  std::unique_ptr<llvm::TargetMachine> forPasses = std::move(*machine);
  ExecutionEngineOptions options;
  auto optimize = makeOptimizingTransformer(3, 0, forPasses.get());
  options.transformer = optimize;
  options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Aggressive;
  options.enableObjectDump = getenv("DCONV_DUMP_KERNEL") != nullptr;
  auto created = ExecutionEngine::create(*module, options);
  if (!created) {
    failure = llvm::toString(created.takeError());
    return;
  }
  engine = std::move(*created);
  auto symbol = engine->lookup((kKernelEntryPrefix + "k").str());
  if (!symbol) {
    failure = llvm::toString(symbol.takeError());
    return;
  }
  entry = reinterpret_cast<void (*)(void **)>(*symbol);
  llvmSeconds = now() - start;
  if (const char *path = getenv("DCONV_DUMP_KERNEL"))
    engine->dumpToObjectFile(path);
}
