//===- DropZeros.cpp - which slices of weights can go ---------------------===//

#include "dconv/Transforms/DropZeros.h"

#include "SmallerConvolution.h"
#include "dconv/IR/Dconv.h"
#include "dconv/Transforms/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/STLExtras.h"

namespace dconv {
#define GEN_PASS_DEF_DROPZEROSPASS
#include "dconv/Transforms/Passes.h.inc"
} // namespace dconv

using namespace dconv;
using namespace mlir;

static constexpr StringLiteral droppedName = "dconv.dropped";
static constexpr StringLiteral goneName = "dconv.dropped_convolutions";

/// Most runs of slices that are copied one by one; beyond, the smallest gaps
/// are kept.
static constexpr size_t mostRuns = 32;

std::string dconv::toString(const DroppedWeights &dropped) {
  std::string text;
  for (const DroppedSlices &loop : dropped.loops) {
    text += (text.empty() ? "" : ", ") + loop.loop;
    for (Interval run : loop.dropped)
      text += " " + toString(run);
    text += " of " + std::to_string(loop.extent);
  }
  return text;
}

DroppedWeights dconv::droppedFrom(Operation *convolution) {
  DroppedWeights dropped;
  auto loops = convolution->getAttrOfType<DictionaryAttr>(droppedName);
  if (!loops)
    return dropped;
  for (NamedAttribute loop : loops) {
    auto entry = dyn_cast<DictionaryAttr>(loop.getValue());
    auto extent = entry ? entry.getAs<IntegerAttr>("extent") : IntegerAttr();
    auto runs =
        entry ? entry.getAs<DenseI64ArrayAttr>("runs") : DenseI64ArrayAttr();
    if (!extent || !runs)
      continue;
    dropped.loops.push_back({loop.getName().str(), extent.getInt(), {}});
    for (int64_t i = 0; i + 1 < runs.size(); i += 2)
      dropped.loops.back().dropped.push_back({runs[i], runs[i + 1]});
  }
  return dropped;
}

std::vector<std::string> dconv::convolutionsDroppedFrom(Operation *function) {
  std::vector<std::string> names;
  if (auto list = function->getAttrOfType<ArrayAttr>(goneName))
    for (auto name : list.getAsRange<StringAttr>())
      names.push_back(name.str());
  return names;
}

/// Notes `dropped` beside what an earlier run has.
static void setDropped(Operation *convolution, const DroppedWeights &dropped) {
  Builder builder(convolution->getContext());
  NamedAttrList loops;
  if (auto before = convolution->getAttrOfType<DictionaryAttr>(droppedName))
    loops.assign(before.begin(), before.end());
  for (const DroppedSlices &loop : dropped.loops) {
    SmallVector<int64_t> runs;
    for (Interval run : loop.dropped)
      runs.append({run.begin, run.end});
    loops.set(loop.loop,
              builder.getDictionaryAttr(
                  {builder.getNamedAttr("extent",
                                        builder.getI64IntegerAttr(loop.extent)),
                   builder.getNamedAttr("runs",
                                        builder.getDenseI64ArrayAttr(runs))}));
  }
  convolution->setAttr(droppedName,
                       loops.getDictionary(convolution->getContext()));
}

/// The runs of values that stay: those whose count is not 0, and the smallest
/// gaps between them where there would be too many.
static Stripes keptRuns(const std::vector<int64_t> &counts) {
  Stripes runs = runsOf(counts, /*zero=*/false);
  while (runs.size() > mostRuns) {
    size_t smallest = 0;
    for (size_t i = 1; i + 1 < runs.size(); ++i)
      if (runs[i + 1].begin - runs[i].end <
          runs[smallest + 1].begin - runs[smallest].end)
        smallest = i;
    runs[smallest].end = runs[smallest + 1].end;
    runs.erase(runs.begin() + smallest + 1);
  }
  return runs;
}

/// Whether values of `loop` may be left out one by one: it alone moves along
/// its dim, by 1, in each operand that has it, and nothing is padded there.
static bool canSkip(const Convolution &geometry, unsigned loop) {
  auto fits = [&](const Operand &operand) {
    for (size_t d = 0; d < operand.map.size(); ++d) {
      const LinearExpr &expr = operand.map[d];
      if (expr.uses(loop) &&
          (expr.terms.size() != 1 || expr.terms[0].coefficient != 1 ||
           expr.constant != 0 || operand.padLow[d] != 0 ||
           operand.padHigh[d] != 0))
        return false;
    }
    return true;
  };
  return llvm::all_of(geometry.inputs, fits) && fits(geometry.output);
}

