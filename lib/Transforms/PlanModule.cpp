//===- PlanModule.cpp - plans for the convolutions of a module ------------===//

#include "dconv/Transforms/PlanModule.h"
#include "GatherRequests.h"
#include "ShardAnnotations.h"
#include "SplitRequests.h"

#include "dconv/Geometry/Streaming.h"
#include "dconv/IR/Dconv.h"
#include "dconv/Machine/MachineFile.h"
#include "dconv/Planner/EvaluatePlan.h"

#include "llvm/Support/raw_ostream.h"

#include <chrono>

using namespace mlir;
using namespace dconv;

Result<Machine> dconv::machineFor(const ModulePlanRequest &request,
                                  int64_t devices) {
  const Machine &known = request.machine ? *request.machine : builtinHost();
  if (devices == 0 || devices == known.numDevices())
    return known;
  return withDevices(known, devices);
}

namespace {
/// Plans the convolutions of one module, one after the other.
class ModulePlanner {
public:
  ModulePlanner(ModuleOp module, const ModulePlanRequest &request)
      : module(module), request(request) {}

  FailureOr<std::vector<PlannedConvolution>> run() {
    Result<SplitRequests> parsed = SplitRequests::parse(request.split);
    if (!parsed)
      return module.emitError() << parsed.error();
    requests = std::move(*parsed);
    parsed = SplitRequests::parse(request.gather, "gather");
    if (!parsed)
      return module.emitError() << parsed.error();
    gathers = std::move(*parsed);
    if (failed(refuseDynamicConvolutions(module)))
      return failure();
    FailureOr<ShardRequests> annotated = ShardRequests::take(module);
    if (failed(annotated))
      return failure();
    annotations = std::move(*annotated);
    for (auto &[name, convolution] : convolutionsOf(module))
      if (!convolution.op->getParentOfType<SubKernelOp>() &&
          failed(plan(name, convolution, requests.specFor(name))))
        return failure();
    if (StringRef name = requests.unused(); !name.empty())
      return module.emitError("split names '")
             << name << "', but there is no such convolution";
    if (StringRef name = gathers.unused(); !name.empty())
      return module.emitError("gather names '")
             << name << "', but there is no such convolution";
    for (PlannedConvolution &convolution : planned)
      write(convolution);
    return std::move(planned);
  }

private:
  LogicalResult plan(StringRef name, RecognizedConvolution &recognized,
                     StringRef spec) {
    PlannedConvolution convolution;
    convolution.name = name.str();
    convolution.convolution = recognized;
    convolution.geometry = geometryWithPadding(recognized);
    linalg::LinalgOp op = recognized.op;

    auto there = op->getAttrOfType<PlanAttr>(PlanAttr::name);
    int64_t devices = request.devices;
    if (devices == 0 && request.machine)
      devices = request.machine->numDevices();
    if (there && devices != 0 && there.getDevices() != devices)
      return op.emitOpError()
             << "'" << name << "' is planned for " << there.getDevices()
             << " devices but " << devices << " are asked for";
    if (there)
      devices = there.getDevices();
    else if (const ShardRequest *annotated = annotations.of(op);
             annotated && devices == 0)
      devices = annotated->devices;
    convolution.machine = machineOf(devices);
    if (!convolution.machine)
      return failure();
    convolution.streamed = there ? there.getStreamed() : request.streamed;

    std::optional<Split> whole;
    if (failed(readRequest(convolution, there, spec, whole)) ||
        failed(readGather(convolution, there)) ||
        failed(checkStreamable(convolution, whole)) ||
        (whole && failed(checkGather(convolution, *whole))) ||
        failed(findPlans(convolution, whole)) ||
        failed(
            checkGather(convolution, convolution.result.ranked.front().split)))
      return failure();
    planned.push_back(std::move(convolution));
    return success();
  }

  /// The machine with `devices` devices, or null after a diagnostic.
  std::shared_ptr<const Machine> machineOf(int64_t devices) {
    std::shared_ptr<const Machine> &known = machines[devices];
    if (known)
      return known;
    Result<Machine> machine = machineFor(request, devices);
    if (machine)
      known = std::make_shared<Machine>(std::move(*machine));
    else
      module.emitError() << machine.error();
    return known;
  }

