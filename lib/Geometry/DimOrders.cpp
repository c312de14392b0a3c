//===- DimOrders.cpp - operands with their dims in another order ----------===//

#include "dconv/Geometry/DimOrders.h"

#include <algorithm>
#include <numeric>

namespace dconv {

DimOrder inverse(const DimOrder &order) {
  DimOrder result(order.size());
  for (size_t d = 0; d < order.size(); ++d)
    result[order[d]] = d;
  return result;
}

bool isIdentity(const DimOrder &order) {
  for (size_t d = 0; d < order.size(); ++d)
    if (order[d] != static_cast<int64_t>(d))
      return false;
  return true;
}

namespace {

/// What the positions along a dim stand for, in the order wanted.
enum class DimKind { Batch, Image, Group, InputChannel, OutputChannel, Other };

DimKind kindOf(const Convolution &convolution, const LinearExpr &expr) {
  bool isAlone = expr.terms.size() == 1;
  for (Term term : expr.terms)
    switch (convolution.roles[term.loop]) {
    case Role::Output:
    case Role::Tap:
      return DimKind::Image;
    case Role::Batch:
      return isAlone ? DimKind::Batch : DimKind::Other;
    case Role::Group:
      return isAlone ? DimKind::Group : DimKind::Other;
    case Role::InputChannel:
      return isAlone ? DimKind::InputChannel : DimKind::Other;
    case Role::OutputChannel:
      return isAlone ? DimKind::OutputChannel : DimKind::Other;
    }
  return DimKind::Other;
}

std::vector<DimKind> kindsOf(const Convolution &convolution,
                             const Operand &operand) {
  std::vector<DimKind> kinds;
  for (const LinearExpr &expr : operand.map)
    kinds.push_back(kindOf(convolution, expr));
  return kinds;
}

bool isChannel(DimKind kind) {
  return kind == DimKind::Group || kind == DimKind::InputChannel ||
         kind == DimKind::OutputChannel;
}

/// Names the dims of an image by where they are: without taps, what follows the
/// channels is the image; without channels, the last dim before the image is.
/// False where they are not batch, channels, image.
bool nameChannelsFirst(std::vector<DimKind> &kinds) {
  auto channels = std::find_if(kinds.begin(), kinds.end(), isChannel);
  if (channels == kinds.end()) {
    channels = std::find(kinds.begin(), kinds.end(), DimKind::Image);
    if (channels == kinds.begin() || channels == kinds.end())
      return false;
    *--channels = DimKind::Group;
  }
  auto image = std::find_if_not(channels, kinds.end(), isChannel);
  if (image == kinds.end() ||
      (*image != DimKind::Batch && *image != DimKind::Image))
    return false;
  if (!std::all_of(kinds.begin(), channels,
                   [](DimKind kind) { return kind == DimKind::Batch; }) ||
      !std::all_of(image, kinds.end(),
                   [&](DimKind kind) { return kind == *image; }))
    return false;
  std::fill(image, kinds.end(), DimKind::Image);
  return true;
}

DimOrder sortedBy(const std::vector<DimKind> &kinds) {
  DimOrder order(kinds.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return kinds[a] < kinds[b]; });
  return order;
}

/// The order for the filter; nothing where a dim is of another kind.
std::optional<DimOrder> filterOrder(const Convolution &convolution,
                                    const Operand &filter) {
  std::vector<DimKind> kinds = kindsOf(convolution, filter);
  for (DimKind kind : kinds)
    if (kind == DimKind::Other || kind == DimKind::Batch)
      return std::nullopt;
  bool hasChannels = false;
  for (size_t d = 0; d < kinds.size(); ++d)
    hasChannels |= kinds[d] != DimKind::Group && isChannel(kinds[d]) &&
                   filter.shape[d] > 1;
  if (hasChannels) // groups around the taps
    std::replace(kinds.begin(), kinds.end(), DimKind::Group, DimKind::Batch);
  return sortedBy(kinds);
}

/// Multiply-adds per element of the operands.
double workOf(const Convolution &convolution) {
  double elements = convolution.output.extent().volume();
  for (const Operand &input : convolution.inputs)
    elements += input.extent().volume();
  return convolution.iterations().volume() / elements;
}

} // namespace

std::optional<DimOrders> channelsLast(const Convolution &convolution,
                                      unsigned input, const ReorderRule &rule) {
  std::vector<DimKind> image = kindsOf(convolution, convolution.inputs[input]);
  std::vector<DimKind> output = kindsOf(convolution, convolution.output);
  if (!nameChannelsFirst(image) || !nameChannelsFirst(output))
    return std::nullopt;

  DimOrders orders;
  orders.output = sortedBy(output);
  int64_t innermost = 1;
  for (int64_t dim : orders.output)
    if (isChannel(output[dim]) && convolution.output.shape[dim] > 1)
      innermost = convolution.output.shape[dim];
  if (innermost < rule.minChannels || workOf(convolution) < rule.minWork)
    return std::nullopt;
  for (unsigned i = 0; i < convolution.inputs.size(); ++i) {
    std::optional<DimOrder> order =
        i == input ? sortedBy(image)
                   : filterOrder(convolution, convolution.inputs[i]);
    if (!order)
      return std::nullopt;
    orders.inputs.push_back(std::move(*order));
  }
  return orders;
}

static Operand reordered(const Operand &operand, const DimOrder &order) {
  Operand result = operand;
  for (size_t d = 0; d < order.size(); ++d) {
    result.map[d] = operand.map[order[d]];
    result.shape[d] = operand.shape[order[d]];
    result.padLow[d] = operand.padLow[order[d]];
    result.padHigh[d] = operand.padHigh[order[d]];
  }
  return result;
}

Convolution reordered(const Convolution &convolution, const DimOrders &orders) {
  Convolution result = convolution;
  for (unsigned i = 0; i < result.inputs.size(); ++i)
    result.inputs[i] = reordered(convolution.inputs[i], orders.inputs[i]);
  result.output = reordered(convolution.output, orders.output);
  return result;
}

} // namespace dconv
