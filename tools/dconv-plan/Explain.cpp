//===- Explain.cpp - what a plan means ------------------------------------===//

#include "PlanReport.h"
#include "Text.h"

#include "dconv/Geometry/Distribution.h"
#include "dconv/Planner/Bounds.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"

#include <algorithm>

using namespace dconv;
using llvm::raw_ostream;

namespace {
/// Explains one plan, line by line.
class Explainer {
public:
  Explainer(const PlannedConvolution &convolution, raw_ostream &os)
      : planned(convolution), geometry(convolution.geometry),
        plan(convolution.result.ranked.front()),
        grid(plan.split.grid(plan.devices)), os(os) {
    for (const Operand &input : geometry.inputs)
      layouts.push_back(inputLayout(geometry, plan.split, input));
    layouts.push_back(outputLayout(geometry, plan.split));
  }

  void run() {
    phases();
    links();
    axes();
    if (!planned.streamed)
      operands();
    balance();
    if (!planned.streamed)
      bound();
  }

private:
  void phases();
  void links();
  void axes();
  void operands();
  void balance();
  void bound();

  std::string meaning(const AxisSplit &axis) const;
  std::string lengths(const AxisSplit &axis, const std::string &noun) const;
  std::string halo(unsigned axis, const std::string &noun) const;
  std::string partialSums() const;

  /// Which of the loops with the same role `loop` is, and how many there are.
  std::pair<unsigned, unsigned> place(unsigned loop) const;
  /// "row", "column", ... of an image or a filter.
  std::string dimNoun(unsigned loop) const;
  std::string operandName(unsigned t) const {
    if (t == geometry.inputs.size())
      return "output";
    return t == planned.convolution.input ? "input" : "filter";
  }
  const Operand &operand(unsigned t) const {
    return t < geometry.inputs.size() ? geometry.inputs[t] : geometry.output;
  }

  const PlannedConvolution &planned;
  const Convolution &geometry;
  const RankedPlan &plan;
  Grid grid;
  raw_ostream &os;
  std::vector<TensorLayout> layouts; ///< inputs, then the output
};
} // namespace

void Explainer::phases() {
  const PlanSeconds &s = plan.cost.seconds;
  os << "  phases: load " << secondsText(s.load) << ", exchange "
     << secondsText(s.exchange) << ", compute " << secondsText(s.compute)
     << ", reduce " << secondsText(s.reduce) << ", store "
     << secondsText(s.store);
  if (s.hidden > 0)
    os << "; " << secondsText(s.hidden) << " of it hidden under compute";
  os << "\n";
}

void Explainer::links() {
  for (const LevelBytes &level : plan.cost.links)
    os << "  link " << level.level << ": busiest device receives "
       << withCommas(level.received) << " bytes, sends "
       << withCommas(level.sent) << "\n";
}

std::pair<unsigned, unsigned> Explainer::place(unsigned loop) const {
  unsigned before = 0, all = 0;
  for (unsigned other = 0; other < geometry.numLoops(); ++other)
    if (geometry.roles[other] == geometry.roles[loop]) {
      before += other < loop;
      ++all;
    }
  return {before, all};
}

std::string Explainer::dimNoun(unsigned loop) const {
  auto [number, all] = place(loop);
  if (all == 1)
    return "position";
  if (all <= 3)
    return std::vector<std::string>{"plane", "row", "column"}[number + 3 - all];
  return "position of dim " + std::to_string(number);
}

/// "14 rows each", or "13 to 14 rows each".
std::string Explainer::lengths(const AxisSplit &axis,
                               const std::string &noun) const {
  auto [least, longest] =
      std::minmax_element(axis.lengths.begin(), axis.lengths.end());
  if (*least == *longest)
    return counted(*least, noun) + " each";
  return withCommas(*least) + " to " + counted(*longest, noun) + " each";
}

/// What shards read beyond their stripes along the dims that `axis` cuts.
std::string Explainer::halo(unsigned axis, const std::string &noun) const {
  for (unsigned t = 0; t < geometry.inputs.size(); ++t)
    for (unsigned d = 0; d < layouts[t].dims.size(); ++d) {
      const DimLayout &dim = layouts[t].dims[d];
      if (!llvm::is_contained(dim.axes, axis))
        continue;
      int64_t low = 0, high = 0, both = 0;
      for (size_t i = 0; i < dim.held.size(); ++i) {
        Interval held = dim.held[i], owned = dim.owned[i];
        Interval common = held.intersect(owned);
        int64_t extra = held.size() - common.size();
        int64_t below =
            std::min(extra, std::max<int64_t>(owned.begin - held.begin, 0));
        low = std::max(low, below);
        high = std::max(high, extra - below);
        both = std::max(both, extra);
      }
      if (both == 0)
        continue;
      int64_t bytes = both * operand(t).elementBytes;
      for (unsigned other = 0; other < layouts[t].dims.size(); ++other)
        if (other != d) {
          int64_t longest = 0;
          for (Interval held : layouts[t].dims[other].held)
            longest = std::max(longest, held.size());
          bytes *= longest;
        }
      std::string sides;
      if (low == high)
        sides = counted(low, noun) + " on each side";
      else if (low == 0 || high == 0)
        sides = counted(low + high, noun) + " on one side";
      else
        sides =
            counted(low, noun) + " below and " + withCommas(high) + " above";
      return "halo of the " + operandName(t) + " of " + sides + ", at most " +
             withCommas(bytes) + " bytes";
    }
  return "no halo";
}