  /// Fills `convolution.request`; `whole` becomes the split that a plan or a
  /// SPEC gives in full.
  LogicalResult readRequest(PlannedConvolution &convolution, PlanAttr there,
                            StringRef spec, std::optional<Split> &whole) {
    RecognizedConvolution &recognized = convolution.convolution;
    linalg::LinalgOp op = recognized.op;
    const Convolution &geometry = convolution.geometry;
    describe(convolution);

    auto fail = [&](const std::string &error) {
      return op.emitOpError() << "'" << convolution.name << "': " << error;
    };
    if (there) {
      Result<Split> kept = there.resolve(geometry);
      if (!kept)
        return fail(kept.error());
      whole = std::move(*kept);
      convolution.origin = PlannedConvolution::Kept;
      if (failed(annotations.check(op, convolution.name, geometry, *whole,
                                   /*isPlan=*/true)))
        return failure();
      if (!requests.names(convolution.name))
        return success();
      Result<SplitRequest> asked = parse(spec, geometry);
      if (!asked || !agrees(*whole, *asked))
        return op.emitOpError()
               << "'" << convolution.name << "' carries a plan for '"
               << toString(*whole, geometry) << "' but '" << spec
               << "' is asked for; remove one of them";
      return success();
    }
    SplitRequest asked;
    asked.searchesRest = true;
    if (!spec.empty()) {
      Result<SplitRequest> parsed = parse(spec, geometry);
      if (!parsed)
        return fail(parsed.error());
      asked = std::move(*parsed);
    }
    const ShardRequest *annotated = annotations.of(op);
    if (asked.searchesRest) {
      // A contradiction shows when the plan that is found is checked.
      if (annotated)
        for (AxisSplit &axis : annotated->fixed(geometry).axes)
          if (asked.fixed.axisOf(axis.loop) < 0)
            asked.fixed.axes.push_back(std::move(axis));
      convolution.request.fixed = std::move(asked.fixed);
      return success();
    }
    whole = std::move(asked.fixed);
    convolution.origin = PlannedConvolution::Given;
    return annotations.check(op, convolution.name, geometry, *whole,
                             /*isPlan=*/false);
  }

  /// Which inputs are to be gathered.
  LogicalResult readGather(PlannedConvolution &convolution, PlanAttr there) {
    linalg::LinalgOp op = convolution.convolution.op;
    StringRef text = gathers.specFor(convolution.name);
    std::optional<std::vector<GatheredInput>> &gathered =
        convolution.request.gathered;
    if (!text.empty()) {
      Result<std::vector<GatheredInput>> asked =
          parseGathered(text, convolution.convolution);
      if (!asked)
        return op.emitOpError()
               << "'" << convolution.name << "': " << asked.error();
      gathered = std::move(*asked);
      if (convolution.streamed && !there)
        return op.emitOpError()
               << "'" << convolution.name
               << "': to be streamed it leaves its inputs on the host, but "
                  "gather '"
               << text << "' is asked for";
    }
    if (!there)
      return success();
    bool agrees = !gathered || there.getGathered() == ArrayRef(*gathered);
    if (!agrees && gathers.names(convolution.name))
      return op.emitOpError()
             << "'" << convolution.name
             << "' carries a plan that gathers other inputs than '" << text
             << "'; remove one of them";
    gathered = there.getGathered().vec();
    return success();
  }

  /// That `split` makes copies of what is to be gathered.
  static LogicalResult checkGather(const PlannedConvolution &convolution,
                                   const Split &split) {
    if (!convolution.request.gathered)
      return success();
    Result<int64_t> shards = checkGathered(convolution.geometry, split,
                                           *convolution.request.gathered);
    if (shards)
      return success();
    linalg::LinalgOp op = convolution.convolution.op;
    return op.emitOpError()
           << "'" << convolution.name << "': " << shards.error();
  }

  /// That a split can be streamed where it is to be.
  LogicalResult checkStreamable(const PlannedConvolution &convolution,
                                const std::optional<Split> &whole) {
    if (!convolution.streamed || !whole)
      return success();
    linalg::LinalgOp op = convolution.convolution.op;
    Result<int64_t> shards = checkStreamed(convolution.geometry, *whole,
                                           convolution.machine->numDevices());
    if (!shards)
      return op->emitOpError() << "'" << convolution.name << "' split as '"
                               << toString(*whole, convolution.geometry)
                               << "': " << shards.error();
    return success();
  }

