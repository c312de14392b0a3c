//===- Cases.cpp - convolutions under splits to test Geometry with --------===//

#include "Cases.h"

#include <algorithm>
#include <sstream>

using namespace dconv;
using namespace dconv::test;

static void print(std::ostream &out, const std::vector<int64_t> &numbers) {
  out << "[";
  for (size_t i = 0; i < numbers.size(); ++i)
    out << (i ? "," : "") << numbers[i];
  out << "]";
}

static void print(std::ostream &out, const char *name, const Operand &operand) {
  out << "\n  " << name << " shape=";
  print(out, operand.shape);
  out << " low=";
  print(out, operand.padLow);
  out << " high=";
  print(out, operand.padHigh);
  out << " bytes=" << operand.elementBytes << " map=(";
  for (size_t d = 0; d < operand.map.size(); ++d) {
    out << (d ? ", " : "");
    for (const Term &term : operand.map[d].terms)
      out << term.coefficient << "*d" << term.loop << " + ";
    out << operand.map[d].constant;
  }
  out << ")";
}

std::string dconv::test::describe(const Case &testCase) {
  const Convolution &convolution = testCase.convolution;
  std::ostringstream out;
  out << "loops";
  std::vector<std::string> names = convolution.loopNames();
  for (unsigned loop = 0; loop < convolution.numLoops(); ++loop)
    out << " " << names[loop] << "=" << convolution.extents[loop];
  for (const Operand &input : convolution.inputs)
    print(out, "input", input);
  print(out, "output", convolution.output);
  out << "\n  accumulator bytes=" << convolution.accumulatorBytes << " split";
  for (const AxisSplit &axis : testCase.split.axes) {
    out << " " << names[axis.loop] << "=";
    print(out, axis.lengths);
  }
  out << " devices=" << testCase.devices << " fill=" << testCase.fillsOutput;
  for (const GatheredInput &one : testCase.gathered)
    out << " gathers " << one.input << " by " << toString(one.algorithm);
  return out.str();
}

int64_t dconv::test::outputsOf(const Window &w) {
  int64_t room =
      w.padLow + w.size + w.padHigh - w.offset - w.dilation * (w.taps - 1) - 1;
  return room < 0 ? 0 : room / w.stride + 1;
}

Convolution dconv::test::convolutionOf(const Window &w) {
  int64_t outputs = outputsOf(w);
  Convolution convolution;
  convolution.extents = {outputs, w.taps};
  convolution.roles = {Role::Output, Role::Tap};
  convolution.accumulatorBytes = 4;

  LinearExpr position;
  position.terms = {{0, w.reversed ? -w.stride : w.stride},
                    {1, w.flippedTaps ? -w.dilation : w.dilation}};
  position.constant = w.offset + (w.reversed ? w.stride * (outputs - 1) : 0) +
                      (w.flippedTaps ? w.dilation * (w.taps - 1) : 0);
  LinearExpr tap{{{1, 1}}, 0};
  if (w.flippedFilter)
    tap = {{{1, -1}}, w.taps - 1};
  convolution.inputs = {
      {{position}, {w.size}, {w.padLow}, {w.padHigh}, /*elementBytes=*/2},
      {{tap}, {w.taps}, {0}, {0}, /*elementBytes=*/8}};
  convolution.output = {
      {{{{0, 1}}, 0}}, {outputs}, {0}, {0}, /*elementBytes=*/2};
  return convolution;
}

static int64_t pick(std::mt19937 &random, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}

static bool maybe(std::mt19937 &random) { return pick(random, 0, 1) == 1; }

std::vector<int64_t> dconv::test::evenLengths(int64_t extent, int64_t parts) {
  std::vector<int64_t> lengths(parts);
  for (int64_t i = 0; i < extent; ++i)
    ++lengths[i % parts];
  return lengths;
}

