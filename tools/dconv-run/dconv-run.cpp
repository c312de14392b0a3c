//===- dconv-run.cpp - compiles and runs convolutions on N host devices ---===//

#include "Options.h"
#include "Report.h"

#include "dconv/Check/Inputs.h"
#include "dconv/Check/Reference.h"
#include "dconv/IR/Dconv.h"
#include "dconv/IR/Recognize.h"
#include "dconv/Machine/MachineFile.h"
#include "dconv/Pipelines/Register.h"
#include "dconv/Runtime/AtomicFile.h"
#include "dconv/Runtime/BoxView.h"
#include "dconv/Runtime/Npy.h"
#include "dconv/Transforms/ChannelsLast.h"
#include "dconv/Transforms/PlanModule.h"

#include "mlir/IR/AsmState.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

#include <chrono>
#include <unistd.h>

using namespace mlir;
using namespace dconv;
using runtime::Status;
using runtime::StatusCode;

namespace {
enum ExitCode { Right = 0, Failed = 1, Unusable = 2 };

int complain(ExitCode code, const llvm::Twine &message) {
  llvm::errs() << "dconv-run: " << message << "\n";
  return code;
}

/// The exit code that an error of the runtime deserves: 2 where the user can
/// mend the input.
int complain(const Status &status) {
  bool unusable = status.code() == StatusCode::OutOfBudget ||
                  status.code() == StatusCode::InvalidInput ||
                  status.code() == StatusCode::InvalidProgram;
  return complain(unusable ? Unusable : Failed, status.message());
}

/// The bytes of an argument or result.
int64_t bytesOf(const runtime::Argument &argument) {
  return Box::whole(argument.shape).volume() * runtime::bytesOf(argument.type);
}

/// A directory that goes with all it holds.
class TemporaryDirectory {
public:
  std::error_code create() {
    return llvm::sys::fs::createUniqueDirectory("dconv", path);
  }
  ~TemporaryDirectory() {
    if (!path.empty())
      llvm::sys::fs::remove_directories(path);
  }
  std::string file(llvm::StringRef name) const {
    return (path + "/" + name).str();
  }

private:
  llvm::SmallString<128> path;
};

/// One call of the tool, step by step; each returns an exit code.
class DconvRun {
public:
  DconvRun(RunOptions options, MLIRContext &context)
      : options(std::move(options)), context(context) {}

  int run() {
    if (int code = checkWritable())
      return code;
    if (int code = load())
      return code;
    if (int code = plan())
      return code;
    if (int code = compile())
      return code;
    if (int code = readInputs())
      return code;
    if (int code = execute())
      return code;
    return finish();
  }

private:
  using Clock = std::chrono::steady_clock;

  /// Refuses what could not be written in the end.
  int checkWritable() {
    std::vector<std::string> files = options.outputs;
    for (const std::string &file : {options.report, options.trace})
      if (!file.empty())
        files.push_back(file);
    for (const std::string &file : files)
      if (Status s = runtime::checkWritable(file); s.failed())
        return complain(Unusable, s.message());
    return Right;
  }

  /// Reads the file, and keeps what it means without devices.
  int load() {
    start = Clock::now();
    module = parseSourceFile<ModuleOp>(options.file, &context);
    if (!module)
      return Unusable;
    level = levelOf(*module);
    if (failed(refuseDynamicConvolutions(*module)))
      return Unusable;
    FailureOr<Signature> found = signatureOf(*module, options.entry);
    if (failed(found))
      return Unusable;
    signature = std::move(*found);
    if (options.check != CheckKind::None && level == 3)
      return complain(Unusable, "a file at level 3 holds no convolutions to "
                                "check against; run it without --check");
    if (!options.splits.empty() && level >= 2)
      return complain(Unusable,
                      "--split is for files at level 0 and 1, but this one is "
                      "partitioned already");
    if (!options.gathers.empty() && level >= 2)
      return complain(Unusable,
                      "--gather is for files at level 0 and 1, but this one is "
                      "partitioned already");
    if (options.stream && level >= 1)
      return complain(Unusable,
                      "--stream is for files at level 0, but this one is "
                      "planned already");
    if (!options.machine.empty() && level >= 2)
      return complain(
          Unusable, "--machine is for files at level 0 and 1, but this one is "
                    "partitioned already");
    if (options.outputs.size() > signature.results.size())
      return complain(Unusable, "'" + options.entry + "' has " +
                                    llvm::Twine(signature.results.size()) +
                                    " results but " +
                                    llvm::Twine(options.outputs.size()) +
                                    " --output are given");
    if (!options.deviceMemory.empty()) {
      Result<int64_t> size = parseMemorySize(options.deviceMemory);
      if (!size)
        return complain(Unusable, "--device-memory: " + size.error());
      budget = *size;
    }
    if (options.check == CheckKind::None)
      return Right;
    serial = module->clone();
    PassManager pm(&context);
    pm.addPass(createEraseShardingPass());
    if (failed(pm.run(*serial)))
      return Unusable;
    serial->walk([](Operation *op) { op->removeAttr(PlanAttr::name); });
    return Right;
  }

