//===- Convolution.h - a convolution as integers ----------------*- C++ -*-===//

#ifndef DCONV_GEOMETRY_CONVOLUTION_H
#define DCONV_GEOMETRY_CONVOLUTION_H

#include "dconv/Geometry/AccessMap.h"

namespace dconv {

/// What a loop does, read from the maps.
enum class Role {
  Batch,         ///< n: parallel, in input and output
  Group,         ///< g: parallel, in input, filter and output
  OutputChannel, ///< oc: parallel, in filter and output
  InputChannel,  ///< ic: reduction, in both inputs, in no window
  Output,        ///< o: parallel, shares an input expression with a reduction
  Tap,           ///< k: the reduction of such an expression
};

/// A tensor that the convolution reads or writes.
struct Operand {
  /// From loops to positions in the tensor widened by its local padding.
  AccessMap map;
  std::vector<int64_t> shape;   ///< without the padding
  std::vector<int64_t> padLow;  ///< per dim, >= 0
  std::vector<int64_t> padHigh; ///< per dim, >= 0
  int64_t elementBytes = 4;

  /// From loops to positions in the unpadded tensor: `map` less `padLow`.
  AccessMap unpaddedMap() const;
  Box extent() const { return Box::whole(shape); }
};

/// A convolution or pooling: loops, and the operands they touch.
struct Convolution {
  std::vector<int64_t> extents; ///< of the loops, each >= 1
  std::vector<Role> roles;      ///< of the loops
  std::vector<Operand> inputs;  ///< those the body reads, scalars excluded
  Operand output;               ///< its map permutes the parallel loops
  int64_t accumulatorBytes = 4; ///< of an element of a partial sum

  unsigned numLoops() const { return extents.size(); }
  bool isReduction(unsigned loop) const {
    return roles[loop] == Role::InputChannel || roles[loop] == Role::Tap;
  }
  Box iterations() const { return Box::whole(extents); }

  /// The name of each loop in a SPEC: by role, `o` and `k` always numbered,
  /// the others where there are several: {"n", "o0", "o1", "oc", "k0", ...}.
  std::vector<std::string> loopNames() const;
};

/// An error where a size, a position or a number of bytes of `convolution` does
/// not fit 64 bits, or where a footprint leaves the padded operand.
Result<int64_t> checkSizes(const Convolution &convolution);

} // namespace dconv

#endif // DCONV_GEOMETRY_CONVOLUTION_H
