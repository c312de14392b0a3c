//===- Nest.cpp - a kernel as loops over linear memory --------------------===//

#include "Nest.h"
#include "dconv/IR/Dconv.h"
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

/// Adds `factor * expr` to the sum of `coefs` times loops and `offset`. False
/// if `expr` is not a sum of loops times constants.
static bool addLinear(AffineExpr expr, int64_t factor,
                      SmallVectorImpl<int64_t> &coefs, int64_t &offset) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    offset += factor * constant.getValue();
    return true;
  }
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    coefs[dim.getPosition()] += factor;
    return true;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (expr.getKind() == AffineExprKind::Add)
    return addLinear(binary.getLHS(), factor, coefs, offset) &&
           addLinear(binary.getRHS(), factor, coefs, offset);
  // Canonical affine expressions have the constant on the right.
  auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS());
  return expr.getKind() == AffineExprKind::Mul && constant &&
         addLinear(binary.getLHS(), factor * constant.getValue(), coefs,
                   offset);
}

/// The loop that alone says where `expr` is.
static std::optional<unsigned> singleLoop(AffineExpr expr) {
  auto dim = dyn_cast<AffineDimExpr>(expr);
  return dim ? std::optional<unsigned>(dim.getPosition()) : std::nullopt;
}

/// Reads the strides of the dims from `layout`, and the panels where there are
/// blocks:
///
///     [dim by block], other dims, [grouped by group], dim, [grouped]
///
/// False for any other layout.
static bool readLayout(const dconv::BufferLayout &layout, AffineMap map,
                       MemRefType type, SmallVectorImpl<int64_t> &strides,
                       std::optional<Panels> &panels) {
  ArrayRef<dconv::BufferLayout::Level> levels = layout.levels;
  int64_t stride = 1;
  bool blocks = levels.size() != size_t(type.getRank());
  if (blocks) {
    Panels found;
    unsigned panelDim = levels.back().dim;
    if (levels.size() >= 3 && levels.end()[-3].dim == levels.back().dim) {
      panelDim = levels.end()[-2].dim;
      found.group = levels.end()[-3].block;
      found.groupLoop = singleLoop(map.getResult(levels.back().dim));
      if (!found.groupLoop)
        return false;
      strides[levels.back().dim] = 1;
      stride = type.getDimSize(levels.back().dim);
      levels = levels.drop_back(2);
    }
    levels = levels.drop_back();
    found.block = type.getDimSize(panelDim);
    if (!levels.empty() && levels.front().dim == panelDim) {
      found.block = levels.front().block;
      levels = levels.drop_front();
    }
    std::optional<unsigned> loop = singleLoop(map.getResult(panelDim));
    if (!loop)
      return false;
    found.loop = *loop;
    strides[panelDim] = 0;
    panels = found;
  }
  for (dconv::BufferLayout::Level level : llvm::reverse(levels)) {
    if (level.block != 1)
      return false;
    strides[level.dim] = stride;
    stride *= type.getDimSize(level.dim);
  }
  if (panels)
    panels->perPosition = stride;
  return true;
}

