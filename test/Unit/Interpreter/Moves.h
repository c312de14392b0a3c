//===- Moves.h - the ops that move sharded values ---------------*- C++ -*-===//
//
// Written from the descriptions in DconvOps.td: one element at a time, from the
// shard that owns it. Of the type of a value only the integers of its sharding
// are used; what a shard has is what an earlier op gave it.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_TEST_UNIT_INTERPRETER_MOVES_H
#define DCONV_TEST_UNIT_INTERPRETER_MOVES_H

#include "Tensor.h"

namespace dconv::test {

/// A value of type `!dconv.sharded`: what each shard holds, partial sums in the
/// type of the accumulator.
struct ShardedTensor {
  std::vector<Tensor> shards;
};

/// What one op moved, in elements.
struct Movement {
  std::string op; ///< its name
  Grid grid;
  int64_t elementBytes = 0;
  /// [destination][source]; what a shard has itself is not counted.
  std::vector<std::vector<int64_t>> received;
  std::vector<int64_t> fromHost, toHost; ///< per shard

  Movement(mlir::Operation *op, ShardedType type, ElementType element);
};

/// Bytes that moved, per device; between shards of one device nothing moves.
struct Traffic {
  std::vector<int64_t> received, sent, scattered, gathered;
};
Traffic trafficOf(llvm::ArrayRef<Movement> movements, int64_t devices);

/// dconv.shard: each shard gets what it owns; along partial axes coordinate 0
/// gets the value, the others the identity.
Result<ShardedTensor> scatter(const Tensor &tensor, ShardedType to,
                              Movement &movement);

/// dconv.halo_exchange, dconv.reshard and dconv.all_gather: each shard gets
/// what `to` says it holds from the owners in `from`; `by` says which way.
Result<ShardedTensor> redistribute(const ShardedTensor &value, ShardedType from,
                                   ShardedType to, Algorithm by,
                                   Movement &movement);

/// dconv.reduce_scatter and dconv.all_reduce: each shard gets what `to` says it
/// holds as the combination, by ascending shard, of what its group holds.
/// Every partial sum travels to each shard that needs it.
Result<ShardedTensor> reduce(const ShardedTensor &value, ShardedType from,
                             ShardedType to, Movement &movement);

/// dconv.unshard: every element from its owner, of replicas from the first.
Result<Tensor> gather(const ShardedTensor &value, ShardedType from,
                      Movement &movement);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_INTERPRETER_MOVES_H
