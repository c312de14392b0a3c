//===- Batch.cpp - compiles and runs cases together -----------------------===//

#include "Batch.h"

#include "dconv/Compiler/Compile.h"
#include "dconv/Geometry/DimOrders.h"
#include "dconv/Geometry/Streaming.h"
#include "dconv/Pipelines/Register.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"

#include <algorithm>
#include <cstring>

using namespace mlir;

namespace dconv::test {

/// A directory that goes with all it holds.
class TemporaryDirectory {
public:
  TemporaryDirectory() {
    if (llvm::sys::fs::createUniqueDirectory("dconv-matrix", path))
      llvm::report_fatal_error("matrix: no temporary directory");
  }
  ~TemporaryDirectory() { llvm::sys::fs::remove_directories(path); }
  std::string file(llvm::StringRef name) const {
    return (path + "/" + name).str();
  }

private:
  llvm::SmallString<128> path;
};

struct Batch::Compiled {
  TemporaryDirectory directory;
  CompiledModule module;
  std::vector<Signature> signatures; ///< per program
};

static MLIRContext &context() {
  static MLIRContext *shared = [] {
    DialectRegistry registry;
    registerAllDialects(registry);
    registerAllExtensions(registry);
    registerDialect(registry);
    return new MLIRContext(registry, MLIRContext::Threading::DISABLED);
  }();
  return *shared;
}

static std::string functionName(size_t number) {
  return "f" + std::to_string(number);
}

/// The text of `program`, which is the `number`-th of its module.
static std::string textOf(const Program &program, size_t number) {
  std::string text = program.text, name = "@" + functionName(number);
  for (size_t at = 0; (at = text.find("@F", at)) != std::string::npos;
       at += name.size())
    text.replace(at, 2, name);
  return text;
}

/// Channels are put last wherever they can be.
constexpr ReorderRule always{1, 0};

/// The name of a convolution in reports and SPECs.
static std::string nameOf(const PlannedConvolution &convolution,
                          size_t number) {
  return functionName(number) + convolution.function + "#" +
         std::to_string(convolution.index);
}

std::unique_ptr<Batch::Compiled>
Batch::compile(const std::vector<Program *> &programs, const Case &like,
               std::string &why) {
  std::string text;
  PlanPassOptions plan;
  plan.devices = like.devices;
  plan.stream = like.streamed;
  for (size_t i = 0; i < programs.size(); ++i) {
    text += textOf(*programs[i], i);
    for (const PlannedConvolution &convolution : programs[i]->convolutions) {
      const std::string name = nameOf(convolution, i);
      if (!convolution.split.empty())
        plan.split += name + ":" + convolution.split + ";";
      std::string gather;
      for (GatheredInput one : convolution.gathered)
        gather += (gather.empty() ? "" : ",") + std::to_string(one.input) +
                  "=" + toString(one.algorithm);
      if (!gather.empty())
        plan.gather += name + ":" + gather + ";";
    }
  }

  ScopedDiagnosticHandler handler(&context(), [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      why += diagnostic.str() + "\n";
    return success();
  });
  auto compiled = std::make_unique<Compiled>();
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context());
  if (!module)
    return nullptr;
  for (size_t i = 0; i < programs.size(); ++i) {
    FailureOr<Signature> signature = signatureOf(*module, functionName(i));
    if (failed(signature))
      return nullptr;
    compiled->signatures.push_back(std::move(*signature));
  }
  ChannelsLastPassOptions layout;
  layout.minChannels = always.minChannels;
  layout.minWork = always.minWork;
  if (failed(scheduleModule(*module, plan, layout)))
    return nullptr;
  FailureOr<CompiledModule> result =
      compileModule(*module, compiled->directory.file("code.so"));
  if (failed(result))
    return nullptr;
  compiled->module = std::move(*result);
  return compiled;
}

Batch::Batch(std::vector<const Case *> given) : cases(std::move(given)) {
  std::vector<Program *> pointers;
  for (const Case *one : cases)
    programs.push_back(one->build());
  for (Program &program : programs)
    pointers.push_back(&program);
  std::string ignored; // each case says it again
  compiled = compile(pointers, *cases.front(), ignored);
}

Batch::~Batch() = default;

/// What `convolutions` cost, from their geometry and splits alone. The split
/// that the default rule has chosen is read from `compiled`.
static std::string predictAll(const Program &program, size_t number,
                              const Case &which, const CompiledModule &compiled,
                              runtime::Counters &total) {
  const int64_t devices = which.devices;
  total = runtime::Counters(devices);
  for (const PlannedConvolution &convolution : program.convolutions) {
    const std::string name = nameOf(convolution, number);
    auto found = std::find_if(
        compiled.convolutions.begin(), compiled.convolutions.end(),
        [&](const CompiledConvolution &other) { return other.name == name; });
    if (found == compiled.convolutions.end())
      return "convolution '" + name + "' has no program\n";
    const std::string spec =
        convolution.split.empty() ? found->split : convolution.split;
    // The default rule may leave it whole.
    Result<Split> split =
        spec.empty() ? Split() : parseSplit(spec, convolution.geometry);
    if (!split)
      return "split '" + spec + "': " + split.error() + "\n";
    if (found->grid != split->grid(devices).shape)
      return "convolution '" + name + "' is split as '" + found->split + "'\n";
    Convolution geometry = convolution.geometry;
    if (auto orders = channelsLast(geometry, convolution.input, always))
      geometry = reordered(geometry, *orders);
    const bool fills = convolution.fillsOutput;
    Prediction prediction = predict(
        which.streamed ? distributeStreamed(geometry, *split, devices, fills)
                       : distribute(geometry, *split, devices, fills,
                                    convolution.gathered));
    runtime::Counters counters(devices);
    counters.bytesReceived = prediction.bytesReceived;
    counters.bytesSent = prediction.bytesSent;
    counters.scatterBytes = prediction.scatterBytes;
    counters.gatherBytes = prediction.gatherBytes;
    counters.peakBytes = prediction.peakBytes;
    for (int64_t i = 0; i < convolution.executions; ++i)
      total.merge(counters);
  }
  return "";
}