static std::optional<Access>
readAccess(OpOperand &operand, AffineMap map,
           std::optional<dconv::BufferLayout> layout) {
  auto type = cast<MemRefType>(operand.get().getType());
  Access access;
  access.coefs.assign(map.getNumDims(), 0);
  access.numElements = type.getNumElements();
  access.elementBits = type.getElementTypeBitWidth();
  SmallVector<int64_t> strides(type.getRank(), 1);
  if (!layout)
    layout = dconv::LayoutAttr::of(type);
  if (!layout)
    return std::nullopt;
  if (layout->isRowMajor()) {
    for (int64_t dim = type.getRank() - 1; dim > 0; --dim)
      strides[dim - 1] = strides[dim] * type.getDimSize(dim);
  } else if (!readLayout(*layout, map, type, strides, access.panels)) {
    return std::nullopt;
  }
  for (auto [result, stride] : llvm::zip_equal(map.getResults(), strides))
    if (!addLinear(result, stride, access.coefs, access.offset))
      return std::nullopt;
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

/// The coefficients of a loop in all that loops move.
static void forEachCoefs(Nest &nest,
                         function_ref<void(SmallVector<int64_t> &)> apply) {
  for (Access &input : nest.inputs)
    apply(input.coefs);
  apply(nest.output.coefs);
  for (BoundedPosition &position : nest.bounds)
    apply(position.coefs);
}

static void removeLoop(Nest &nest, unsigned loop) {
  nest.loops.erase(nest.loops.begin() + loop);
  forEachCoefs(nest, [&](SmallVector<int64_t> &coefs) {
    coefs.erase(coefs.begin() + loop);
  });
  for (Access &input : nest.inputs) {
    if (!input.panels)
      continue;
    Panels &panels = *input.panels;
    if (panels.loop > loop)
      --panels.loop;
    if (panels.groupLoop && *panels.groupLoop > loop)
      --*panels.groupLoop;
  }
}

void dconv::kernels::splitLoop(Nest &nest, unsigned loop, int64_t parts) {
  int64_t block = nest.loops[loop].extent / parts;
  nest.loops[loop].extent = block;
  nest.loops.push_back({parts, nest.loops[loop].reduction});
  forEachCoefs(nest, [&](SmallVector<int64_t> &coefs) {
    coefs.push_back(coefs[loop] * block);
  });
}

/// Whether `loop` counts the positions of panels or groups.
static bool isOfPanels(const Nest &nest, unsigned loop) {
  return llvm::any_of(nest.inputs, [&](const Access &input) {
    return input.panels &&
           (input.panels->loop == loop || input.panels->groupLoop == loop);
  });
}

/// Whether one loop of both extents visits the same elements, `inner` running
/// fastest.
static bool canFuse(const Nest &nest, unsigned outer, unsigned inner) {
  if (outer == inner ||
      nest.loops[outer].reduction != nest.loops[inner].reduction)
    return false;
  if (isOfPanels(nest, outer) || isOfPanels(nest, inner))
    return false;
  auto alike = [&](ArrayRef<int64_t> coefs) {
    return coefs[outer] == coefs[inner] * nest.loops[inner].extent;
  };
  return llvm::all_of(
             nest.accesses(),
             [&](const Access *access) { return alike(access->coefs); }) &&
         llvm::all_of(nest.bounds, [&](const BoundedPosition &position) {
           return alike(position.coefs);
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

/// Reads the positions of `bounds` in the op. One of a buffer that is no
/// operand or no sum of loops bounds nothing.
static void readBounds(linalg::GenericOp op, ArrayRef<BoundedPosition> bounds,
                       Nest &nest) {
  for (BoundedPosition position : bounds) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (operand.get() != position.buffer)
        continue;
      AffineMap map = op.getMatchingIndexingMap(&operand);
      position.coefs.assign(map.getNumDims(), 0);
      if (addLinear(map.getResult(position.dim), 1, position.coefs,
                    position.offset))
        nest.bounds.push_back(position);
    }
  }
}

std::optional<Nest>
dconv::kernels::readNest(linalg::GenericOp op, ArrayRef<BoundedPosition> bounds,
                         std::string &why,
                         ArrayRef<dconv::BufferLayout> layouts) {
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
    std::optional<Access> access = readAccess(
        operand, op.getMatchingIndexingMap(&operand),
        layouts.empty() ? std::nullopt : std::optional(layouts[position]));
    if (!access) {
      why = "operand " + std::to_string(position) +
            " is not indexed by sums of loops times constants";
      return std::nullopt;
    }
    nest.inputs.push_back(std::move(*access));
  }
  nest.output = nest.inputs.pop_back_val();
  if (nest.output.panels) {
    why = "the output lies in panels";
    return std::nullopt;
  }
  readBounds(op, bounds, nest);
  nest.type = op.getRegionOutputArgs()[0].getType();

  for (unsigned loop = nest.loops.size(); loop-- > 0;)
    if (nest.loops[loop].extent == 1 && !isOfPanels(nest, loop))
      removeLoop(nest, loop);
  while (fuseTwoLoops(nest)) {
  }
  return nest;
}
