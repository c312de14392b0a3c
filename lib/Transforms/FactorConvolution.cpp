//===- FactorConvolution.cpp - two convolutions for one -------------------===//

#include "FactorConvolution.h"

#include "Slices.h"
#include "dconv/Transforms/Weights.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace dconv;
using namespace mlir;

namespace {
/// An input of a convolution that is created.
struct Read {
  Value value;
  AccessMap map;
  CastKind cast = CastKind::None;
  Value zeroPoint; ///< may be null
  CastKind zeroPointCast = CastKind::None;
};
} // namespace

static Value widen(OpBuilder &builder, Location loc, Value value, CastKind cast,
                   Type type) {
  switch (cast) {
  case CastKind::None:
    return value;
  case CastKind::ExtF:
    return arith::ExtFOp::create(builder, loc, type, value);
  case CastKind::ExtSI:
    return arith::ExtSIOp::create(builder, loc, type, value);
  case CastKind::ExtUI:
    return arith::ExtUIOp::create(builder, loc, type, value);
  }
  llvm_unreachable("every cast is above");
}

/// init + sum of x * w over the loops that are not in `output`.
static Operation *createConvolution(OpBuilder &builder, Location loc,
                                    unsigned loops, const Read &x,
                                    const Read &w, const AccessMap &output,
                                    Value init) {
  MLIRContext *context = builder.getContext();
  SmallVector<Value> inputs{x.value, w.value};
  SmallVector<AffineMap> maps{affineMapOf(x.map, loops, context),
                              affineMapOf(w.map, loops, context)};
  if (x.zeroPoint) {
    inputs.push_back(x.zeroPoint);
    maps.push_back(AffineMap::get(loops, 0, context));
  }
  maps.push_back(affineMapOf(output, loops, context));
  SmallVector<utils::IteratorType> iterators;
  for (unsigned loop = 0; loop < loops; ++loop)
    iterators.push_back(dimOf(output, loop) >= 0
                            ? utils::IteratorType::parallel
                            : utils::IteratorType::reduction);
  Type type = getElementTypeOrSelf(init);
  return linalg::GenericOp::create(
      builder, loc, TypeRange(init.getType()), inputs, ValueRange(init), maps,
      iterators, [&](OpBuilder &b, Location l, ValueRange arguments) {
        Value a = widen(b, l, arguments[0], x.cast, type);
        if (x.zeroPoint)
          a = arith::SubIOp::create(
              b, l, a, widen(b, l, arguments[2], x.zeroPointCast, type));
        Value c = widen(b, l, arguments[1], w.cast, type);
        Value sum;
        if (isa<FloatType>(type))
          sum = arith::AddFOp::create(b, l, arguments.back(),
                                      arith::MulFOp::create(b, l, a, c));
        else
          sum = arith::AddIOp::create(b, l, arguments.back(),
                                      arith::MulIOp::create(b, l, a, c));
        linalg::YieldOp::create(b, l, sum);
      });
}

/// Whether each of `values` is a number of the float type `type`.
static bool represents(FloatType type, const FilterValues &values) {
  return llvm::all_of(values.floats, [&](double value) {
    llvm::APFloat number(value);
    bool losesInfo;
    number.convert(type.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven,
                   &losesInfo);
    return !losesInfo;
  });
}

/// The narrowest type, from that of the filter to that of sums, for `values`;
/// that of sums where they are rounded anyway.
static Type typeFor(const FilterValues &values, Type filter, Type sum) {
  if (values.isFloat)
    return represents(cast<FloatType>(filter), values) ? filter : sum;
  unsigned width = filter.getIntOrFloatBitWidth();
  for (int64_t value : values.integers)
    while (width < 64 && !llvm::isIntN(width, value))
      width *= 2;
  return IntegerType::get(filter.getContext(), width);
}

bool dconv::fitsAccumulator(RecognizedConvolution &convolution,
                            const Separation &separation) {
  auto type = dyn_cast<FloatType>(convolution.body.accumulator);
  return !type || (represents(type, separation.first) &&
                   represents(type, separation.second));
}

