//===- StreamEstimate.cpp - cost of a streamed split in closed form -------===//
//
// The shards run in row-major order, so an operand changes its window between
// two of them unless every axis from the one that steps on is none of its own.
// Its windows are thus loaded once for every combination of the axes up to the
// last of its own, and the elements in them are a product over its dims.
//
//===----------------------------------------------------------------------===//

#include "StreamEstimate.h"

#include "ComputeModel.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace dconv;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

static double aligned(double bytes) {
  return std::ceil(bytes / arenaAlignment) * arenaAlignment;
}

/// The greatest number of bytes there is where `bytes` is more.
static int64_t toBytes(double bytes) {
  constexpr auto most = std::numeric_limits<int64_t>::max();
  return bytes < double(most) ? int64_t(bytes) : most;
}

HostLinks::HostLinks(const Machine &machine)
    : latency(machine.hostLink.latency), bandwidth(machine.hostLink.bandwidth),
      total(machine.hostBandwidth.value_or(
          std::numeric_limits<double>::infinity())) {}

double HostLinks::seconds(double all, double most, double transfers) const {
  return std::max(most / bandwidth + transfers * latency, all / total);
}

double dconv::crowding(const Machine &machine) {
  if (!machine.processors)
    return 1;
  return std::max(1.0, double(machine.numDevices()) / *machine.processors);
}

StreamEstimator::StreamEstimator(const Convolution &convolution,
                                 const Machine &machine, const TimeQuery &query)
    : convolution(convolution), query(query), devices(machine.numDevices()),
      links(machine), crowded(crowding(machine)) {
  for (const DeviceDescription &device : machine.devices) {
    bool known = std::any_of(kinds.begin(), kinds.end(),
                             [&](const DeviceDescription &other) {
                               return other.sameKindAs(device);
                             });
    if (known)
      continue;
    kinds.push_back(device);
    kernels.push_back(std::make_unique<KernelTime>(convolution, kinds.back(),
                                                   query.elementType));
  }
  std::vector<Operand> operands = convolution.inputs;
  operands.push_back(convolution.output);
  for (const Operand &operand : operands) {
    Tensor tensor;
    tensor.map = operand.unpaddedMap();
    tensor.shape = operand.shape;
    tensor.elementBytes = operand.elementBytes;
    tensor.uses.resize(convolution.numLoops());
    for (const LinearExpr &expr : tensor.map)
      for (const Term &term : expr.terms)
        tensor.uses[term.loop] = true;
    dimCosts.emplace_back(tensor.map.size());
    tensors.push_back(std::move(tensor));
  }
  if (!query.fillsOutput)
    tensors.back().ways = 2;
}

StreamEstimator::~StreamEstimator() = default;

const StreamEstimator::DimCost &
StreamEstimator::costOf(unsigned tensor, unsigned dim,
                        const std::vector<int64_t> &parts) {
  const LinearExpr &expr = tensors[tensor].map[dim];
  std::vector<int64_t> key;
  int64_t windows = 1;
  for (const Term &term : expr.terms) {
    key.push_back(parts[term.loop]);
    windows *= parts[term.loop];
  }
  auto [entry, isNew] = dimCosts[tensor][dim].try_emplace(std::move(key));
  DimCost &cost = entry->second;
  if (!isNew)
    return cost;
  const Interval whole{0, tensors[tensor].shape[dim]};
  Box box = convolution.iterations();
  std::vector<Stripes> stripes;
  for (const Term &term : expr.terms)
    stripes.push_back(
        balancedStripes({0, convolution.extents[term.loop]}, parts[term.loop]));
  for (int64_t window = 0; window < windows; ++window) {
    int64_t rest = window;
    for (size_t t = 0; t < stripes.size(); ++t) {
      box[expr.terms[t].loop] = stripes[t][rest % stripes[t].size()];
      rest /= stripes[t].size();
    }
    Interval read = footprint(expr, box);
    cost.moved += read.intersect(whole).size();
    cost.longest = std::max(cost.longest, double(read.size()));
  }
  return cost;
}

