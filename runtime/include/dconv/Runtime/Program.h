//===- Program.h - what the devices run, as data ----------------*- C++ -*-===//
//
// Level 3 without MLIR: buffers at planned offsets and one list of commands per
// device. Boxes are positions in the whole tensor; a buffer is a window of one,
// so the same box names the same elements on every device.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_RUNTIME_PROGRAM_H
#define DCONV_RUNTIME_PROGRAM_H

#include "dconv/Geometry/Box.h"
#include "dconv/Geometry/BufferLayout.h"

#include <cstdint>
#include <string>
#include <vector>

namespace dconv::runtime {

enum class ElementType : uint8_t { F16, BF16, F32, F64, I8, I16, I32, I64 };

int64_t bytesOf(ElementType type);
/// "f32", "bf16", "i8", ...
const char *toString(ElementType type);
bool isFloat(ElementType type);

/// How partial sums and initial outputs combine. Signedness is the combiner's.
enum class Combiner : uint8_t { Add, Max, Min, MaxUnsigned, MinUnsigned };

const char *toString(Combiner combiner);

/// A tensor of the program: an argument, a result or one between. Messages and
/// traces name it.
struct Tensor {
  std::string name; ///< "input 0", "partial sum", ...
  std::vector<int64_t> shape;
};

/// A window of a tensor in the arena of one device, dense. It may reach outside
/// the tensor: that is local padding.
struct Buffer {
  uint32_t tensor = 0;
  int64_t shard = 0; ///< for which shard it is
  ElementType type = ElementType::F32;
  Box window;         ///< in positions of the tensor
  int64_t offset = 0; ///< in the arena, in bytes; a multiple of 64
  BufferLayout layout; ///< the order of the elements

  int64_t bytes() const { return window.volume() * bytesOf(type); }
};

enum class CommandKind : uint8_t {
  Alloc,      ///< `buffer` begins to live
  Free,       ///< `buffer` ends; its sends have been received
  Scatter,    ///< `box` of program argument `argument` into `buffer`
  Gather,     ///< `box` of `buffer` into program result `argument`
  Fill,       ///< `box` of `buffer` becomes `value`
  Copy,       ///< `box` of `source` into `buffer`, same element type
  Convert,    ///< `box` of `source` into `buffer`, rounded or widened
  Accumulate, ///< `box` of `buffer` = combiner(buffer, source), same type
  Send,       ///< `box` of `buffer` to `peer`
  Receive,    ///< `box` from `peer` into `buffer`
  Launch,     ///< kernel `kernel` on `operands` and `scalars`; writes `buffer`
};

const char *toString(CommandKind kind);

/// One step of a device. Fields that the kind does not use keep their defaults.
struct Command {
  CommandKind kind = CommandKind::Alloc;
  /// Numbers of earlier commands of this device that must have completed.
  std::vector<uint32_t> waits;
  uint32_t buffer = 0; ///< number in DeviceProgram::buffers
  uint32_t source = 0; ///< likewise
  Box box;             ///< in positions of the tensor of `buffer`
  uint32_t argument = 0;
  int64_t peer = 0; ///< a device
  /// Send and Receive: with tensor, shards and box it names one message.
  uint32_t step = 0;
  int64_t sourceShard = 0;
  int64_t destinationShard = 0;
  Combiner combiner = Combiner::Add;
  /// The bits of one element of `buffer`, in its low bytes.
  uint64_t value = 0;
  uint32_t kernel = 0;               ///< number in Program::kernels
  std::vector<uint32_t> operands;    ///< buffers the kernel reads, in its order
  std::vector<uint32_t> scalars;     ///< program arguments passed by value
  std::vector<int64_t> bounds;       ///< numbers passed after these
  /// The kernel does not read what `buffer` held.
  bool overwrites = false;
};

struct DeviceProgram {
  std::vector<Buffer> buffers;
  std::vector<Command> commands;
  int64_t arenaBytes = 0; ///< the least arena the offsets fit in
};

/// An argument or a result of the program: a dense row-major tensor on the
/// host, or a scalar (`shape` empty).
struct Argument {
  ElementType type = ElementType::F32;
  std::vector<int64_t> shape; ///< on the host
  bool scalar = false;
  /// Dim d of the program's tensor is dim order[d] of the host's. Empty where
  /// both have the same dims.
  std::vector<uint32_t> order = {};

  /// The shape of the program's tensor.
  std::vector<int64_t> orderedShape() const;
};

/// Per device; bytes of payload, each accepted message counted once.
struct Counters {
  std::vector<int64_t> bytesReceived; ///< from other devices
  std::vector<int64_t> bytesSent;     ///< to other devices
  std::vector<int64_t> scatterBytes;  ///< from the host
  std::vector<int64_t> gatherBytes;   ///< to the host
  std::vector<int64_t> peakBytes;     ///< high-water mark of the arena

  explicit Counters(int64_t devices = 0)
      : bytesReceived(devices), bytesSent(devices), scatterBytes(devices),
        gatherBytes(devices), peakBytes(devices) {}
  /// Bytes add up, peaks take the maximum.
  void merge(const Counters &other);
  bool operator==(const Counters &o) const;
};

/// What one `dconv.execute` runs.
struct Program {
  std::string name;
  std::vector<Tensor> tensors;
  std::vector<Argument> arguments; ///< tensors and scalars, in call order
  std::vector<Argument> results;
  std::vector<std::string> kernels; ///< their symbols in the shared object
  std::vector<DeviceProgram> devices;
  Counters predicted; ///< by Geometry from the plan

  /// First command of each device that is timed and last + 1: inputs lie
  /// sharded before it, the result after it. Scatter and its fills come before,
  /// gather and free after, but for what is streamed.
  struct Timed {
    uint32_t begin = 0;
    uint32_t end = 0;
  };
  std::vector<Timed> timed;
};

/// A hash of all that `program` does: messages carry it, so that one of another
/// program is never taken for one of this.
uint64_t fingerprint(const Program &program);

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_PROGRAM_H
