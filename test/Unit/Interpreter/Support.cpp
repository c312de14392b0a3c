//===- Support.cpp - reading, transforming and running programs -----------===//

#include "Support.h"

#include "dconv/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace dconv::test {

/// A context with dconv and the dialects that programs before it use.
static MLIRContext &context() {
  static MLIRContext *shared = [] {
    registerDropZerosPass();
    registerFactorizePass();
    registerPlanPass();
    registerPartitionPass();
    registerEraseShardingPass();
    DialectRegistry registry;
    registry
        .insert<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect,
                tensor::TensorDialect, DconvDialect>();
    auto *context = new MLIRContext(registry, MLIRContext::Threading::DISABLED);
    context->loadAllAvailableDialects();
    return context;
  }();
  return *shared;
}

namespace {
/// Keeps the first error instead of printing it.
class FirstError {
public:
  FirstError()
      : handler(&context(), [this](Diagnostic &diagnostic) {
          if (text.empty() &&
              diagnostic.getSeverity() == DiagnosticSeverity::Error)
            text = diagnostic.str();
        }) {}

  std::string text;

private:
  ScopedDiagnosticHandler handler;
};
} // namespace

OwningOpRef<ModuleOp> parse(const std::string &text, std::string *why,
                            bool verify) {
  FirstError error;
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(text, ParserConfig(&context(), verify));
  if (why)
    *why = error.text;
  return module;
}

std::string runPasses(ModuleOp module, const std::string &passes) {
  FirstError error;
  PassManager manager(&context());
  if (failed(parsePassPipeline(passes, manager)))
    return "unknown passes: " + passes;
  if (failed(manager.run(module)))
    return error.text.empty() ? "failed without a word" : error.text;
  return "";
}

uint64_t hash(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

static Tensor dataFor(Type type, uint64_t seed) {
  Tensor tensor = *makeTensor(type);
  bool wraps = !tensor.type.isFloat() && tensor.type.bytes() >= 4;
  for (const Position &at : Positions(tensor.box)) {
    uint64_t mixed = hash(seed);
    int64_t scale = 1;
    for (int64_t index : at) {
      mixed = hash(mixed + index + 1);
      scale += index % 3;
    }
    int64_t value = (static_cast<int64_t>(mixed % 9) - 4) * scale;
    if (wraps)
      value *= 0x10325477;
    *tensor.find(at) = tensor.type.isFloat()
                           ? Scalar{0, static_cast<double>(value)}
                           : tensor.type.round({value, 0});
  }
  return tensor;
}

std::vector<Tensor> argumentsFor(ModuleOp module, uint64_t seed) {
  std::vector<Tensor> arguments;
  auto main = module.lookupSymbol<func::FuncOp>("main");
  for (Type type : main.getArgumentTypes())
    arguments.push_back(dataFor(type, seed = hash(seed + 1)));
  return arguments;
}

Result<Tensor> runMain(Interpreter &interpreter,
                       const std::vector<Tensor> &arguments) {
  Result<std::vector<Tensor>> results = interpreter.run("main", arguments);
  if (!results)
    return Error{results.error()};
  if (results->size() != 1)
    return Error{"@main needs one result"};
  return results->front();
}

} // namespace dconv::test
