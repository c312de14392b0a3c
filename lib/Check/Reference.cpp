//===- Reference.cpp - a partitioned run against a serial one -------------===//

#include "dconv/Check/Reference.h"

#include "ConvolutionCheck.h"
#include "Jit.h"

#include "dconv/Conversion/ReadProgram.h"
#include "dconv/IR/Dconv.h"
#include "dconv/Pipelines/Pipelines.h"
#include "dconv/Runtime/Abi.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace dconv;
using namespace mlir;

namespace {
/// The serial run. The host's code calls a program in place of each partitioned
/// convolution, and this object answers.
class SerialRun {
public:
  SerialRun(ModuleOp module, const CheckedRun &run, const CheckOptions &options)
      : run(run), options(options), module(cast<ModuleOp>(module->clone())),
        kernels(module.getContext()) {
    module->getContext()->loadDialect<DconvDialect>();
    report.kind = options.sample ? "sample" : "full";
  }

  Result<CheckReport> check();

private:
  /// A result of the entry function.
  struct ResultInfo {
    runtime::ElementType type = runtime::ElementType::F32;
    std::vector<int64_t> shape;
    /// It is the value of a convolution that was compared already.
    bool isRecorded = false;
    std::vector<std::byte> data;
  };

  Result<int64_t> readSignature();
  Result<int64_t> replaceConvolutions();
  void callProgram(RecognizedConvolution &convolution);
  Result<int64_t> compile();
  void compareResults();

  static int32_t execute(void *context, int64_t program, void *const *operands,
                         void *const *results) {
    static_cast<SerialRun *>(context)->execute(program, operands, results[0]);
    return 0;
  }
  void execute(int64_t program, void *const *operands, void *result);
  /// The record of the next execution, of `name`, or null where it has another.
  const ConvolutionRecord *nextRecord(const ConvolutionCheck &convolution);

  /// Ends the comparison with one wrong value.
  void stop(const std::string &reason) {
    isStopped = true;
    if (report.wrong++ == 0)
      report.firstWrong = reason;
  }

  const CheckedRun &run;
  const CheckOptions &options;
  OwningOpRef<ModuleOp> module;
  ReferenceKernels kernels;
  std::vector<ConvolutionCheck> convolutions; ///< by program number
  std::vector<ResultInfo> results;
  std::unique_ptr<Jit> host;
  CheckReport report;
  size_t numExecuted = 0; ///< of run.records
  bool isStopped = false;
  std::string failure;
};
} // namespace

Result<int64_t> SerialRun::readSignature() {
  auto function = module->lookupSymbol<func::FuncOp>(run.entry);
  if (!function || function.isExternal())
    return Error{"the module has no function '" + run.entry + "'"};
  if (function.getNumArguments() != run.arguments.size() ||
      function.getNumResults() != run.results.size())
    return Error{"'" + run.entry + "' has " +
                 std::to_string(function.getNumArguments()) +
                 " arguments and " + std::to_string(function.getNumResults()) +
                 " results but the run " +
                 std::to_string(run.arguments.size()) + " and " +
                 std::to_string(run.results.size())};
  for (Type type : function.getResultTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    std::optional<runtime::ElementType> element;
    if (tensor && tensor.hasStaticShape())
      element = elementTypeOf(tensor.getElementType());
    if (!element)
      return Error{"'" + run.entry +
                   "' returns what is no static tensor of a supported type"};
    ResultInfo info;
    info.type = *element;
    info.shape = tensor.getShape().vec();
    info.data.resize(tensor.getNumElements() * runtime::bytesOf(*element));
    results.push_back(std::move(info));
  }
  // The caller's data stay as they are.
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    function.setArgAttr(
        i, bufferization::BufferizationDialect::kWritableAttrName,
        BoolAttr::get(module->getContext(), false));
  return 0;
}

/// Calls a program, empty so far, in place of `convolution`.
void SerialRun::callProgram(RecognizedConvolution &convolution) {
  linalg::LinalgOp op = convolution.op;
  Location loc = op.getLoc();
  auto atEnd = OpBuilder::atBlockEnd(module->getBody());
  auto program = ProgramOp::create(
      atEnd, loc, "check",
      atEnd.getFunctionType(op->getOperandTypes(), op->getResultTypes()),
      atEnd.getArrayAttr({}), /*orders=*/ArrayAttr(),
      CountersAttr::get(op->getContext(), {}, {}, {}, {}, {}));
  atEnd.createBlock(&program.getBody());
  SymbolTable(*module).insert(program, module->getBody()->end());
  OpBuilder builder(op);
  auto call = ExecuteOp::create(builder, loc, op->getResultTypes(),
                                SymbolRefAttr::get(program), op->getOperands(),
                                ValueRange());
  op->replaceAllUsesWith(call);
  op->erase();
}

