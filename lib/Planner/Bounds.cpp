//===- Bounds.cpp - words that no schedule can avoid ----------------------===//

#include "dconv/Planner/Bounds.h"
#include "Components.h"
#include "RealPairs.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

using namespace dconv;

namespace {
/// The two loops of a window, x = s o + d k + constant.
struct Window {
  unsigned output, tap;     ///< loops
  int64_t s, d;             ///< their coefficients
  int64_t outputs, taps;    ///< their extents
  int64_t constant, extent; ///< of the input
  unsigned input;           ///< the operand read through the window
};
} // namespace

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

static bool usesLoop(const Component &component, unsigned operand,
                     unsigned loop) {
  return std::any_of(component.dims.begin(), component.dims.end(),
                     [&](const OperandDim &dim) {
                       return dim.operand == operand && dim.expr.uses(loop);
                     });
}

/// Iterations of the loops of `component` that read no padding along its dims.
static Result<int64_t> countMacs(const Convolution &convolution,
                                 const Component &component) {
  Box iterations = convolution.iterations();
  // A dim with one loop leaves an interval of it.
  Box box = iterations;
  const OperandDim *window = nullptr;
  for (const OperandDim &dim : component.dims) {
    Interval reached = footprint(dim.expr, iterations);
    if (Interval{0, dim.extent}.contains(reached))
      continue;
    const std::vector<Term> &terms = dim.expr.terms;
    if (terms.empty())
      return 0;
    if (terms.size() > 1 && (window || terms.size() > 2))
      return Error{"bounds need padding read through two loops and one "
                   "expression at most; dim " +
                   std::to_string(dim.dim) + " of input " +
                   std::to_string(dim.operand) + " reads some through " +
                   (window ? std::string("the loops of another expression")
                           : std::to_string(terms.size()) + " loops")};
    if (terms.size() > 1)
      window = &dim;
    else
      box[terms[0].loop] = box[terms[0].loop].intersect(valuesInside(
          terms[0].coefficient, dim.expr.constant, {0, dim.extent}));
  }
  int64_t macs = 1;
  for (unsigned loop : component.loops)
    if (!window || !window->expr.uses(loop))
      macs *= box[loop].size();
  if (!window)
    return macs;
  Term a = window->expr.terms[0], b = window->expr.terms[1];
  return macs * countRealPairs(a.coefficient, box[a.loop], b.coefficient,
                               box[b.loop], window->expr.constant,
                               window->extent);
}

/// The window of a component of two loops.
static Result<Window> windowOf(const Convolution &convolution,
                               const Component &component) {
  const OperandDim *shared = nullptr;
  for (const OperandDim &dim : component.dims) {
    if (dim.expr.terms.size() < 2)
      continue;
    if (shared || dim.expr.terms.size() > 2)
      return Error{"bounds need windows of two loops in one expression; dim " +
                   std::to_string(dim.dim) + " of input " +
                   std::to_string(dim.operand) + " has " +
                   (shared ? std::string("the loops of another expression")
                           : std::to_string(dim.expr.terms.size()) + " loops")};
    shared = &dim;
  }
  Term output = shared->expr.terms[0], tap = shared->expr.terms[1];
  if (convolution.isReduction(output.loop))
    std::swap(output, tap);
  return Window{output.loop,
                tap.loop,
                output.coefficient,
                tap.coefficient,
                convolution.extents[output.loop],
                convolution.extents[tap.loop],
                shared->expr.constant,
                shared->extent,
                shared->operand};
}

/// What is counted value by value where a loop has no more of them.
static constexpr int64_t mostTried = int64_t(1) << 16;

/// Values of the other loop for which value `i` of the loop with coefficient
/// `own` reads no padding.
static int64_t partners(int64_t own, int64_t i, int64_t other,
                        int64_t otherCount, int64_t constant, int64_t extent) {
  return valuesInside(other, constant + own * i, {0, extent})
      .intersect({0, otherCount})
      .size();
}

/// Values of the loop with coefficient `own` and `count` values for which some
/// value of the other loop reads no padding; or more where there are many and
/// that loop leaves gaps wider than the tensor.
static int64_t takePart(int64_t own, int64_t count, int64_t other,
                        int64_t otherCount, int64_t constant, int64_t extent) {
  if (count <= mostTried) {
    int64_t number = 0;
    for (int64_t i = 0; i < count; ++i)
      number += partners(own, i, other, otherCount, constant, extent) > 0;
    return number;
  }
  // The other loop reaches from each value an interval of this shape.
  int64_t reach = other * (otherCount - 1);
  Interval offsets{std::min<int64_t>(0, reach), std::max<int64_t>(0, reach)};
  return valuesInside(own, constant, {-offsets.end, extent - offsets.begin})
      .intersect({0, count})
      .size();
}

/// At least the iterations of one value of the first loop that read no padding.
static int64_t mostPartners(int64_t own, int64_t count, int64_t other,
                            int64_t otherCount, int64_t constant,
                            int64_t extent) {
  if (count > mostTried)
    return std::min(otherCount, ceilDiv(extent, std::abs(other)));
  int64_t most = 0;
  for (int64_t i = 0; i < count; ++i)
    most = std::max(most,
                    partners(own, i, other, otherCount, constant, extent));
  return most;
}

