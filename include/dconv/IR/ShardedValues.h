//===- ShardedValues.h - where sharded values may be ------------*- C++ -*-===//

#ifndef DCONV_IR_SHARDEDVALUES_H
#define DCONV_IR_SHARDEDVALUES_H

#include "dconv/IR/Dconv.h"

namespace dconv {

/// True for the ops of level 2 that make or use sharded values.
bool isDistributed(mlir::Operation *op);

/// The ops of level 2 below `root`, in text order, those that are connected by
/// sharded values together.
llvm::SmallVector<llvm::SmallVector<mlir::Operation *>>
connectedOps(mlir::Operation *root);

/// Fails, with a diagnostic, where another op below `root` has a sharded
/// operand, result or block argument: no pass could say what it means there.
mlir::LogicalResult verifyShardedValues(mlir::Operation *root);

} // namespace dconv

#endif // DCONV_IR_SHARDEDVALUES_H
