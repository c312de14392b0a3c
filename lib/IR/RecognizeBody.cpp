//===- RecognizeBody.cpp - the body of a convolution ----------------------===//

#include "RecognizeBody.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace dconv;
using namespace mlir;

namespace {
struct Combiner {
  CombinerKind kind;
  bool ignoresNaN = false;
};

/// A value of the body that is an operand of the op, widened.
struct CastOperand {
  unsigned operand;
  CastKind cast;
};

/// Matches from the yielded value upwards and remembers what it went through.
class BodyMatcher {
public:
  explicit BodyMatcher(linalg::LinalgOp op) : op(op), block(op.getBlock()) {}

  Result<Body> match();

private:
  Result<CastOperand> matchCast(Value value);
  Result<Factor> matchFactor(Value value);
  Result<Body> matchFactors(Value value, Combiner combiner);

  /// Why `value` is not what was looked for.
  Error unexpected(Value value) const;
  bool isScalar(unsigned operand) {
    return op.getMatchingIndexingMap(&op->getOpOperand(operand))
               .getNumResults() == 0;
  }

  /// The op of this body that defines `value`, or null.
  template <typename... OpTypes> Operation *definedBy(Value value) {
    Operation *definition = value.getDefiningOp();
    if (!isa_and_nonnull<OpTypes...>(definition) ||
        definition->getBlock() != block)
      return nullptr;
    visited.insert(definition);
    return definition;
  }

  linalg::LinalgOp op;
  Block *block;
  llvm::SmallPtrSet<Operation *, 8> visited;
};
} // namespace

static std::optional<Combiner> combinerOf(Operation *op) {
  using Found = std::optional<Combiner>;
  return llvm::TypeSwitch<Operation *, Found>(op)
      .Case<arith::AddFOp, arith::AddIOp>(
          [](auto) { return Combiner{CombinerKind::Add}; })
      .Case<arith::MaximumFOp, arith::MaxSIOp>(
          [](auto) { return Combiner{CombinerKind::Max}; })
      .Case<arith::MinimumFOp, arith::MinSIOp>(
          [](auto) { return Combiner{CombinerKind::Min}; })
      .Case([](arith::MaxNumFOp) {
        return Combiner{CombinerKind::Max, true};
      })
      .Case([](arith::MinNumFOp) {
        return Combiner{CombinerKind::Min, true};
      })
      .Case([](arith::MaxUIOp) { return Combiner{CombinerKind::MaxUnsigned}; })
      .Case([](arith::MinUIOp) { return Combiner{CombinerKind::MinUnsigned}; })
      .Default([](Operation *) { return std::nullopt; });
}

static std::string nameOf(Operation *op) {
  return "'" + op->getName().getStringRef().str() + "'";
}

Error BodyMatcher::unexpected(Value value) const {
  if (value == block->getArguments().back())
    return {"the body reads the output more than once"};
  Operation *definition = value.getDefiningOp();
  if (!definition || definition->getBlock() != block)
    return {"the body reads a value from outside"};
  return {"the body has " + nameOf(definition) +
          " where an input, widened or not, is needed"};
}

Result<CastOperand> BodyMatcher::matchCast(Value value) {
  CastKind cast = CastKind::None;
  Value source = value;
  if (Operation *definition =
          definedBy<arith::ExtFOp, arith::ExtSIOp, arith::ExtUIOp>(value)) {
    cast = isa<arith::ExtFOp>(definition)    ? CastKind::ExtF
           : isa<arith::ExtSIOp>(definition) ? CastKind::ExtSI
                                             : CastKind::ExtUI;
    source = definition->getOperand(0);
  }
  auto argument = dyn_cast<BlockArgument>(source);
  if (!argument || argument.getOwner() != block ||
      argument == block->getArguments().back())
    return unexpected(source);
  return CastOperand{argument.getArgNumber(), cast};
}

Result<Factor> BodyMatcher::matchFactor(Value value) {
  Factor factor;
  if (Operation *difference = definedBy<arith::SubIOp>(value)) {
    Result<CastOperand> zeroPoint = matchCast(difference->getOperand(1));
    if (!zeroPoint)
      return Error{zeroPoint.error()};
    if (!isScalar(zeroPoint->operand))
      return Error{"the body subtracts operand #" +
                   std::to_string(zeroPoint->operand) +
                   ", which is not a scalar"};
    factor.zeroPoint = zeroPoint->operand;
    factor.zeroPointCast = zeroPoint->cast;
    value = difference->getOperand(0);
  }
  Result<CastOperand> input = matchCast(value);
  if (!input)
    return Error{input.error()};
  if (isScalar(input->operand))
    return Error{"the body combines operand #" +
                 std::to_string(input->operand) + ", which is a scalar"};
  factor.operand = input->operand;
  factor.cast = input->cast;
  return factor;
}

Result<Body> BodyMatcher::matchFactors(Value value, Combiner combiner) {
  Body body;
  body.combiner = combiner.kind;
  body.ignoresNaN = combiner.ignoresNaN;
  SmallVector<Value, 2> values{value};
  if (Operation *product = definedBy<arith::MulFOp, arith::MulIOp>(value)) {
    if (combiner.kind != CombinerKind::Add)
      return Error{"the body does not add its products"};
    values.assign(product->operand_begin(), product->operand_end());
  }
  for (Value operand : values) {
    Result<Factor> factor = matchFactor(operand);
    if (!factor)
      return Error{factor.error()};
    body.factors.push_back(*factor);
  }
  llvm::sort(body.factors, [](const Factor &a, const Factor &b) {
    return a.operand < b.operand;
  });
  if (body.factors.size() == 2 &&
      body.factors[0].operand == body.factors[1].operand)
    return Error{"the body multiplies operand #" +
                 std::to_string(body.factors[0].operand) + " by itself"};
  return body;
}

Result<Body> BodyMatcher::match() {
  if (op.hasIndexSemantics())
    return Error{"the body reads loop indices"};
  Value yielded = block->getTerminator()->getOperand(0);
  Operation *last = yielded.getDefiningOp();
  std::optional<Combiner> combiner;
  if (last && last->getBlock() == block)
    combiner = combinerOf(last);
  if (!combiner)
    return Error{"the body ends in " +
                 (last ? nameOf(last) : std::string("no op")) +
                 "; needs an addition, a maximum or a minimum"};
  visited.insert(last);

  Value output = block->getArguments().back();
  Value lhs = last->getOperand(0), rhs = last->getOperand(1);
  if (lhs != output && rhs != output)
    return Error{"the body's " + nameOf(last) + " does not read the output"};
  Result<Body> body = matchFactors(lhs == output ? rhs : lhs, *combiner);
  if (!body)
    return body;

  for (Operation &other : block->without_terminator())
    if (!visited.contains(&other))
      return Error{"the body has " + nameOf(&other) +
                   ", which its result does not need"};

  Type type = output.getType();
  body->accumulator = type;
  if (body->combiner == CombinerKind::Add && (type.isF16() || type.isBF16()))
    body->accumulator = Float32Type::get(type.getContext());
  return body;
}

Result<Body> dconv::matchBody(linalg::LinalgOp op) {
  return BodyMatcher(op).match();
}