Result<int64_t> SerialRun::replaceConvolutions() {
  llvm::StringMap<const PartitionedConvolution *> partitioned;
  for (const PartitionedConvolution &convolution : run.convolutions)
    partitioned[convolution.name] = &convolution;
  auto entry = module->lookupSymbol<func::FuncOp>(run.entry);
  for (auto &[name, convolution] : convolutionsOf(*module)) {
    const PartitionedConvolution *found = partitioned.lookup(name);
    if (!found)
      continue;
    partitioned.erase(name);
    Result<ConvolutionCheck> check =
        ConvolutionCheck::create(*found, convolution, options, kernels);
    if (!check)
      return Error{check.error()};
    convolutions.push_back(std::move(*check));
    if (found->isRecorded)
      for (OpOperand &use : convolution.op->getUses())
        if (isa<func::ReturnOp>(use.getOwner()) &&
            use.getOwner()->getParentOp() == entry)
          results[use.getOperandNumber()].isRecorded = true;
    callProgram(convolution);
  }
  if (!partitioned.empty())
    return Error{"the module has no convolution '" +
                 partitioned.begin()->getKey().str() + "'"};
  return 0;
}

Result<int64_t> SerialRun::compile() {
  if (Result<int64_t> compiled = kernels.compile(); !compiled)
    return compiled;
  PassManager pm(module->getContext());
  buildHostPipeline(pm);
  if (failed(pm.run(*module)))
    return Error{"the reference of the module cannot be lowered"};
  Result<std::unique_ptr<Jit>> compiled = Jit::compile(*module);
  if (!compiled)
    return Error{compiled.error()};
  host = std::move(*compiled);
  return 0;
}

const ConvolutionRecord *
SerialRun::nextRecord(const ConvolutionCheck &convolution) {
  std::string number = std::to_string(numExecuted);
  if (numExecuted == run.records.size()) {
    stop("execution " + number + " is missing: '" + convolution.name() +
         "' is expected");
    return nullptr;
  }
  const ConvolutionRecord &record = run.records[numExecuted++];
  if (record.name != convolution.name()) {
    stop("execution " + number + " is '" + record.name + "' but '" +
         convolution.name() + "' is expected");
    return nullptr;
  }
  int64_t bytes = record.output.size();
  if (bytes != convolution.outputBytes()) {
    stop("execution " + number + ", of '" + record.name + "', returned " +
         std::to_string(bytes) + " bytes but " +
         std::to_string(convolution.outputBytes()) + " are expected");
    return nullptr;
  }
  return &record;
}

void SerialRun::execute(int64_t program, void *const *operands, void *result) {
  const ConvolutionCheck &convolution = convolutions[program];
  // What the host computes after an end is looked at by nobody.
  std::memset(result, 0, convolution.outputBytes());
  if (isStopped || !failure.empty())
    return;
  if (!convolution.isRecorded()) {
    if (Result<int64_t> computed = convolution.compute(operands, result);
        !computed)
      failure = computed.error();
  } else if (const ConvolutionRecord *record = nextRecord(convolution)) {
    convolution.check(operands, record->output.data(), report);
    std::memcpy(result, record->output.data(), record->output.size());
  }
}

void SerialRun::compareResults() {
  for (auto [number, result] : llvm::enumerate(results)) {
    int64_t values = report.values;
    Judge judge("result " + std::to_string(number), result.shape, report);
    judge.judgeEqual(result.type, run.results[number], result.data.data());
    if (result.isRecorded)
      report.values = values;
  }
}

Result<CheckReport> SerialRun::check() {
  if (Result<int64_t> read = readSignature(); !read)
    return Error{read.error()};
  if (Result<int64_t> replaced = replaceConvolutions(); !replaced)
    return Error{replaced.error()};
  if (Result<int64_t> compiled = compile(); !compiled)
    return Error{compiled.error()};

  auto entry = reinterpret_cast<dconv_entry_fn>(
      host->address(DCONV_ENTRY_PREFIX + run.entry));
  void *context = host->address(DCONV_CONTEXT_SYMBOL);
  void *callback = host->address(DCONV_EXECUTE_SYMBOL);
  if (!entry || !context || !callback)
    return Error{"'" + run.entry + "' cannot be called: its arguments must be "
                 "static tensors or numbers"};
  *static_cast<void **>(context) = this;
  *static_cast<dconv_execute_fn *>(callback) = &SerialRun::execute;
  std::vector<void *> arguments;
  for (const void *argument : run.arguments)
    arguments.push_back(const_cast<void *>(argument));
  for (ResultInfo &result : results)
    arguments.push_back(result.data.data());
  entry(arguments.data());

  if (!failure.empty())
    return Error{failure};
  if (!isStopped && numExecuted != run.records.size())
    stop("execution " + std::to_string(numExecuted) + ", of '" +
         run.records[numExecuted].name + "', is one too many");
  if (!isStopped)
    compareResults();
  return std::move(report);
}

Result<CheckReport> dconv::checkRun(ModuleOp module, const CheckedRun &run,
                                    const CheckOptions &options) {
  return SerialRun(module, run, options).check();
}
