//===- ShardAnnotations.cpp - requests in the upstream shard dialect ------===//

#include "ShardAnnotations.h"

#include "dconv/IR/Dconv.h"
#include "dconv/IR/Recognize.h"

#include "mlir/Dialect/Shard/IR/ShardOps.h"
#include "llvm/ADT/SetVector.h"

#include <map>
#include <numeric>

using namespace mlir;
using namespace dconv;

Split ShardRequest::fixed(const Convolution &convolution) const {
  Split split = cut;
  for (unsigned loop : whole)
    split.axes.push_back({loop, {convolution.extents[loop]}});
  return split;
}

bool ShardRequest::agreesWith(const Split &split) const {
  return llvm::all_of(cut.axes,
                      [&](const AxisSplit &axis) {
                        int found = split.axisOf(axis.loop);
                        return found >= 0 && split.axes[found] == axis;
                      }) &&
         llvm::all_of(whole, [&](unsigned loop) {
           int found = split.axisOf(loop);
           return found < 0 || split.axes[found].lengths.size() == 1;
         });
}

const ShardRequest *ShardRequests::of(Operation *convolution) const {
  auto found = requests.find(convolution);
  return found == requests.end() ? nullptr : &found->second;
}

LogicalResult ShardRequests::check(Operation *op, StringRef name,
                                   const Convolution &convolution,
                                   const Split &split, bool isPlan) const {
  const ShardRequest *request = of(op);
  if (!request || request->agreesWith(split))
    return success();
  std::string asked = toString(request->fixed(convolution), convolution);
  std::string other = toString(split, convolution);
  if (isPlan)
    return op->emitOpError()
           << "'" << name << "' is annotated for '" << asked
           << "' but carries a plan for '" << other << "'; remove one of them";
  return op->emitOpError() << "'" << name << "' is annotated for '" << asked
                           << "' but '" << other
                           << "' is asked for; remove one of them";
}

namespace {
/// A tensor of a convolution, and a `shard.shard` that speaks of it.
struct Annotation {
  shard::ShardOp shard;
  const Operand *operand; ///< whose map leads from loops to its dims
  std::string tensor;     ///< "operand #0", "the result"
};

/// What one dim of an annotated tensor says of a loop.
struct Claim {
  SmallVector<int64_t> axes; ///< of the grid, those of size 1 left out
  std::optional<std::vector<int64_t>> lengths; ///< where offsets are given
  std::string dim;                             ///< "dim 1 of operand #0"
  Location loc;
};

/// "over axis 0", "over axes 0 and 1", "not at all".
std::string textOf(const Claim &claim) {
  if (claim.axes.empty())
    return "not at all";
  std::string text = claim.axes.size() == 1 ? "over axis " : "over axes ";
  for (size_t i = 0; i < claim.axes.size(); ++i)
    text += (i ? " and " : "") + std::to_string(claim.axes[i]);
  if (!claim.lengths)
    return text;
  text += " in lengths";
  for (int64_t length : *claim.lengths)
    text += " " + std::to_string(length);
  return text;
}

/// What the annotations of one convolution ask.
class RequestReader {
public:
  RequestReader(StringRef name, RecognizedConvolution &convolution)
      : name(name), op(convolution.op), geometry(convolution.geometry),
        loopNames(geometry.loopNames()) {}

  FailureOr<ShardRequest> read(ArrayRef<Annotation> annotations) {
    for (const Annotation &annotation : annotations)
      if (failed(readAnnotation(annotation)))
        return failure();
    if (failed(oneLoopPerAxis()))
      return failure();
    return requestOf();
  }

private:
  InFlightDiagnostic fail(Location annotation) {
    InFlightDiagnostic diag = op.emitOpError() << "'" << name << "': ";
    diag.attachNote(annotation) << "annotated here";
    return diag;
  }

