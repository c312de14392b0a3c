//===- StreamBound.cpp - bytes that no streaming avoids -------------------===//

#include "dconv/Planner/StreamBound.h"

#include "RealPairs.h"
#include "dconv/Planner/Bounds.h"

#include <algorithm>
#include <tuple>

using namespace dconv;

namespace {
/// Positions of one residue modulo the coefficient of a loop.
struct Progression {
  int64_t residue, begin, last;

  bool operator<(const Progression &o) const {
    return std::tie(residue, begin) < std::tie(o.residue, o.begin);
  }
};
} // namespace

/// How many positions are in some of `pieces`, `step` apart in each.
static int64_t countPositions(std::vector<Progression> pieces, int64_t step) {
  std::sort(pieces.begin(), pieces.end());
  int64_t count = 0, next = 0; // the first position not counted yet
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Progression &piece = pieces[i];
    bool isNew = i == 0 || pieces[i - 1].residue != piece.residue;
    int64_t begin = isNew ? piece.begin : std::max(next, piece.begin);
    if (piece.last >= begin)
      count += (piece.last - begin) / step + 1;
    next = std::max(begin, piece.last + step);
  }
  return count;
}

/// Positions in [0, extent) that some iteration reads. All loops but the longest
/// are looked at value by value; where that is too much, some at the first value
/// alone, so that the number is less.
static int64_t positionsRead(const LinearExpr &expr, const Convolution &c,
                             int64_t extent) {
  constexpr size_t mostLookedAt = 1 << 22;
  if (expr.terms.empty())
    return 0 <= expr.constant && expr.constant < extent;
  std::vector<Term> terms = expr.terms;
  std::stable_sort(terms.begin(), terms.end(), [&](Term a, Term b) {
    return c.extents[a.loop] < c.extents[b.loop];
  });
  const Term longest = terms.back();
  terms.pop_back();
  std::vector<int64_t> begins{expr.constant};
  for (Term term : terms) {
    if (begins.size() > mostLookedAt / c.extents[term.loop])
      break;
    std::vector<int64_t> more;
    for (int64_t begin : begins)
      for (int64_t i = 0; i < c.extents[term.loop]; ++i)
        more.push_back(begin + i * term.coefficient);
    begins = std::move(more);
  }
  const int64_t step = std::abs(longest.coefficient);
  std::vector<Progression> pieces;
  for (int64_t begin : begins) {
    Interval values = valuesInside(longest.coefficient, begin, {0, extent})
                          .intersect({0, c.extents[longest.loop]});
    if (values.empty())
      continue;
    auto [low, high] =
        std::minmax({begin + longest.coefficient * values.begin,
                     begin + longest.coefficient * (values.end - 1)});
    pieces.push_back({low % step, low, high});
  }
  return countPositions(std::move(pieces), step);
}

StreamBound dconv::streamBound(const Convolution &convolution, int64_t devices,
                               bool fillsOutput, MemoryBudget memory) {
  StreamBound bound;
  std::vector<double> sizes; // of an element
  std::vector<Operand> operands = convolution.inputs;
  operands.push_back(convolution.output);
  for (const Operand &operand : operands) {
    AccessMap map = operand.unpaddedMap();
    double elements = 1;
    for (size_t d = 0; d < map.size(); ++d)
      elements *= positionsRead(map[d], convolution, operand.shape[d]);
    bound.elements.push_back(elements);
    sizes.push_back(operand.elementBytes);
    bound.onceBytes += elements * operand.elementBytes;
  }
  if (!fillsOutput)
    bound.onceBytes += bound.elements.back() * sizes.back();
  bound.bytes = bound.onceBytes;
  Result<BoundTerms> terms = boundTerms(convolution);
  if (!memory || !terms)
    return bound;
  Result<double> each =
      memoryDependentBound(*terms, devices, double(*memory), sizes);
  if (!each)
    return bound;
  bound.eachBytes = *each;
  bound.bytes = std::max(bound.onceBytes, *each * double(devices));
  return bound;
}
