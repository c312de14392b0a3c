//===- Nest.cpp - a kernel as loops over linear memory --------------------===//

#include "Nest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dconv::kernels;
using vector::CombiningKind;

llvm::SmallVector<const Access *, 3> Nest::accesses() const {
  llvm::SmallVector<const Access *, 3> all;
  for (const Access &input : inputs)
    all.push_back(&input);
  all.push_back(&output);
  return all;
}

/// Adds `factor * expr` to `access`. False if `expr` is not a sum of loops
/// times constants.
static bool addLinear(AffineExpr expr, int64_t factor, Access &access) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    access.offset += factor * constant.getValue();
    return true;
  }
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    access.coefs[dim.getPosition()] += factor;
    return true;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (expr.getKind() == AffineExprKind::Add)
    return addLinear(binary.getLHS(), factor, access) &&
           addLinear(binary.getRHS(), factor, access);
  // Canonical affine expressions have the constant on the right.
  auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return expr.getKind() == AffineExprKind::Mul && constant &&
         addLinear(binary.getLHS(), factor * constant.getValue(), access);
}

static std::optional<Access> readAccess(OpOperand &operand, AffineMap map) {
  auto type = cast<MemRefType>(operand.get().getType());
  Access access;
  access.coefs.assign(map.getNumDims(), 0);
  access.numElements = type.getNumElements();
  access.elementBits = type.getElementTypeBitWidth();
  int64_t stride = 1;
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    if (!addLinear(map.getResult(dim), stride, access))
      return std::nullopt;
    stride *= type.getDimSize(dim);
  }
  return access;
}

/// The combiner of an op `combine(y, x)`; nothing if `op` is not one.
static std::optional<CombiningKind> combinerOf(Operation *op) {
  using Kind = std::optional<CombiningKind>;
  return llvm::TypeSwitch<Operation *, Kind>(op)
      .Case<arith::AddFOp, arith::AddIOp>(
          [](auto) { return CombiningKind::ADD; })
      .Case([](arith::MaximumFOp) { return CombiningKind::MAXIMUMF; })
      .Case([](arith::MinimumFOp) { return CombiningKind::MINIMUMF; })
      .Case([](arith::MaxNumFOp) { return CombiningKind::MAXNUMF; })
      .Case([](arith::MinNumFOp) { return CombiningKind::MINNUMF; })
      .Case([](arith::MaxSIOp) { return CombiningKind::MAXSI; })
      .Case([](arith::MaxUIOp) { return CombiningKind::MAXUI; })
      .Case([](arith::MinSIOp) { return CombiningKind::MINSI; })
      .Case([](arith::MinUIOp) { return CombiningKind::MINUI; })
      .Default(Kind());
}

/// The position of the memref operand that block argument `value` stands for.
static std::optional<unsigned> bufferOf(Value value, linalg::GenericOp op) {
  auto arg = dyn_cast<BlockArgument>(value);
  if (!arg || arg.getOwner() != op.getBody() ||
      arg.getArgNumber() >= op.getNumDpsInputs() ||
      !isa<MemRefType>(op->getOperand(arg.getArgNumber()).getType()))
    return std::nullopt;
  return arg.getArgNumber();
}

/// Matches `[subi](cast(element of a buffer), zero point)`.
static std::optional<InputValue> matchInput(Value value, linalg::GenericOp op) {
  InputValue input;
  if (auto sub = value.getDefiningOp<arith::SubIOp>()) {
    auto arg = dyn_cast<BlockArgument>(sub.getRhs());
    if (!arg || arg.getOwner() != op.getBody())
      return std::nullopt;
    input.zeroPoint = op->getOperand(arg.getArgNumber());
    if (isa<MemRefType>(input.zeroPoint.getType()))
      return std::nullopt;
    value = sub.getLhs();
  }
  Operation *def = value.getDefiningOp();
  if (isa_and_nonnull<arith::ExtFOp, arith::ExtSIOp, arith::ExtUIOp>(def)) {
    input.cast = def;
    value = def->getOperand(0);
  }
  std::optional<unsigned> operand = bufferOf(value, op);
  if (!operand)
    return std::nullopt;
  input.operand = *operand;
  return input;
}