  Result<SplitRequest> parse(StringRef spec, const Convolution &geometry) {
    Result<SplitRequest> asked = parseRequest(spec, geometry);
    if (asked)
      asked->searchesRest |= request.searchesRest;
    return asked;
  }

  /// Whether `kept` divides the dims of `asked` as it asks, and no others where
  /// it is the whole split.
  static bool agrees(const Split &kept, const SplitRequest &asked) {
    if (!asked.searchesRest)
      return kept == asked.fixed;
    return llvm::all_of(asked.fixed.axes, [&](const AxisSplit &axis) {
      int found = kept.axisOf(axis.loop);
      return found < 0 ? axis.lengths.size() == 1 : kept.axes[found] == axis;
    });
  }

  /// What the planner must know of the op beside its geometry.
  void describe(PlannedConvolution &convolution) {
    RecognizedConvolution &recognized = convolution.convolution;
    llvm::raw_string_ostream(convolution.elementType)
        << getElementTypeOrSelf(recognized.inputValue(recognized.input));
    PlanRequest &own = convolution.request;
    own.objective = request.objective;
    own.maxImbalance = request.maxImbalance;
    own.budget = request.budget;
    own.top = request.top;
    own.reductions =
        recognized.body.ignoresNaN ? Reductions::Whole : Reductions::Split;
    own.query.elementType = convolution.elementType;
    own.query.inputs.assign(convolution.geometry.inputs.size(), request.inputs);
    if (request.weightsResident)
      for (size_t i = 0; i < own.query.inputs.size(); ++i)
        if (i != recognized.input)
          own.query.inputs[i] = Residence::Resident;
    own.query.output = request.output;
    own.query.fillsOutput = bool(constantFill(recognized.initValue()));
  }

  LogicalResult findPlans(PlannedConvolution &convolution,
                          const std::optional<Split> &whole) {
    linalg::LinalgOp op = convolution.convolution.op;
    auto [entry, isNew] =
        known.try_emplace(keyOf(convolution, whole), planned.size());
    if (!isNew) {
      convolution.sameAs = entry->second;
      convolution.streamed = planned[entry->second].streamed;
      convolution.stream = planned[entry->second].stream;
      convolution.result = planned[entry->second].result;
      convolution.result.planningSeconds = 0;
      return success();
    }
    Result<PlanResult> found = plansOf(convolution, whole);
    if (found) {
      convolution.result = std::move(*found);
      return annotations.check(op, convolution.name, convolution.geometry,
                               convolution.result.ranked.front().split,
                               /*isPlan=*/false);
    }
    InFlightDiagnostic diag = op.emitOpError()
                              << "'" << convolution.name << "'";
    if (whole)
      diag << " split as '" << toString(*whole, convolution.geometry) << "' ";
    else
      diag << ": ";
    return diag << found.error();
  }

  Result<PlanResult> plansOf(PlannedConvolution &convolution,
                             const std::optional<Split> &whole) {
    const Convolution &geometry = convolution.geometry;
    const Machine &machine = *convolution.machine;
    if (!whole)
      return search(convolution);
    if (request.judgesGiven && convolution.streamed) {
      convolution.stream =
          streamCost(geometry, *whole, machine, convolution.request.query,
                     convolution.request.budget);
      return evaluateStream(geometry, *convolution.stream, machine,
                            convolution.request);
    }
    if (request.judgesGiven)
      return judge(convolution, *whole);
    Result<RankedPlan> plan = predictPlan(
        geometry, *whole, machine, convolution.request, convolution.streamed);
    if (!plan)
      return Error{plan.error()};
    PlanResult result;
    result.ranked.push_back(std::move(*plan));
    return result;
  }

  /// What the search finds; where no plan with a shard per device fits, one
  /// that is streamed.
  Result<PlanResult> search(PlannedConvolution &convolution) {
    const PlanRequest &own = convolution.request;
    const Machine &machine = *convolution.machine;
    Result<PlanResult> found = Error{""};
    if (!convolution.streamed) {
      found = planConvolution(convolution.geometry, machine, own);
      if (found || !request.streams)
        return found;
    }
    auto start = std::chrono::steady_clock::now();
    Result<StreamPlan> streamed =
        searchStreams(convolution.geometry, machine, own.query, own.budget,
                      own.fixed, own.objective);
    if (!streamed)
      return Error{convolution.streamed
                       ? streamed.error()
                       : found.error() + "; " + streamed.error()};
    convolution.streamed = true;
    convolution.stream = std::move(*streamed);
    found =
        evaluateStream(convolution.geometry, *convolution.stream, machine, own);
    if (found)
      found->planningSeconds = std::chrono::duration<double>(
                                   std::chrono::steady_clock::now() - start)
                                   .count();
    return found;
  }

