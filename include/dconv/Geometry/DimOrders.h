//===- DimOrders.h - operands with their dims in another order --*- C++ -*-===//

#ifndef DCONV_GEOMETRY_DIMORDERS_H
#define DCONV_GEOMETRY_DIMORDERS_H

#include "dconv/Geometry/Convolution.h"

#include <optional>

namespace dconv {

/// Dim d of a reordered tensor is dim order[d] of the tensor.
using DimOrder = std::vector<int64_t>;

/// The order that undoes `order`.
DimOrder inverse(const DimOrder &order);

/// That each dim is where it was.
bool isIdentity(const DimOrder &order);

/// An order for each operand of a convolution.
struct DimOrders {
  std::vector<DimOrder> inputs;
  DimOrder output;
};

/// Where it pays to bring operands into another order.
struct ReorderRule {
  /// Of the innermost channel dim of the output, those of extent 1 aside:
  /// kernels take their vectors along it.
  int64_t minChannels = 16;
  /// Multiply-adds per element of input, filter and output: each is moved once,
  /// to be read faster by each of these.
  int64_t minWork = 200;
};

/// The orders that put channels last: input and output with batch, image,
/// groups, channels; the filter with groups, taps, input and output channels,
/// or with groups last where it has no others.
///
/// Only where input (number `input`) and output both have their channels before
/// the image, after the batch. A pooling has no channels among its loops: the
/// last dim before the image counts as such. Nothing where `rule` says that it
/// does not pay.
std::optional<DimOrders> channelsLast(const Convolution &convolution,
                                      unsigned input, const ReorderRule &rule);

/// `convolution` with the dims of its operands in these orders.
Convolution reordered(const Convolution &convolution, const DimOrders &orders);

} // namespace dconv

#endif // DCONV_GEOMETRY_DIMORDERS_H