/// What of `loop` is kept, given the non-zero values of each of its slices.
static KeptLoop chooseKept(const Convolution &geometry, unsigned loop,
                           const std::vector<int64_t> &counts) {
  KeptLoop kept;
  kept.progression = progressionOf(counts);
  Stripes runs = keptRuns(counts);
  int64_t skipped = 0;
  for (Interval run : runs)
    skipped += run.size();
  if (geometry.roles[loop] != Role::Tap && skipped < kept.progression.count &&
      canSkip(geometry, loop))
    kept.runs = std::move(runs);
  return kept;
}

/// The values that `kept` lacks, of each loop.
static DroppedWeights droppedOf(const Convolution &geometry,
                                ArrayRef<KeptLoop> kept) {
  DroppedWeights dropped;
  std::vector<std::string> names = geometry.loopNames();
  for (unsigned loop = 0; loop < geometry.numLoops(); ++loop) {
    const int64_t extent = geometry.extents[loop];
    if (kept[loop].size() == extent)
      continue;
    std::vector<int64_t> isKept(extent, 0);
    kept[loop].forEach([&](int64_t value) { isKept[value] = 1; });
    dropped.loops.push_back(
        {names[loop], extent, runsOf(isKept, /*zero=*/true)});
  }
  return dropped;
}

namespace {
/// Rewrites the convolutions of a module.
class ZeroDropper {
public:
  ZeroDropper(ModuleOp module, const GivenWeights &given,
              const DropOptions &options)
      : module(module), given(given), options(options) {}

  DropCounts run() {
    for (auto &[name, convolution] : convolutionsOf(module))
      visit(name, convolution);
    return counts;
  }

private:
  void visit(const std::string &name, RecognizedConvolution &convolution) {
    linalg::LinalgOp op = convolution.op;
    if (convolution.body.factors.size() != 2 ||
        op->getParentOfType<SubKernelOp>())
      return;
    Result<FilterValues> values = filterOf(convolution, given);
    if (!values) {
      // Where the weights themselves are known, something else is missing.
      if (valuesOf(convolution.inputValue(1 - convolution.input), given))
        op.emitRemark("keeps the zeros of its weights: ") << values.error();
      return;
    }
    if (values->isFloat && !options.floats)
      return;
    Convolution geometry = geometryWithPadding(convolution);
    Result<WeightStatistics> statistics = weightStatistics(
        geometry, geometry.inputs[1 - convolution.input], *values);
    if (!statistics || statistics->nonZeros == statistics->values)
      return;
    const int64_t macs = Box::whole(geometry.extents).volume();
    if (statistics->nonZeros == 0) {
      if (isPlanned(op))
        return;
      op.emitRemark("all weights are zero: the result is the initial output");
      noteGone(op, name);
      replace(convolution, convolution.initValue());
      count(macs);
      return;
    }
    const std::vector<KeptLoop> kept = choose(geometry, *statistics);
    std::vector<std::vector<KeptLoop>> parts =
        cutTaps(convolution, geometry, *statistics, kept);
    if ((parts.size() == 1 && droppedOf(geometry, kept).empty()) ||
        isPlanned(op))
      return;
    const Value init = convolution.initValue();
    std::vector<Smaller> made;
    IRRewriter rewriter(op);
    for (const std::vector<KeptLoop> &part : parts) {
      Result<Smaller> smaller =
          createSmaller(rewriter, convolution, geometry, part);
      if (!smaller) { // the first, or none
        op.emitRemark("keeps the zeros of its weights: ") << smaller.error();
        return;
      }
      made.push_back(*smaller);
      // The next adds to what this one has.
      op.getDpsInitsMutable()[0].set(smaller->result);
    }
    int64_t left = 0;
    for (auto [smaller, part] : llvm::zip(made, parts)) {
      setDropped(smaller.convolution, droppedOf(geometry, part));
      int64_t macsOfPart = 1;
      for (const KeptLoop &loop : part)
        macsOfPart *= loop.size();
      left += macsOfPart;
    }
    const std::string what = toString(droppedOf(geometry, kept));
    if (parts.size() == 1)
      op.emitRemark("drops weights that are zero: ")
          << what << "; " << left << " of " << macs
          << " multiply-adds are left";
    else
      op.emitRemark("is cut at taps that are zero: ")
          << parts.size() << " convolutions with " << left << " of " << macs
          << " multiply-adds";
    replace(convolution, made.back().result);
    eraseUnread(init);
    count(macs - left);
  }

  /// What is kept of each loop.
  std::vector<KeptLoop> choose(const Convolution &geometry,
                               const WeightStatistics &statistics) {
    std::vector<KeptLoop> kept;
    for (unsigned loop = 0; loop < geometry.numLoops(); ++loop) {
      const std::vector<int64_t> &counts = statistics.perLoop[loop];
      // An output position with zero weights alone, where both inputs have
      // windows, stays.
      bool isFixed = counts.empty() || geometry.roles[loop] == Role::Output;
      kept.push_back(isFixed ? KeptLoop::all(geometry.extents[loop])
                             : chooseKept(geometry, loop, counts));
    }
    return kept;
  }

