//===- Prediction.h - bytes and memory of a distributed program -*- C++ -*-===//
//
// A program at level 2 as integers: sharded values, and the steps that make
// them. From it Geometry predicts, before there is a schedule, every byte that
// moves and the memory of every device; the runtime measures the same numbers.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_GEOMETRY_PREDICTION_H
#define DCONV_GEOMETRY_PREDICTION_H

#include "dconv/Geometry/Collective.h"
#include "dconv/Geometry/Distribution.h"

namespace dconv {

/// A value of type `!dconv.sharded`.
struct ShardedValue {
  TensorLayout layout;
  std::vector<int64_t> shape;
  int64_t elementBytes = 4; ///< of the tensor, as it comes from and goes to the host
  int64_t storageBytes = 4; ///< in the arena: of the accumulator where partial

  /// True where the redistribution that makes this value, a direct one, brings
  /// each shard's part straight to where the one sub-kernel reads it, beside
  /// the stripe or in a footprint: it has no memory of its own.
  bool fetchedOnUse = false;
  /// The value whose memory this one takes over, or -1.
  int inPlaceOf = -1;
  /// It lies on the host: shards bring what they read and return what they
  /// compute (Streaming.h). `layout` says nothing.
  bool streamed = false;
};

enum class StepKind {
  Shard,         ///< host -> result; to a partial layout: shard 0 of each
                 ///< group gets the value, the others the identity; of a
                 ///< streamed value nothing moves yet
  Fill,          ///< result filled with a constant; nothing moves
  Redistribute,  ///< operand -> result: halo exchange, reshard, all-gather
  SubKernel,     ///< inputs and the initial output -> result
  ReduceScatter, ///< operand -> result
  Unshard,       ///< operand -> host
};

/// What one sub-kernel reads of one input, per shard.
struct KernelInput {
  int value = -1;
  std::vector<Box> footprints; ///< per shard, local padding included
};

struct Step {
  StepKind kind = StepKind::Shard;
  int operand = -1; ///< number of a value; SubKernel: the initial output
  int result = -1;
  std::vector<KernelInput> inputs; ///< SubKernel
  CollectiveAlgorithm algorithm = CollectiveAlgorithm::Direct; ///< Redistribute
  /// SubKernel with a streamed result: what each shard combines into.
  std::vector<Box> outputs;
  /// SubKernel: bytes of an element of the sum while it is computed.
  int64_t accumulatorBytes = 4;
};

struct DistributedProgram {
  Grid grid;
  std::vector<ShardedValue> values;
  std::vector<Step> steps;
};

/// An input that the split replicates and that comes from the host in one copy:
/// each shard gets a piece (piecesLayout) and the rest from the others.
struct GatheredInput {
  unsigned input = 0;
  CollectiveAlgorithm algorithm = CollectiveAlgorithm::Direct;

  bool operator==(const GatheredInput &o) const {
    return input == o.input && algorithm == o.algorithm;
  }
};

/// The number of shards, or an error where one of `gathered` is no input, is
/// there twice or is not replicated by `split`.
Result<int64_t> checkGathered(const Convolution &convolution,
                              const Split &split,
                              const std::vector<GatheredInput> &gathered);

/// The steps of one convolution from sharded inputs to its result, unsharded:
/// what dconv-partition writes. `fillsOutput`: the initial output is a constant.
/// Each shard gets its copy of an input from the host, of those `gathered`,
/// which pass `checkGathered`, from the devices.
DistributedProgram distribute(const Convolution &convolution,
                              const Split &split, int64_t devices,
                              bool fillsOutput,
                              const std::vector<GatheredInput> &gathered = {});

/// What moves between the shards in `step`: nothing where it neither
/// redistributes nor reduces.
std::vector<Transfer> transfersOf(const DistributedProgram &program,
                                  const Step &step);

/// A piece of a device's arena. Stripes live as long as the program, some with
/// room around them (StripeWindows.h); what a shard needs during one step is
/// scratch, and reused by the next. The slots of what is streamed lie below the
/// scratch of their step.
struct ArenaBuffer {
  enum Purpose {
    Stripe,      ///< of value `value`
    Footprint,   ///< input `input` of a sub-kernel, with local padding
    Accumulator, ///< of a sub-kernel or reduction whose result is narrower
    Staging,     ///< a received piece before it is accumulated or widened
    Slot,        ///< a part of streamed input `input` of a sub-kernel
    OutputSlot,  ///< a block of the streamed result of a sub-kernel
  };
  Purpose purpose = Stripe;
  int step = -1; ///< of scratch
  int value = -1;
  unsigned input = 0;
  int64_t shard = 0; ///< that uses it; of what several use, the first
  Box window;        ///< positions of the tensor
  int64_t elementBytes = 0;
  int64_t offset = 0; ///< bytes, a multiple of arenaAlignment
};

constexpr int64_t arenaAlignment = 64;

/// The arena of one device: the stripes of its shards one after the other, then
/// room for the scratch of the step and shard that need most.
struct Arena {
  std::vector<ArenaBuffer> buffers;
  int64_t bytes = 0;
};

class StripeWindows;

/// `windows` are those of `program`; without them they are found anew.
Arena planArena(const DistributedProgram &program, int64_t device);
Arena planArena(const DistributedProgram &program, const StripeWindows &windows,
                int64_t device);

/// True where `shard` receives the operand of a Shard step to `layout`: every
/// shard that owns some of it, of a partial group the first.
bool receivesValue(const Grid &grid, const TensorLayout &layout,
                   int64_t shard);

/// Per device, in bytes of payload. A sum beyond 2^63 - 1 reads as that number,
/// which is more than any budget.
struct Prediction {
  std::vector<int64_t> bytesReceived, bytesSent, scatterBytes, gatherBytes,
      peakBytes;
};

Prediction predict(const DistributedProgram &program);

/// The transfers into `destination` of a ReduceScatter step: from each shard of
/// its group, ascending, its own included, the piece that it will own.
std::vector<Transfer> reduceTransfersTo(const Grid &grid,
                                        const TensorLayout &from,
                                        const TensorLayout &to,
                                        int64_t destination);

/// True where `shard` holds the copy of its replicas, or the part of its
/// partial group, that has coordinate 0 on the axes that cut no dim: the one
/// that starts from the initial output and that an unshard gathers.
bool isFirstReplica(const Grid &grid, const TensorLayout &layout,
                    int64_t shard);

} // namespace dconv

#endif // DCONV_GEOMETRY_PREDICTION_H