std::vector<int64_t> dconv::test::randomLengths(std::mt19937 &random,
                                                int64_t extent, int64_t parts) {
  std::vector<int64_t> lengths(parts, 1);
  for (int64_t rest = extent - parts; rest > 0; --rest)
    ++lengths[pick(random, 0, parts - 1)];
  return lengths;
}

namespace {
/// Adds loops and dims, then brings both into a random order.
class CaseBuilder {
public:
  CaseBuilder(std::mt19937 &random) : random(random) {}

  Case build(int windows) {
    bool hasFilter = pick(random, 0, 4) != 0;
    Operand image, filter, output;
    if (maybe(random)) {
      unsigned n = addLoop(Role::Batch, 2);
      image.map.push_back({{{n, 1}}, 0});
      output.map.push_back({{{n, 1}}, 0});
    }
    addChannels(hasFilter, image, filter, output);
    for (int w = 0; w < windows; ++w)
      addWindow(w + 1 < windows, image, filter, output);

    for (Operand *operand : {&image, &filter, &output}) {
      operand->elementBytes = int64_t(1) << pick(random, 0, 3);
      std::shuffle(operand->map.begin(), operand->map.end(), random);
    }
    convolution.accumulatorBytes =
        std::max(output.elementBytes, int64_t(1) << pick(random, 1, 3));
    convolution.inputs = {image};
    if (hasFilter)
      convolution.inputs.push_back(filter);
    if (maybe(random))
      std::reverse(convolution.inputs.begin(), convolution.inputs.end());
    convolution.output = output;
    shuffleLoops();
    for (Operand &input : convolution.inputs)
      addShape(input, /*padded=*/true);
    addShape(convolution.output, /*padded=*/false);

    Case result{
        convolution, randomSplit(), pick(random, 1, 9), maybe(random), {}};
    gatherSome(random, result);
    return result;
  }

private:
  unsigned addLoop(Role role, int64_t most) {
    convolution.roles.push_back(role);
    convolution.extents.push_back(pick(random, 1, most));
    return convolution.extents.size() - 1;
  }

  void addChannels(bool hasFilter, Operand &image, Operand &filter,
                   Operand &output) {
    if (hasFilter && maybe(random)) {
      unsigned g = addLoop(Role::Group, 3);
      filter.map.push_back({{{g, 1}}, 0});
      image.map.push_back({{{g, 1}}, 0});
      output.map.push_back({{{g, 1}}, 0});
    }
    if (hasFilter && maybe(random)) {
      unsigned oc = addLoop(Role::OutputChannel, 4);
      filter.map.push_back({{{oc, 1}}, 0});
      output.map.push_back({{{oc, 1}}, 0});
    }
    if (hasFilter && maybe(random)) {
      unsigned ic = addLoop(Role::InputChannel, 4);
      filter.map.push_back({{{ic, 1}}, 0});
      // A group's channels may lie in the dim of the groups.
      if (image.map.size() && maybe(random)) {
        LinearExpr &merged = image.map.back();
        merged.terms[0].coefficient = convolution.extents[ic];
        merged.terms.push_back({ic, 1});
      } else {
        image.map.push_back({{{ic, 1}}, 0});
      }
    }
  }

  void addWindow(bool small, Operand &image, Operand &filter, Operand &output) {
    unsigned o = addLoop(Role::Output, small ? 4 : 6);
    unsigned k = addLoop(Role::Tap, small ? 3 : 5);
    LinearExpr position;
    position.terms = {{o, pick(random, 1, 3)}, {k, pick(random, 1, 3)}};
    for (Term &term : position.terms)
      if (pick(random, 0, 3) == 0)
        term.coefficient = -term.coefficient;
    image.map.push_back(position);
    LinearExpr tap{{{k, maybe(random) ? 1 : -1}}, 0};
    if (pick(random, 0, 5) == 0) // both operands windowed
      tap.terms.insert(tap.terms.begin(), {o, pick(random, 1, 2)});
    filter.map.push_back(tap);
    output.map.push_back({{{o, 1}}, 0});
  }