/// A factor as a constant of `type`: its dims are `loops`, those of the
/// constant are to be `order`.
static Value createFactor(OpBuilder &builder, Location loc,
                          const FilterValues &values, ArrayRef<unsigned> loops,
                          ArrayRef<unsigned> order, Type type) {
  SmallVector<int64_t> shape, strides;
  for (unsigned loop : order) {
    size_t at = llvm::find(loops, loop) - loops.begin();
    shape.push_back(values.shape[at]);
    int64_t stride = 1;
    for (size_t d = at + 1; d < loops.size(); ++d)
      stride *= values.shape[d];
    strides.push_back(stride);
  }
  SmallVector<int64_t> from{0};
  for (auto [extent, stride] : llvm::zip(shape, strides)) {
    SmallVector<int64_t> next;
    for (int64_t at : from)
      for (int64_t i = 0; i < extent; ++i)
        next.push_back(at + i * stride);
    from = std::move(next);
  }
  SmallVector<Attribute> elements;
  for (int64_t at : from)
    elements.push_back(
        values.isFloat
            ? Attribute(FloatAttr::get(type, values.floats[at]))
            : Attribute(IntegerAttr::get(type, values.integers[at])));
  return arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(RankedTensorType::get(shape, type), elements));
}

namespace {
class Factorer {
public:
  Factorer(OpBuilder &builder, RecognizedConvolution &convolution,
           const Convolution &geometry, const FactorPlan &plan,
           const Separation &separation)
      : builder(builder), convolution(convolution), geometry(geometry),
        plan(plan), separation(separation), loc(convolution.op.getLoc()),
        sum(convolution.body.accumulator),
        input(geometry.inputs[convolution.input]),
        filter(geometry.inputs[1 - convolution.input]),
        window(dimOf(input.map, plan.tap)),
        output(outputOf(geometry, input.map[window])) {}

  FactoredConvolution run() {
    readInput();
    createFilters();
    FactoredConvolution result = plan.isFirst ? singleFirst() : singleLast();
    Type type = convolution.initValue().getType();
    if (result.result.getType() != type)
      result.result =
          arith::TruncFOp::create(builder, loc, type, result.result);
    return result;
  }

private:
  CastKind castOf(Type from, CastKind integers) const {
    if (from == sum)
      return CastKind::None;
    return isa<FloatType>(sum) ? CastKind::ExtF : integers;
  }

  /// Whether positions of input dim `d`, a window, are those of the tensor in
  /// between: of all windows that the first convolution does not slide along.
  bool passes(unsigned d) const {
    return input.map[d].terms.size() == 2 && (d == window) != plan.isFirst;
  }

  /// The input of the first convolution, its map, and what the tensor in
  /// between is to be widened by.
  void readInput() {
    const Factor &factor = convolution.body.factors[convolution.input];
    x.value = convolution.inputValue(convolution.input);
    x.cast = castOf(getElementTypeOrSelf(x.value), factor.cast);
    if (factor.zeroPoint) {
      x.zeroPoint = convolution.op->getOperand(*factor.zeroPoint);
      x.zeroPointCast = factor.zeroPointCast;
    }
    const size_t rank = input.map.size();
    low.assign(rank, 0);
    high.assign(rank, 0);
    std::vector<int64_t> keptLow = input.padLow, keptHigh = input.padHigh;
    if (padsWithZero(convolution))
      for (size_t d = 0; d < rank; ++d)
        if (passes(d)) {
          std::swap(low[d], keptLow[d]);
          std::swap(high[d], keptHigh[d]);
        }
    for (size_t d = 0; d < rank; ++d)
      positions.push_back(input.shape[d] + keptLow[d] + keptHigh[d]);
    if (keptLow == input.padLow && keptHigh == input.padHigh)
      return;
    tensor::PadOp pad = fusiblePad(convolution, convolution.input);
    x.value = createPad(builder, loc, pad.getSource(), keptLow, keptHigh,
                        padValue(pad));
  }

