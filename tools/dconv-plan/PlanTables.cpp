//===- PlanTables.cpp - plans for people ----------------------------------===//

#include "PlanReport.h"
#include "Text.h"

#include "dconv/Transforms/DropZeros.h"
#include "dconv/Transforms/Factorize.h"

#include "llvm/ADT/STLExtras.h"

using namespace dconv;
using llvm::raw_ostream;

int64_t dconv::most(const std::vector<int64_t> &perDevice) {
  return perDevice.empty() ? 0 : *llvm::max_element(perDevice);
}

MemoryUse dconv::memoryUse(const PlannedConvolution &convolution,
                           const RankedPlan &plan) {
  const std::vector<int64_t> &peaks = plan.predicted.peakBytes;
  const MemoryBudget &budget = convolution.request.budget;
  MemoryUse fullest;
  double share = -1;
  for (size_t d = 0; d < peaks.size(); ++d) {
    std::optional<int64_t> limit = convolution.machine->devices[d].memoryBytes;
    if (budget)
      limit = limit ? std::min(*limit, *budget) : *budget;
    // Without a limit the largest counts.
    double used = limit ? double(peaks[d]) / *limit : peaks[d] * 1e-30;
    if (used <= share)
      continue;
    share = used;
    fullest = {int64_t(d), peaks[d], limit};
  }
  return fullest;
}

std::string dconv::splitText(const Split &split,
                             const Convolution &convolution) {
  return split.axes.empty() ? "whole" : toString(split, convolution);
}

