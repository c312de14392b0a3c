//===- BestBox.cpp - the box of iterations that needs least ---------------===//
//
// Elements touched grow with the lengths of a box. In logarithms they grow at
// least linearly over a range of lengths, and the logarithms of the lengths
// must add up to that of the work: the bound of a range is a fractional
// knapsack over the loops.
//
//===----------------------------------------------------------------------===//

#include "dconv/Planner/BestBox.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <queue>
#include <tuple>

using namespace dconv;

namespace {
using Lengths = std::vector<double>;

/// Boxes whose length of loop i is between low[i] and high[i].
struct Range {
  Lengths low, high;
  double least; ///< words of none is below
};

class BoxSearch {
public:
  BoxSearch(const Convolution &convolution, int64_t devices,
            const std::vector<int64_t> &owned)
      : convolution(convolution),
        work(std::ceil(double(convolution.iterations().volume()) / devices)),
        own(std::accumulate(owned.begin(), owned.end(), 0.0)) {
    for (const Operand &input : convolution.inputs)
      addOperand(input, owned);
    addOperand(convolution.output, owned);
  }

  BestBox run(int64_t mostRanges);

private:
  struct Touched {
    const Operand *operand;
    AccessMap map;
    double owned;
  };

  void addOperand(const Operand &operand, const std::vector<int64_t> &owned) {
    operands.push_back(
        {&operand, operand.unpaddedMap(), double(owned[operands.size()])});
  }

  bool cornersAgree() const;
  /// Words are whole, and nobody needs fewer than none.
  bool canImprove(double least) const {
    return std::max(0.0, std::ceil(least)) < bestWords;
  }
  double along(const Touched &touched, unsigned dim,
               const Lengths &lengths) const;
  double touchedBy(const Touched &touched, const Lengths &lengths) const;
  double words(const Lengths &lengths) const;
  void addGrowth(const Touched &touched, const Range &range,
                 Lengths &growth) const;
  bool tighten(Range &range) const;
  void bound(Range &range);
  void tryBox(Lengths lengths, const Lengths &high,
              const std::vector<unsigned> &order);

  const Convolution &convolution;
  double work; ///< iterations of the box, at least
  double own;
  std::vector<Touched> operands;
  Lengths best;
  double bestWords = std::numeric_limits<double>::infinity();
};
} // namespace

/// True where no loop reads padding in dims of two operands, so that the box
/// can lie at the best corner of each.
bool BoxSearch::cornersAgree() const {
  std::vector<unsigned> padded(convolution.numLoops(), 0);
  for (const Touched &touched : operands)
    for (unsigned d = 0; d < touched.map.size(); ++d) {
      Interval reached = footprint(touched.map[d], convolution.iterations());
      if (Interval{0, touched.operand->shape[d]}.contains(reached))
        continue;
      for (const Term &term : touched.map[d].terms)
        if (++padded[term.loop] > 1)
          return false;
    }
  return true;
}

/// Positions of `dim` within the tensor that a box of `lengths` touches, where
/// it lies at the corner at which they are fewest: their number rises and falls
/// again as the box moves on.
double BoxSearch::along(const Touched &touched, unsigned dim,
                        const Lengths &lengths) const {
  const LinearExpr &expr = touched.map[dim];
  double reach = 1, first = expr.constant, last = expr.constant;
  for (const Term &term : expr.terms) {
    double end =
        double(term.coefficient) * double(convolution.extents[term.loop] - 1);
    reach += std::abs(double(term.coefficient)) * (lengths[term.loop] - 1);
    first += std::min(0.0, end);
    last += std::max(0.0, end);
  }
  double extent = touched.operand->shape[dim];
  auto inside = [&](double begin) {
    return std::max(0.0,
                    std::min(begin + reach, extent) - std::max(begin, 0.0));
  };
  return std::min(inside(first), inside(last + 1 - reach));
}

double BoxSearch::touchedBy(const Touched &touched,
                            const Lengths &lengths) const {
  double product = 1;
  for (unsigned d = 0; d < touched.map.size(); ++d)
    product *= along(touched, d, lengths);
  return product;
}

double BoxSearch::words(const Lengths &lengths) const {
  double sum = -own;
  for (const Touched &touched : operands)
    sum += std::max(touched.owned, touchedBy(touched, lengths));
  return sum;
}

