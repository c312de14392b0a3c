//===- WriteCertificate.cpp - a plan with all that proves it --------------===//

#include "ClaimsWriter.h"

#include "dconv/Certificate/PlanDescription.h"
#include "dconv/Geometry/Streaming.h"
#include "dconv/Geometry/StripeWindows.h"
#include "dconv/Planner/BestBox.h"
#include "dconv/Planner/Bounds.h"
#include "dconv/Planner/ShardWords.h"

#include <algorithm>

using namespace dconv;

static const char *kindName(StepKind kind) {
  switch (kind) {
  case StepKind::Shard:
    return "scatter";
  case StepKind::Fill:
    return "fill";
  case StepKind::Redistribute:
    return "exchange";
  case StepKind::SubKernel:
    return "compute";
  case StepKind::ReduceScatter:
    return "reduce";
  case StepKind::Unshard:
    return "gather";
  }
  return "";
}

namespace {
/// The claims of a plan whose tensors lie on the devices.
class PlanClaims : public ClaimsWriter {
public:
  PlanClaims(std::ostream &out, const CertifiedPlan &plan)
      : ClaimsWriter(out, plan),
        program(distribute(convolution, plan.split, plan.devices,
                           plan.fillsOutput, plan.gathered)) {
    nameValues();
  }

  void write() {
    writeConvolution();
    writeOwnership();
    writeSteps();
    writeMoves();
    writeMemory();
    writeBounds();
    out << "\n}";
  }

private:
  /// Of each value of the program the tensor it is a version of.
  void nameValues() {
    names.resize(program.values.size());
    for (const Step &step : program.steps) {
      if (step.kind != StepKind::SubKernel)
        continue;
      names[step.operand] = names[step.result] = "output";
      for (size_t i = 0; i < step.inputs.size(); ++i)
        names[step.inputs[i].value] = "input " + std::to_string(i);
    }
    for (const Step &step : program.steps) {
      if (step.kind == StepKind::Redistribute)
        names[step.operand] = names[step.result];
      if (step.kind == StepKind::ReduceScatter)
        names[step.result] = "result";
    }
  }

  /// The tensor that `step` moves or computes.
  std::string tensorOf(const Step &step) const {
    int value = step.kind == StepKind::ReduceScatter ? step.operand
                : step.kind == StepKind::Unshard     ? -1
                                                     : step.result;
    return value < 0 ? "output" : names[value];
  }

  void writeOwnership() {
    beginList("ownership");
    int sums = -1;
    for (const Step &step : program.steps) {
      if (step.kind == StepKind::Shard && names[step.result] != "output")
        writeOwned(names[step.result], step.result);
      if (step.kind == StepKind::SubKernel)
        writeOwned("output", sums = step.result);
      if (step.kind == StepKind::Unshard)
        writeOwned("result", step.operand);
    }
    endList();
  }

  void writeSteps() {
    beginList("steps");
    for (const Step &step : program.steps) {
      Json entry = {{"kind", kindName(step.kind)}, {"tensor", tensorOf(step)}};
      if (step.kind == StepKind::Redistribute)
        entry["algorithm"] = toString(step.algorithm);
      add(entry);
    }
    endList();
  }

  /// Written piece by piece: a box per shard, null where it owns nothing.
  void writeOwned(const std::string &name, int value) {
    out << separator << "{\"tensor\":\"" << name << "\",\"boxes\":[";
    for (int64_t shard = 0; shard < grid.numShards(); ++shard) {
      Box box = program.values[value].layout.owned(grid, shard);
      out << (shard ? "," : "") << (box.empty() ? Json() : toJson(box)).dump();
    }
    out << "]}";
    separator = ",\n";
  }

  Json place(int64_t shard) const {
    return shard < 0 ? Json("host") : Json({shard, grid.deviceOf(shard)});
  }

  /// A move of step `s`; shard -1 is the host.
  void addMove(size_t s, int64_t from, int64_t to, const Box &box,
               int64_t elementBytes) {
    if (from == to || box.empty())
      return;
    const Step &step = program.steps[s];
    add({{"step", s},
         {"kind", kindName(step.kind)},
         {"tensor", tensorOf(step)},
         {"from", place(from)},
         {"to", place(to)},
         {"box", toJson(box)},
         {"bytes", box.volume() * elementBytes}});
  }

  void writeMoves() {
    beginList("moves");
    for (size_t s = 0; s < program.steps.size(); ++s) {
      const Step &step = program.steps[s];
      for (const Transfer &transfer : transfersOf(program, step))
        addMove(s, transfer.source, transfer.destination, transfer.box,
                program.values[step.operand].storageBytes);
      for (int64_t shard = 0; shard < grid.numShards(); ++shard)
        writeHostMoves(s, shard);
    }
    endList();
    writePrediction(predict(program));
  }

