//===- Codegen.cpp - from the LLVM dialect to a shared object -------------===//

#include "dconv/Compiler/Codegen.h"

#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/Threading.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/SplitModule.h"

#include <thread>

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

/// A part of less is not worth a thread.
static constexpr size_t functionsPerPart = 4;

/// For this computer, with all its instructions.
static Expected<std::unique_ptr<llvm::TargetMachine>> hostMachine() {
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

/// Optimizes `module` and writes its machine code to `path`.
static Error compilePart(llvm::Module &module, StringRef path) {
  Expected<std::unique_ptr<llvm::TargetMachine>> machine = hostMachine();
  if (!machine)
    return machine.takeError();
  module.setDataLayout((*machine)->createDataLayout());
  module.setTargetTriple((*machine)->getTargetTriple());
  auto optimize = makeOptimizingTransformer(/*optLevel=*/3, /*sizeLevel=*/0,
                                            machine->get());
  if (Error error = optimize(&module))
    return error;
  return writeObject(module, **machine, path);
}

/// Compiles `module` in `parts` on as many threads; returns the object files.
static Expected<std::vector<std::string>>
compileParts(llvm::Module &module, unsigned parts, StringRef path) {
  // A part crosses to its thread, and its own context, as bitcode.
  std::vector<llvm::SmallString<0>> bitcode;
  llvm::SplitModule(
      module, parts,
      [&](std::unique_ptr<llvm::Module> part) {
        llvm::raw_svector_ostream os(bitcode.emplace_back());
        llvm::WriteBitcodeToFile(*part, os);
      },
      /*PreserveLocals=*/false);
  std::vector<std::string> objects;
  for (size_t i = 0; i < bitcode.size(); ++i)
    objects.push_back((path + "." + llvm::Twine(i) + ".o").str());
  std::vector<std::string> errors(bitcode.size());
  std::vector<std::thread> threads;
  auto compile = [&](size_t i) {
    llvm::LLVMContext context;
    auto part = llvm::parseBitcodeFile(
        llvm::MemoryBufferRef(bitcode[i], objects[i]), context);
    Error error =
        part ? compilePart(**part, objects[i]) : part.takeError();
    errors[i] = llvm::toString(std::move(error));
  };
  for (size_t i = 1; i < bitcode.size(); ++i)
    threads.emplace_back(compile, i);
  compile(0);
  for (std::thread &thread : threads)
    thread.join();
  for (const std::string &error : errors)
    if (!error.empty())
      return createStringError(error);
  return objects;
}

static Error link(llvm::ArrayRef<std::string> objects, StringRef path) {
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
  llvm::SmallVector<StringRef> arguments{linker, "-shared", "-o", path};
  arguments.append(objects.begin(), objects.end());
  int status = llvm::sys::ExecuteAndWait(
      linker, arguments, /*Env=*/std::nullopt, /*Redirects=*/{},
      /*SecondsToWait=*/0, /*MemoryLimit=*/0, &message);
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
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  unsigned parts = std::clamp<unsigned>(
      llvm::hardware_concurrency().compute_thread_count(), 1,
      std::max<size_t>(llvm::range_size(code->functions()) / functionsPerPart,
                       1));
  Expected<std::vector<std::string>> objects =
      compileParts(*code, parts, path);
  if (!objects)
    return objects.takeError();
  llvm::scope_exit cleanup([&] {
    for (const std::string &object : *objects)
      llvm::sys::fs::remove(object);
  });
  return link(*objects, path);
}
