//===- SmallerConvolution.cpp - a convolution over fewer values -----------===//

#include "SmallerConvolution.h"

#include "mlir/IR/IRMapping.h"

#include <cstdlib>
#include <numeric>

using namespace dconv;
using namespace mlir;

int64_t KeptLoop::size() const {
  if (runs.empty())
    return progression.count;
  int64_t size = 0;
  for (Interval run : runs)
    size += run.size();
  return size;
}

void KeptLoop::forEach(llvm::function_ref<void(int64_t)> visit) const {
  for (Interval run : runs)
    for (int64_t value = run.begin; value < run.end; ++value)
      visit(value);
  if (runs.empty())
    for (int64_t i = 0; i < progression.count; ++i)
      visit(progression.first + i * progression.step);
}

namespace {
/// An operand without what nobody reads any more.
struct SmallerOperand {
  AccessMap map; ///< to positions in the smaller operand with its padding
  SmallVector<Pieces> pieces; ///< of the operand without padding
  SmallVector<int64_t> padLow, padHigh;
};

class Shrinker {
public:
  Shrinker(OpBuilder &builder, RecognizedConvolution &convolution,
           const Convolution &geometry, const std::vector<KeptLoop> &kept)
      : builder(builder), convolution(convolution), geometry(geometry),
        kept(kept), op(convolution.op), loc(op.getLoc()) {
    for (const KeptLoop &loop : kept)
      iterations.dims.push_back({0, loop.size()});
  }

  Result<Smaller> run();

private:
  bool isSmaller(unsigned loop) const {
    return kept[loop].size() != geometry.extents[loop];
  }
  bool skips(unsigned loop) const { return !kept[loop].runs.empty(); }

  SmallerOperand shrink(const Operand &operand, bool isInput) const;
  void shrinkDim(const Operand &operand, unsigned d, bool isInput,
                 SmallerOperand &result) const;
  SmallVector<AffineMap> mapsOf(ArrayRef<SmallerOperand> inputs,
                                const SmallerOperand &output);
  Operation *createOp(ValueRange operands, ArrayRef<AffineMap> maps);
  Operation *cloneWith(ValueRange operands);
  /// The clone with other dilations, or null where these cannot say `maps`.
  Operation *cloneDilated(ValueRange operands, ArrayRef<AffineMap> maps);

  OpBuilder &builder;
  RecognizedConvolution &convolution;
  const Convolution &geometry;
  const std::vector<KeptLoop> &kept;
  linalg::LinalgOp op;
  Location loc;
  Box iterations;
};
} // namespace

void Shrinker::shrinkDim(const Operand &operand, unsigned d, bool isInput,
                         SmallerOperand &result) const {
  LinearExpr expr = operand.map[d];
  const int64_t extent = operand.shape[d];
  const bool isAlone = expr.terms.size() == 1;
  auto emit = [&](Pieces pieces, int64_t low, int64_t high) {
    result.map.push_back(std::move(expr));
    result.pieces.push_back(std::move(pieces));
    result.padLow.push_back(low);
    result.padHigh.push_back(high);
  };
  bool changes = llvm::any_of(
      expr.terms, [&](const Term &term) { return isSmaller(term.loop); });
  if (!changes || extent == 0)
    return emit({{0, extent, 1}}, operand.padLow[d], operand.padHigh[d]);
  if (isAlone && skips(expr.terms[0].loop)) {
    Pieces pieces;
    for (Interval run : kept[expr.terms[0].loop].runs)
      pieces.push_back({run.begin, run.size(), 1});
    return emit(std::move(pieces), 0, 0);
  }
  int64_t step = 0;
  for (Term &term : expr.terms) {
    const Progression &progression = kept[term.loop].progression;
    expr.constant += term.coefficient * progression.first;
    term.coefficient *= progression.step;
    if (progression.count > 1)
      step = std::gcd(step, std::abs(term.coefficient));
  }
  Interval reached = footprint(expr, iterations);
  // Positions in between are left out where that costs no copy of an image.
  bool isPadded = operand.padLow[d] != 0 || operand.padHigh[d] != 0;
  if (isPadded || (isInput && !isAlone) || step == 0)
    step = 1;
  Interval inside = reached.shifted(-operand.padLow[d]);
  Interval part = inside.intersect({0, extent});
  if (part.empty()) // nothing but padding: it needs a tensor to pad
    part = inside.begin < 0 ? Interval{0, 1} : Interval{extent - 1, extent};
  int64_t low = std::max<int64_t>(0, part.begin - inside.begin);
  int64_t high = std::max<int64_t>(0, inside.end - part.end);
  expr.constant -= part.begin + operand.padLow[d] - low;
  if (step > 1) {
    expr.constant /= step;
    for (Term &term : expr.terms)
      term.coefficient /= step;
  }
  // A loop of one value moves nowhere; one that moves by 1 is easier to read.
  for (Term &term : expr.terms)
    if (step > 1 && term.coefficient == 0)
      term.coefficient = 1;
  emit({{part.begin, (part.size() + step - 1) / step, step}}, low, high);
}

SmallerOperand Shrinker::shrink(const Operand &operand, bool isInput) const {
  SmallerOperand result;
  for (unsigned d = 0; d < operand.map.size(); ++d)
    shrinkDim(operand, d, isInput, result);
  return result;
}

