//===- PlanSpace.cpp - the plans that a search may choose -----------------===//

#include "PlanSpace.h"

#include <algorithm>

using namespace dconv;

int64_t PlanSpace::mostParts(unsigned loop) const {
  if (!fixed[loop].empty())
    return fixed[loop].size();
  if (request.reductions == Reductions::Whole && convolution.isReduction(loop))
    return 1;
  return std::min(devices, convolution.extents[loop]);
}

Stripes PlanSpace::stripes(unsigned loop, int64_t parts) const {
  if (!fixed[loop].empty())
    return fixed[loop];
  return balancedStripes({0, convolution.extents[loop]}, parts);
}

Split PlanSpace::split(const std::vector<int64_t> &parts,
                       const std::vector<unsigned> &order) const {
  Split split;
  for (unsigned loop : order) {
    AxisSplit axis{loop, {}};
    for (Interval stripe : stripes(loop, parts[loop]))
      axis.lengths.push_back(stripe.size());
    split.axes.push_back(std::move(axis));
  }
  return split;
}

MemoryBudget PlanSpace::memoryOf(int64_t d) const {
  MemoryBudget own = machine.devices[d].memoryBytes;
  if (!own || !request.budget)
    return own ? own : request.budget;
  return std::min(*own, *request.budget);
}

MemoryBudget PlanSpace::leastMemory() const {
  MemoryBudget least = request.budget;
  for (int64_t d = 0; d < devices; ++d)
    if (MemoryBudget own = memoryOf(d); own && (!least || *own < *least))
      least = own;
  return least;
}

Result<PlanSpace> dconv::makePlanSpace(const Convolution &convolution,
                                       const Machine &machine,
                                       const PlanRequest &request) {
  if (Result<int64_t> checked = checkMachine(machine); !checked)
    return Error{checked.error()};
  if (Result<int64_t> checked = checkSizes(convolution); !checked)
    return Error{checked.error()};
  if (Result<int64_t> checked = checkSplit(request.fixed, convolution);
      !checked)
    return Error{"the dims to divide as given: " + checked.error()};
  if (request.top < 1)
    return Error{"needs at least one plan to return, got 0"};
  if (!(request.maxImbalance >= 0))
    return Error{"needs an imbalance of at least 0, got " +
                 std::to_string(request.maxImbalance)};
  if (request.query.inputs.size() > convolution.inputs.size())
    return Error{"says where " + std::to_string(request.query.inputs.size()) +
                 " inputs lie, the convolution has " +
                 std::to_string(convolution.inputs.size())};
  if (request.query.output == Residence::Resident)
    return Error{"a result lies on the host or sharded, not resident"};
  Result<std::vector<Component>> components = findComponents(convolution);
  if (!components)
    return Error{components.error()};

  PlanSpace space{convolution,
                  machine,
                  request,
                  std::move(*components),
                  machine.numDevices(),
                  std::vector<Stripes>(convolution.numLoops())};
  const KernelClass kernel = generalClass(kernelClassOf(convolution));
  for (int64_t d = 0; d < space.devices; ++d)
    if (!rateOf(convolution, machine.devices[d], request.query.elementType))
      return Error{"machine '" + machine.name + "' has no rate for " +
                   std::string(toString(kernel)) + " kernels in " +
                   request.query.elementType + " on device " +
                   std::to_string(d) +
                   "; add it to the machine's file, or measure it"};
  int64_t shards = 1;
  for (const AxisSplit &axis : request.fixed.axes) {
    if (axis.lengths.size() > 1 && request.reductions == Reductions::Whole &&
        convolution.isReduction(axis.loop))
      return Error{"'" + toString(request.fixed, convolution) +
                   "' divides a reduction whose parts do not combine"};
    space.fixed[axis.loop] = stripesOf(axis.lengths);
    shards *= axis.lengths.size(); // checkSplit: fits 64 bits
  }
  if (shards > space.devices)
    return Error{"'" + toString(request.fixed, convolution) + "' makes " +
                 std::to_string(shards) + " shards, machine '" + machine.name +
                 "' has " + std::to_string(space.devices) + " devices"};
  return space;
}