/// By the longest part of each loop; the others count by their work.
double StreamEstimator::computeSeconds(const DividedLoops &loops) const {
  std::vector<int64_t> lengths;
  double work = 1;
  for (unsigned loop = 0; loop < loops.parts.size(); ++loop) {
    lengths.push_back(ceilDiv(convolution.extents[loop], loops.parts[loop]));
    work *= double(convolution.extents[loop]) / lengths.back();
  }
  double slowest = 0;
  for (const std::unique_ptr<KernelTime> &kernel : kernels)
    slowest = std::max(slowest, kernel->seconds(lengths));
  double share = double(ceilDiv(loops.shards, devices)) / loops.shards;
  return slowest * work * share * crowded;
}

double StreamEstimator::memoryOf(unsigned tensor, double longest,
                                 unsigned slots) const {
  const double bytes = tensors[tensor].elementBytes;
  double memory = slots * aligned(longest * bytes);
  if (tensor + 1 == tensors.size() && convolution.accumulatorBytes != bytes)
    memory += aligned(longest * convolution.accumulatorBytes);
  return memory;
}

DividedLoops StreamEstimator::divide(const std::vector<int64_t> &parts) {
  DividedLoops loops;
  loops.parts = parts;
  for (int64_t count : parts)
    loops.shards *= count;
  double bytes = 0, memory = 0;
  for (unsigned t = 0; t < tensors.size(); ++t) {
    double moved = 1, longest = 1;
    for (unsigned d = 0; d < tensors[t].map.size(); ++d) {
      const DimCost &cost = costOf(t, d, parts);
      moved *= cost.moved;
      longest *= cost.longest;
    }
    loops.moved.push_back(moved);
    loops.longest.push_back(longest);
    bytes += moved * tensors[t].elementBytes * tensors[t].ways;
    memory += memoryOf(t, longest, /*slots=*/1);
  }
  loops.bytesAtLeast = bytes;
  loops.computeSeconds = computeSeconds(loops);
  loops.secondsAtLeast =
      std::max(loops.computeSeconds, links.seconds(bytes, bytes / devices, 0));
  loops.memoryAtLeast = toBytes(memory);
  return loops;
}

StreamEstimate
StreamEstimator::estimate(const DividedLoops &loops,
                          const std::vector<unsigned> &order) const {
  const int64_t shards = loops.shards, used = std::min(devices, shards);
  StreamEstimate result;
  double ends = 0, memory = 0, transfers = 0;
  for (unsigned t = 0; t < tensors.size(); ++t) {
    const Tensor &tensor = tensors[t];
    const bool isOutput = t + 1 == tensors.size();
    // Windows up to the last loop of the tensor, and how often each returns.
    int64_t product = 1, windows = 1;
    double others = 1, repeats = 1;
    for (unsigned loop : order) {
      product *= loops.parts[loop];
      if (!tensor.uses[loop]) {
        others *= loops.parts[loop];
        continue;
      }
      windows = product;
      repeats = others;
    }
    // Where the next device begins within a run of shards with one window, it
    // is brought to both.
    const int64_t run = shards / windows;
    int64_t residencies = windows;
    for (int64_t device = 1; device < used; ++device)
      residencies += ceilDiv(device * shards, used) % run != 0;
    if (isOutput && residencies != windows)
      return result;

    const double window = loops.longest[t] * tensor.elementBytes;
    result.bytes += tensor.ways * loops.moved[t] * repeats *
                    tensor.elementBytes * residencies / windows;
    transfers += tensor.ways * residencies;
    memory += memoryOf(t, loops.longest[t], residencies > used ? 2 : 1);
    ends += tensor.ways * window;
  }
  const double share = double(ceilDiv(shards, devices)) / shards;
  result.valid = true;
  result.memory = toBytes(memory);
  result.seconds = std::max(loops.computeSeconds,
                            links.seconds(result.bytes, result.bytes * share,
                                          transfers * share)) +
                   links.seconds(ends * used, ends, 2);
  return result;
}
