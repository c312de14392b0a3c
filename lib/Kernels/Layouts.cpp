//===- Layouts.cpp - how kernels like their arguments to lie --------------===//

#include "dconv/Kernels/Layouts.h"
#include "ContractionEmitter.h"
#include "KernelArguments.h"

using namespace mlir;
using namespace dconv;
using namespace dconv::kernels;

/// The dim of the buffer indexed by `map` in which nothing but `loop` moves and
/// moves by one; nothing if there is none or `loop` moves another dim too.
static std::optional<unsigned> dimOf(AffineMap map, unsigned loop) {
  std::optional<unsigned> found;
  for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
    if (!expr.isFunctionOfDim(loop))
      continue;
    if (found || expr != getAffineDimExpr(loop, map.getContext()))
      return std::nullopt;
    found = dim;
  }
  return found;
}

/// Panels of `block` positions of dim `columns`; the other dims keep their
/// order, but `grouped`, if given, goes in groups within a panel.
static BufferLayout panelLayout(ArrayRef<int64_t> shape, unsigned columns,
                                int64_t block, std::optional<unsigned> grouped,
                                int64_t group) {
  std::vector<BufferLayout::Level> levels;
  if (block < shape[columns])
    levels.push_back({columns, block});
  for (unsigned dim = 0; dim < shape.size(); ++dim)
    if (dim != columns && dim != grouped)
      levels.push_back({dim, 1});
  if (grouped)
    levels.push_back({*grouped, group});
  levels.push_back({columns, 1});
  if (grouped)
    levels.push_back({*grouped, 1});
  Result<BufferLayout> layout = checkedLayout(levels, shape.size());
  return layout ? *layout : BufferLayout(); // in order is row-major
}

/// The layout of operand `b` of a product with operand `a`.
static BufferLayout filterLayout(linalg::GenericOp op,
                                 ArrayRef<BoundedPosition> bounds, unsigned a,
                                 unsigned b, const KernelTarget &target) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  AffineMap output = maps.back();
  if (output.getNumResults() == 0)
    return {};
  auto last = dyn_cast<AffineDimExpr>(output.getResults().back());
  std::optional<unsigned> columns;
  if (last && !maps[a].isFunctionOfDim(last.getPosition()))
    columns = dimOf(maps[b], last.getPosition());
  if (!columns)
    return {};
  ArrayRef<int64_t> shape =
      cast<MemRefType>(op->getOperand(b).getType()).getShape();

  // What the kernel is with all columns in one panel, and one group for each
  // position that the innermost dim of `a` has.
  SmallVector<BufferLayout> layouts(op->getNumOperands());
  layouts[b] = panelLayout(shape, *columns, shape[*columns], {}, 1);
  auto found = readContraction(op, bounds, layouts);
  if (!found || found->first.values[found->second.b].operand != b)
    return {};
  int64_t group = MultiplyAdd(found->first, found->second, target).group();
  std::optional<unsigned> grouped;
  if (auto run = dyn_cast<AffineDimExpr>(maps[a].getResults().back());
      run && group > 1)
    grouped = dimOf(maps[b], run.getPosition());
  // Few channels are better read together with the taps beside them.
  if (grouped && (shape[*grouped] < kShortRun || *grouped == *columns))
    grouped.reset();
  if (grouped)
    layouts[b] = panelLayout(shape, *columns, shape[*columns], grouped, group);
  found = readContraction(op, bounds, layouts);
  if (!found || found->first.values[found->second.b].operand != b)
    return {};
  auto &[nest, contraction] = *found;
  ContractionTiling tiling = chooseContractionTiling(
      nest, contraction, MultiplyAdd(nest, contraction, target).cost(), target,
      /*packable=*/true);
  return panelLayout(shape, *columns, tiling.vectors * tiling.lanes, grouped,
                     group);
}

SmallVector<BufferLayout> dconv::preferredLayouts(func::FuncOp kernel,
                                                  const KernelTarget &target) {
  SmallVector<BufferLayout> preferred;
  for (Type type : kernel.getArgumentTypes())
    if (isa<MemRefType>(type))
      preferred.emplace_back();
  FailureOr<linalg::GenericOp> op = findKernelOp(kernel);
  FailureOr<SmallVector<BoundedPosition>> bounds = readInside(kernel);
  std::string why;
  if (failed(op) || failed(bounds))
    return preferred;
  std::optional<Nest> nest = readNest(*op, {}, why);
  if (!nest || nest->values.size() != 2)
    return preferred;
  for (unsigned input : {1u, 0u}) {
    unsigned a = nest->values[1 - input].operand;
    unsigned b = nest->values[input].operand;
    BufferLayout layout = filterLayout(*op, *bounds, a, b, target);
    if (layout.isRowMajor())
      continue;
    unsigned position = 0;
    for (BlockArgument argument : kernel.getArguments()) {
      if (argument == op->getOperand(b))
        preferred[position] = layout;
      position += isa<MemRefType>(argument.getType());
    }
    break;
  }
  return preferred;
}
