//===- Collectives.cpp - verifiers of the ops that move data --------------===//

#include "dconv/IR/Dconv.h"

#include "llvm/Support/InterleavedRange.h"

using namespace mlir;
using namespace dconv;

/// Both sides are the same tensor on the devices of the same grid.
static LogicalResult verifySameTensor(Operation *op, ShardedType from,
                                      ShardedType to) {
  if (from.isStreamed() || to.isStreamed()) {
    InFlightDiagnostic diag = op->emitOpError(
        "moves a tensor between shards, but a streamed one lies on the host");
    diag.attachNote() << "a sub-kernel reads any part of a streamed tensor; "
                         "dconv.shard brings it to the shards";
    return diag;
  }
  if (from.getTensor() != to.getTensor())
    return op->emitOpError("keeps the tensor but turns ")
           << from.getTensor() << " into " << to.getTensor();
  if (from.getSharding().getGrid() != to.getSharding().getGrid())
    return op->emitOpError("keeps the grid but goes from ")
           << from.getSharding().getGrid() << " to "
           << to.getSharding().getGrid();
  return success();
}

static LogicalResult verifyNotPartial(Operation *op, const char *what,
                                      ShardedType type) {
  if (!type.isPartial())
    return success();
  InFlightDiagnostic diag = op->emitOpError()
                            << what << " holds partial sums along axes ["
                            << llvm::interleaved(
                                   type.getSharding().getPartialAxes())
                            << "]";
  diag.attachNote() << "a dconv.reduce_scatter or dconv.all_reduce would "
                       "combine them";
  return diag;
}

/// Every owner has what it owns at hand: after a halo exchange it may not.
static LogicalResult verifyHoldsOwned(Operation *op, const char *what,
                                      ShardedType type) {
  for (auto [d, dim] : llvm::enumerate(type.layout().dims))
    for (auto [owned, held] : llvm::zip(dim.owned, dim.held))
      if (!held.contains(owned))
        return op->emitOpError()
               << what << " owns " << toString(owned) << " of dim " << d
               << " but holds " << toString(held);
  return success();
}

static LogicalResult verifyNoHalo(Operation *op, ShardedType type) {
  for (auto [d, dim] : llvm::enumerate(type.layout().dims))
    for (auto [owned, held] : llvm::zip(dim.owned, dim.held))
      if (held != owned && !(held.empty() && owned.empty())) {
        InFlightDiagnostic diag =
            op->emitOpError("result owns ")
            << toString(owned) << " of dim " << d << " but is to hold "
            << toString(held);
        diag.attachNote() << "a dconv.halo_exchange brings what others own";
        return diag;
      }
  return success();
}

LogicalResult ShardOp::verify() {
  if (getInput().getType() != getType().getTensor())
    return emitOpError("shards ")
           << getInput().getType() << " as " << getType().getTensor();
  return verifyNoHalo(*this, getType());
}

LogicalResult UnshardOp::verify() {
  ShardedType type = getInput().getType();
  if (getType() != type.getTensor())
    return emitOpError("assembles ") << type.getTensor() << " as " << getType();
  if (failed(verifyNotPartial(*this, "operand", type)))
    return failure();
  return verifyHoldsOwned(*this, "operand", type);
}

/// What the collectives without a reduction have in common.
static LogicalResult verifyMove(Operation *op, ShardedType from,
                                ShardedType to) {
  if (failed(verifySameTensor(op, from, to)) ||
      failed(verifyNotPartial(op, "operand", from)) ||
      failed(verifyNotPartial(op, "result", to)))
    return failure();
  return verifyHoldsOwned(op, "operand", from);
}

LogicalResult HaloExchangeOp::verify() {
  ShardedType from = getInput().getType();
  if (failed(verifyMove(*this, from, getType())))
    return failure();
  TensorLayout before = from.layout(), after = getType().layout();
  for (unsigned d = 0; d < before.dims.size(); ++d)
    if (before.dims[d].axes != after.dims[d].axes ||
        before.dims[d].owned != after.dims[d].owned)
      return emitOpError("keeps the owners but changes those of dim ")
             << d << "; a dconv.reshard moves stripes";
  return success();
}

LogicalResult ReshardOp::verify() {
  if (failed(verifyMove(*this, getInput().getType(), getType())))
    return failure();
  return verifyNoHalo(*this, getType());
}

LogicalResult AllGatherOp::verify() {
  ShardedType from = getInput().getType();
  if (failed(verifyMove(*this, from, getType())))
    return failure();
  Grid grid = getType().grid();
  TensorLayout before = from.layout(), after = getType().layout();
  for (int64_t shard = 0, e = grid.numShards(); shard < e; ++shard) {
    Box had = before.owned(grid, shard), has = after.owned(grid, shard);
    if (!has.contains(had))
      return emitOpError("gathers, but shard ")
             << shard << " owns " << toString(had) << " before and "
             << toString(has) << " after; a dconv.reshard moves stripes";
  }
  return success();
}

LogicalResult AllReduceOp::verify() {
  ShardedType from = getInput().getType();
  if (failed(verifySameTensor(*this, from, getType())) ||
      failed(verifyNotPartial(*this, "result", getType())))
    return failure();
  if (!from.isPartial())
    return emitOpError("operand holds no partial sums");
  TensorLayout before = from.layout();
  before.partialAxes.clear();
  if (before.dims != getType().layout().dims)
    return emitOpError("keeps the stripes but turns ")
           << from.getSharding() << " into " << getType().getSharding();
  return success();
}

LogicalResult ReduceScatterOp::verify() {
  ShardedType from = getInput().getType();
  if (failed(verifySameTensor(*this, from, getType())) ||
      failed(verifyNotPartial(*this, "result", getType())) ||
      failed(verifyNoHalo(*this, getType())))
    return failure();
  if (!from.isPartial())
    return emitOpError("operand holds no partial sums");
  TensorLayout before = from.layout(), after = getType().layout();
  for (unsigned axis : before.partialAxes)
    if (!after.cuts(axis))
      return emitOpError("scatters over axis ")
             << axis << ", but the result is not cut along it";
  Grid grid = getType().grid();
  for (int64_t shard = 0, e = grid.numShards(); shard < e; ++shard) {
    Box sum = before.owned(grid, shard), piece = after.owned(grid, shard);
    if (!piece.empty() && !sum.contains(piece))
      return emitOpError("shard ")
             << shard << " is to own " << toString(piece)
             << " of the sum but its group holds partial sums of "
             << toString(sum);
  }
  return success();
}

OpFoldResult HaloExchangeOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : Value();
}
OpFoldResult ReshardOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : Value();
}
OpFoldResult AllGatherOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : Value();
}
OpFoldResult AllReduceOp::fold(FoldAdaptor) { return {}; }
OpFoldResult ReduceScatterOp::fold(FoldAdaptor) { return {}; }
