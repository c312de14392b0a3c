//===- dconv-plan.cpp - plans the convolutions of a module ----------------===//

#include "Options.h"
#include "PlanReport.h"
#include "RunCalibration.h"

#include "dconv/IR/Dconv.h"
#include "dconv/Machine/MachineFile.h"
#include "dconv/Runtime/AtomicFile.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/InitAllDialects.h"
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
      if (int code = writeText(options.json, planJson(report)))
        return code;
    if (options.writesToStdout())
      return Right;
    if (report.convolutions.empty())
      llvm::outs() << fileName() << " has no convolution to plan\n";
    else
      printPlans(report, llvm::outs());
    return Right;
  }

  int writeText(const std::string &path, const std::string &text) {
    if (path == "-") {
      llvm::outs() << text;
      return Right;
    }
    Status s = runtime::writeAtomically(path, [&](std::FILE *file) {
      return std::fwrite(text.data(), 1, text.size(), file) == text.size();
    });
    return s.failed() ? complain(Failed, s.message()) : Right;
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
    return complain(Failed, "cannot verify yet");
  case PlanOptions::Calibrate:
    return runCalibration(options->output);
  }
}
