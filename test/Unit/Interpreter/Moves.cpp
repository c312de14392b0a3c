//===- Moves.cpp - the ops that move sharded values -----------------------===//

#include "Moves.h"

#include <map>

using namespace mlir;

namespace dconv::test {

Movement::Movement(Operation *op, ShardedType type, ElementType element)
    : op(op->getName().getStringRef()), grid(type.grid()),
      elementBytes(element.bytes()),
      received(grid.numShards(), std::vector<int64_t>(grid.numShards())),
      fromHost(grid.numShards()), toHost(grid.numShards()) {}

Traffic trafficOf(ArrayRef<Movement> movements, int64_t devices) {
  std::vector<int64_t> none(devices);
  Traffic traffic{none, none, none, none};
  for (const Movement &movement : movements) {
    const Grid &grid = movement.grid;
    for (int64_t to = 0; to < grid.numShards(); ++to) {
      int64_t device = grid.deviceOf(to), bytes = movement.elementBytes;
      traffic.scattered[device] += movement.fromHost[to] * bytes;
      traffic.gathered[device] += movement.toHost[to] * bytes;
      for (int64_t from = 0; from < grid.numShards(); ++from) {
        if (grid.deviceOf(from) == device)
          continue;
        traffic.received[device] += movement.received[to][from] * bytes;
        traffic.sent[grid.deviceOf(from)] +=
            movement.received[to][from] * bytes;
      }
    }
  }
  return traffic;
}

static Result<ElementType> storageOf(ShardedType type) {
  return ElementType::of(type.storageType());
}

static std::string shardText(int64_t shard) {
  return "shard " + std::to_string(shard);
}

/// What `shard` holds at `at`, or an error that says that it does not.
static Result<Scalar> readHeld(const ShardedTensor &value, int64_t shard,
                               const Position &at) {
  const Tensor &held = value.shards[shard];
  if (const Scalar *element = held.find(at))
    return *element;
  return Error{shardText(shard) + " is to give " + toString(at) +
               " but holds only " + dconv::toString(held.box)};
}

Result<ShardedTensor> scatter(const Tensor &tensor, ShardedType to,
                              Movement &movement) {
  Result<ElementType> storage = storageOf(to);
  if (!storage)
    return Error{storage.error()};
  Grid grid = to.grid();
  TensorLayout layout = to.layout();
  Scalar identity = storage->identity(to.getSharding().getCombiner());
  ShardedTensor result;
  for (int64_t shard = 0; shard < grid.numShards(); ++shard) {
    Tensor &piece = result.shards.emplace_back(
        *storage, layout.owned(grid, shard), identity);
    Position coordinates = grid.coordinates(shard);
    if (llvm::any_of(layout.partialAxes,
                     [&](unsigned axis) { return coordinates[axis] != 0; }))
      continue;
    for (const Position &at : Positions(piece.box)) {
      const Scalar *element = tensor.find(at);
      if (!element)
        return Error{shardText(shard) + " is to own " + toString(at) +
                     " of a tensor of " + dconv::toString(tensor.box)};
      *piece.find(at) = storage->round(*element);
      movement.fromHost[shard] += !to.isStreamed();
    }
  }
  return result;
}

namespace {
/// Who owns the elements of a value.
class Owners {
public:
  explicit Owners(ShardedType type)
      : grid(type.grid()), layout(type.layout()), cutAxes(layout.cutAxes()) {}

