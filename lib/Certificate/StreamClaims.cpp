//===- StreamClaims.cpp - certificates of plans that are streamed ---------===//

#include "ClaimsWriter.h"

#include "dconv/Geometry/StreamOrder.h"
#include "dconv/Planner/Bounds.h"
#include "dconv/Planner/StreamBound.h"

#include <algorithm>
#include <map>

using namespace dconv;

namespace {
class StreamClaims : public ClaimsWriter {
public:
  StreamClaims(std::ostream &out, const CertifiedPlan &plan)
      : ClaimsWriter(out, plan),
        program(distributeStreamed(convolution, plan.split, plan.devices,
                                   plan.fillsOutput)),
        predicted(predict(program)),
        kernel(*std::find_if(program.steps.begin(), program.steps.end(),
                             [](const Step &step) {
                               return step.kind == StepKind::SubKernel;
                             })) {}

  void write() {
    writeConvolution();
    beginList("streams");
    for (int64_t device = 0; device < plan.devices; ++device)
      writeDevice(device);
    endList();
    writePrediction(predicted);
    writeBound();
    out << "\n}";
  }

private:
  /// Of which operand a residency is, by its number.
  std::string nameOf(unsigned operand) const {
    return operand == kernel.inputs.size() ? "output"
                                           : "input " + std::to_string(operand);
  }
  const std::vector<Box> &boxesOf(unsigned operand) const {
    return operand == kernel.inputs.size() ? kernel.outputs
                                           : kernel.inputs[operand].footprints;
  }
  const Operand &operandOf(unsigned operand) const {
    return operand == kernel.inputs.size() ? convolution.output
                                           : convolution.inputs[operand];
  }

  void writeDevice(int64_t device) {
    Arena arena = planArena(program, device);
    out << separator << "{\"device\":" << device
        << ",\"bytes\":" << arena.bytes
        << ",\"buffers\":" << buffersOf(arena).dump() << ",\n\"steps\":[";
    separator = "\n";
    writeSteps(device);
    out << "]}";
    separator = ",\n";
  }

  /// The places that the windows of an operand take by turns.
  Json buffersOf(const Arena &arena) const {
    Json buffers = Json::array();
    std::map<std::string, int> slots; // of each tensor so far
    for (const ArenaBuffer &buffer : arena.buffers) {
      int64_t bytes = buffer.window.volume() * buffer.elementBytes;
      bytes = (bytes + arenaAlignment - 1) / arenaAlignment * arenaAlignment;
      if (!buffers.empty() && buffers.back()["offset"] == buffer.offset) {
        Json &most = buffers.back()["bytes"];
        most = std::max(most.get<int64_t>(), bytes);
        continue;
      }
      std::string name = buffer.purpose == ArenaBuffer::Slot
                             ? nameOf(buffer.input)
                         : buffer.purpose == ArenaBuffer::OutputSlot ? "output"
                                                                     : "sums";
      buffers.push_back({{"tensor", name},
                         {"slot", slots[name]++},
                         {"element_bytes", buffer.elementBytes},
                         {"offset", buffer.offset},
                         {"bytes", bytes}});
    }
    return buffers;
  }

  void writeSteps(int64_t device) {
    const unsigned operands = kernel.inputs.size() + 1;
    std::vector<int64_t> shards = grid.shardsOf(device);
    std::vector<std::vector<Residency>> residencies;
    for (unsigned t = 0; t < operands; ++t)
      residencies.push_back(residenciesOf(boxesOf(t), shards));
    std::vector<std::vector<Residency>> inputs(residencies.begin(),
                                               residencies.end() - 1);
    std::vector<size_t> current(operands); // the residency that is used
    for (const StreamStep &step :
         streamOrder(inputs, residencies.back(),
                     /*loadsOutput=*/!plan.fillsOutput, shards.size())) {
      if (step.kind != StreamStep::Launch) {
        addMove(step, residencies[step.operand][step.number]);
        continue;
      }
      Json slots = Json::array(), kept = Json::array();
      for (unsigned t = 0; t < operands; ++t) {
        while (residencies[t][current[t]].last < step.number)
          ++current[t];
        const Residency &used = residencies[t][current[t]];
        slots.push_back(used.slot());
        if (used.first < step.number)
          kept.push_back(nameOf(t));
      }
      add({{"kind", "compute"},
           {"shard", shards[step.number]},
           {"slots", slots},
           {"kept", kept}});
    }
  }

  /// A window that is brought, or a block that is returned.
  void addMove(const StreamStep &step, const Residency &residency) {
    const bool isStore = step.kind == StreamStep::Return;
    const bool isFilled =
        !isStore && step.operand == kernel.inputs.size() && plan.fillsOutput;
    const Operand &operand = operandOf(step.operand);
    Box box = residency.window.intersect(operand.extent());
    if (isFilled)
      box = Box{Interval{0, 0}};
    Json entry = {{"kind", isStore ? "store" : "load"},
                  {"tensor", nameOf(step.operand)},
                  {"slot", residency.slot()}};
    if (!isStore)
      entry["window"] = toJson(residency.window);
    entry["box"] = box.empty() ? Json() : toJson(box);
    entry["bytes"] = box.volume() * operand.elementBytes;
    add(entry);
  }

  void writeBound() {
    double bytes = 0;
    for (int64_t d = 0; d < plan.devices; ++d)
      bytes +=
          double(predicted.scatterBytes[d]) + double(predicted.gatherBytes[d]);
    StreamBound bound = streamBound(convolution, plan.devices, plan.fillsOutput,
                                    plan.budget);
    Json inputs = {{"elements", toJson(bound.elements)},
                   {"once_bytes", toJson(bound.onceBytes)},
                   {"real_macs", Json()},
                   {"reuse", Json()},
                   {"each_bytes", Json()}};
    if (bound.eachBytes) {
      Result<BoundTerms> terms = boundTerms(convolution);
      inputs["real_macs"] = toJson(terms->macs);
      inputs["reuse"] = toJson(terms->reuse);
      inputs["each_bytes"] = *bound.eachBytes;
    }
    field("bytes", toJson(bytes));
    field("bound_bytes", bound.bytes);
    field("bound", inputs);
  }

  const DistributedProgram program;
  const Prediction predicted;
  const Step &kernel;
};
} // namespace

void dconv::writeStreamClaims(std::ostream &out, const CertifiedPlan &plan) {
  StreamClaims(out, plan).write();
}
