//===- Measurement.cpp - measured seconds of a plan -----------------------===//

#include "dconv/Calibrate/Measurement.h"

#include "dconv/Check/Inputs.h"
#include "dconv/Compiler/Compile.h"
#include "dconv/Conversion/ReadProgram.h"
#include "dconv/IR/Recognize.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <algorithm>
#include <map>

using namespace dconv;

/// Runs `body` and gives what it reported, for callers without a terminal.
template <typename Body>
static std::string errorOf(mlir::MLIRContext &context, Body body) {
  std::string message;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &d) {
    if (message.empty() && d.getSeverity() == mlir::DiagnosticSeverity::Error)
      message = d.str();
    return mlir::success();
  });
  if (mlir::succeeded(body()))
    return {};
  return message.empty() ? "unknown error" : message;
}

Result<std::unique_ptr<Measurement>>
Measurement::prepare(mlir::MLIRContext &context, const std::string &text,
                     const std::string &split, int64_t devices, bool trace) {
  std::unique_ptr<Measurement> made(new Measurement());
  llvm::SmallString<128> directory;
  if (std::error_code error =
          llvm::sys::fs::createUniqueDirectory("dconv", directory))
    return Error{"cannot make a temporary directory: " + error.message()};
  made->directory = directory.str().str();

  Runner::Options options;
  std::string error = errorOf(context, [&]() -> mlir::LogicalResult {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!module)
      return mlir::failure();
    auto signature = signatureOf(*module, "main");
    if (failed(signature))
      return mlir::failure();
    made->signature = std::move(*signature);
    auto convolutions = convolutionsOf(*module);
    if (convolutions.empty())
      return module->emitError("has no convolution");
    RecognizedConvolution &first = convolutions.front().second;
    made->geometry = geometryWithPadding(first);
    made->type = runtime::toString(*elementTypeOf(
        mlir::getElementTypeOrSelf(first.inputValue(first.input).getType())));
    Result<Split> parsed = parseSplit(split, made->geometry);
    if (!parsed)
      return module->emitError(parsed.error());
    made->parsed = *parsed;

    PlanPassOptions plan;
    plan.split = split;
    plan.devices = devices;
    if (failed(scheduleModule(*module, plan)))
      return mlir::failure();
    options.library = made->directory + "/code.so";
    auto compiled = compileModule(*module, options.library);
    if (failed(compiled))
      return mlir::failure();
    for (const CompiledConvolution &convolution : compiled->convolutions)
      made->vector &= convolution.isVector;
    options.programs = std::move(compiled->programs);
    return mlir::success();
  });
  if (!error.empty())
    return Error{error};

  options.entry = "main";
  options.devices = devices;
  options.trace = trace;
  if (runtime::Status s = Runner::open(std::move(options), made->runner);
      s.failed())
    return Error{s.message()};
  for (size_t i = 0; i < made->signature.arguments.size(); ++i) {
    const runtime::Argument &argument = made->signature.arguments[i];
    made->inputs.emplace_back(Box::whole(argument.shape).volume() *
                              runtime::bytesOf(argument.type));
    fillInput(argument.type, argument.shape, /*seed=*/1, i,
              made->inputs.back().data());
  }
  return made;
}

Measurement::~Measurement() {
  runner.reset();
  if (!directory.empty())
    llvm::sys::fs::remove_directories(directory);
}

Result<double> Measurement::run() {
  RunResult result;
  if (runtime::Status s = runner->run(signature, inputs, 1, nullptr, result);
      s.failed())
    return Error{s.message()};
  return result.seconds.front();
}

/// Of "[0, 1) x [4, 7)" 1 and 3.
static std::vector<int64_t> sizesOf(llvm::StringRef box) {
  std::vector<int64_t> sizes;
  llvm::SmallVector<llvm::StringRef> dims;
  box.split(dims, '[', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (llvm::StringRef dim : dims) {
    auto [begin, end] = dim.split(')').first.split(',');
    int64_t from = 0, to = 0;
    begin.trim().getAsInteger(10, from);
    end.trim().getAsInteger(10, to);
    sizes.push_back(to - from);
  }
  return sizes;
}

Result<std::vector<Measurement::Timed>> Measurement::commands() const {
  std::string path = directory + "/trace.json";
  if (runtime::Status s = runner->writeTrace(path); s.failed())
    return Error{s.message()};
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return Error{"cannot read '" + path + "': " + buffer.getError().message()};
  auto parsed = llvm::json::parse((*buffer)->getBuffer());
  if (!parsed)
    return Error{llvm::toString(parsed.takeError())};

  struct Samples {
    Timed command;
    std::vector<double> seconds;
  };
  std::map<std::pair<int64_t, int64_t>, Samples> found; // device, command
  for (const llvm::json::Value &value :
       *parsed->getAsObject()->getArray("traceEvents")) {
    const llvm::json::Object &event = *value.getAsObject();
    if (event.getString("ph") != "X")
      continue;
    llvm::StringRef kind = *event.getString("name");
    if (kind == "alloc" || kind == "free" || kind == "scatter" ||
        kind == "gather")
      continue;
    const llvm::json::Object &details = *event.getObject("args");
    Samples &samples =
        found[{*event.getInteger("tid"), *details.getInteger("command")}];
    samples.command.kind = kind.str();
    samples.command.tensor = details.getString("tensor")->str();
    samples.command.device = *event.getInteger("tid");
    samples.command.shard = *details.getInteger("shard");
    samples.command.sizes = sizesOf(*details.getString("box"));
    samples.command.bytes = *details.getInteger("bytes");
    samples.seconds.push_back(*event.getNumber("dur") / 1e6);
  }
  std::vector<Timed> commands;
  for (auto &[key, samples] : found) {
    auto middle = samples.seconds.begin() + samples.seconds.size() / 2;
    std::nth_element(samples.seconds.begin(), middle, samples.seconds.end());
    samples.command.seconds = *middle;
    samples.command.least =
        *std::min_element(samples.seconds.begin(), samples.seconds.end());
    commands.push_back(std::move(samples.command));
  }
  return commands;
}