  int readInputs() {
    if (options.inputs.empty()) {
      for (auto [number, argument] : llvm::enumerate(signature.arguments)) {
        inputs.emplace_back(bytesOf(argument));
        fillInput(argument.type, argument.shape, options.seed, number,
                  inputs.back().data());
      }
      return Right;
    }
    if (options.inputs.size() != signature.arguments.size())
      return complain(Unusable, "'" + options.entry + "' takes " +
                                    llvm::Twine(signature.arguments.size()) +
                                    " arguments but " +
                                    llvm::Twine(options.inputs.size()) +
                                    " --input are given");
    for (auto [path, argument] :
         llvm::zip(options.inputs, signature.arguments)) {
      auto data = runtime::readNpy(path, argument.type, argument.shape);
      if (!data)
        return complain(Unusable, data.error());
      inputs.push_back(std::move(*data));
    }
    return Right;
  }

  /// Plans the convolutions; with a machine keeps what was predicted.
  int plan() {
    if (level >= 2)
      return Right;
    if (!options.keepLayout)
      outputOrders = makeChannelsLast(*module);
    ModulePlanRequest request;
    if (!options.machine.empty()) {
      Result<Machine> read = readMachine(options.machine);
      if (!read)
        return complain(Unusable, read.error());
      request.machine = std::move(*read);
      request.judgesGiven = true;
    }
    request.devices = options.devices;
    request.budget = budget;
    request.split = llvm::join(options.splits, ";");
    request.gather = llvm::join(options.gathers, ";");
    request.streamed = options.stream;
    FailureOr<std::vector<PlannedConvolution>> planned =
        planModule(*module, request);
    if (failed(planned))
      return Unusable;
    if (request.machine)
      for (const PlannedConvolution &convolution : *planned)
        predicted[convolution.name] =
            convolution.result.ranked.front().cost.seconds;
    return Right;
  }

  int compile() {
    // All is planned: the pass says what stays on the host, and no more.
    if (failed(scheduleModule(*module, PlanPassOptions(), std::nullopt)))
      return Unusable;
    if (std::error_code error = temporary.create())
      return complain(Failed,
                      "cannot make a temporary directory: " + error.message());
    std::optional<CodeCache> cache;
    if (std::string directory = CodeCache::userDirectory();
        options.cache && !directory.empty())
      cache.emplace(directory);
    FailureOr<CompiledModule> result = compileModule(
        *module, temporary.file("code.so"), cache ? &*cache : nullptr);
    if (failed(result))
      return Failed;
    compiled = std::move(*result);

    devices = options.devices;
    for (const runtime::Program &program : compiled.programs) {
      int64_t needed = program.devices.size();
      if (devices == 0)
        devices = needed;
      if (needed != devices)
        return complain(Unusable, "program '" + program.name + "' is for " +
                                      llvm::Twine(needed) + " devices but " +
                                      llvm::Twine(devices) + " are to run it");
    }
    devices = std::max<int64_t>(devices, 1);
    if (int code = checkHostMemory())
      return code;
    Runner::Options open;
    open.programs = compiled.programs;
    open.library = temporary.file("code.so");
    open.entry = options.entry;
    open.devices = devices;
    open.budget = budget;
    open.trace = !options.trace.empty();
    open.hostBandwidth = options.hostBandwidth;
    open.deviceBandwidth = options.deviceBandwidth;
    open.linkLatency = options.linkLatency;
    open.linkBandwidth = options.linkBandwidth;
    if (Status s = Runner::open(std::move(open), runner); s.failed())
      return complain(s);
    compileSeconds =
        std::chrono::duration<double>(Clock::now() - start).count();
    return Right;
  }

  /// Refuses what this computer cannot hold: the tensors of the host and the
  /// arenas.
  int checkHostMemory() {
    // As double: the sum may not fit 64 bits.
    double needed = 0;
    for (const auto *arguments : {&signature.arguments, &signature.results})
      for (const runtime::Argument &argument : *arguments)
        needed += bytesOf(argument);
    std::vector<int64_t> largest(devices);
    for (const runtime::Program &program : compiled.programs)
      for (size_t d = 0; d < program.devices.size(); ++d)
        largest[d] = std::max(largest[d], program.devices[d].arenaBytes);
    for (int64_t bytes : largest)
      needed += bytes;
    double available = 1.0 * sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    if (needed <= available)
      return Right;
    return complain(Unusable,
                    llvm::formatv("the tensors and the devices need {0:f0} "
                                  "bytes, but this computer has {1:f0}",
                                  needed, available));
  }

