//===- GatherRequests.h - inputs that the devices are to gather -*- C++ -*-===//

#ifndef DCONV_LIB_TRANSFORMS_GATHERREQUESTS_H
#define DCONV_LIB_TRANSFORMS_GATHERREQUESTS_H

#include "dconv/IR/Recognize.h"

#include "dconv/Geometry/Prediction.h"

namespace dconv {

/// Reads `input`, `filter` or the number of an input, each maybe with `=direct`,
/// `=ring` or `=tree`, separated by commas.
Result<std::vector<GatheredInput>>
parseGathered(llvm::StringRef text, const RecognizedConvolution &convolution);

} // namespace dconv

#endif // DCONV_LIB_TRANSFORMS_GATHERREQUESTS_H
