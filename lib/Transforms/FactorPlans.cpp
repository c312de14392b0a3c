//===- FactorPlans.cpp - the ways to make a convolution two ---------------===//

#include "FactorConvolution.h"

#include "dconv/Transforms/Weights.h"

#include <tuple>

using namespace dconv;
using namespace mlir;

int dconv::dimOf(const AccessMap &map, unsigned loop) {
  for (size_t d = 0; d < map.size(); ++d)
    if (map[d].uses(loop))
      return d;
  return -1;
}

unsigned dconv::outputOf(const Convolution &geometry,
                         const LinearExpr &window) {
  bool isFirst = geometry.roles[window.terms[0].loop] == Role::Output;
  return window.terms[isFirst ? 0 : 1].loop;
}

static bool isSingle(const LinearExpr &expr) {
  return expr.terms.size() == 1 && expr.terms[0].coefficient == 1 &&
         expr.constant == 0;
}

/// Whether `expr` is an output position and a tap, in this or the other order.
static bool isWindow(const Convolution &geometry, const LinearExpr &expr) {
  if (expr.terms.size() != 2)
    return false;
  Role first = geometry.roles[expr.terms[0].loop];
  Role second = geometry.roles[expr.terms[1].loop];
  return (first == Role::Output && second == Role::Tap) ||
         (first == Role::Tap && second == Role::Output);
}

/// That each dim of the filter is a loop and each dim of the input a loop or a
/// window of one output loop and one tap.
static Result<int64_t> checkForm(RecognizedConvolution &convolution,
                                 const Convolution &geometry) {
  if (!convolution.shapeOnly.empty())
    return Error{"it has an operand that is read for its shape alone"};
  const Operand &filter = geometry.inputs[1 - convolution.input];
  const Operand &input = geometry.inputs[convolution.input];
  for (size_t d = 0; d < filter.map.size(); ++d)
    if (!isSingle(filter.map[d]))
      return Error{"dim " + std::to_string(d) +
                   " of its filter is not a single loop"};
  for (size_t d = 0; d < input.map.size(); ++d)
    if (input.shape[d] == 0)
      return Error{"dim " + std::to_string(d) + " of its input is empty"};
    else if (input.map[d].terms.size() != 1 &&
             !isWindow(geometry, input.map[d]))
      return Error{"dim " + std::to_string(d) +
                   " of its input is neither a loop nor a window of one "
                   "output loop and one tap"};
  return 0;
}

bool dconv::padsWithZero(RecognizedConvolution &convolution) {
  tensor::PadOp pad = fusiblePad(convolution, convolution.input);
  if (!pad)
    return false;
  TypedAttr value = padValue(pad);
  if (auto real = dyn_cast<FloatAttr>(value))
    return real.getValue().isZero();
  const Factor &factor = convolution.body.factors[convolution.input];
  auto integer = dyn_cast<IntegerAttr>(value);
  std::optional<int64_t> zeroPoint = zeroPointOf(convolution, factor);
  if (!integer || !zeroPoint)
    return false;
  auto widened = [](llvm::APInt bits, CastKind cast) {
    return cast == CastKind::ExtUI ? bits.zext(64) : bits.sext(64);
  };
  llvm::APInt padding = widened(integer.getValue(), factor.cast);
  if (!factor.zeroPoint)
    return padding.isZero();
  unsigned width =
      getElementTypeOrSelf(convolution.op->getOperand(*factor.zeroPoint))
          .getIntOrFloatBitWidth();
  return padding == widened(llvm::APInt(width, *zeroPoint, true, true),
                            factor.zeroPointCast);
}

Result<std::vector<FactorPlan>>
dconv::factorPlans(RecognizedConvolution &convolution,
                   const Convolution &geometry) {
  std::vector<FactorPlan> plans;
  std::vector<unsigned> taps;
  const Operand &filter = geometry.inputs[1 - convolution.input];
  const Operand &input = geometry.inputs[convolution.input];
  for (unsigned loop = 0; loop < geometry.numLoops(); ++loop)
    if (geometry.roles[loop] == Role::Tap && geometry.extents[loop] > 1 &&
        dimOf(filter.map, loop) >= 0)
      taps.push_back(loop);
  if (taps.size() < 2)
    return plans;
  if (Result<int64_t> form = checkForm(convolution, geometry); !form)
    return Error{form.error()};

  const int64_t all = Box::whole(geometry.extents).volume();
  // Positions of a window in the tensor in between.
  const bool movesPadding = padsWithZero(convolution);
  auto positionsOf = [&](unsigned d) {
    return input.shape[d] +
           (movesPadding ? 0 : input.padLow[d] + input.padHigh[d]);
  };
  int64_t outputs = 1, inputs = 1;
  for (const LinearExpr &expr : geometry.output.map)
    outputs *= geometry.extents[expr.terms[0].loop];
  for (auto [d, expr] : llvm::enumerate(input.map))
    inputs *= expr.terms.size() == 1 ? geometry.extents[expr.terms[0].loop]
                                     : positionsOf(d);
  for (unsigned tap : taps) {
    const unsigned dim = dimOf(input.map, tap);
    const LinearExpr &window = input.map[dim];
    const int64_t positions = positionsOf(dim);
    const int64_t output = geometry.extents[outputOf(geometry, window)];
    const int64_t extent = geometry.extents[tap];
    FactorPlan first{tap, true, {}, 0}, last{tap, false, {}, 0};
    for (unsigned loop = 0; loop < geometry.numLoops(); ++loop) {
      if (dimOf(filter.map, loop) < 0)
        continue;
      Role role = geometry.roles[loop];
      if (role == Role::Group ||
          (role == Role::InputChannel && dimOf(input.map, loop) >= 0))
        first.shared.push_back(loop);
      if (role == Role::Group || role == Role::OutputChannel)
        last.shared.push_back(loop);
    }
    first.macs = inputs / positions * output * extent + all / extent;
    last.macs = all / extent / output * positions + outputs * extent;
    plans.push_back(std::move(first));
    plans.push_back(std::move(last));
  }
  llvm::sort(plans, [](const FactorPlan &a, const FactorPlan &b) {
    return std::tuple(a.macs, a.tap, !a.isFirst) <
           std::tuple(b.macs, b.tap, !b.isFirst);
  });
  return plans;
}