  void createFilters() {
    std::vector<unsigned> all;
    for (const LinearExpr &expr : filter.map)
      all.push_back(expr.terms[0].loop);
    for (unsigned loop : all) {
      if (loop == plan.tap || llvm::is_contained(plan.shared, loop))
        singleLoops.push_back(loop);
      if (loop != plan.tap)
        restLoops.push_back(loop);
    }
    std::vector<unsigned> firstDims = plan.shared, secondDims = all;
    firstDims.push_back(plan.tap);
    llvm::erase(secondDims, plan.tap);
    llvm::sort(secondDims);
    Type type =
        getElementTypeOrSelf(convolution.inputValue(1 - convolution.input));
    auto make = [&](const FilterValues &values, ArrayRef<unsigned> dims,
                    ArrayRef<unsigned> order) {
      Type element = typeFor(values, type, sum);
      Value constant = createFactor(builder, loc, values, dims, order, element);
      return Read{constant, {}, castOf(element, CastKind::ExtSI), {}, {}};
    };
    single = make(separation.first, firstDims, singleLoops);
    rest = make(separation.second, secondDims, restLoops);
  }

  static LinearExpr loopExpr(unsigned loop) { return {{{loop, 1}}, 0}; }

  /// The number of a loop where the tap is none, and an expression of those.
  unsigned without(unsigned loop) const {
    return loop - (loop > plan.tap ? 1 : 0);
  }
  LinearExpr renumbered(LinearExpr expr) const {
    for (Term &term : expr.terms)
      term.loop = without(term.loop);
    return expr;
  }

  Value emptySums(ArrayRef<int64_t> shape) {
    return createFill(builder, loc, RankedTensorType::get(shape, sum),
                      builder.getZeroAttr(sum));
  }

  /// The initial output in the type of sums.
  Value initialSums() {
    Value init = convolution.initValue();
    auto type = cast<RankedTensorType>(init.getType());
    if (type.getElementType() == sum)
      return init;
    auto wide = RankedTensorType::get(type.getShape(), sum);
    if (auto fill = dyn_cast_or_null<FloatAttr>(constantFill(init))) {
      llvm::APFloat value = fill.getValue();
      bool losesInfo;
      value.convert(cast<FloatType>(sum).getFloatSemantics(),
                    llvm::APFloat::rmNearestTiesToEven, &losesInfo);
      return createFill(builder, loc, wide, FloatAttr::get(sum, value));
    }
    return arith::ExtFOp::create(builder, loc, wide, init);
  }

  /// single: between[p.., o, ..] = sum over k of x[p.., a o + b k + c, ..]
  /// rest:   the other taps over it.
  FactoredConvolution singleFirst() {
    const unsigned rank = input.map.size();
    SmallVector<int64_t> shape;
    AccessMap identity;
    for (unsigned d = 0; d < rank; ++d) {
      const LinearExpr &expr = input.map[d];
      identity.push_back(loopExpr(d));
      if (d == window) {
        shape.push_back(geometry.extents[output]);
        LinearExpr slid;
        slid.constant = expr.constant;
        slid.terms = {{d, expr.coefficientOf(output)},
                      {rank, expr.coefficientOf(plan.tap)}};
        x.map.push_back(slid);
      } else if (passes(d)) {
        shape.push_back(positions[d]);
        x.map.push_back(loopExpr(d));
      } else {
        shape.push_back(geometry.extents[expr.terms[0].loop]);
        x.map.push_back({{{d, expr.terms[0].coefficient}}, expr.constant});
      }
    }
    for (unsigned loop : singleLoops)
      single.map.push_back(
          loopExpr(loop == plan.tap ? rank : dimOf(input.map, loop)));
    FactoredConvolution result;
    result.single = createConvolution(builder, loc, rank + 1, x, single,
                                      identity, emptySums(shape));

    Read between;
    between.value = createPad(builder, loc, result.single->getResult(0), low,
                              high, builder.getZeroAttr(sum));
    for (unsigned d = 0; d < rank; ++d) {
      const LinearExpr &expr = input.map[d];
      if (!passes(d)) {
        between.map.push_back(
            loopExpr(without(d == window ? output : expr.terms[0].loop)));
        continue;
      }
      between.map.push_back(renumbered(expr));
    }
    AccessMap results;
    for (const LinearExpr &expr : geometry.output.map)
      results.push_back(renumbered(expr));
    for (unsigned loop : restLoops)
      rest.map.push_back(loopExpr(without(loop)));
    result.rest = createConvolution(builder, loc, geometry.numLoops() - 1,
                                    between, rest, results, initialSums());
    result.result = result.rest->getResult(0);
    return result;
  }

