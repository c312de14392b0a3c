//===- Verify.cpp - compares Geometry with the oracle ---------------------===//

#include "Verify.h"

#include "dconv/Geometry/StripeWindows.h"

#include <algorithm>
#include <tuple>

using namespace dconv;
using namespace dconv::test;

static std::string join(const std::vector<int64_t> &numbers) {
  std::string text = "{";
  for (int64_t number : numbers)
    text += (text.size() > 1 ? "," : "") + std::to_string(number);
  return text + "}";
}

static std::string differ(const std::string &what,
                          const std::vector<int64_t> &library,
                          const std::vector<int64_t> &oracle) {
  return what + ": library " + join(library) + ", oracle " + join(oracle);
}

static std::string ofShard(const char *what, int64_t shard) {
  return what + (" of shard " + std::to_string(shard));
}

Elements dconv::test::elementsOf(const Box &box,
                                 const std::vector<int64_t> &shape) {
  std::vector<std::vector<int64_t>> positions(shape.size());
  for (size_t d = 0; d < shape.size(); ++d)
    for (int64_t p = box.dims[d].begin; p < box.dims[d].end; ++p)
      positions[d].push_back(p);
  Elements elements = elementsAt(shape, positions);
  // An element outside the tensor would alias another one.
  for (size_t d = 0; d < shape.size() && !elements.empty(); ++d)
    if (box.dims[d].begin < 0 || box.dims[d].end > shape[d])
      return {-1};
  return elements;
}

std::string dconv::test::verifyTransfers(const std::vector<Transfer> &transfers,
                                         int64_t destination,
                                         const std::vector<int64_t> &shape,
                                         const std::vector<Elements> &owned,
                                         const Elements &wanted) {
  Elements arrived;
  int64_t previous = -1;
  for (const Transfer &transfer : transfers) {
    if (transfer.destination != destination)
      return ofShard("wrong destination", destination);
    if (transfer.source <= previous)
      return ofShard("sources do not ascend", destination);
    previous = transfer.source;
    Elements moved = elementsOf(transfer.box, shape);
    if (moved.empty())
      return ofShard("empty transfer to", destination);
    const Elements &owner = owned[transfer.source];
    if (!std::includes(owner.begin(), owner.end(), moved.begin(), moved.end()))
      return differ(ofShard("sent but not owned", transfer.source), moved,
                    owner);
    arrived.insert(arrived.end(), moved.begin(), moved.end());
  }
  std::sort(arrived.begin(), arrived.end());
  if (arrived != wanted)
    return differ(ofShard("arrived", destination), arrived, wanted);
  return "";
}

namespace {
class Verifier {
public:
  explicit Verifier(const Case &testCase)
      : testCase(testCase), convolution(testCase.convolution),
        split(testCase.split), oracle(testCase),
        grid(split.grid(testCase.devices)) {}

  std::string run() {
    if (grid.numShards() != oracle.numShards())
      return "number of shards";
    for (int64_t shard = 0; shard < grid.numShards(); ++shard)
      if (std::string error = verifyIterations(shard); !error.empty())
        return error;
    for (size_t i = 0; i < convolution.inputs.size(); ++i)
      if (std::string error = verifyInput(i); !error.empty())
        return "input " + std::to_string(i) + ": " + error;
    if (std::string error = verifyOutput(); !error.empty())
      return error;
    if (Result<int64_t> shards =
            checkGathered(convolution, split, testCase.gathered);
        !shards)
      return shards.error();
    program = distribute(convolution, split, testCase.devices,
                         testCase.fillsOutput, testCase.gathered);
    if (std::string error = verifyPrediction(); !error.empty())
      return error;
    for (int64_t device = 0; device < testCase.devices; ++device)
      if (std::string error = verifyArena(device); !error.empty())
        return "device " + std::to_string(device) + ": " + error;
    return "";
  }

private:
  std::string verifyIterations(int64_t shard) {
    if (grid.deviceOf(shard) != oracle.deviceOf(shard))
      return ofShard("device", shard);
    Box box = split.iterations(convolution, grid.coordinates(shard));
    const std::vector<std::vector<int64_t>> &expected =
        oracle.iterations[shard];
    for (unsigned loop = 0; loop < convolution.numLoops(); ++loop)
      if (expected[loop].empty() ||
          box[loop] !=
              Interval{expected[loop].front(), expected[loop].back() + 1})
        return ofShard("iterations", shard);
    return "";
  }