  /// The plan of `whole`, then what the search finds.
  static Result<PlanResult> judge(const PlannedConvolution &convolution,
                                  const Split &whole) {
    const PlanRequest &request = convolution.request;
    const Machine &machine = *convolution.machine;
    Result<PlanResult> given =
        evaluatePlan(convolution.geometry, whole, machine, request);
    if (!given || request.top < 2)
      return given;
    Result<PlanResult> found =
        planConvolution(convolution.geometry, machine, request);
    if (!found)
      return given;
    for (RankedPlan &plan : found->ranked)
      if (!(plan.split == whole) && given->ranked.size() < request.top)
        given->ranked.push_back(std::move(plan));
    const RankedPlan &plan = given->ranked.front();
    given->atLeast = found->atLeast;
    given->optimal = request.objective == Objective::Time
                         ? plan.cost.seconds.total() <= found->atLeast
                         : plan.words.words <= found->atLeast;
    given->planningSeconds += found->planningSeconds;
    return given;
  }

  /// Equal for convolutions that get the same plans.
  static std::string keyOf(const PlannedConvolution &convolution,
                           const std::optional<Split> &whole) {
    std::string key;
    llvm::raw_string_ostream os(key);
    const Convolution &geometry = convolution.geometry;
    auto list = [&](const std::vector<int64_t> &values) {
      llvm::interleaveComma(values, os);
      os << ';';
    };
    list(geometry.extents);
    std::vector<Operand> operands = geometry.inputs;
    operands.push_back(geometry.output);
    for (const Operand &operand : operands) {
      for (const LinearExpr &expr : operand.map) {
        for (const Term &term : expr.terms)
          os << term.loop << '*' << term.coefficient << '+';
        os << expr.constant << ',';
      }
      list(operand.shape);
      list(operand.padLow);
      list(operand.padHigh);
      os << operand.elementBytes << ';';
    }
    const PlanRequest &request = convolution.request;
    os << geometry.accumulatorBytes << ';' << request.query.elementType << ';'
       << request.query.fillsOutput << (request.reductions == Reductions::Whole)
       << convolution.machine->numDevices() << ';'
       << convolution.convolution.input << ';' << convolution.streamed
       << (whole ? "whole " + toString(*whole, geometry)
                 : toString(request.fixed, geometry))
       << ';' << request.gathered.has_value();
    if (request.gathered)
      for (GatheredInput one : *request.gathered)
        os << one.input << toString(one.algorithm);
    return key;
  }

  void write(PlannedConvolution &convolution) {
    const RankedPlan &plan = convolution.result.ranked.front();
    linalg::LinalgOp op = convolution.convolution.op;
    op->setAttr(PlanAttr::name,
                PlanAttr::get(op.getContext(), plan.split, convolution.geometry,
                              convolution.machine->numDevices(), plan.algorithm,
                              convolution.streamed, plan.gathered));
  }

  ModuleOp module;
  const ModulePlanRequest &request;
  SplitRequests requests, gathers;
  ShardRequests annotations;
  /// By the number of devices asked for.
  std::map<int64_t, std::shared_ptr<const Machine>> machines;
  std::map<std::string, size_t> known; ///< number in `planned`
  std::vector<PlannedConvolution> planned;
};
} // namespace

void dconv::remarkUnplanned(ModuleOp module) {
  module.walk([&](linalg::LinalgOp op) {
    NotRecognized why;
    if (op.hasPureTensorSemantics() && !recognizeConvolution(op, &why) &&
        why.isCandidate)
      op.emitRemark("stays on the host: ") << why.reason;
  });
}

FailureOr<std::vector<PlannedConvolution>>
dconv::planModule(ModuleOp module, const ModulePlanRequest &request) {
  module.getContext()->getOrLoadDialect<DconvDialect>();
  return ModulePlanner(module, request).run();
}