  /// What `shard` gets from the host, or gives to it, in step `s`.
  void writeHostMoves(size_t s, int64_t shard) {
    const Step &step = program.steps[s];
    if (step.kind == StepKind::Shard) {
      const ShardedValue &to = program.values[step.result];
      if (receivesValue(grid, to.layout, shard))
        addMove(s, -1, shard, to.layout.owned(grid, shard), to.elementBytes);
    } else if (step.kind == StepKind::Unshard) {
      const ShardedValue &from = program.values[step.operand];
      if (isFirstReplica(grid, from.layout, shard))
        addMove(s, shard, -1, from.layout.owned(grid, shard),
                from.elementBytes);
    }
  }

  const char *purposeName(const ArenaBuffer &buffer) const {
    switch (buffer.purpose) {
    case ArenaBuffer::Stripe:
      return isExchanged(buffer.value) ? "copy" : "stripe";
    case ArenaBuffer::Footprint:
      return "window";
    case ArenaBuffer::Accumulator:
      return "accumulator";
    case ArenaBuffer::Staging:
      return "staging";
    case ArenaBuffer::Slot:
    case ArenaBuffer::OutputSlot:
      break; // of what is streamed
    }
    return "";
  }

  bool isExchanged(int value) const {
    return std::any_of(program.steps.begin(), program.steps.end(),
                       [&](const Step &step) {
                         return step.kind == StepKind::Redistribute &&
                                step.result == value;
                       });
  }

  void writeMemory() {
    beginList("arena");
    const StripeWindows windows(program);
    for (int64_t device = 0; device < plan.devices; ++device) {
      Arena arena = planArena(program, windows, device);
      Json buffers = Json::array();
      for (const ArenaBuffer &buffer : arena.buffers) {
        Json entry = {{"purpose", purposeName(buffer)}};
        if (buffer.step >= 0)
          entry["step"] = buffer.step;
        entry.update({{"tensor", names[buffer.value]},
                      {"shard", buffer.shard},
                      {"window", toJson(buffer.window)},
                      {"element_bytes", buffer.elementBytes},
                      {"offset", buffer.offset}});
        buffers.push_back(std::move(entry));
      }
      add({{"device", device}, {"bytes", arena.bytes}, {"buffers", buffers}});
    }
    endList();
  }

  void writeBounds() {
    WordCount count =
        countWordsOfShards(convolution, plan.split, plan.devices);
    Result<BoundTerms> terms = boundTerms(convolution);
    field("words", count.words);
    if (!terms) { // its windows are of a kind for which no bound is known
      field("bound_words", 0);
      field("best_box_words", 0);
      field("bound", Json());
      field("best_box_exact", false);
      return;
    }
    std::vector<int64_t> owned =
        ownedShares(*terms, plan.devices, count.largestShare);
    Json least = Json::array();
    for (unsigned t = 0; t < owned.size(); ++t)
      least.push_back(
          std::max(leastTouched(*terms, t, terms->macs / plan.devices),
                   double(owned[t])));
    BestBox box = findBestBox(convolution, plan.devices, owned);
    field("bound_words", memoryIndependentBound(*terms, plan.devices, owned));
    field("best_box_words", box.words);
    field("bound", {{"real_macs", toJson(terms->macs)},
                    {"reuse", toJson(terms->reuse)},
                    {"uses", toJson(terms->uses)},
                    {"elements", terms->elements},
                    {"owned", owned},
                    {"least", least}});
    field("best_box_exact", box.exact);
  }

  const DistributedProgram program;
  std::vector<std::string> names; ///< per value
};
} // namespace

Result<int64_t> dconv::describePlan(std::ostream &out,
                                    const CertifiedPlan &plan) {
  Result<int64_t> good = checkSplit(plan.split, plan.convolution);
  if (good)
    good = plan.streamed
               ? checkStreamed(plan.convolution, plan.split, plan.devices)
               : checkGathered(plan.convolution, plan.split, plan.gathered);
  if (!good)
    return Error{"'" + plan.name + "': " + good.error()};
  if (plan.streamed)
    writeStreamClaims(out, plan);
  else
    PlanClaims(out, plan).write();
  return 1;
}

/// Those of `plans` that are streamed, or those that are not.
static Result<int64_t> writePlans(std::ostream &out,
                                  const std::vector<CertifiedPlan> &plans,
                                  bool streamed) {
  out << "[";
  const char *separator = "\n";
  for (const CertifiedPlan &plan : plans) {
    if (plan.streamed != streamed)
      continue;
    out << separator;
    if (Result<int64_t> described = describePlan(out, plan); !described)
      return described;
    separator = ",\n";
  }
  out << "\n]";
  return int64_t(plans.size());
}

Result<int64_t>
dconv::writeCertificate(std::ostream &out,
                        const std::vector<CertifiedPlan> &plans) {
  out << "{\"format\":\"dconv-certificate\",\n\"version\":1";
  for (bool streamed : {false, true}) {
    out << (streamed ? ",\n\"streamed\":" : ",\n\"convolutions\":");
    if (Result<int64_t> written = writePlans(out, plans, streamed); !written)
      return written;
  }
  out << "}\n";
  if (!out)
    return Error{"the certificate could not be written"};
  return int64_t(plans.size());
}