  void shuffleLoops() {
    std::vector<unsigned> to(convolution.numLoops());
    for (unsigned loop = 0; loop < to.size(); ++loop)
      to[loop] = loop;
    std::shuffle(to.begin(), to.end(), random);
    Convolution old = convolution;
    for (unsigned loop = 0; loop < to.size(); ++loop) {
      convolution.extents[to[loop]] = old.extents[loop];
      convolution.roles[to[loop]] = old.roles[loop];
    }
    auto renumber = [&](Operand &operand) {
      for (LinearExpr &expr : operand.map) {
        for (Term &term : expr.terms)
          term.loop = to[term.loop];
        std::sort(expr.terms.begin(), expr.terms.end(),
                  [](const Term &a, const Term &b) { return a.loop < b.loop; });
      }
    };
    for (Operand &input : convolution.inputs)
      renumber(input);
    renumber(convolution.output);
  }

  /// A constant, an extent and padding for which every position is legal.
  void addShape(Operand &operand, bool padded) {
    for (LinearExpr &expr : operand.map) {
      int64_t low = 0, high = 0;
      for (const Term &term : expr.terms) {
        int64_t last = term.coefficient * (convolution.extents[term.loop] - 1);
        (last < 0 ? low : high) += last;
      }
      bool window =
          padded && (expr.terms.size() > 1 || pick(random, 0, 7) == 0);
      int64_t slackLow = window ? pick(random, 0, 2) : 0;
      int64_t slackHigh = window ? pick(random, 0, 2) : 0;
      expr.constant = slackLow - low;
      int64_t extent = slackLow + high - low + 1 + slackHigh;
      int64_t padLow =
          window ? pick(random, 0, std::min<int64_t>(4, extent - 1)) : 0;
      int64_t padHigh =
          window ? pick(random, 0, std::min<int64_t>(4, extent - 1 - padLow))
                 : 0;
      operand.shape.push_back(extent - padLow - padHigh);
      operand.padLow.push_back(padLow);
      operand.padHigh.push_back(padHigh);
    }
  }

  Split randomSplit() {
    std::vector<unsigned> loops(convolution.numLoops());
    for (unsigned loop = 0; loop < loops.size(); ++loop)
      loops[loop] = loop;
    std::shuffle(loops.begin(), loops.end(), random);
    Split split;
    int64_t shards = 1;
    for (unsigned loop : loops) {
      int64_t extent = convolution.extents[loop];
      if (extent == 1 || split.axes.size() == 4)
        continue;
      int64_t parts = pick(random, 1, std::min<int64_t>(extent, 6));
      if (shards * parts > 72)
        continue;
      shards *= parts;
      split.axes.push_back({loop, maybe(random)
                                      ? randomLengths(random, extent, parts)
                                      : evenLengths(extent, parts)});
    }
    return split;
  }

  std::mt19937 &random;
  Convolution convolution;
};
} // namespace

void dconv::test::gatherSome(std::mt19937 &random, Case &testCase) {
  const std::vector<Operand> &inputs = testCase.convolution.inputs;
  for (unsigned i = 0; i < inputs.size(); ++i) {
    bool replicated = false;
    for (const AxisSplit &axis : testCase.split.axes) {
      bool cut = axis.lengths.size() == 1;
      for (const LinearExpr &expr : inputs[i].map)
        for (const Term &term : expr.terms)
          cut |= term.loop == axis.loop;
      replicated |= !cut;
    }
    if (replicated && pick(random, 0, 2) > 0)
      testCase.gathered.push_back(
          {i, static_cast<CollectiveAlgorithm>(pick(random, 0, 2))});
  }
}

Case dconv::test::randomCase(std::mt19937 &random, int windows) {
  return CaseBuilder(random).build(windows);
}