  int execute() {
    CheckedRun record = startRecord();
    auto observe = [&](int64_t program, void *const *, void *const *results) {
      const std::string &name = recorded[program];
      if (name.empty())
        return;
      record.records.push_back(
          {name,
           resultOf(name, compiled.programs[program].results[0], results[0])});
    };
    if (Status s = runner->run(signature, inputs, options.repeat,
                               serial ? observe : Runner::Observer(), result);
        s.failed())
      return complain(s);
    return serial ? checkResult(std::move(record)) : Right;
  }

  /// The result of convolution `name` with its dims as the file has them;
  /// `data` has those of `returned`.
  std::vector<std::byte> resultOf(const std::string &name,
                                  const runtime::Argument &returned,
                                  void *data) const {
    runtime::Argument asInFile{returned.type};
    asInFile.shape = returned.orderedShape();
    const Box whole = Box::whole(asInFile.shape);
    if (auto order = outputOrders.find(name); order != outputOrders.end()) {
      asInFile.order.assign(order->second.begin(), order->second.end());
      for (size_t d = 0; d < asInFile.order.size(); ++d)
        asInFile.shape[asInFile.order[d]] = whole[d].size();
    }
    std::vector<std::byte> result(bytesOf(returned));
    runtime::copyBox(
        runtime::viewOf(result.data(), asInFile, whole),
        runtime::viewOf(static_cast<std::byte *>(data), returned, whole));
    return result;
  }

  /// Notes which convolution each program computes, where it computes one and
  /// returns nothing else.
  CheckedRun startRecord() {
    CheckedRun record;
    record.entry = options.entry;
    std::vector<int> count(compiled.programs.size());
    for (const CompiledConvolution &convolution : compiled.convolutions)
      ++count[convolution.program];
    recorded.resize(compiled.programs.size());
    for (const CompiledConvolution &convolution : compiled.convolutions) {
      int64_t program = convolution.program;
      bool alone =
          count[program] == 1 && compiled.programs[program].results.size() == 1;
      record.convolutions.push_back(
          {convolution.name, convolution.split, alone});
      if (alone)
        recorded[program] = convolution.name;
    }
    return record;
  }

  int checkResult(CheckedRun record) {
    for (const Bytes &input : inputs)
      record.arguments.push_back(input.data());
    for (const Bytes &output : result.outputs)
      record.results.push_back(output.data());
    CheckOptions how;
    how.sample = options.check == CheckKind::Sample;
    how.seed = options.seed;
    Result<CheckReport> found = checkRun(*serial, record, how);
    if (!found)
      return complain(Failed, "cannot check the result: " + found.error());
    check = std::move(*found);
    return Right;
  }

  int finish() {
    Report report{compiled, result, devices, compileSeconds, check, predicted};
    if (!options.report.empty())
      if (Status s = writeReport(report, options.report); s.failed())
        return complain(s);
    if (!options.trace.empty())
      if (Status s = runner->writeTrace(options.trace); s.failed())
        return complain(s);
    std::string mismatch = firstMismatch(result.predicted, result.measured);
    if (!mismatch.empty())
      return complain(Failed, mismatch);
    printReport(report, llvm::outs());
    if (check && check->wrong != 0)
      return complain(Failed, check->firstWrong);
    for (auto [path, type, data] :
         llvm::zip(options.outputs, signature.results, result.outputs))
      if (Status s =
              runtime::writeNpy(path, type.type, type.shape, data.data());
          s.failed())
        return complain(s);
    return Right;
  }

  RunOptions options;
  MLIRContext &context;
  Clock::time_point start;
  OwningOpRef<ModuleOp> module;
  OwningOpRef<ModuleOp> serial; ///< level 0, for the check
  int level = 0;
  Signature signature;
  MemoryBudget budget;
  int64_t devices = 0;
  TemporaryDirectory temporary;
  CompiledModule compiled;
  double compileSeconds = 0;
  std::unique_ptr<Runner> runner;
  std::vector<Bytes> inputs;
  std::vector<std::string> recorded; ///< per program: its only convolution
  RunResult result;
  std::optional<CheckReport> check;
  PredictedSeconds predicted;
  OutputOrders outputOrders; ///< of convolutions that are not as in the file
};
} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  std::optional<RunOptions> options = parseOptions(argc, argv);
  if (!options)
    return Unusable;
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerDialect(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  return DconvRun(std::move(*options), context).run();
}
