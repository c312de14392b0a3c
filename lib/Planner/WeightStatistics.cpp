//===- WeightStatistics.cpp - where the values of a filter are zero -------===//

#include "dconv/Planner/WeightStatistics.h"

#include <algorithm>
#include <numeric>

using namespace dconv;

LoopStrides LoopStrides::of(const Convolution &convolution,
                            const Operand &operand) {
  LoopStrides access;
  std::vector<int64_t> perLoop(convolution.numLoops(), 0);
  int64_t stride = 1;
  for (size_t d = operand.shape.size(); d-- > 0; stride *= operand.shape[d]) {
    const LinearExpr &expr = operand.map[d];
    access.offset += expr.constant * stride;
    for (const Term &term : expr.terms)
      perLoop[term.loop] += term.coefficient * stride;
  }
  for (unsigned loop = 0; loop < convolution.numLoops(); ++loop) {
    auto uses = [=](const LinearExpr &expr) { return expr.uses(loop); };
    if (std::none_of(operand.map.begin(), operand.map.end(), uses))
      continue;
    access.loops.push_back(loop);
    access.extents.push_back(convolution.extents[loop]);
    access.strides.push_back(perLoop[loop]);
  }
  return access;
}

std::vector<int64_t> dconv::countNonZeros(const LoopStrides &access,
                                          const FilterValues &values,
                                          const std::vector<unsigned> &loops) {
  // Where in the result a step of each loop of the operand leads.
  std::vector<int64_t> target(access.loops.size(), 0);
  int64_t size = 1;
  for (size_t i = loops.size(); i-- > 0;) {
    size_t at = std::find(access.loops.begin(), access.loops.end(), loops[i]) -
                access.loops.begin();
    target[at] = size;
    size *= access.extents[at];
  }
  std::vector<int64_t> counts(size, 0);
  std::vector<int64_t> at(access.loops.size(), 0);
  int64_t from = access.offset, to = 0;
  while (true) {
    counts[to] += !values.isZero(from);
    size_t i = at.size();
    while (i-- > 0) {
      from += access.strides[i];
      to += target[i];
      if (++at[i] < access.extents[i])
        break;
      from -= at[i] * access.strides[i];
      to -= at[i] * target[i];
      at[i] = 0;
    }
    if (i == static_cast<size_t>(-1))
      return counts;
  }
}

Progression dconv::progressionOf(const std::vector<int64_t> &counts) {
  Progression kept;
  int64_t last = -1;
  kept.step = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0)
      continue;
    if (last < 0)
      kept.first = i;
    else
      kept.step = std::gcd(kept.step, static_cast<int64_t>(i) - last);
    last = i;
  }
  kept.step = std::max<int64_t>(kept.step, 1);
  kept.count = last < 0 ? 0 : (last - kept.first) / kept.step + 1;
  return kept;
}

Stripes dconv::runsOf(const std::vector<int64_t> &counts, bool zero) {
  Stripes runs;
  for (int64_t i = 0, size = counts.size(); i < size; ++i) {
    if ((counts[i] == 0) != zero)
      continue;
    if (runs.empty() || runs.back().end != i)
      runs.push_back({i, i});
    runs.back().end = i + 1;
  }
  return runs;
}

Result<WeightStatistics> dconv::weightStatistics(const Convolution &convolution,
                                                 const Operand &operand,
                                                 const FilterValues &values) {
  if (values.shape != operand.shape) {
    auto text = [](const std::vector<int64_t> &shape) {
      std::string list;
      for (int64_t extent : shape)
        list += (list.empty() ? "" : "x") + std::to_string(extent);
      return list;
    };
    return Error{"the weights have shape " + text(values.shape) +
                 " but the filter has " + text(operand.shape)};
  }
  const LoopStrides access = LoopStrides::of(convolution, operand);
  auto count = [&](std::vector<Role> roles) {
    std::vector<unsigned> loops;
    for (unsigned loop : access.loops)
      if (std::find(roles.begin(), roles.end(), convolution.roles[loop]) !=
          roles.end())
        loops.push_back(loop);
    return countNonZeros(access, values, loops);
  };
  WeightStatistics statistics;
  statistics.values =
      std::accumulate(access.extents.begin(), access.extents.end(), int64_t(1),
                      [](int64_t a, int64_t b) { return a * b; });
  statistics.nonZeros = countNonZeros(access, values, {})[0];
  statistics.perLoop.resize(convolution.numLoops());
  for (unsigned loop : access.loops)
    statistics.perLoop[loop] = countNonZeros(access, values, {loop});
  statistics.perTap = count({Role::Tap});
  statistics.perChannel = count({Role::Group, Role::InputChannel});
  statistics.perFilter = count({Role::Group, Role::OutputChannel});
  return statistics;
}
