//===- DeviceScheduler.h - writes the list of one device --------*- C++ -*-===//

#ifndef DCONV_LIB_SCHEDULE_DEVICESCHEDULER_H
#define DCONV_LIB_SCHEDULE_DEVICESCHEDULER_H

#include "CommandList.h"
#include "dconv/Geometry/StripeWindows.h"
#include "dconv/Schedule/Schedule.h"

#include <map>
#include <tuple>

namespace dconv {

/// What moves between shards in each step, found once for all devices.
using StepTransfers = std::vector<std::vector<Transfer>>;

/// Writes the list of one device.
class DeviceScheduler {
public:
  DeviceScheduler(const ScheduleInput &input, const StepTransfers &transfers,
                  const StripeWindows &windows, int64_t device,
                  runtime::DeviceProgram &result,
                  runtime::Program::Timed &timed)
      : input(input), program(input.program), grid(program.grid),
        transfers(transfers), windows(windows), device(device),
        shards(grid.shardsOf(device)), result(result), timed(timed),
        commands(result) {}

  void run();

private:
  friend class StreamedStep;

  static bool isLoad(const Step &step) {
    return step.kind == StepKind::Shard || step.kind == StepKind::Fill;
  }

  // Buffers.
  void addBuffers();
  runtime::ElementType typeOf(const ArenaBuffer &planned) const;
  /// The type in which step `s` adds up.
  runtime::ElementType accumulatorOf(int s) const;
  bool hasStripe(int value, int64_t shard) const {
    return stripes.count({rootOf(value), shard}) != 0;
  }
  uint32_t stripe(int value, int64_t shard) const {
    return stripes.at({rootOf(value), shard});
  }
  /// The value whose memory `value` lies in.
  int rootOf(int value) const;
  bool hasScratch(int s, int64_t shard, ArenaBuffer::Purpose purpose,
                  unsigned number = 0) const {
    return scratch.count({s, shard, purpose, number}) != 0;
  }
  uint32_t allocScratch(int s, int64_t shard, ArenaBuffer::Purpose purpose,
                        unsigned number = 0);
  void freeScratch();
  /// Begins the life of the stripes of `value`, unless it takes over others.
  void allocStripes(int value);
  /// Fills what lies around the stripe of `shard` and is no halo.
  void fillAround(int value, int64_t shard);

  // Steps.
  void load(int s);
  void redistribute(int s);
  void compute(int s);
  void reduce(int s);
  void store(int s);
  /// Computes step `s`, some operands of which lie on the host.
  void stream(int s);
  bool readsOrWritesHost(const Step &step) const;

  // Their parts.
  /// Posts what shards on other devices need of the stripes here, in a step of
  /// one round.
  void sendAll(int s);
  /// Posts `transfer` where it leaves this device.
  void send(int s, const Transfer &transfer);
  /// The buffer here from which `transfer` of step `s` comes.
  uint32_t sourceOf(int s, const Transfer &transfer) const;
  /// Brings `transfer` of step `s` into `buffer`, from here or another device.
  void bring(int s, const Transfer &transfer, uint32_t buffer);
  /// The transfers of step `s`, of one round, to `shard`.
  std::vector<Transfer> transfersOf(int s, int64_t shard) const;
  /// The step that makes `value`.
  int definitionOf(int value) const;
  /// The buffer in which the kernel of `shard` finds its input `i`.
  uint32_t prepareInput(int s, unsigned i, int64_t shard);
  /// True where the kernel of `shard` in step `s` reads no initial output.
  bool overwrites(int s, int64_t shard) const {
    const std::vector<bool> &shards = input.steps[s].overwrites;
    return !shards.empty() && shards[shard];
  }
  /// True where nothing reads the stripe of `shard` before a kernel has
  /// overwritten it.
  bool isOverwritten(int value, int64_t shard) const;
  CommandList::Launch kernelOf(int s, int64_t shard) const;
  /// Launches the kernel of `shard` on its stripe of the result.
  void launch(int s, int64_t shard, std::vector<uint32_t> operands);

  const ScheduleInput &input;
  const DistributedProgram &program;
  const Grid &grid;
  const StepTransfers &transfers;
  const StripeWindows &windows;
  int64_t device;
  std::vector<int64_t> shards;
  runtime::DeviceProgram &result;
  runtime::Program::Timed &timed;
  CommandList commands;
  std::map<std::pair<int, int64_t>, uint32_t> stripes; ///< by value and shard
  std::map<std::tuple<int, int64_t, int, unsigned>, uint32_t> scratch;
  std::vector<uint32_t> live; ///< scratch in use
};

} // namespace dconv

#endif // DCONV_LIB_SCHEDULE_DEVICESCHEDULER_H
