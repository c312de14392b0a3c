//===- DropZeros.h - convolutions without the zeros of weights --*- C++ -*-===//

#ifndef DCONV_TRANSFORMS_DROPZEROS_H
#define DCONV_TRANSFORMS_DROPZEROS_H

#include "dconv/Transforms/Weights.h"

namespace dconv {

/// The slices of one loop whose weights are all zero, and that are gone.
struct DroppedSlices {
  std::string loop;   ///< its name before: "k0", "ic", "oc", "g"
  int64_t extent = 0; ///< before
  Stripes dropped;    ///< what of [0, extent)
};

/// What was dropped from a convolution, by loop. Slices that are kept and lie
/// equally far apart have become a dilation, or a stride of the tensors.
struct DroppedWeights {
  std::vector<DroppedSlices> loops;

  bool empty() const { return loops.empty(); }
};

/// "k0 [0, 1) [4, 5) of 5, ic [2, 3) of 8".
std::string toString(const DroppedWeights &dropped);

/// What --dconv-drop-zeros has noted on `convolution`, also within the region
/// of a dconv.sub_kernel (attribute `dconv.dropped`).
DroppedWeights droppedFrom(mlir::Operation *convolution);

/// The convolutions of `function` that are gone because all their weights are
/// zero, by the names they had (attribute `dconv.dropped_convolutions`).
std::vector<std::string> convolutionsDroppedFrom(mlir::Operation *function);

struct DropOptions {
  /// Also zeros of floats. The product of 0 and an infinite or undefined input
  /// is no number; it is dropped as 0.
  bool floats = true;
  /// A gap of zero taps within the hull cuts the convolution in two, one after
  /// the other, where it saves at least so many multiply-adds per element of
  /// the output, which is written and read once more; 0: never.
  int64_t cut = 0;
};

struct DropCounts {
  int64_t convolutions = 0; ///< that have become smaller, or are gone
  int64_t macsDropped = 0;
};

/// Rewrites each convolution of `module` at level 0 whose weights are known
/// into the smallest that computes the same; a remark says what was dropped.
/// Convolutions with a plan or in a sub-kernel stay as they are.
DropCounts dropZeros(mlir::ModuleOp module, const GivenWeights &given,
                     const DropOptions &options);

} // namespace dconv

#endif // DCONV_TRANSFORMS_DROPZEROS_H