SmallVector<AffineMap> Shrinker::mapsOf(ArrayRef<SmallerOperand> inputs,
                                        const SmallerOperand &output) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  auto set = [&](unsigned operand, const SmallerOperand &smaller) {
    maps[operand] =
        affineMapOf(smaller.map, geometry.numLoops(), builder.getContext());
  };
  for (unsigned i = 0; i < inputs.size(); ++i)
    set(convolution.body.factors[i].operand, inputs[i]);
  set(op.getDpsInitOperand(0)->getOperandNumber(), output);
  return maps;
}

Operation *Shrinker::cloneWith(ValueRange operands) {
  Operation *clone = builder.clone(*op);
  clone->setOperands(operands);
  clone->getResult(0).setType(operands.back().getType());
  clone->removeAttr(linalg::LinalgDialect::kMemoizedIndexingMapsAttrName);
  return clone;
}

Operation *Shrinker::cloneDilated(ValueRange operands,
                                  ArrayRef<AffineMap> maps) {
  // Where they are all 1 the attribute may be left out.
  if (!llvm::is_contained(op->getName().getAttributeNames(), "dilations"))
    return nullptr;
  SmallVector<int64_t> values;
  auto dilations = op->getAttrOfType<DenseIntElementsAttr>("dilations");
  for (unsigned loop = 0; loop < geometry.numLoops(); ++loop)
    if (geometry.roles[loop] == Role::Tap) {
      int64_t before =
          dilations && static_cast<int64_t>(values.size()) < dilations.size()
              ? dilations.getValues<int64_t>()[values.size()]
              : 1;
      values.push_back(before * kept[loop].progression.step);
    }
  auto type = RankedTensorType::get(static_cast<int64_t>(values.size()),
                                    builder.getI64Type());
  Operation *clone = cloneWith(operands);
  clone->setAttr("dilations", DenseIntElementsAttr::get(type, values));
  if (llvm::equal(cast<linalg::LinalgOp>(clone).getIndexingMapsArray(), maps))
    return clone;
  clone->erase();
  return nullptr;
}

Operation *Shrinker::createOp(ValueRange operands, ArrayRef<AffineMap> maps) {
  if (llvm::equal(op.getIndexingMapsArray(), maps))
    return cloneWith(operands);
  if (Operation *dilated = cloneDilated(operands, maps))
    return dilated;
  auto generic = linalg::GenericOp::create(
      builder, loc, TypeRange(operands.back().getType()), operands.drop_back(),
      operands.take_back(), maps, op.getIteratorTypesArray());
  IRMapping mapping;
  op->getRegion(0).cloneInto(&generic.getRegion(), mapping);
  for (NamedAttribute attribute : op->getDiscardableAttrs())
    if (attribute.getName() !=
        linalg::LinalgDialect::kMemoizedIndexingMapsAttrName)
      generic->setAttr(attribute.getName(), attribute.getValue());
  return generic;
}

Result<Smaller> Shrinker::run() {
  if (!convolution.shapeOnly.empty())
    return Error{"it has an operand that is read for its shape alone"};
  SmallVector<SmallerOperand> inputs;
  for (unsigned i = 0; i < geometry.inputs.size(); ++i)
    inputs.push_back(shrink(geometry.inputs[i], i == convolution.input));
  SmallerOperand output = shrink(geometry.output, /*isInput=*/false);
  SmallVector<AffineMap> maps = mapsOf(inputs, output);
  if (!inversePermutation(concatAffineMaps(maps, builder.getContext())))
    return Error{"its loops could not be read from smaller operands"};

  SmallVector<Value> operands(op->getOperands());
  for (unsigned i = 0; i < inputs.size(); ++i) {
    Value &operand = operands[convolution.body.factors[i].operand];
    tensor::PadOp pad = fusiblePad(convolution, i);
    bool isSame =
        llvm::equal(inputs[i].padLow, geometry.inputs[i].padLow) &&
        llvm::equal(inputs[i].padHigh, geometry.inputs[i].padHigh) &&
        llvm::all_of(llvm::zip(inputs[i].pieces, geometry.inputs[i].shape),
                     [](const auto &dim) {
                       return isWhole(std::get<0>(dim), std::get<1>(dim));
                     });
    if (isSame)
      continue;
    operand = takePieces(builder, loc, pad ? pad.getSource() : operand,
                         inputs[i].pieces);
    if (pad)
      operand = createPad(builder, loc, operand, inputs[i].padLow,
                          inputs[i].padHigh, padValue(pad));
  }
  Value init = convolution.initValue();
  operands.back() = takePieces(builder, loc, init, output.pieces);
  Smaller smaller;
  smaller.convolution = createOp(operands, maps);
  smaller.result = smaller.convolution->getResult(0);
  if (operands.back() != init)
    smaller.result =
        putPieces(builder, loc, smaller.result, init, output.pieces);
  return smaller;
}

Result<Smaller> dconv::createSmaller(OpBuilder &builder,
                                     RecognizedConvolution &convolution,
                                     const Convolution &geometry,
                                     const std::vector<KeptLoop> &kept) {
  return Shrinker(builder, convolution, geometry, kept).run();
}
