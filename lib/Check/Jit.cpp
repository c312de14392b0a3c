//===- Jit.cpp - compiled code in this process ----------------------------===//

#include "Jit.h"

#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace dconv;
using namespace mlir;

static Error errorOf(llvm::Error error) {
  return {"the reference does not compile: " +
          llvm::toString(std::move(error))};
}

static llvm::Expected<std::unique_ptr<llvm::TargetMachine>> thisComputer() {
  auto builder = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!builder)
    return builder.takeError();
  return builder->createTargetMachine();
}

Result<std::unique_ptr<Jit>> Jit::compile(ModuleOp module) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());

  auto forPasses = thisComputer();
  if (!forPasses)
    return errorOf(forPasses.takeError());
  auto optimize = makeOptimizingTransformer(/*optLevel=*/3, /*sizeLevel=*/0,
                                            forPasses->get());
  ExecutionEngineOptions options;
  options.transformer = optimize;
  options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Aggressive;
  options.enableGDBNotificationListener = false;
  options.enablePerfNotificationListener = false;
  auto engine = ExecutionEngine::create(module, options);
  if (!engine)
    return errorOf(engine.takeError());
  auto result = std::make_unique<Jit>();
  result->engine = std::move(*engine);
  return result;
}

void *Jit::address(llvm::StringRef name) const {
  auto found = engine->lookup(name);
  if (found)
    return *found;
  llvm::consumeError(found.takeError());
  return nullptr;
}
