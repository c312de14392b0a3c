//===- LoopRoles.h - what each loop does, read from the maps ----*- C++ -*-===//

#ifndef DCONV_LIB_IR_LOOPROLES_H
#define DCONV_LIB_IR_LOOPROLES_H

#include "dconv/Geometry/Convolution.h"

namespace dconv {

struct LoopRoles {
  std::vector<Role> roles; ///< of the loops
  unsigned input = 0;      ///< which of the inputs is the input
};

/// The roles of `numLoops` loops of an op that reads one or two `inputs`,
/// in operand order. The loops of the output's map are the parallel ones.
///
/// An error where the output's map does not permute loops, an operand has a
/// loop in two dims, a loop is in no input, two inputs have no reduction, or
/// one has no window.
Result<LoopRoles> classifyLoops(const std::vector<AccessMap> &inputs,
                                const AccessMap &output, unsigned numLoops);

/// True where an expression of `map` has more than one loop.
bool hasWindow(const AccessMap &map);

} // namespace dconv

#endif // DCONV_LIB_IR_LOOPROLES_H
