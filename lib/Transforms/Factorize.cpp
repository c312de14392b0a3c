//===- Factorize.cpp - separable convolutions as two ----------------------===//

#include "dconv/Transforms/Factorize.h"

#include "FactorConvolution.h"
#include "Slices.h"
#include "dconv/IR/Dconv.h"
#include "dconv/Transforms/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

namespace dconv {
#define GEN_PASS_DEF_FACTORIZEPASS
#include "dconv/Transforms/Passes.h.inc"
} // namespace dconv

using namespace dconv;
using namespace mlir;

static constexpr StringLiteral factorName = "dconv.factor";

std::optional<FactorOf> dconv::factorOf(Operation *convolution) {
  auto entry = convolution->getAttrOfType<DictionaryAttr>(factorName);
  auto of = entry ? entry.getAs<StringAttr>("of") : StringAttr();
  auto taps = entry ? entry.getAs<ArrayAttr>("taps") : ArrayAttr();
  auto distance = entry ? entry.getAs<FloatAttr>("distance") : FloatAttr();
  if (!of || !taps || !distance)
    return std::nullopt;
  FactorOf factor{of.str(), {}, distance.getValueAsDouble()};
  for (auto tap : taps.getAsRange<StringAttr>())
    factor.taps.push_back(tap.str());
  return factor;
}

static void setFactor(Operation *convolution, const FactorOf &factor) {
  Builder builder(convolution->getContext());
  SmallVector<Attribute> taps;
  for (const std::string &tap : factor.taps)
    taps.push_back(builder.getStringAttr(tap));
  convolution->setAttr(
      factorName,
      builder.getDictionaryAttr(
          {builder.getNamedAttr("distance",
                                builder.getF64FloatAttr(factor.distance)),
           builder.getNamedAttr("of",
                                builder.getStringAttr(factor.convolution)),
           builder.getNamedAttr("taps", builder.getArrayAttr(taps))}));
}

/// "1.2e-07"
static std::string distanceText(double distance) {
  return llvm::formatv("{0:e1}", distance).str();
}

namespace {
/// A plan whose filter is a product, or how far the nearest is from one.
struct Found {
  std::optional<FactorPlan> plan;
  Separation separation;
  double nearest = 1;     ///< least distance of those that are no product
  bool costsMore = false; ///< a product that would need more multiply-adds
  int64_t macs = 0;       ///< of that product
};

class Factorizer {
public:
  Factorizer(ModuleOp module, const GivenWeights &given,
             const FactorizeOptions &options)
      : module(module), given(given), options(options) {}

  FactorizeCounts run() {
    for (auto &[name, convolution] : convolutionsOf(module)) {
      if (convolution.op->getParentOfType<SubKernelOp>())
        continue;
      FactorOf factor{name, {}, 0};
      Convolution geometry = geometryWithPadding(convolution);
      std::vector<std::string> names = geometry.loopNames();
      for (unsigned loop = 0; loop < geometry.numLoops(); ++loop)
        if (geometry.roles[loop] == Role::Tap)
          factor.taps.push_back(names[loop]);
      visit(convolution, factor, /*isWhole=*/true);
    }
    return counts;
  }

private:
  /// `factor` names the taps of `convolution`, in the order of its loops.
  void visit(RecognizedConvolution &convolution, const FactorOf &factor,
             bool isWhole) {
    Operation *op = convolution.op;
    Convolution geometry = geometryWithPadding(convolution);
    Result<FilterValues> values = filterOf(convolution, given);
    if (!values) {
      if (convolution.body.factors.size() == 2 &&
          valuesOf(convolution.inputValue(1 - convolution.input), given))
        op->emitRemark("is not factorized: ") << values.error();
      return;
    }
    Result<std::vector<FactorPlan>> plans = factorPlans(convolution, geometry);
    if (!plans) {
      op->emitRemark("is not factorized: ") << plans.error();
      return;
    }
    if (plans->empty())
      return;
    if (op->hasAttr(PlanAttr::name)) {
      op->emitRemark("is not factorized: it has a plan already");
      return;
    }
    Result<Found> found = find(convolution, geometry, *plans, *values);
    const int64_t macs = Box::whole(geometry.extents).volume();
    if (!found) {
      op->emitRemark("is not factorized: ") << found.error();
      return;
    }
    if (!found->plan) {
      if (!isWhole)
        return;
      if (found->costsMore)
        op->emitRemark("is not factorized: two convolutions would need ")
            << found->macs << " multiply-adds instead of " << macs;
      else
        op->emitRemark("is not factorized: the nearest product is off by ")
            << distanceText(found->nearest)
            << " of the weights; the tolerance is "
            << distanceText(options.tolerance);
      return;
    }
    replace(convolution, geometry, *found, factor, macs);
  }