  LogicalResult readAnnotation(const Annotation &annotation) {
    shard::ShardOp shard = annotation.shard;
    auto sharding = shard.getSharding().getDefiningOp<shard::ShardingOp>();
    if (!sharding)
      return fail(shard.getLoc())
             << "the sharding of " << annotation.tensor
             << " comes from elsewhere; needs a shard.sharding";
    if (failed(readGrid(sharding, shard.getLoc())))
      return failure();
    ArrayRef<shard::GridAxesAttr> byDim = sharding.getSplitAxes().getAxes();
    size_t dims = annotation.operand->map.size();
    if (byDim.size() > dims)
      return fail(shard.getLoc())
             << "split_axes of " << annotation.tensor << " has " << byDim.size()
             << " entries for " << dims << " dims";
    ArrayRef<int64_t> offsets = sharding.getStaticShardedDimsOffsets();
    for (size_t dim = 0; dim < dims; ++dim) {
      Claim claim{{},
                  std::nullopt,
                  "dim " + std::to_string(dim) + " of " + annotation.tensor,
                  shard.getLoc()};
      int64_t parts = 1;
      bool isSharded = dim < byDim.size() && !byDim[dim].empty();
      if (isSharded && failed(readAxes(byDim[dim].asArrayRef(), claim, parts)))
        return failure();
      ArrayRef<int64_t> own;
      if (isSharded && !offsets.empty()) {
        own = offsets.take_front(parts + 1);
        offsets = offsets.drop_front(own.size());
      }
      if (failed(readDim(annotation.operand->map[dim], own, parts, claim)))
        return failure();
    }
    return success();
  }

  LogicalResult readGrid(shard::ShardingOp sharding, Location loc) {
    auto symbol = SymbolTable::lookupNearestSymbolFrom<shard::GridOp>(
        sharding, sharding.getGridAttr());
    if (grid && grid != symbol)
      return fail(loc) << "is annotated on two grids, @" << grid.getSymName()
                       << " and @" << symbol.getSymName()
                       << "; a convolution has one";
    grid = symbol;
    int64_t devices = 1;
    for (auto [axis, size] : llvm::enumerate(grid.getShape())) {
      if (size < 1) // dynamic sizes are negative
        return fail(loc) << "axis " << axis << " of @" << grid.getSymName()
                         << " has no static, positive size";
      if (__builtin_mul_overflow(devices, size, &devices) ||
          devices > Grid::most)
        return fail(loc) << "@" << grid.getSymName() << " has more than "
                         << Grid::most << " devices";
    }
    return success();
  }

  LogicalResult readAxes(ArrayRef<shard::GridAxis> axes, Claim &claim,
                         int64_t &parts) {
    for (shard::GridAxis axis : axes) {
      if (axis >= grid.getRank())
        return fail(claim.loc) << claim.dim << " is cut over axis " << axis
                               << " of @" << grid.getSymName() << ", which has "
                               << grid.getRank() << " axes";
      int64_t size = grid.getShape()[axis];
      parts *= size;
      if (size > 1)
        claim.axes.push_back(axis);
    }
    return success();
  }

  /// The loop that a cut of a dim with `expr` divides, or -1: the parallel one,
  /// or, where there is none, the reduction.
  int loopOf(const LinearExpr &expr) const {
    int parallel = -1, reduction = -1;
    unsigned numParallel = 0, numReductions = 0;
    for (const Term &term : expr.terms) {
      bool reduces = geometry.isReduction(term.loop);
      (reduces ? reduction : parallel) = term.loop;
      ++(reduces ? numReductions : numParallel);
    }
    if (numParallel > 0)
      return numParallel == 1 ? parallel : -1;
    return numReductions == 1 ? reduction : -1;
  }

  LogicalResult readDim(const LinearExpr &expr, ArrayRef<int64_t> offsets,
                        int64_t parts, Claim &claim) {
    int loop = loopOf(expr);
    if (loop < 0) {
      if (claim.axes.empty())
        return success();
      return fail(claim.loc)
             << claim.dim << " is cut " << textOf(claim) << " but belongs to "
             << (expr.terms.empty() ? "no loop" : "several loops");
    }
    int64_t extent = geometry.extents[loop];
    if (parts > extent)
      return fail(claim.loc)
             << claim.dim << " asks for " << parts << " parts of '"
             << loopNames[loop] << "', which has extent " << extent;
    if (!offsets.empty() && failed(readOffsets(expr, offsets, extent, claim)))
      return failure();
    auto [entry, isNew] = claims.try_emplace(loop, claim);
    if (isNew)
      return success();
    Claim &known = entry->second;
    bool sameLengths =
        !known.lengths || !claim.lengths || *known.lengths == *claim.lengths;
    if (known.axes != claim.axes || !sameLengths) {
      InFlightDiagnostic diag = fail(known.loc);
      diag << "annotations contradict each other: " << known.dim << " divides '"
           << loopNames[loop] << "' " << textOf(known) << ", " << claim.dim
           << " " << textOf(claim);
      diag.attachNote(claim.loc) << "and here";
      return diag;
    }
    if (!known.lengths)
      known.lengths = claim.lengths;
    return success();
  }