/// Adds the factors of a window to `terms`.
static void addWindow(const Component &component, const Window &w, double pairs,
                      BoundTerms &terms) {
  int64_t s = std::abs(w.s), d = std::abs(w.d), g = std::gcd(s, d);
  int64_t outputs = takePart(w.s, w.outputs, w.d, w.taps, w.constant, w.extent);
  int64_t taps = takePart(w.d, w.taps, w.s, w.outputs, w.constant, w.extent);
  // Pairs that read the same position are d / g outputs and s / g taps apart.
  int64_t atOnePosition = std::min(
      {ceilDiv(w.taps * g, s), ceilDiv(w.outputs * g, d), outputs, taps});
  int64_t reach = s * (w.outputs - 1) + d * (w.taps - 1) + 1;
  bool filterHasTaps = false;
  for (unsigned t = 0; t < terms.elements.size(); ++t) {
    bool hasOutput = usesLoop(component, t, w.output);
    bool hasTap = usesLoop(component, t, w.tap);
    filterHasTaps |= hasTap && t != w.input;
    if (hasOutput && hasTap)
      terms.uses[t] *= t == w.input ? atOnePosition : 1;
    else if (hasOutput)
      terms.uses[t] *=
          mostPartners(w.s, w.outputs, w.d, w.taps, w.constant, w.extent);
    else if (hasTap)
      terms.uses[t] *=
          mostPartners(w.d, w.taps, w.s, w.outputs, w.constant, w.extent);
    else
      terms.uses[t] *= pairs;
  }
  // Without taps in the filter no slices of it are disjoint.
  terms.reuse *= filterHasTaps ? std::min({atOnePosition, w.extent, reach})
                               : double(w.taps) * double(w.taps);
}

Result<BoundTerms> dconv::boundTerms(const Convolution &convolution) {
  Result<std::vector<Component>> components = findComponents(convolution);
  if (!components)
    return Error{components.error()};
  BoundTerms terms;
  for (const Operand &input : convolution.inputs)
    terms.elements.push_back(input.extent().volume());
  terms.elements.push_back(convolution.output.extent().volume());
  terms.uses.assign(terms.elements.size(), 1);
  terms.macs = 1;
  for (const Component &component : *components) {
    Result<int64_t> real = countMacs(convolution, component);
    if (!real)
      return Error{real.error()};
    double macs = *real;
    terms.macs *= macs;
    if (component.loops.size() > 1) {
      Result<Window> window = windowOf(convolution, component);
      if (!window)
        return Error{window.error()};
      addWindow(component, *window, macs, terms);
      continue;
    }
    for (unsigned loop : component.loops) {
      unsigned operands = 0;
      for (unsigned t = 0; t < terms.elements.size(); ++t) {
        bool used = usesLoop(component, t, loop);
        operands += used;
        terms.uses[t] *= used ? 1 : macs;
      }
      // An operand alone has disjoint slices along the loop, but no pair of
      // operands determines it.
      if (operands == 1)
        terms.reuse *= convolution.extents[loop];
    }
  }
  return terms;
}

double dconv::leastTouched(const BoundTerms &terms, unsigned operand,
                           double macs) {
  return terms.uses[operand] ? macs / terms.uses[operand] : 0;
}

double dconv::leastProduct(const BoundTerms &terms, double macs) {
  return macs * std::max(macs / terms.reuse, std::sqrt(macs));
}

double dconv::leastTouchedSum(const BoundTerms &terms, double macs,
                              const std::vector<int64_t> &owned) {
  std::vector<double> least;
  for (unsigned t = 0; t < owned.size(); ++t)
    least.push_back(std::max(leastTouched(terms, t, macs), double(owned[t])));
  std::sort(least.rbegin(), least.rend());
  double sum = std::accumulate(least.begin(), least.end(), 0.0);
  if (least.size() < mostOperands)
    return sum;
  double product = leastProduct(terms, macs);
  auto [a, b, c] = std::tie(least[0], least[1], least[2]);
  if (a * b * c >= product)
    return sum;
  if (product / (a * b) <= b)
    return a + b + product / (a * b);
  if (std::sqrt(product / a) <= a)
    return a + 2 * std::sqrt(product / a);
  return 3 * std::cbrt(product);
}

std::vector<int64_t>
dconv::ownedShares(const BoundTerms &terms, int64_t devices,
                   const std::vector<int64_t> &largestShare) {
  std::vector<int64_t> owned;
  for (int64_t elements : terms.elements)
    owned.push_back(ceilDiv(elements, devices));
  for (unsigned t = 0; t < largestShare.size(); ++t)
    owned[t] = std::max(owned[t], largestShare[t]);
  return owned;
}

int64_t dconv::memoryIndependentBound(const BoundTerms &terms, int64_t devices,
                                      const std::vector<int64_t> &owned) {
  double touched = leastTouchedSum(terms, terms.macs / devices, owned);
  double own = std::accumulate(owned.begin(), owned.end(), 0.0);
  // Rounding must not lift the bound over a plan that attains it.
  return std::max(0.0, std::ceil(touched * (1 - 1e-12) - own));
}

Result<double>
dconv::memoryDependentBound(const BoundTerms &terms, int64_t devices,
                            double memory,
                            const std::vector<double> &wordsPerElement) {
  if (wordsPerElement.size() != mostOperands ||
      terms.elements.size() != mostOperands)
    return Error{"the bound needs three operands, got " +
                 std::to_string(terms.elements.size()) + " and sizes of " +
                 std::to_string(wordsPerElement.size())};
  std::vector<double> p = wordsPerElement;
  std::sort(p.rbegin(), p.rend());
  double total = p[0] + p[1] + p[2];
  double pairs = p[0] > p[1] + p[2] ? p[0] * (p[1] + p[2]) : total * total / 4;
  double macs = terms.macs / devices;
  return std::max(pairs * macs / memory - memory,
                  2 * std::sqrt(p[0] * p[1] * p[2] / (terms.reuse * memory)) *
                          macs -
                      2 * memory);
}