  /// The cheapest plan whose filter is a product.
  Result<Found> find(RecognizedConvolution &convolution,
                     const Convolution &geometry,
                     const std::vector<FactorPlan> &plans,
                     const FilterValues &values) {
    const LoopStrides access =
        LoopStrides::of(geometry, geometry.inputs[1 - convolution.input]);
    const int64_t macs = Box::whole(geometry.extents).volume();
    Found found;
    for (const FactorPlan &plan : plans) {
      Result<Separation> separation =
          separate(access, values, plan.tap, plan.shared);
      if (!separation)
        return Error{separation.error()};
      bool isProduct =
          separation->exact && fitsAccumulator(convolution, *separation);
      isProduct |= !separation->exact && values.isFloat &&
                   separation->distance <= options.tolerance;
      if (!isProduct) {
        found.nearest = std::min(found.nearest, separation->distance);
      } else if (plan.macs >= macs) {
        found.costsMore = true;
        found.macs = plan.macs;
        break; // those that follow cost no less
      } else {
        found.plan = plan;
        found.separation = std::move(*separation);
        break;
      }
    }
    return found;
  }

  void replace(RecognizedConvolution &convolution, const Convolution &geometry,
               const Found &found, const FactorOf &factor, int64_t macs) {
    linalg::LinalgOp op = convolution.op;
    const double distance = found.separation.distance;
    FactorOf single{factor.convolution, {}, factor.distance + distance};
    FactorOf rest = single;
    size_t number = 0;
    for (unsigned loop = 0; loop < geometry.numLoops(); ++loop)
      if (geometry.roles[loop] == Role::Tap)
        (loop == found.plan->tap ? single : rest)
            .taps.push_back(factor.taps[number++]);
    const std::string how =
        distance == 0 ? "exactly" : "within " + distanceText(distance);
    const std::string one = llvm::join(single.taps, ", ");
    const std::string others = llvm::join(rest.taps, ", ");
    op.emitRemark("is ") << how << " a product of filters over " << one
                         << " and over " << others << "; " << found.plan->macs
                         << " of " << macs << " multiply-adds are left";

    IRRewriter rewriter(op);
    FactoredConvolution created = createFactors(rewriter, convolution, geometry,
                                                *found.plan, found.separation);
    setFactor(created.single, single);
    for (NamedAttribute attribute : op->getDiscardableAttrs())
      if (attribute.getName() !=
          linalg::LinalgDialect::kMemoizedIndexingMapsAttrName)
        created.rest->setAttr(attribute.getName(), attribute.getValue());
    setFactor(created.rest, rest);
    SmallVector<Value> operands(op->getOperands());
    op->getResult(0).replaceAllUsesWith(created.result);
    op->erase();
    for (Value operand : operands)
      eraseUnread(operand);
    ++counts.convolutions;
    counts.macsSaved += macs - found.plan->macs;
    // What is left may be a product again.
    if (auto again = recognizeConvolution(created.rest))
      visit(*again, rest, /*isWhole=*/false);
  }

  ModuleOp module;
  const GivenWeights &given;
  const FactorizeOptions &options;
  FactorizeCounts counts;
};

struct Factorize : dconv::impl::FactorizePassBase<Factorize> {
  using FactorizePassBase::FactorizePassBase;

  void runOnOperation() override {
    if (!(tolerance >= 0 && tolerance < 1)) {
      getOperation().emitError("the tolerance must be at least 0 and below 1 "
                               "but is ")
          << tolerance.getValue();
      return signalPassFailure();
    }
    FailureOr<GivenWeights> given =
        GivenWeights::read(getOperation(), weights, entry);
    if (failed(given))
      return signalPassFailure();
    FactorizeOptions options;
    options.tolerance = tolerance;
    FactorizeCounts counts = factorize(getOperation(), *given, options);
    numConvolutions += counts.convolutions;
    macsSaved += counts.macsSaved;
  }
};
} // namespace

FactorizeCounts dconv::factorize(ModuleOp module, const GivenWeights &given,
                                 const FactorizeOptions &options) {
  return Factorizer(module, given, options).run();
}
