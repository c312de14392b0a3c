//===- Neutral.h - constants that change no result --------------*- C++ -*-===//

#ifndef DCONV_LIB_CONVERSION_NEUTRAL_H
#define DCONV_LIB_CONVERSION_NEUTRAL_H

#include "dconv/IR/Dconv.h"
#include "dconv/IR/Recognize.h"

namespace dconv {

/// The bits of the combiner's identity in `type`.
uint64_t identityOf(Combiner combiner, mlir::Type type);

/// The bits of `value` in `type`, which is its own or a wider float type.
uint64_t widenedBits(mlir::TypedAttr value, mlir::Type type);

/// True where iterations in which `factor` reads `value` leave every result as
/// it is: the factor is zero, or the value the identity of the combiner. That
/// zero times what is not finite is no number does not count.
bool isNeutral(RecognizedConvolution &recognized, const Factor &factor,
               mlir::TypedAttr value);

} // namespace dconv

#endif // DCONV_LIB_CONVERSION_NEUTRAL_H
