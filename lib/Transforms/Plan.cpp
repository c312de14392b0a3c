//===- Plan.cpp - decides how each convolution is split -------------------===//

#include "ShardAnnotations.h"
#include "dconv/IR/Dconv.h"
#include "dconv/IR/Recognize.h"
#include "dconv/Planner/DefaultSplit.h"
#include "dconv/Transforms/Passes.h"

#include <map>
#include <set>

namespace dconv {
#define GEN_PASS_DEF_PLANPASS
#include "dconv/Transforms/Passes.h.inc"
} // namespace dconv

using namespace mlir;
using namespace dconv;

/// Devices where neither option nor plan says how many.
static constexpr int64_t defaultDevices = 4;

namespace {
/// The SPECs of the option: one for all, and some by name.
struct Requests {
  std::string forAll;
  std::map<std::string, std::string> byName;
  std::set<std::string> used;

  static FailureOr<Requests> parse(StringRef text, Location loc) {
    Requests requests;
    SmallVector<StringRef> specs;
    text.split(specs, ';', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
    for (StringRef spec : specs) {
      auto [name, rest] = spec.split(':');
      bool named = spec.contains(':');
      std::string &slot = named ? requests.byName[name.str()] : requests.forAll;
      if (!slot.empty())
        return emitError(loc, "split '") << spec << "' is given twice";
      slot = (named ? rest : spec).str();
    }
    return requests;
  }

  bool names(StringRef name) const { return used.count(name.str()) != 0; }

  StringRef specFor(StringRef name) {
    auto found = byName.find(name.str());
    if (found == byName.end())
      return forAll;
    used.insert(name.str());
    return found->second;
  }
};

class Plan : public dconv::impl::PlanPassBase<Plan> {
  using PlanPassBase::PlanPassBase;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

  LogicalResult run() {
    ModuleOp module = getOperation();
    if (devices < 0 || devices > Grid::most)
      return module.emitError("needs 1 to ")
             << Grid::most << " devices but has " << devices.getValue();
    if (!deviceMemory.empty()) {
      Result<int64_t> size = parseMemorySize(deviceMemory);
      if (!size)
        return module.emitError() << size.error();
      budget = *size;
    }
    FailureOr<Requests> parsed = Requests::parse(split, module.getLoc());
    if (failed(parsed) || failed(refuseDynamicConvolutions(module)))
      return failure();
    requests = std::move(*parsed);
    FailureOr<ShardRequests> annotated = ShardRequests::take(module);
    if (failed(annotated))
      return failure();
    annotations = std::move(*annotated);
    noteRefused();
    for (auto &[name, convolution] : convolutionsOf(module))
      if (!convolution.op->getParentOfType<SubKernelOp>() &&
          failed(plan(name, convolution, requests.specFor(name))))
        return failure();
    for (auto &[name, spec] : requests.byName)
      if (!requests.names(name))
        return module.emitError("split names '")
               << name << "', but there is no such convolution";
    return success();
  }

  /// Says of each op that looks like a convolution why it is not planned.
  void noteRefused() {
    getOperation().walk([&](linalg::LinalgOp op) {
      NotRecognized why;
      if (op.hasPureTensorSemantics() && !recognizeConvolution(op, &why) &&
          why.isCandidate)
        op.emitRemark("stays on the host: ") << why.reason;
    });
  }

  LogicalResult plan(StringRef name, RecognizedConvolution &convolution,
                     StringRef spec) {
    linalg::LinalgOp op = convolution.op;
    Convolution geometry = geometryWithPadding(convolution);
    bool fills = bool(constantFill(convolution.initValue()));
    int64_t count = devices == 0 ? defaultDevices : devices.getValue();

    auto plan = op->getAttrOfType<PlanAttr>(PlanAttr::name);
    if (plan && devices != 0 && plan.getDevices() != devices)
      return op.emitOpError()
             << "'" << name << "' is planned for " << plan.getDevices()
             << " devices but " << devices.getValue() << " are asked for";
    const ShardRequest *annotated = annotations.of(op);
    if (plan)
      count = plan.getDevices();
    else if (annotated && devices == 0)
      count = annotated->devices;
    Result<Split> split =
        plan ? plan.resolve(geometry)
        : !spec.empty()
            ? parseSplit(spec.str(), geometry)
        : annotated
            ? Result<Split>(annotated->cut)
            : chooseSplit(geometry, count, budget, fills,
                          convolution.body.ignoresNaN ? Reductions::Whole
                                                      : Reductions::Split);
    if (!split)
      return op.emitOpError() << "'" << name << "': " << split.error();
    if (failed(annotations.check(op, name, geometry, *split, bool(plan))))
      return failure();
    if (plan && requests.names(name)) {
      Result<Split> asked = parseSplit(spec.str(), geometry);
      if (!asked || !(*asked == *split))
        return op.emitOpError()
               << "'" << name << "' carries a plan for '"
               << toString(*split, geometry) << "' but '" << spec
               << "' is asked for; remove one of them";
    }
    Result<int64_t> peak = checkBudget(
        predict(distribute(geometry, *split, count, fills)), budget);
    if (!peak)
      return op.emitOpError() << "'" << name << "' split as '"
                              << toString(*split, geometry) << "' "
                              << peak.error();
    op->setAttr(PlanAttr::name,
                PlanAttr::get(&getContext(), *split, geometry, count));
    ++numPlanned;
    return success();
  }

  Requests requests;
  ShardRequests annotations;
  MemoryBudget budget;
};
} // namespace