/// What the shards send where they sum over parts of the reductions.
std::string Explainer::partialSums() const {
  const TensorLayout &output = layouts.back();
  int64_t parts = grid.sizeAlong(output.partialAxes);
  Box stripe = output.owned(grid, 0);
  // Balanced pieces: the last one is the least.
  int64_t kept = stripe.volume() / parts;
  return "partial sums of " + std::to_string(parts) +
         " shards meet, each sends at most " +
         withCommas((stripe.volume() - kept) * geometry.accumulatorBytes) +
         " bytes";
}

std::string Explainer::meaning(const AxisSplit &axis) const {
  unsigned number = &axis - plan.split.axes.data();
  switch (geometry.roles[axis.loop]) {
  case Role::Batch:
    return lengths(axis, "batch element");
  case Role::Group:
    return lengths(axis, "group");
  case Role::OutputChannel:
    return lengths(axis, "output channel") + ", with their share of the filter";
  case Role::InputChannel:
    return lengths(axis, "input channel") + "; " + partialSums();
  case Role::Output:
    return lengths(axis, dimNoun(axis.loop)) + "; " +
           halo(number, dimNoun(axis.loop));
  case Role::Tap:
    return lengths(axis, dimNoun(axis.loop)) + " of the filter; " +
           partialSums();
  }
  return "";
}

void Explainer::axes() {
  if (plan.split.axes.empty())
    os << "  nothing is split: one shard computes all\n";
  std::vector<std::string> names = geometry.loopNames();
  for (const AxisSplit &axis : plan.split.axes)
    os << "  " << names[axis.loop] << "=" << axis.lengths.size() << ": "
       << (planned.streamed ? lengths(axis, "iteration") : meaning(axis))
       << "\n";
}

void Explainer::operands() {
  for (unsigned t = 0; t < layouts.size(); ++t) {
    const TensorLayout &layout = layouts[t];
    bool isOutput = t == geometry.inputs.size();
    int64_t cut = grid.sizeAlong(layout.cutAxes());
    int64_t copies = grid.numShards() / cut;
    os << "  " << operandName(t) << ": "
       << (cut == 1 ? std::string("not cut")
                    : "cut in " + withCommas(cut) + " stripes");
    if (copies == 1)
      os << (isOutput ? ", each computed by one shard" : ", each on one shard");
    else if (isOutput)
      os << ", each summed over " << withCommas(copies)
         << " shards by a reduce-scatter";
    else
      os << ", each on " << withCommas(copies) << " shards, "
         << (t < plan.cost.inputs.size() &&
                     plan.cost.inputs[t] == Replication::Gathered
                 ? "gathered from pieces on the devices"
                 : "a copy for each from where it lies");
    os << "\n";
  }
}

void Explainer::balance() {
  int64_t shards = grid.numShards();
  os << "  balance: " << counted(shards, "shard") << " on "
     << counted(plan.devices, "device") << ", the busiest has "
     << llvm::format("%.4g", plan.macsMaxOverMean)
     << " times the mean of the multiply-adds";
  if (shards < plan.devices)
    os << "; " << counted(plan.devices - shards, "device") << " idle";
  os << "\n";
}

void Explainer::bound() {
  Result<BoundTerms> terms = boundTerms(geometry);
  if (!terms) {
    os << "  bound: none is known, " << terms.error() << "\n";
    return;
  }
  std::vector<int64_t> owned =
      ownedShares(*terms, plan.devices, plan.words.largestShare);
  os << "  bound: V = " << llvm::format("%.6g", terms->macs / plan.devices)
     << " multiply-adds per device, Q = " << llvm::format("%.6g", terms->reuse)
     << ", own";
  for (unsigned t = 0; t < owned.size(); ++t)
    os << (t ? ", " : " ") << withCommas(owned[t]) << " of the "
       << operandName(t);
  os << "\n";
}

void dconv::explainPlan(const PlannedConvolution &convolution,
                        raw_ostream &os) {
  Explainer(convolution, os).run();
}