  LogicalResult readOffsets(const LinearExpr &expr, ArrayRef<int64_t> offsets,
                            int64_t extent, Claim &claim) {
    if (expr.terms.size() != 1 || expr.terms[0].coefficient != 1 ||
        expr.constant != 0)
      return fail(claim.loc)
             << claim.dim << " has sharded_dims_offsets but is read through a "
             << "window; give them on the result";
    std::vector<int64_t> lengths;
    bool valid = offsets.front() == 0 && offsets.back() == extent;
    for (size_t i = 1; i < offsets.size(); ++i) {
      lengths.push_back(offsets[i] - offsets[i - 1]);
      valid &= !ShapedType::isDynamic(offsets[i]) && lengths.back() > 0;
    }
    if (!valid)
      return fail(claim.loc)
             << claim.dim << " has sharded_dims_offsets that do not rise from "
             << "0 to " << extent;
    claim.lengths = std::move(lengths);
    return success();
  }

  LogicalResult oneLoopPerAxis() {
    std::map<int64_t, unsigned> loopOfAxis;
    for (auto &[loop, claim] : claims)
      for (int64_t axis : claim.axes) {
        auto [entry, isNew] = loopOfAxis.try_emplace(axis, loop);
        if (isNew)
          continue;
        const Claim &other = claims.at(entry->second);
        InFlightDiagnostic diag = fail(other.loc);
        diag << "axis " << axis << " of @" << grid.getSymName()
             << " divides two loops: '" << loopNames[entry->second] << "' by "
             << other.dim << " and '" << loopNames[loop] << "' by "
             << claim.dim;
        diag.attachNote(claim.loc) << "and here";
        return diag;
      }
    return success();
  }

  ShardRequest requestOf() {
    ShardRequest request;
    ArrayRef<int64_t> shape = grid.getShape();
    request.devices = std::accumulate(shape.begin(), shape.end(), int64_t(1),
                                      std::multiplies<int64_t>());
    std::map<int64_t, AxisSplit> byFirstAxis;
    for (auto &[loop, claim] : claims) {
      if (claim.axes.empty()) {
        request.whole.push_back(loop);
        continue;
      }
      int64_t parts = 1;
      for (int64_t axis : claim.axes)
        parts *= shape[axis];
      byFirstAxis[*llvm::min_element(claim.axes)] =
          claim.lengths ? AxisSplit{loop, *claim.lengths}
                        : balancedSplit(loop, geometry.extents[loop], parts);
    }
    for (auto &[axis, split] : byFirstAxis)
      request.cut.axes.push_back(split);
    return request;
  }

  StringRef name;
  linalg::LinalgOp op;
  const Convolution &geometry;
  std::vector<std::string> loopNames;
  shard::GridOp grid;
  std::map<unsigned, Claim> claims; ///< by loop
};

/// Finds the annotations of all convolutions, then drops them.
class AnnotationTaker {
public:
  /// First all is read, then something dropped: an annotation between two
  /// convolutions is one of both.
  std::vector<std::vector<Annotation>>
  take(ArrayRef<std::pair<std::string, RecognizedConvolution> *> convolutions) {
    std::vector<std::vector<Annotation>> taken(convolutions.size());
    for (auto [entry, annotations] : llvm::zip(convolutions, taken))
      readAround(entry->second, annotations);
    for (auto &[use, value] : replaced)
      use->set(value);
    replaced.clear();
    // Now pads and fills stand next to the convolutions.
    for (auto [entry, annotations] : llvm::zip(convolutions, taken))
      readBefore(entry->second, annotations);
    for (auto &[use, value] : replaced)
      use->set(value);
    for (shard::ShardOp shard : onResults)
      shard.getResult().replaceAllUsesWith(shard.getSrc());
    return taken;
  }