  std::string verifyInput(size_t i) {
    const Operand &operand = convolution.inputs[i];
    const OracleInput &expected = oracle.inputs[i];
    // Exactly one owner per element within each replica.
    for (const std::vector<int64_t> &owners : expected.ownerOf)
      if (std::count(owners.begin(), owners.end(), -1) != 0)
        return "the oracle leaves elements without an owner";
    TensorLayout layout = inputLayout(convolution, split, operand);
    if (!layout.partialAxes.empty())
      return "is partial";
    TensorLayout from = layout;
    if (expected.gathered)
      from = piecesLayout(grid, layout, operand.shape);
    for (DimLayout &dim : from.dims)
      dim.held = dim.owned;
    std::vector<int64_t> copies(expected.ownerOf.size());
    for (int64_t shard = 0; shard < grid.numShards(); ++shard) {
      Elements owned = elementsOf(from.owned(grid, shard), operand.shape);
      if (owned != expected.owned[shard])
        return differ(ofShard("owned", shard), owned, expected.owned[shard]);
      copies[expected.replicaOf[shard]] += owned.size();
      Elements held = elementsOf(layout.held(grid, shard), operand.shape);
      if (held != expected.held[shard])
        return differ(ofShard("held", shard), held, expected.held[shard]);

      Box box = shardFootprint(convolution, split, operand, shard);
      for (unsigned d = 0; d < box.rank(); ++d) {
        Reach reach = expected.reach[shard][d];
        if (box[d] != Interval{reach.low, reach.high + 1})
          return ofShard("footprint", shard);
      }
      int64_t padding = box.volume() - box.intersect(operand.extent()).volume();
      if (padding != expected.volume(shard) -
                         static_cast<int64_t>(expected.held[shard].size()))
        return ofShard("local padding", shard);
    }
    for (size_t replica = 0; replica < copies.size(); ++replica)
      if (copies[replica] !=
          static_cast<int64_t>(expected.ownerOf[replica].size()))
        return "stripes of replica " + std::to_string(replica) +
               " do not partition the tensor";

    for (int64_t shard = 0; shard < grid.numShards(); ++shard) {
      std::vector<Transfer> transfers = transfersTo(grid, from, layout, shard);
      if (std::string error =
              verifyTransfers(transfers, shard, operand.shape, expected.owned,
                              expected.held[shard]);
          !error.empty())
        return error;
      for (const Transfer &transfer : transfers)
        if (expected.replicaOf[transfer.source] != expected.replicaOf[shard])
          return ofShard("source in another replica for", shard);
    }
    return "";
  }

  std::string verifyOutput() {
    const Operand &output = convolution.output;
    TensorLayout partial = outputLayout(convolution, split);
    TensorLayout result = scatteredLayout(grid, partial, output.shape);
    if (!result.partialAxes.empty() ||
        partial.partialAxes.empty() == oracle.reduces)
      return "partial axes of the output";
    for (int64_t shard = 0; shard < grid.numShards(); ++shard) {
      Elements block = elementsOf(partial.owned(grid, shard), output.shape);
      if (block != oracle.block[shard])
        return differ(ofShard("block", shard), block, oracle.block[shard]);
      Elements piece = elementsOf(result.owned(grid, shard), output.shape);
      if (piece != oracle.piece[shard])
        return differ(ofShard("piece", shard), piece, oracle.piece[shard]);
      if (receivesValue(grid, partial, shard) != oracle.isFirst[shard])
        return ofShard("who starts from the initial output", shard);
      if (elementsOf(result.held(grid, shard), output.shape) != piece)
        return ofShard("held result", shard);
    }
    return "";
  }

