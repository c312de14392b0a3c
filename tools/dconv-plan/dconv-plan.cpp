//===- dconv-plan.cpp - plans the convolutions of a module ----------------===//

#include "Options.h"
#include "PlanReport.h"
#include "RunCalibration.h"

#include "dconv/Certificate/VerifyCertificate.h"
#include "dconv/IR/Dconv.h"
#include "dconv/Machine/MachineFile.h"
#include "dconv/Runtime/AtomicFile.h"
#include "dconv/Transforms/ChannelsLast.h"
#include "dconv/Transforms/DropZeros.h"
#include "dconv/Transforms/Factorize.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace mlir;
using namespace dconv;
using runtime::Status;

namespace {
enum ExitCode { Right = 0, Failed = 1, Unusable = 2 };

int complain(ExitCode code, const llvm::Twine &message) {
  llvm::errs() << "dconv-plan: " << message << "\n";
  return code;
}

/// One call of the tool, step by step; each returns an exit code.
class DconvPlan {
public:
  explicit DconvPlan(PlanOptions options)
      : options(std::move(options)), context(registry()) {
    context.printOpOnDiagnostic(false);
    // Planning is over before threads would have started.
    context.disableMultithreading();
  }

  int run() {
    if (int code = checkFiles())
      return code;
    if (int code = load())
      return code;
    if (int code = simplifyWeights())
      return code;
    if (int code = plan())
      return code;
    return write();
  }

private:
  /// Dialects are loaded when the file has ops of them.
  static DialectRegistry registry() {
    DialectRegistry registry;
    registerAllDialects(registry);
    registry.insert<DconvDialect>();
    return registry;
  }

  /// Refuses what could not be written in the end.
  int checkFiles() {
    for (const std::string &file : options.outputFiles())
      if (file != "-")
        if (Status s = runtime::checkWritable(file); s.failed())
          return complain(Unusable, s.message());
    if (!options.trace.empty())
      if (auto trace = llvm::MemoryBuffer::getFile(options.trace); !trace)
        return complain(Unusable, "cannot read '" + options.trace +
                                      "': " + trace.getError().message());
    if (!options.machine.empty()) {
      Result<Machine> read = readMachine(options.machine);
      if (!read)
        return complain(Unusable, read.error());
      request.machine = std::move(*read);
    }
    return Right;
  }

  int load() {
    auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(options.file);
    if (!buffer)
      return complain(Unusable, "cannot read '" + options.file +
                                    "': " + buffer.getError().message());
    sources.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
    module = parseSourceFile<ModuleOp>(sources, &context);
    if (!module)
      return Unusable;
    bool partitioned = module
                           ->walk([](Operation *op) {
                             return isa<DconvDialect>(op->getDialect())
                                        ? WalkResult::interrupt()
                                        : WalkResult::advance();
                           })
                           .wasInterrupted();
    if (partitioned)
      return complain(Unusable, fileName() + " is partitioned already; plans "
                                             "are made for files at level 0 "
                                             "and 1");
    return Right;
  }

  /// Leaves out what is zero in weights that are known, and factors them.
  int simplifyWeights() {
    FailureOr<GivenWeights> given = GivenWeights::read(
        *module, llvm::join(options.weights, ","), options.entry);
    if (failed(given))
      return Unusable;
    if (options.dropZeros)
      dropZeros(*module, *given, DropOptions());
    if (options.factorize)
      factorize(*module, *given, FactorizeOptions{*options.factorize});
    for (auto function : module->getOps<FunctionOpInterface>())
      llvm::append_range(report.dropped, convolutionsDroppedFrom(function));
    return Right;
  }

  std::string fileName() const {
    return options.file == "-" ? "standard input" : "'" + options.file + "'";
  }

  int plan() {
    request.devices = options.devices;
    request.budget = options.budget;
    request.split = llvm::join(options.splits, ";");
    request.searchesRest = true;
    request.objective = options.objective;
    request.maxImbalance = options.maxImbalance;
    request.inputs = options.inputs;
    request.output = options.outputs;
    request.weightsResident = options.weightsResident;
    // One more than is shown says why the first was chosen.
    request.top = std::max(2u, options.top);
    request.judgesGiven = true;
    request.streams = options.stream;
    if (!options.keepLayout)
      makeChannelsLast(*module);
    FailureOr<std::vector<PlannedConvolution>> planned =
        planModule(*module, request);
    if (failed(planned))
      return Unusable;
    remarkUnplanned(*module);
    report.convolutions = std::move(*planned);
    return describeMachine();
  }

  int describeMachine() {
    std::shared_ptr<const Machine> machine;
    if (!report.convolutions.empty()) {
      machine = report.convolutions.front().machine;
    } else {
      Result<Machine> other = machineFor(request, options.devices);
      if (!other)
        return complain(Unusable, other.error());
      machine = std::make_shared<Machine>(std::move(*other));
    }
    report.machine = machine->name;
    report.devices = machine->numDevices();
    return Right;
  }

  int write() {
    if (!options.json.empty())
      if (int code = writeFile(options.json, [&](std::FILE *file) {
            std::string text = planJson(report);
            std::fwrite(text.data(), 1, text.size(), file);
            return Result<int64_t>(0);
          }))
        return code;
    if (!options.certificate.empty())
      if (int code = writeFile(options.certificate, [&](std::FILE *file) {
            return writePlanCertificate(report, file);
          }))
        return code;
    if (!options.html.empty())
      if (int code = writeFile(options.html, [&](std::FILE *file) {
            return writePlanPage(report, file);
          }))
        return code;
    if (options.writesToStdout())
      return Right;
    if (report.convolutions.empty())
      llvm::outs() << fileName() << " has no convolution to plan\n";
    else
      printPlans(report, llvm::outs());
    return Right;
  }

  using Writer = llvm::function_ref<Result<int64_t>(std::FILE *)>;

  /// Has `write` fill the file at `path`, which appears whole or not at all.
  int writeFile(const std::string &path, Writer write) {
    std::string error;
    auto fill = [&](std::FILE *file) {
      Result<int64_t> written = write(file);
      if (!written)
        error = written.error();
      return written && std::ferror(file) == 0;
    };
    if (path == "-")
      return fill(stdout) && std::fflush(stdout) == 0
                 ? Right
                 : complain(Failed, error.empty()
                                        ? "cannot write to standard output"
                                        : error);
    Status s = runtime::writeAtomically(path, fill);
    return s.failed() ? complain(Failed, error.empty() ? s.message() : error)
                      : Right;
  }

  PlanOptions options;
  MLIRContext context;
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler{sources, &context};
  OwningOpRef<ModuleOp> module;
  ModulePlanRequest request;
  PlanReport report{options, "", 1, {}, {}};
};
} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  std::optional<PlanOptions> options = parsePlanOptions(argc, argv);
  if (!options)
    return Unusable;
  switch (options->mode) {
  case PlanOptions::Plan:
    return DconvPlan(std::move(*options)).run();
  case PlanOptions::Verify:
    return verifyCertificateFile(options->verify);
  case PlanOptions::Calibrate:
    return runCalibration(options->output);
  }
}