/// Reads the combiner and the inputs from the body of `op`.
static bool matchBody(linalg::GenericOp op, Nest &nest) {
  Block *body = op.getBody();
  Operation *combine = body->getTerminator()->getOperand(0).getDefiningOp();
  if (!combine)
    return false;
  std::optional<CombiningKind> kind = combinerOf(combine);
  if (!kind)
    return false;
  nest.combiner = *kind;

  Value out = op.getRegionOutputArgs()[0];
  Value term = combine->getOperand(0) == out ? combine->getOperand(1)
                                             : combine->getOperand(0);
  if (!llvm::is_contained(combine->getOperands(), out) || term == out)
    return false;

  SmallVector<Value, 2> factors = {term};
  Operation *product = term.getDefiningOp();
  if (isa_and_nonnull<arith::MulFOp, arith::MulIOp>(product)) {
    if (nest.combiner != CombiningKind::ADD)
      return false;
    factors.assign(product->operand_begin(), product->operand_end());
  }
  for (Value factor : factors) {
    std::optional<InputValue> input = matchInput(factor, op);
    if (!input)
      return false;
    nest.values.push_back(*input);
  }
  return true;
}

static void removeLoop(Nest &nest, unsigned loop) {
  nest.loops.erase(nest.loops.begin() + loop);
  for (Access &input : nest.inputs)
    input.coefs.erase(input.coefs.begin() + loop);
  nest.output.coefs.erase(nest.output.coefs.begin() + loop);
}

void dconv::kernels::splitLoop(Nest &nest, unsigned loop, int64_t parts) {
  int64_t block = nest.loops[loop].extent / parts;
  nest.loops[loop].extent = block;
  nest.loops.push_back({parts, nest.loops[loop].reduction});
  auto split = [&](Access &access) {
    access.coefs.push_back(access.coefs[loop] * block);
  };
  llvm::for_each(nest.inputs, split);
  split(nest.output);
}

/// Whether one loop of both extents visits the same elements, `inner` running
/// fastest.
static bool canFuse(const Nest &nest, unsigned outer, unsigned inner) {
  if (outer == inner ||
      nest.loops[outer].reduction != nest.loops[inner].reduction)
    return false;
  return llvm::all_of(nest.accesses(), [&](const Access *access) {
    return access->coefs[outer] ==
           access->coefs[inner] * nest.loops[inner].extent;
  });
}

static bool fuseTwoLoops(Nest &nest) {
  for (unsigned outer = 0; outer < nest.loops.size(); ++outer) {
    for (unsigned inner = 0; inner < nest.loops.size(); ++inner) {
      if (!canFuse(nest, outer, inner))
        continue;
      nest.loops[inner].extent *= nest.loops[outer].extent;
      removeLoop(nest, outer);
      return true;
    }
  }
  return false;
}

std::optional<Nest> dconv::kernels::readNest(linalg::GenericOp op,
                                             std::string &why) {
  Nest nest;
  AffineMap outputMap = op.getIndexingMapsArray().back();
  if (!outputMap.isProjectedPermutation()) {
    why = "the output is not indexed by single loops";
    return std::nullopt;
  }
  for (auto [loop, extent] : llvm::enumerate(op.getStaticLoopRanges()))
    nest.loops.push_back({extent, !outputMap.isFunctionOfDim(loop)});
  if (llvm::any_of(nest.loops, [](Loop loop) { return loop.extent == 0; })) {
    why = "no iterations";
    return std::nullopt;
  }
  if (!matchBody(op, nest)) {
    why = "the body is not a multiply-accumulate or a pooling";
    return std::nullopt;
  }

  SmallVector<unsigned, 3> operands;
  for (const InputValue &value : nest.values)
    operands.push_back(value.operand);
  operands.push_back(op.getNumDpsInputs());
  for (unsigned position : operands) {
    OpOperand &operand = op->getOpOperand(position);
    std::optional<Access> access =
        readAccess(operand, op.getMatchingIndexingMap(&operand));
    if (!access) {
      why = "operand " + std::to_string(position) +
            " is not indexed by sums of loops times constants";
      return std::nullopt;
    }
    nest.inputs.push_back(std::move(*access));
  }
  nest.output = nest.inputs.pop_back_val();
  nest.type = op.getRegionOutputArgs()[0].getType();

  for (unsigned loop = nest.loops.size(); loop-- > 0;)
    if (nest.loops[loop].extent == 1)
      removeLoop(nest, loop);
  while (fuseTwoLoops(nest)) {
  }
  return nest;
}