  /// Erases what nobody uses any more; annotations are not valid after that.
  void erase() {
    llvm::SetVector<Operation *> shardings, grids;
    SmallVector<shard::ShardOp> left = visited.takeVector();
    // One may be used by another, and order of visits is not that of uses.
    for (bool changed = true; changed;) {
      changed = false;
      for (shard::ShardOp &shard : left) {
        if (!shard || !shard.getResult().use_empty())
          continue;
        if (auto sharding =
                shard.getSharding().getDefiningOp<shard::ShardingOp>())
          shardings.insert(sharding);
        shard.erase();
        shard = nullptr;
        changed = true;
      }
    }
    for (Operation *op : shardings) {
      if (!op->use_empty())
        continue;
      auto sharding = cast<shard::ShardingOp>(op);
      grids.insert(SymbolTable::lookupNearestSymbolFrom(
          sharding, sharding.getGridAttr()));
      op->erase();
    }
    for (Operation *grid : grids)
      if (SymbolTable::symbolKnownUseEmpty(grid, grid->getParentOp()))
        grid->erase();
  }

private:
  void readAround(RecognizedConvolution &convolution,
                  std::vector<Annotation> &annotations) {
    linalg::LinalgOp op = convolution.op;
    const Convolution &geometry = convolution.geometry;
    for (unsigned i = 0; i < geometry.inputs.size(); ++i)
      readUse(op->getOpOperand(convolution.body.factors[i].operand),
              geometry.inputs[i], annotations);
    readUse(*op.getDpsInitOperand(0), geometry.output, annotations);
    readResult(op->getResult(0), geometry.output, annotations);
  }

  void readBefore(RecognizedConvolution &convolution,
                  std::vector<Annotation> &annotations) {
    const Convolution &geometry = convolution.geometry;
    for (unsigned i = 0; i < geometry.inputs.size(); ++i)
      if (tensor::PadOp pad = fusiblePad(convolution, i))
        readUse(pad.getSourceMutable(), geometry.inputs[i], annotations,
                convolution.body.factors[i].operand);
    if (auto fill = convolution.initValue().getDefiningOp<linalg::FillOp>())
      readUse(*fill.getDpsInitOperand(0), geometry.output, annotations,
              convolution.op.getDpsInitOperand(0)->getOperandNumber());
  }

  /// The annotations of `use`: those for users, or, where there are none, those
  /// of the value as its producer leaves it.
  void readUse(OpOperand &use, const Operand &operand,
               std::vector<Annotation> &annotations, int number = -1) {
    SmallVector<shard::ShardOp> ofProducer, ofUser;
    Value value = use.get();
    while (auto shard = value.getDefiningOp<shard::ShardOp>()) {
      (shard.getAnnotateForUsers() ? ofUser : ofProducer).push_back(shard);
      visited.insert(shard);
      value = shard.getSrc();
    }
    if (value != use.get())
      replaced.push_back({&use, value});
    unsigned shown = number < 0 ? use.getOperandNumber() : number;
    for (shard::ShardOp shard : ofUser.empty() ? ofProducer : ofUser)
      annotations.push_back(
          {shard, &operand, "operand #" + std::to_string(shown)});
  }

  void readResult(Value value, const Operand &operand,
                  std::vector<Annotation> &annotations) {
    for (Operation *user : value.getUsers()) {
      auto shard = dyn_cast<shard::ShardOp>(user);
      if (!shard || shard.getAnnotateForUsers())
        continue;
      annotations.push_back({shard, &operand, "the result"});
      visited.insert(shard);
      onResults.push_back(shard);
      readResult(shard.getResult(), operand, annotations);
    }
  }

  SmallVector<std::pair<OpOperand *, Value>> replaced;
  llvm::SetVector<shard::ShardOp> visited;
  SmallVector<shard::ShardOp> onResults;
};
} // namespace

FailureOr<ShardRequests> ShardRequests::take(ModuleOp module) {
  auto all = convolutionsOf(module);
  SmallVector<std::pair<std::string, RecognizedConvolution> *> convolutions;
  for (auto &entry : all)
    if (!entry.second.op->getParentOfType<SubKernelOp>())
      convolutions.push_back(&entry);
  AnnotationTaker taker;
  auto taken = taker.take(convolutions);
  ShardRequests result;
  for (auto [entry, annotations] : llvm::zip(convolutions, taken)) {
    if (annotations.empty())
      continue;
    auto &[name, convolution] = *entry;
    FailureOr<ShardRequest> request =
        RequestReader(name, convolution).read(annotations);
    if (failed(request))
      return failure();
    result.requests[convolution.op] = std::move(*request);
  }
  taker.erase();
  return result;
}