  /// `kept`, or parts of it that one tap loop is cut into: the one where that
  /// saves most.
  std::vector<std::vector<KeptLoop>>
  cutTaps(RecognizedConvolution &convolution, const Convolution &geometry,
          const WeightStatistics &statistics,
          const std::vector<KeptLoop> &kept) {
    // Between two convolutions a narrow sum would be rounded.
    Type output = getElementTypeOrSelf(convolution.initValue());
    if (options.cut == 0 || convolution.body.accumulator != output)
      return {kept};
    int64_t macs = 1, outputs = 1;
    for (unsigned loop = 0; loop < geometry.numLoops(); ++loop) {
      macs *= kept[loop].size();
      outputs *= geometry.isReduction(loop) ? 1 : kept[loop].size();
    }
    int64_t least; // multiply-adds in all
    if (llvm::MulOverflow(options.cut, outputs, least))
      return {kept};
    std::vector<std::vector<KeptLoop>> best{kept};
    int64_t mostSaved = 0;
    for (unsigned loop = 0; loop < geometry.numLoops(); ++loop) {
      if (geometry.roles[loop] != Role::Tap || statistics.perLoop[loop].empty())
        continue;
      const int64_t perTap = macs / kept[loop].size();
      std::vector<KeptLoop> segments =
          cutLoop(statistics.perLoop[loop], kept[loop].progression.step,
                  llvm::divideCeil(least, perTap));
      int64_t left = 0;
      for (const KeptLoop &segment : segments)
        left += segment.size() * perTap;
      if (segments.size() < 2 || macs - left <= mostSaved)
        continue;
      mostSaved = macs - left;
      best.clear();
      for (const KeptLoop &segment : segments) {
        best.push_back(kept);
        best.back()[loop] = segment;
      }
    }
    return best;
  }

  /// The values of a loop whose count is not 0, cut where at least `least`
  /// values of a progression with `step` are missing.
  static std::vector<KeptLoop> cutLoop(const std::vector<int64_t> &counts,
                                       int64_t step, int64_t least) {
    std::vector<std::vector<int64_t>> segments;
    int64_t last = 0;
    for (int64_t i = 0, extent = counts.size(); i < extent; ++i) {
      if (counts[i] == 0)
        continue;
      if (segments.empty() || (i - last) / step - 1 >= least)
        segments.emplace_back(extent, 0);
      segments.back()[i] = counts[i];
      last = i;
    }
    std::vector<KeptLoop> kept;
    for (const std::vector<int64_t> &segment : segments)
      kept.push_back({progressionOf(segment), {}});
    return kept;
  }

  bool isPlanned(linalg::LinalgOp op) {
    if (!op->hasAttr(PlanAttr::name))
      return false;
    op.emitRemark("keeps the zeros of its weights: it has a plan already");
    return true;
  }

  void noteGone(linalg::LinalgOp op, const std::string &name) {
    Operation *function = op->getParentOfType<FunctionOpInterface>();
    Builder builder(op.getContext());
    SmallVector<Attribute> names;
    if (auto before = function->getAttrOfType<ArrayAttr>(goneName))
      names.assign(before.begin(), before.end());
    names.push_back(builder.getStringAttr(name));
    function->setAttr(goneName, builder.getArrayAttr(names));
  }

  void replace(RecognizedConvolution &convolution, Value result) {
    SmallVector<Value> operands(convolution.op->getOperands());
    convolution.op->getResult(0).replaceAllUsesWith(result);
    convolution.op->erase();
    for (Value operand : operands)
      if (operand != result)
        eraseUnread(operand);
  }

  void count(int64_t macs) {
    ++counts.convolutions;
    counts.macsDropped += macs;
  }

  ModuleOp module;
  const GivenWeights &given;
  const DropOptions &options;
  DropCounts counts;
};

struct DropZeros : dconv::impl::DropZerosPassBase<DropZeros> {
  using DropZerosPassBase::DropZerosPassBase;

  void runOnOperation() override {
    if (cut < 0) {
      getOperation().emitError("a cut must save at least 0 multiply-adds per "
                               "output but has ")
          << cut.getValue();
      return signalPassFailure();
    }
    FailureOr<GivenWeights> given =
        GivenWeights::read(getOperation(), weights, entry);
    if (failed(given))
      return signalPassFailure();
    DropOptions options;
    options.floats = floats;
    options.cut = cut;
    DropCounts counts = dropZeros(getOperation(), *given, options);
    numConvolutions += counts.convolutions;
    macsDropped += counts.macsDropped;
  }
};
} // namespace

DropCounts dconv::dropZeros(ModuleOp module, const GivenWeights &given,
                            const DropOptions &options) {
  return ZeroDropper(module, given, options).run();
}
