//===- ShardAnnotations.h - requests in the upstream shard dialect -*- C++
//-*-===//

#ifndef DCONV_LIB_TRANSFORMS_SHARDANNOTATIONS_H
#define DCONV_LIB_TRANSFORMS_SHARDANNOTATIONS_H

#include "dconv/Geometry/Split.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"

namespace dconv {

/// How the annotated tensors of one convolution lie on a `shard.grid`.
struct ShardRequest {
  /// The loops that index cut dims, in the order of the grid's axes.
  Split cut;
  /// The other loops that index an annotated tensor, ascending: the annotations
  /// leave them whole. Of loops in neither they say nothing.
  std::vector<unsigned> whole;
  int64_t devices = 1; ///< of the grid

  /// `cut`, and an axis of one part for each loop of `whole`: what a search has
  /// to keep to.
  Split fixed(const Convolution &convolution) const;
  /// Whether `split` divides the loops of `cut` and `whole` in the same way.
  bool agreesWith(const Split &split) const;
};

/// The requests of a module, by convolution.
class ShardRequests {
public:
  /// Reads the `shard.shard` ops around each convolution of `module` outside of
  /// sub-kernels: on its operands, through a fusible `tensor.pad` and the
  /// `linalg.fill` of the initial output, and on its result. Those that apply
  /// to the convolution are dropped, and what defines a sharding or a grid for
  /// them alone; others stay. A diagnostic where annotations contradict each
  /// other or cannot be followed.
  static mlir::FailureOr<ShardRequests> take(mlir::ModuleOp module);

  /// What is asked of `convolution`, or null where it has no annotation.
  const ShardRequest *of(mlir::Operation *convolution) const;

  /// A diagnostic where annotations of `op` ask for another split than `split`,
  /// which `op` carries as its plan, or which an option asks for.
  mlir::LogicalResult check(mlir::Operation *op, llvm::StringRef name,
                            const Convolution &convolution, const Split &split,
                            bool isPlan) const;

private:
  llvm::DenseMap<mlir::Operation *, ShardRequest> requests;
};

} // namespace dconv

#endif // DCONV_LIB_TRANSFORMS_SHARDANNOTATIONS_H