static std::string listText(const std::vector<int64_t> &values) {
  return "[" +
         llvm::join(llvm::map_range(
                        values, [](int64_t v) { return std::to_string(v); }),
                    ", ") +
         "]";
}

/// Where two sets of counters differ.
static std::string compare(const runtime::Counters &a, const char *nameOfA,
                           const runtime::Counters &b, const char *nameOfB) {
  using List = std::vector<int64_t> runtime::Counters::*;
  static const std::pair<const char *, List> lists[] = {
      {"bytes_received", &runtime::Counters::bytesReceived},
      {"bytes_sent", &runtime::Counters::bytesSent},
      {"scatter_bytes", &runtime::Counters::scatterBytes},
      {"gather_bytes", &runtime::Counters::gatherBytes},
      {"peak_bytes", &runtime::Counters::peakBytes}};
  std::string text;
  for (auto &[name, list] : lists)
    if (a.*list != b.*list)
      text += std::string(name) + ": " + nameOfA + " " + listText(a.*list) +
              ", " + nameOfB + " " + listText(b.*list) + "\n";
  return text;
}

static std::string compare(const Bytes &got, const Tensor &expected,
                           size_t number) {
  const Bytes want = encode(expected);
  if (got.size() != want.size())
    return "result " + std::to_string(number) + " has " +
           std::to_string(got.size()) + " bytes, needed " +
           std::to_string(want.size()) + "\n";
  const int64_t bytes = runtime::bytesOf(expected.type);
  int64_t wrong = 0, first = -1;
  for (size_t i = 0; i < expected.values.size(); ++i)
    if (std::memcmp(got.data() + i * bytes, want.data() + i * bytes, bytes)) {
      first = wrong++ ? first : i;
    }
  if (wrong == 0)
    return "";
  std::string position;
  for (size_t d = expected.shape.size(), rest = first; d-- > 0;
       rest /= expected.shape[d])
    position = std::to_string(rest % expected.shape[d]) +
               (position.empty() ? "" : ", ") + position;
  return "result " + std::to_string(number) + ": " + std::to_string(wrong) +
         " of " + std::to_string(expected.values.size()) +
         " values are wrong, first at [" + position + "]: got " +
         std::to_string(decode(expected.type, got.data(), first)) +
         ", needed " +
         std::to_string(decode(expected.type, want.data(), first)) + "\n";
}

/// Runs `program`, the `number`-th of `compiled`.
static std::string runOne(const Program &program, size_t number,
                          const Case &which, const Signature &signature,
                          const CompiledModule &compiled,
                          const std::string &library) {
  Runner::Options options;
  options.library = library;
  options.programs = compiled.programs;
  options.entry = functionName(number);
  options.devices = which.devices;
  std::unique_ptr<Runner> runner;
  if (runtime::Status s = Runner::open(std::move(options), runner); s.failed())
    return "open: " + s.message() + "\n";
  std::vector<Bytes> inputs;
  for (const Tensor &argument : program.arguments)
    inputs.push_back(encode(argument));
  const std::vector<Bytes> before = inputs;
  RunResult result;
  if (runtime::Status s =
          runner->run(signature, inputs, /*repeat=*/1, {}, result);
      s.failed())
    return "run: " + s.message() + "\n";

  std::string wrong;
  if (inputs != before)
    wrong += "an argument has changed\n";
  if (result.outputs.size() != program.results.size())
    return wrong + "the number of results is wrong\n";
  for (size_t i = 0; i < program.results.size(); ++i)
    wrong += compare(result.outputs[i], program.results[i], i);
  runtime::Counters predicted;
  wrong += predictAll(program, number, which, compiled, predicted);
  wrong += compare(predicted, "predicted", result.measured, "measured");
  wrong += compare(predicted, "predicted", result.predicted, "program");
  return wrong;
}

std::string Batch::run(const Case &which) {
  const size_t number =
      std::find(cases.begin(), cases.end(), &which) - cases.begin();
  Program &program = programs[number];
  std::string wrong;
  if (compiled) {
    wrong = runOne(program, number, which, compiled->signatures[number],
                   compiled->module, compiled->directory.file("code.so"));
  } else {
    std::unique_ptr<Compiled> alone = compile({&program}, which, wrong);
    if (alone)
      wrong = runOne(program, 0, which, alone->signatures[0], alone->module,
                     alone->directory.file("code.so"));
    else
      wrong = "does not compile: " + wrong;
  }
  if (wrong.empty())
    return "";
  std::string splits;
  for (const PlannedConvolution &convolution : program.convolutions)
    splits += " '" + convolution.split + "'";
  return "matrix/" + which.name + "\n" + wrong +
         (which.streamed ? "streamed, split" : "split") + splits + " on " +
         std::to_string(which.devices) + " devices of\n" + program.text;
}

} // namespace dconv::test
