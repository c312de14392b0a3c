//===- StripeWindows.cpp - stripes with room for what is read -------------===//

#include "dconv/Geometry/StripeWindows.h"

#include <algorithm>
#include <limits>
#include <numeric>

using namespace dconv;

/// Where nothing is held, the footprint alone.
static Box windowOver(const Box &held, const Box &footprint) {
  if (held.empty())
    return footprint;
  Box window = held;
  for (unsigned d = 0; d < window.rank(); ++d)
    window[d] = held[d].hull(footprint[d]);
  return window;
}

/// Bytes of a buffer over `box` in whole blocks, or -1 beyond 64 bits.
static int64_t blocksOf(const Box &box, int64_t elementBytes) {
  int64_t bytes = elementBytes;
  for (Interval dim : box.dims)
    if (__builtin_mul_overflow(bytes, dim.size(), &bytes))
      return -1;
  int64_t missing = (arenaAlignment - bytes % arenaAlignment) % arenaAlignment;
  return __builtin_add_overflow(bytes, missing, &bytes) ? -1 : bytes;
}

/// Adds `bytes` of blocksOf to `sum`; false where either is beyond 64 bits.
static bool add(int64_t &sum, int64_t bytes) {
  return bytes >= 0 && !__builtin_add_overflow(sum, bytes, &sum);
}

StripeWindows::StripeWindows(const DistributedProgram &program)
    : program(program), readers(program.values.size()),
      sources(program.values.size()) {
  std::iota(sources.begin(), sources.end(), 0);
  for (const Step &step : program.steps)
    if (step.result >= 0 && program.values[step.result].fetchedOnUse)
      sources[step.result] = step.operand;
  for (size_t value = 0; value < readers.size(); ++value) {
    Reader reader = findReader(value);
    if (reader.step >= 0 &&
        fits(value, program.steps[reader.step].inputs[reader.input]))
      readers[value] = reader;
  }
}

StripeWindows::Reader StripeWindows::findReader(int value) const {
  const ShardedValue &stored = program.values[value];
  if (stored.fetchedOnUse || stored.inPlaceOf >= 0 || stored.streamed ||
      !stored.layout.partialAxes.empty() ||
      stored.storageBytes != stored.elementBytes)
    return {};
  Reader reader;
  unsigned uses = 0;
  for (size_t s = 0; s < program.steps.size(); ++s) {
    const Step &step = program.steps[s];
    if (step.result == value && step.kind != StepKind::Shard &&
        step.kind != StepKind::Fill && step.kind != StepKind::Redistribute)
      return {};
    // What reads the result of a fetch on use is counted in its place.
    if (step.operand == value &&
        !(step.result >= 0 && program.values[step.result].fetchedOnUse))
      return {};
    for (unsigned i = 0; i < step.inputs.size(); ++i)
      if (sources[step.inputs[i].value] == value) {
        reader = {int(s), i};
        ++uses;
      }
  }
  return uses == 1 ? reader : Reader();
}

bool StripeWindows::fits(int value, const KernelInput &input) const {
  const Grid &grid = program.grid;
  const ShardedValue &stored = program.values[value];
  bool anyWindow = false;
  for (int64_t device = 0; device < grid.devices; ++device) {
    int64_t windows = 0, apart = 0, largest = 0;
    for (int64_t shard : grid.shardsOf(device)) {
      const Box held = stored.layout.held(grid, shard);
      const Box &footprint = input.footprints[shard];
      const Box window = windowOver(held, footprint);
      if (!add(windows, blocksOf(window, stored.storageBytes)) ||
          !add(apart, held.empty() ? 0 : blocksOf(held, stored.storageBytes)))
        return false;
      if (held == footprint)
        continue;
      anyWindow = true;
      largest = std::max(largest, blocksOf(footprint, stored.storageBytes));
    }
    if (!add(apart, largest))
      apart = std::numeric_limits<int64_t>::max();
    if (windows > apart)
      return false;
  }
  return anyWindow;
}

const KernelInput *StripeWindows::readerOf(int value) const {
  const Reader &reader = readers[value];
  return reader.step < 0 ? nullptr
                         : &program.steps[reader.step].inputs[reader.input];
}

Box StripeWindows::bufferOf(int value, int64_t shard) const {
  Box held = program.values[value].layout.held(program.grid, shard);
  const KernelInput *reader = readerOf(value);
  return reader ? windowOver(held, reader->footprints[shard]) : held;
}

int StripeWindows::residentFor(const KernelInput &input, int64_t shard) const {
  const int value = sources[input.value];
  if (readerOf(value))
    return value;
  Box held = program.values[value].layout.held(program.grid, shard);
  return held == input.footprints[shard] ? value : -1;
}

Box StripeWindows::windowOf(const KernelInput &input, int64_t shard) const {
  const int value = sources[input.value];
  return readerOf(value) ? bufferOf(value, shard) : input.footprints[shard];
}