/// "1x56x56x64".
static std::string shapeText(const std::vector<int64_t> &shape) {
  std::string text;
  for (int64_t extent : shape)
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

/// "input 1x8x8x4 padded [0, 1, 1, 0] and [0, 1, 1, 0]".
static std::string operandText(const std::string &name,
                               const Operand &operand) {
  std::string text = name + " " + shapeText(operand.shape);
  auto isZero = [](int64_t pad) { return pad == 0; };
  if (llvm::all_of(operand.padLow, isZero) &&
      llvm::all_of(operand.padHigh, isZero))
    return text;
  bool symmetric = operand.padLow == operand.padHigh;
  auto list = [](const std::vector<int64_t> &pad) {
    std::string all;
    for (int64_t p : pad)
      all += (all.empty() ? "" : ", ") + std::to_string(p);
    return "[" + all + "]";
  };
  return text + " padded " + list(operand.padLow) +
         (symmetric ? "" : " and " + list(operand.padHigh));
}

std::string dconv::weightsText(const PlannedConvolution &convolution) {
  mlir::Operation *op = convolution.convolution.op;
  std::string text;
  if (std::optional<FactorOf> factor = factorOf(op)) {
    text = "factor of " + factor->convolution + " with its taps";
    for (const std::string &tap : factor->taps)
      text += " " + tap;
    text += factor->distance == 0 ? ", exact"
                                  : ", the product at a distance of " +
                                        percentText(factor->distance);
  }
  if (DroppedWeights dropped = droppedFrom(op); !dropped.empty())
    text += (text.empty() ? "" : "; ") + std::string("zeros dropped: ") +
            toString(dropped);
  return text;
}

/// Two lines: the name with the dims, then the operands.
static void printHeading(const PlannedConvolution &convolution,
                         raw_ostream &os) {
  const Convolution &geometry = convolution.geometry;
  std::vector<std::string> names = geometry.loopNames();
  mlir::linalg::LinalgOp op = convolution.convolution.op;
  os << convolution.name << ": " << op->getName().getStringRef() << " of "
     << convolution.elementType << ",";
  for (unsigned loop = 0; loop < geometry.numLoops(); ++loop)
    os << " " << names[loop] << "=" << geometry.extents[loop];
  os << "\n  ";
  for (size_t i = 0; i < geometry.inputs.size(); ++i)
    os << operandText(i == convolution.convolution.input ? "input" : "filter",
                      geometry.inputs[i])
       << ", ";
  os << operandText("output", geometry.output) << "\n";
}

static std::vector<std::string> rowOf(const PlannedConvolution &convolution,
                                      const RankedPlan &plan,
                                      const std::string &rank) {
  const PlanSeconds &seconds = plan.cost.seconds;
  MemoryUse memory = memoryUse(convolution, plan);
  return {rank + splitText(plan.split, convolution.geometry),
          secondsText(seconds.total()),
          secondsText(seconds.compute),
          secondsText(seconds.exposed()),
          secondsText(seconds.load),
          secondsText(seconds.store),
          withCommas(plan.words.words),
          withCommas(most(plan.predicted.bytesReceived)) + " B",
          withCommas(most(plan.predicted.bytesSent)) + " B",
          bytesText(memory.peak),
          memory.limit ? "of " + bytesText(*memory.limit) : ""};
}

static void printTable(const PlanReport &report,
                       const PlannedConvolution &convolution, raw_ostream &os) {
  Table table;
  table.add({"   split", "seconds", "compute", "exposed", "load", "store",
             "words", "received", "sent", "memory", ""});
  const std::vector<RankedPlan> &ranked = convolution.result.ranked;
  for (size_t i = 0; i < ranked.size() && i < report.options.top; ++i)
    table.add(rowOf(convolution, ranked[i], std::to_string(i + 1) + ". "));
  table.print(os, 2);
}

/// "proved optimal", or what is left open.
static std::string proofText(const PlannedConvolution &convolution) {
  const PlanResult &result = convolution.result;
  const RankedPlan &plan = result.ranked.front();
  bool time = convolution.request.objective == Objective::Time;
  std::string found = time ? secondsText(plan.cost.seconds.total())
                           : counted(plan.words.words, "word");
  std::string goal = time ? "faster" : "fewer words";
  if (result.optimal && convolution.origin != PlannedConvolution::Searched)
    return "proved optimal: the search finds no plan with " +
           std::string(time ? "less predicted time" : "fewer words");
  if (result.optimal)
    return "proved optimal: of all splits searched, none has " +
           std::string(time ? "less predicted time" : "fewer words");
  std::string least = time ? secondsText(result.atLeast)
                           : counted(int64_t(result.atLeast), "word");
  double value = time ? plan.cost.seconds.total() : double(plan.words.words);
  std::string gap =
      value > 0 ? percentText((value - result.atLeast) / value) : "0 %";
  if (convolution.origin != PlannedConvolution::Searched)
    return "kept as it is: it has " + found + ", the search needs at least " +
           least + ", a gap of " + gap;
  return "not proved optimal: no split searched has less than " + least +
         ", this one has " + found + ", a gap of " + gap;
}

/// Three numbers beside each other, and how good the plan is.
static void printBounds(const PlannedConvolution &convolution,
                        raw_ostream &os) {
  const PlanResult &result = convolution.result;
  os << "  words of the busiest device: lower bound "
     << withCommas(result.boundWords) << ", best box "
     << (result.bestBoxExact ? "" : "at most ")
     << withCommas(result.bestBoxWords) << ", this plan "
     << withCommas(result.ranked.front().words.words) << "\n"
     << "  " << proofText(convolution) << "\n";
}

/// The same of a plan whose tensors stay on the host.
static void printStream(const StreamPlan &plan, raw_ostream &os) {
  os << "  streamed: the tensors stay on the host, the devices bring and "
        "return "
        "parts\n"
     << "  bytes between the host and the devices: lower bound "
     << withCommas(int64_t(plan.boundBytes)) << ", this plan "
     << withCommas(plan.bytes) << "\n"
     << "  seconds: compute " << secondsText(plan.computeSeconds)
     << ", busiest link " << secondsText(plan.linkSeconds)
     << ", the longer of the two counts; first loads and last store "
     << secondsText(plan.fillSeconds) << "\n";
}

static void printRejected(const PlannedConvolution &convolution,
                          raw_ostream &os) {
  for (const RejectedPlan &plan : convolution.result.rejected)
    os << "  rejected " << splitText(plan.split, convolution.geometry) << ": "
       << plan.reason << "\n";
}

static void printConvolution(const PlanReport &report,
                             const PlannedConvolution &convolution,
                             raw_ostream &os) {
  printHeading(convolution, os);
  if (std::string weights = weightsText(convolution); !weights.empty())
    os << "  " << weights << "\n";
  if (convolution.sameAs) {
    os << "  as " << report.convolutions[*convolution.sameAs].name << ": "
       << splitText(convolution.result.ranked.front().split,
                    convolution.geometry)
       << "\n";
    return;
  }
  if (convolution.origin == PlannedConvolution::Kept)
    os << "  keeps the plan it carries; below it what the search finds\n";
  printTable(report, convolution, os);
  if (convolution.stream)
    printStream(*convolution.stream, os);
  else
    printBounds(convolution, os);
  if (std::string why = whyFirst(convolution); !why.empty())
    os << "  " << why << "\n";
  printRejected(convolution, os);
  if (report.options.explain)
    explainPlan(convolution, os);
}

void dconv::printPlans(const PlanReport &report, raw_ostream &os) {
  const PlanOptions &options = report.options;
  auto place = [](Residence residence) {
    return residence == Residence::Host ? "on the host" : "sharded";
  };
  os << report.machine << ": " << counted(report.devices, "device")
     << "; least "
     << (options.objective == Objective::Time
             ? std::string("time")
             : "words, imbalance at most " + percentText(options.maxImbalance))
     << "; inputs " << place(options.inputs)
     << (options.weightsResident ? ", weights on the devices" : "")
     << ", outputs " << place(options.outputs) << "\n";
  for (const std::string &name : report.dropped)
    os << name << " is gone: all its weights are zero\n";
  double total = 0, planning = 0;
  size_t distinct = 0;
  for (const PlannedConvolution &convolution : report.convolutions) {
    os << "\n";
    printConvolution(report, convolution, os);
    total += convolution.result.ranked.front().cost.seconds.total();
    planning += convolution.result.planningSeconds;
    distinct += !convolution.sameAs;
  }
  os << "\n"
     << counted(report.convolutions.size(), "convolution") << ", " << distinct
     << " distinct: predicted " << secondsText(total) << " in all; planned in "
     << secondsText(planning) << "\n";
}