  /// rest:   between[.., p, ..] = sum over the other taps and channels at each
  ///         position p that the single tap will read
  /// single: slides along p.
  FactoredConvolution singleLast() {
    // The loop of the output stands for p.
    AccessMap results;
    SmallVector<int64_t> shape;
    for (const LinearExpr &expr : geometry.output.map) {
      results.push_back(renumbered(expr));
      unsigned loop = expr.terms[0].loop;
      shape.push_back(loop == output ? positions[window]
                                     : geometry.extents[loop]);
    }
    for (unsigned d = 0; d < input.map.size(); ++d)
      x.map.push_back(d == window ? loopExpr(without(output))
                                  : renumbered(input.map[d]));
    for (unsigned loop : restLoops)
      rest.map.push_back(loopExpr(without(loop)));
    FactoredConvolution result;
    result.rest = createConvolution(builder, loc, geometry.numLoops() - 1, x,
                                    rest, results, emptySums(shape));

    const unsigned rank = geometry.output.map.size();
    Read between;
    SmallVector<int64_t> around(rank, 0), behind(rank, 0);
    AccessMap identity;
    for (unsigned d = 0; d < rank; ++d) {
      identity.push_back(loopExpr(d));
      between.map.push_back(loopExpr(d));
      if (!geometry.output.map[d].uses(output))
        continue;
      const LinearExpr &expr = input.map[window];
      LinearExpr slid;
      slid.constant = expr.constant;
      slid.terms = {{d, expr.coefficientOf(output)},
                    {rank, expr.coefficientOf(plan.tap)}};
      between.map[d] = slid;
      around[d] = low[window];
      behind[d] = high[window];
    }
    between.value = createPad(builder, loc, result.rest->getResult(0), around,
                              behind, builder.getZeroAttr(sum));
    for (unsigned loop : singleLoops)
      single.map.push_back(
          loopExpr(loop == plan.tap ? rank : dimOf(geometry.output.map, loop)));
    result.single = createConvolution(builder, loc, rank + 1, between, single,
                                      identity, initialSums());
    result.result = result.single->getResult(0);
    return result;
  }

  OpBuilder &builder;
  RecognizedConvolution &convolution;
  const Convolution &geometry;
  const FactorPlan &plan;
  const Separation &separation;
  const Location loc;
  const Type sum;
  const Operand &input, &filter;
  const unsigned window; ///< dim of the input that the single tap slides along
  const unsigned output; ///< loop of the output in that window

  Read x, single, rest;
  std::vector<unsigned> singleLoops, restLoops; ///< dims of their filters
  /// Per dim of the input, how many positions it has in the first convolution,
  /// and the padding that is put around what is in between.
  std::vector<int64_t> positions;
  SmallVector<int64_t> low, high;
};
} // namespace

FactoredConvolution dconv::createFactors(OpBuilder &builder,
                                         RecognizedConvolution &convolution,
                                         const Convolution &geometry,
                                         const FactorPlan &plan,
                                         const Separation &separation) {
  return Factorer(builder, convolution, geometry, plan, separation).run();
}
