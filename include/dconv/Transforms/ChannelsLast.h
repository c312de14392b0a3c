//===- ChannelsLast.h - convolutions with their channels last ---*- C++ -*-===//

#ifndef DCONV_TRANSFORMS_CHANNELSLAST_H
#define DCONV_TRANSFORMS_CHANNELSLAST_H

#include "dconv/Geometry/DimOrders.h"

#include "mlir/IR/BuiltinOps.h"

#include <map>
#include <string>

namespace dconv {

/// By name, the order that the output of a convolution has got.
using OutputOrders = std::map<std::string, DimOrder>;

/// Makes the channels of every convolution of `module` the innermost dims, as
/// `dconv-channels-last` does.
OutputOrders makeChannelsLast(mlir::ModuleOp module,
                              const ReorderRule &rule = ReorderRule());

} // namespace dconv

#endif // DCONV_TRANSFORMS_CHANNELSLAST_H