  /// The one owner of `at` among the shards with the coordinates of `reader` on
  /// all axes that cut nothing.
  Result<int64_t> ownerFor(int64_t reader, const Position &at) const {
    std::optional<int64_t> owner;
    for (int64_t shard : grid.group(reader, cutAxes)) {
      Box owned = layout.owned(grid, shard);
      bool isOwner = true;
      for (unsigned d = 0; d < at.size(); ++d)
        isOwner &= owned[d].contains(at[d]);
      if (!isOwner)
        continue;
      if (owner)
        return Error{toString(at) + " belongs to " + shardText(*owner) +
                     " and to " + shardText(shard)};
      owner = shard;
    }
    if (!owner)
      return Error{toString(at) + " belongs to nobody"};
    return *owner;
  }

private:
  Grid grid;
  TensorLayout layout;
  std::vector<unsigned> cutAxes;
};
} // namespace

/// Counts what passes through the ring or tree of each box of one owner, given
/// the elements that each shard needs of it: numbers of elements, row-major.
static void
countPassedOn(int64_t owner,
              const std::map<int64_t, std::vector<Position>> &needs,
              Algorithm by, Movement &movement) {
  const Grid &grid = movement.grid;
  // Those who need the same make up one ring, or tree.
  std::map<std::vector<Position>, std::vector<int64_t>> groups;
  for (const auto &[shard, elements] : needs)
    groups[elements].push_back(shard);
  for (const auto &[elements, shards] : groups) {
    // Number of the device, then its first shard that needs them.
    std::map<int64_t, int64_t> devices;
    for (int64_t shard : shards) {
      int64_t number =
          (grid.deviceOf(shard) - grid.deviceOf(owner) + grid.devices) %
          grid.devices;
      auto [first, isNew] = devices.try_emplace(number, shard);
      if (!isNew || number == 0) // a copy on the device
        if (int64_t from = number == 0 ? owner : first->second; from != shard)
          movement.received[shard][from] += elements.size();
    }
    devices[0] = owner;
    std::vector<int64_t> members;
    for (auto [number, shard] : devices)
      members.push_back(shard);
    for (size_t k = 1; k < members.size(); ++k) {
      size_t back = 1;
      while (by == Algorithm::Tree && 2 * back <= k)
        back *= 2;
      movement.received[members[k]][members[k - back]] += elements.size();
    }
  }
}

Result<ShardedTensor> redistribute(const ShardedTensor &value, ShardedType from,
                                   ShardedType to, Algorithm by,
                                   Movement &movement) {
  if (from.isPartial() || to.isPartial())
    return Error{"moves partial sums as if they were the tensor"};
  Grid grid = to.grid();
  TensorLayout layout = to.layout();
  Owners owners(from);
  ShardedTensor result;
  // By owner, what each shard needs of it.
  std::map<int64_t, std::map<int64_t, std::vector<Position>>> needs;
  for (int64_t shard = 0; shard < grid.numShards(); ++shard) {
    ElementType type = value.shards[shard].type;
    Tensor &window = result.shards.emplace_back(type, layout.held(grid, shard),
                                                type.poison());
    for (const Position &at : Positions(window.box)) {
      Result<int64_t> owner = owners.ownerFor(shard, at);
      if (!owner)
        return Error{shardText(shard) + ": " + owner.error()};
      Result<Scalar> element = readHeld(value, *owner, at);
      if (!element)
        return Error{element.error()};
      *window.find(at) = *element;
      if (by != Algorithm::Direct)
        needs[*owner][shard].push_back(at);
      else if (*owner != shard)
        ++movement.received[shard][*owner];
    }
  }
  for (const auto &[owner, shards] : needs)
    countPassedOn(owner, shards, by, movement);
  return result;
}

Result<ShardedTensor> reduce(const ShardedTensor &value, ShardedType from,
                             ShardedType to, Movement &movement) {
  Result<ElementType> type = storageOf(to);
  if (!type)
    return Error{type.error()};
  Grid grid = to.grid();
  TensorLayout layout = to.layout();
  Combiner combiner = from.getSharding().getCombiner();
  ShardedTensor result;
  for (int64_t shard = 0; shard < grid.numShards(); ++shard) {
    ElementType accumulator = value.shards[shard].type;
    Tensor &sum = result.shards.emplace_back(*type, layout.held(grid, shard),
                                             type->poison());
    std::vector<int64_t> group = grid.group(shard, from.layout().partialAxes);
    for (const Position &at : Positions(sum.box)) {
      std::optional<Scalar> total;
      for (int64_t source : group) {
        Result<Scalar> part = readHeld(value, source, at);
        if (!part)
          return Error{part.error()};
        total = total ? accumulator.combine(combiner, *total, *part) : *part;
        if (source != shard)
          ++movement.received[shard][source];
      }
      *sum.find(at) = type->round(*total);
    }
  }
  return result;
}

Result<Tensor> gather(const ShardedTensor &value, ShardedType from,
                      Movement &movement) {
  if (from.isPartial())
    return Error{"assembles partial sums as if they were the tensor"};
  Result<Tensor> result = makeTensor(from.getTensor());
  if (!result)
    return result;
  Owners owners(from);
  for (const Position &at : Positions(result->box)) {
    Result<int64_t> owner = owners.ownerFor(/*reader=*/0, at);
    if (!owner)
      return Error{owner.error()};
    Result<Scalar> element = readHeld(value, *owner, at);
    if (!element)
      return Error{element.error()};
    *result->find(at) = *element;
    ++movement.toHost[*owner];
  }
  return result;
}

} // namespace dconv::test