/// Adds to `growth[i]` by how much at least the elements that must move grow
/// for each e-fold of loop i.
void BoxSearch::addGrowth(const Touched &touched, const Range &range,
                          Lengths &growth) const {
  double elements = touchedBy(touched, range.low);
  if (elements < touched.owned)
    return; // the first to be touched are there already
  for (unsigned d = 0; d < touched.map.size(); ++d)
    for (const Term &term : touched.map[d].terms) {
      unsigned loop = term.loop;
      if (range.low[loop] == range.high[loop])
        continue;
      // The other loops of the dim lengthen the footprint and slow growth.
      Lengths lengths = range.high;
      double whole = along(touched, d, lengths);
      lengths[loop] = range.low[loop];
      double start = along(touched, d, lengths);
      if (start <= 0)
        continue;
      lengths[loop] += 1;
      double step = along(touched, d, lengths) - start;
      // Growth is convex up to the extent of the tensor, then nothing: least at
      // the beginning, or over all.
      double chord = std::log(whole / start) /
                     std::log(range.high[loop] / range.low[loop]);
      growth[loop] +=
          elements * std::min(step * range.low[loop] / start, chord);
    }
}

/// Raises the low ends to what the work needs; false where it cannot be done.
bool BoxSearch::tighten(Range &range) const {
  double all = 1;
  for (double high : range.high)
    all *= high;
  if (all < work)
    return false;
  for (unsigned i = 0; i < range.low.size(); ++i)
    range.low[i] = std::max(
        range.low[i], std::ceil(work / (all / range.high[i]) * (1 - 1e-12)));
  return true;
}

/// Raises loops of the box at the low ends, in `order`, until it does the work.
void BoxSearch::tryBox(Lengths lengths, const Lengths &high,
                       const std::vector<unsigned> &order) {
  double all = 1;
  for (double length : lengths)
    all *= length;
  for (unsigned loop : order) {
    if (all >= work)
      break;
    all /= lengths[loop];
    lengths[loop] = std::min(high[loop], std::ceil(work / all));
    all *= lengths[loop];
  }
  double needed = words(lengths);
  if (needed < bestWords) {
    bestWords = needed;
    best = std::move(lengths);
  }
}

void BoxSearch::bound(Range &range) {
  Lengths growth(range.low.size(), 0);
  for (const Touched &touched : operands)
    addGrowth(touched, range, growth);
  std::vector<unsigned> order(range.low.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](unsigned a, unsigned b) {
    return std::tie(growth[a], a) < std::tie(growth[b], b);
  });
  double missing = std::log(work);
  for (double low : range.low)
    missing -= std::log(low);
  range.least = words(range.low);
  for (unsigned loop : order) {
    double taken = std::min(std::max(0.0, missing),
                            std::log(range.high[loop] / range.low[loop]));
    range.least += taken * growth[loop];
    missing -= taken;
  }
  range.least -= 1e-9 * (range.least + own);
  tryBox(range.low, range.high, order);
}

BestBox BoxSearch::run(int64_t mostRanges) {
  auto later = [](const Range &a, const Range &b) { return a.least > b.least; };
  std::priority_queue<Range, std::vector<Range>, decltype(later)> open(later);
  auto add = [&](Range range) {
    if (!tighten(range))
      return;
    bound(range);
    if (canImprove(range.least))
      open.push(std::move(range));
  };
  Range all;
  all.low.assign(convolution.numLoops(), 1);
  all.high.assign(convolution.extents.begin(), convolution.extents.end());
  add(all);

  BestBox result;
  while (!open.empty() && canImprove(open.top().least)) {
    if (--mostRanges < 0) {
      result.exact = false;
      result.wordsAtLeast = std::max(0.0, std::ceil(open.top().least));
      break;
    }
    Range range = open.top();
    open.pop();
    unsigned widest = 0;
    for (unsigned i = 1; i < range.low.size(); ++i)
      if (range.high[i] * range.low[widest] > range.high[widest] * range.low[i])
        widest = i;
    double middle = std::floor(std::sqrt(range.low[widest]) *
                               std::sqrt(range.high[widest]));
    middle =
        std::min(std::max(middle, range.low[widest]), range.high[widest] - 1);
    if (range.low[widest] == range.high[widest])
      continue;
    Range upper = range;
    range.high[widest] = middle;
    upper.low[widest] = middle + 1;
    add(std::move(range));
    add(std::move(upper));
  }
  result.lengths.assign(best.begin(), best.end());
  result.words = std::max(0.0, bestWords);
  if (result.exact)
    result.wordsAtLeast = result.words;
  result.exact &= cornersAgree();
  return result;
}

BestBox dconv::findBestBox(const Convolution &convolution, int64_t devices,
                           const std::vector<int64_t> &owned,
                           int64_t mostRanges) {
  return BoxSearch(convolution, devices, owned).run(mostRanges);
}
