//===- Codegen.cpp - from the LLVM dialect to a shared object -------------===//

#include "dconv/Compiler/Codegen.h"

#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

/// For this computer, with all its instructions.
static Expected<std::unique_ptr<llvm::TargetMachine>> hostMachine() {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto builder = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!builder)
    return builder.takeError();
  builder->setRelocationModel(llvm::Reloc::PIC_);
  builder->setCodeGenOptLevel(llvm::CodeGenOptLevel::Aggressive);
  return builder->createTargetMachine();
}

static Error writeObject(llvm::Module &module, llvm::TargetMachine &machine,
                         StringRef path) {
  std::error_code error;
  llvm::raw_fd_ostream out(path, error);
  if (error)
    return createStringError(error, "cannot write object file '%s': %s",
                             path.str().c_str(), error.message().c_str());
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, out, nullptr,
                                  llvm::CodeGenFileType::ObjectFile))
    return createStringError("this target writes no object files");
  passes.run(module);
  out.close();
  if (out.has_error())
    return createStringError("cannot write object file '%s': %s",
                             path.str().c_str(),
                             out.error().message().c_str());
  return Error::success();
}

static Error link(StringRef object, StringRef path) {
  std::string linker = DCONV_LINKER;
  if (!llvm::sys::fs::can_execute(linker)) {
    llvm::ErrorOr<std::string> found =
        llvm::sys::findProgramByName("ld.lld-22");
    if (!found)
      return createStringError("cannot find the linker ld.lld-22; install "
                               "the package lld-22");
    linker = *found;
  }
  std::string message;
  int status = llvm::sys::ExecuteAndWait(
      linker, {linker, "-shared", "-o", path, object}, /*Env=*/std::nullopt,
      /*Redirects=*/{}, /*SecondsToWait=*/0, /*MemoryLimit=*/0, &message);
  if (status != 0)
    return createStringError("%s failed with status %d%s%s", linker.c_str(),
                             status, message.empty() ? "" : ": ",
                             message.c_str());
  return Error::success();
}

Error dconv::emitSharedObject(ModuleOp module, StringRef path) {
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code =
      translateModuleToLLVMIR(module, context, "dconv");
  if (!code)
    return createStringError("cannot translate the module to LLVM IR");
  Expected<std::unique_ptr<llvm::TargetMachine>> machine = hostMachine();
  if (!machine)
    return machine.takeError();
  code->setDataLayout((*machine)->createDataLayout());
  code->setTargetTriple((*machine)->getTargetTriple());
  auto optimize = makeOptimizingTransformer(/*optLevel=*/3, /*sizeLevel=*/0,
                                            machine->get());
  if (Error error = optimize(code.get()))
    return error;

  llvm::SmallString<128> object(path);
  object += ".o";
  llvm::scope_exit cleanup([&] { llvm::sys::fs::remove(object); });
  if (Error error = writeObject(*code, **machine, object))
    return error;
  return link(object, path);
}
