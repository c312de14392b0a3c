//===- StreamOrder.cpp - when what is streamed comes and goes -------------===//

#include "dconv/Geometry/StreamOrder.h"

#include <algorithm>
#include <tuple>

using namespace dconv;

namespace {
/// A residency and the launches between which it is brought.
struct Arrival {
  size_t after = 0;  ///< launches that come before it
  size_t needed = 0; ///< the first launch that uses it
  StreamStep step;

  bool operator<(const Arrival &o) const {
    return std::tie(after, needed, step.operand) <
           std::tie(o.after, o.needed, o.step.operand);
  }
};
} // namespace

std::vector<StreamStep>
dconv::streamOrder(const std::vector<std::vector<Residency>> &inputs,
                   const std::vector<Residency> &output, bool loadsOutput,
                   size_t shards) {
  std::vector<Arrival> arrivals;
  auto add = [&](unsigned operand, const Residency &residency, size_t after) {
    arrivals.push_back({after,
                        residency.first,
                        {StreamStep::Bring, operand, residency.number}});
  };
  for (unsigned i = 0; i < inputs.size(); ++i)
    for (const Residency &one : inputs[i])
      add(i, one, one.number < 2 ? 0 : inputs[i][one.number - 2].last + 1);
  for (const Residency &one : output) {
    size_t after = one.first;
    if (loadsOutput)
      after = one.number < 2 ? 0 : output[one.number - 1].first + 1;
    add(inputs.size(), one, after);
  }
  std::sort(arrivals.begin(), arrivals.end());

  std::vector<StreamStep> order;
  size_t next = 0, block = 0;
  for (size_t shard = 0; shard < shards; ++shard) {
    for (; next < arrivals.size() && arrivals[next].after <= shard; ++next)
      order.push_back(arrivals[next].step);
    order.push_back({StreamStep::Launch, 0, shard});
    if (block < output.size() && output[block].last == shard)
      order.push_back(
          {StreamStep::Return, static_cast<unsigned>(inputs.size()), block++});
  }
  return order;
}
