//===- StreamedStep.cpp - a sub-kernel on tensors of the host -------------===//

#include "DeviceScheduler.h"

#include "dconv/Geometry/StreamOrder.h"

#include <array>
#include <optional>

using namespace dconv;
using namespace dconv::runtime;

namespace dconv {
/// Writes the commands of one sub-kernel, some operands of which are streamed.
class StreamedStep {
public:
  StreamedStep(DeviceScheduler &device, int s)
      : device(device), program(device.program), commands(device.commands),
        s(s), step(program.steps[s]), init(device.definitionOf(step.operand)),
        operands(step.inputs.size() + 1), output(operands.back()) {
    for (unsigned i = 0; i < step.inputs.size(); ++i)
      if (program.values[step.inputs[i].value].streamed)
        operands[i].residencies =
            residenciesOf(step.inputs[i].footprints, device.shards);
    if (program.values[step.result].streamed)
      output.residencies = residenciesOf(step.outputs, device.shards);
  }

  void run() {
    std::vector<std::vector<Residency>> inputs;
    for (unsigned i = 0; i < step.inputs.size(); ++i)
      inputs.push_back(operands[i].residencies);
    for (const StreamStep &next : streamOrder(
             inputs, output.residencies,
             program.steps[init].kind == StepKind::Shard, device.shards.size()))
      switch (next.kind) {
      case StreamStep::Bring:
        bring(next.operand, operands[next.operand].residencies[next.number]);
        break;
      case StreamStep::Launch:
        launch(next.number);
        break;
      case StreamStep::Return:
        giveBack(output.residencies[next.number]);
        break;
      }
    for (const StreamedOperand &operand : operands)
      for (std::optional<uint32_t> buffer : operand.slots)
        if (buffer)
          commands.free(*buffer);
  }

private:
  /// One operand on the device; without residencies it is not streamed.
  struct StreamedOperand {
    std::vector<Residency> residencies;
    std::array<std::optional<uint32_t>, 2> slots; ///< the buffers in them
    size_t current = 0; ///< the residency that was used last

    /// The buffer that the shard at `position` uses.
    uint32_t bufferFor(size_t position) {
      while (residencies[current].last < position)
        ++current;
      return *slots[residencies[current].slot()];
    }
  };

  /// The buffer that the arena planned for `residency`.
  uint32_t planned(ArenaBuffer::Purpose purpose, unsigned number,
                   const Residency &residency) const {
    return device.scratch.at(
        {s, device.shards[residency.first], purpose, number});
  }

  void bring(unsigned number, const Residency &residency) {
    const bool isOutput = number == step.inputs.size();
    std::optional<uint32_t> &slot = operands[number].slots[residency.slot()];
    if (slot)
      commands.free(*slot);
    slot = isOutput ? planned(ArenaBuffer::OutputSlot, 0, residency)
                    : planned(ArenaBuffer::Slot, number, residency);
    commands.alloc(*slot);
    if (isOutput && device.overwrites(s, device.shards[residency.first]))
      return;
    if (isOutput && program.steps[init].kind == StepKind::Fill)
      return commands.fill(*slot, residency.window,
                           device.input.steps[init].fill);

    int value = isOutput ? step.operand : step.inputs[number].value;
    const Box tensor = Box::whole(program.values[value].shape);
    for (const Box &padding : subtract(residency.window, tensor))
      commands.fill(*slot, padding, device.input.steps[s].padding[number]);
    Box inside = residency.window.intersect(tensor);
    if (!inside.empty())
      commands.scatter(device.input.steps[device.definitionOf(value)].argument,
                       *slot, inside);
  }

  void launch(size_t position) {
    const int64_t shard = device.shards[position];
    std::vector<uint32_t> buffers;
    for (unsigned i = 0; i < step.inputs.size(); ++i)
      buffers.push_back(operands[i].residencies.empty()
                            ? device.prepareInput(s, i, shard)
                            : operands[i].bufferFor(position));
    if (output.residencies.empty()) {
      device.launch(s, shard, std::move(buffers));
    } else {
      uint32_t block = output.bufferFor(position);
      const Residency &residency = output.residencies[output.current];
      if (residency.first == position &&
          device.hasScratch(s, shard, ArenaBuffer::Accumulator)) {
        sum = planned(ArenaBuffer::Accumulator, 0, residency);
        commands.alloc(*sum);
        if (!device.overwrites(s, shard))
          commands.convert(block, *sum, residency.window);
      }
      commands.launch(device.kernelOf(s, shard), std::move(buffers),
                      sum.value_or(block));
    }
    device.freeScratch();
  }

  /// Returns a block that is complete to the host, to each result it is.
  void giveBack(const Residency &residency) {
    uint32_t block = *output.slots[residency.slot()];
    if (sum) {
      commands.convert(*sum, block, residency.window);
      commands.free(*sum);
      sum.reset();
    }
    for (size_t other = 0; other < program.steps.size(); ++other)
      if (program.steps[other].kind == StepKind::Unshard &&
          program.steps[other].operand == step.result)
        commands.gather(block, residency.window,
                        device.input.steps[other].argument);
  }

  DeviceScheduler &device;
  const DistributedProgram &program;
  CommandList &commands;
  const int s;
  const Step &step;
  const int init; ///< the step that makes the initial output
  std::vector<StreamedOperand> operands; ///< the inputs, then the output
  StreamedOperand &output;
  std::optional<uint32_t> sum; ///< of the block in use, where that is narrower
};
} // namespace dconv

void DeviceScheduler::stream(int s) { StreamedStep(*this, s).run(); }