  std::string verifyPrediction() {
    Prediction prediction = predict(program);
    for (auto [name, library, expected] :
         {std::tuple("received", &prediction.bytesReceived, &oracle.received),
          std::tuple("sent", &prediction.bytesSent, &oracle.sent),
          std::tuple("scatter", &prediction.scatterBytes, &oracle.scatter),
          std::tuple("gather", &prediction.gatherBytes, &oracle.gather),
          std::tuple("peak", &prediction.peakBytes, &oracle.peak)})
      if (*library != *expected)
        return differ(name, *library, *expected);
    return "";
  }

  /// Stripes live to the end, scratch during its step on its shard.
  static bool liveTogether(const ArenaBuffer &a, const ArenaBuffer &b) {
    if (a.purpose == ArenaBuffer::Stripe || b.purpose == ArenaBuffer::Stripe)
      return true;
    return a.step == b.step && a.shard == b.shard;
  }

  std::string verifyArena(int64_t device) {
    Arena arena = planArena(program, device);
    int64_t peak = 0;
    std::vector<OracleBuffer> found[4];
    for (size_t i = 0; i < arena.buffers.size(); ++i) {
      const ArenaBuffer &a = arena.buffers[i];
      int64_t bytes = a.window.volume() * a.elementBytes;
      if (a.offset % arenaAlignment != 0)
        return "a buffer is not aligned";
      if (oracle.deviceOf(a.shard) != device)
        return "a buffer of another device";
      if (bytes <= 0 || a.offset < 0)
        return "an empty buffer";
      peak = std::max(peak, (a.offset + bytes + 63) / 64 * 64);
      found[a.purpose].push_back({a.shard, bytes});
      for (size_t j = 0; j < i; ++j) {
        const ArenaBuffer &b = arena.buffers[j];
        if (liveTogether(a, b) &&
            a.offset < b.offset + b.window.volume() * b.elementBytes &&
            b.offset < a.offset + bytes)
          return "buffers that live together overlap";
      }
    }
    if (peak != arena.bytes || peak != oracle.peak[device])
      return "the peak is not the high-water mark";
    if (std::string error = verifyReads(arena); !error.empty())
      return error;
    std::vector<OracleBuffer> expected[4];
    expected[ArenaBuffer::Stripe] = oracle.stripes[device];
    expected[ArenaBuffer::Footprint] = oracle.footprints[device];
    expected[ArenaBuffer::Accumulator] = oracle.accumulators[device];
    expected[ArenaBuffer::Staging] = oracle.staging[device];
    for (int purpose = 0; purpose < 4; ++purpose) {
      std::sort(found[purpose].begin(), found[purpose].end());
      std::sort(expected[purpose].begin(), expected[purpose].end());
      if (found[purpose] != expected[purpose])
        return "buffers of purpose " + std::to_string(purpose);
    }
    return "";
  }

  /// Each kernel finds all it reads in one buffer: the stripe's, beside what
  /// that holds, or one of its own.
  std::string verifyReads(const Arena &arena) const {
    const StripeWindows windows(program);
    for (const Step &step : program.steps)
      for (unsigned i = 0; i < step.inputs.size(); ++i)
        for (const ArenaBuffer &buffer : arena.buffers) {
          const Box &read = step.inputs[i].footprints[buffer.shard];
          int resident = windows.residentFor(step.inputs[i], buffer.shard);
          bool isRead = buffer.purpose == ArenaBuffer::Stripe
                            ? buffer.value == resident
                            : buffer.purpose == ArenaBuffer::Footprint &&
                                  buffer.input == i;
          if (!isRead)
            continue;
          if (buffer.purpose == ArenaBuffer::Footprint && resident >= 0)
            return "a footprint of what is read in place";
          if (!buffer.window.contains(read) ||
              buffer.window != windows.windowOf(step.inputs[i], buffer.shard))
            return ofShard("what is read", buffer.shard);
          if (buffer.purpose == ArenaBuffer::Stripe &&
              !buffer.window.contains(
                  program.values[resident].layout.held(grid, buffer.shard)))
            return ofShard("the stripe", buffer.shard);
        }
    return "";
  }

  const Case &testCase;
  const Convolution &convolution;
  const Split &split;
  Oracle oracle;
  Grid grid;
  DistributedProgram program;
};
} // namespace

std::string dconv::test::verify(const Case &testCase) {
  return Verifier(testCase).run();
}
