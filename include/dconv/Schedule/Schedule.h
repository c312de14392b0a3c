//===- Schedule.h - from sharded values to command lists --------*- C++ -*-===//
//
// The integers of dconv-schedule, without MLIR: a DistributedProgram and what
// Geometry does not know (types, kernels, constants) become a runtime Program.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_SCHEDULE_SCHEDULE_H
#define DCONV_SCHEDULE_SCHEDULE_H

#include "dconv/Geometry/Prediction.h"
#include "dconv/Runtime/Program.h"

namespace dconv {

/// What a schedule needs to know of a ShardedValue.
struct ValueDetail {
  runtime::ElementType element;  ///< of the tensor
  runtime::ElementType storage;  ///< in the arena
  uint32_t tensor = 0;           ///< number in ScheduleInput::tensors
};

/// What a schedule needs to know of a Step. Fields that its kind does not use
/// keep their defaults.
struct StepDetail {
  uint32_t argument = 0; ///< Shard: program argument; Unshard: program result
  runtime::Combiner combiner = runtime::Combiner::Add; ///< ReduceScatter
  uint64_t fill = 0;     ///< Fill: the bits of the constant
  uint64_t identity = 0; ///< Shard, Fill: of the combiner, for partial results
  runtime::ElementType accumulator = runtime::ElementType::F32; ///< SubKernel
  std::vector<uint64_t> padding;  ///< SubKernel: bits per input
  std::vector<uint32_t> kernels;  ///< SubKernel: kernel number per shard
  std::vector<uint32_t> scalars;  ///< SubKernel: program arguments
  /// SubKernel: what each shard's kernel is told of its inputs; may be empty.
  std::vector<std::vector<int64_t>> bounds;
  /// SubKernel: for which shards the kernel starts from a constant of its own
  /// and reads no initial output; empty for none.
  std::vector<bool> overwrites;
};

struct ScheduleInput {
  std::string name;
  DistributedProgram program;
  std::vector<ValueDetail> values; ///< one per program.values
  std::vector<StepDetail> steps;   ///< one per program.steps
  std::vector<runtime::Tensor> tensors;
  std::vector<runtime::Argument> arguments;
  std::vector<runtime::Argument> results;
  std::vector<std::string> kernels;
};

/// The command list of every device.
///
/// A device first loads its stripes, and fills what lies around them and is no
/// halo; then, timed, takes the steps in order: it posts what others need of
/// its stripes, then for each of its shards brings what the shard reads and has
/// not in place, makes padding that is not, launches, and frees the scratch;
/// last it returns its part of the results. What is streamed it brings and
/// returns between the launches, as early as its slots allow. Every command
/// waits for the earlier ones that touch the same box, and for the end of what
/// lay in its memory.
runtime::Program schedule(const ScheduleInput &input);

} // namespace dconv

#endif // DCONV_SCHEDULE_SCHEDULE_H
