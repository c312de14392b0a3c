//===- Depthwise.cpp - the roles of loops where channels stay apart -------===//

#include "Depthwise.h"
#include "llvm/ADT/STLExtras.h"
#include <cstdlib>

using namespace dconv;
using namespace dconv::kernels;
using llvm::SmallVector;

/// Lets `loop` run from its last iteration to its first.
static void reverseLoop(Nest &nest, unsigned loop) {
  auto reverse = [&](SmallVector<int64_t> &coefs, int64_t &offset) {
    offset += coefs[loop] * (nest.loops[loop].extent - 1);
    coefs[loop] = -coefs[loop];
  };
  for (Access &input : nest.inputs)
    reverse(input.coefs, input.offset);
  reverse(nest.output.coefs, nest.output.offset);
  for (BoundedPosition &position : nest.bounds)
    reverse(position.coefs, position.offset);
}

/// The loop that walks all buffers element by element.
static std::optional<unsigned> findChannels(const Nest &nest) {
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop)
    if (!nest.loops[loop].reduction &&
        llvm::all_of(nest.accesses(), [&](const Access *access) {
          return access->coefs[loop] == 1;
        }))
      return loop;
  return std::nullopt;
}

/// Whether every loop of y that moves `b` moves `a` too.
static bool covers(const Nest &nest, const Access &a, const Access &b) {
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop)
    if (!nest.loops[loop].reduction && a.coefs[loop] == 0 && b.coefs[loop] != 0)
      return false;
  return true;
}

/// Of `taps`, the one that moves `a` by a divisor of what `loop` does and
/// overlaps between its iterations, with the fewest steps between them.
static std::optional<unsigned> overlapping(const Nest &nest, const Access &a,
                                           unsigned loop,
                                           llvm::ArrayRef<unsigned> taps) {
  std::optional<unsigned> found;
  for (unsigned tap : taps)
    if (a.coefs[tap] > 0 && a.coefs[loop] % a.coefs[tap] == 0 &&
        a.coefs[loop] / a.coefs[tap] < nest.loops[tap].extent &&
        (!found || a.coefs[tap] > a.coefs[*found]))
      found = tap;
  return found;
}

std::optional<Depthwise> dconv::kernels::findDepthwise(Nest &nest) {
  if (llvm::any_of(nest.inputs,
                   [](const Access &input) { return input.panels; }))
    return std::nullopt;
  Depthwise roles;
  std::optional<unsigned> channels = findChannels(nest);
  if (!channels)
    return std::nullopt;
  roles.channels = *channels;
  if (nest.inputs.size() == 2) {
    roles.a = covers(nest, nest.inputs[0], nest.inputs[1]) ? 0 : 1;
    roles.b = 1 - roles.a;
    if (!covers(nest, nest.inputs[roles.a], nest.inputs[*roles.b]))
      return std::nullopt;
  }
  const Access &a = nest.inputs[roles.a];

  SmallVector<unsigned> moving;
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop) {
    if (loop == roles.channels)
      continue;
    if (nest.loops[loop].reduction) {
      if (a.coefs[loop] < 0)
        reverseLoop(nest, loop);
      roles.taps.push_back(loop);
    } else if (a.coefs[loop] > 0 &&
               (!roles.b || nest.inputs[*roles.b].coefs[loop] == 0)) {
      moving.push_back(loop);
    } else {
      roles.outer.push_back(loop);
    }
  }
  auto bySteps = [&](unsigned x, unsigned y) {
    return std::make_pair(-std::abs(a.coefs[x]), x) <
           std::make_pair(-std::abs(a.coefs[y]), y);
  };
  llvm::sort(moving, bySteps);
  llvm::sort(roles.taps, bySteps);

  if (!moving.empty())
    roles.column = moving.pop_back_val();
  if (!roles.taps.empty())
    roles.columnTap = roles.taps.back();
  if (roles.column)
    if (std::optional<unsigned> tap =
            overlapping(nest, a, *roles.column, roles.taps))
      roles.columnTap = tap;
  llvm::erase(roles.taps, roles.columnTap);
  for (unsigned loop : llvm::reverse(moving)) {
    std::optional<unsigned> tap = overlapping(nest, a, loop, roles.taps);
    if (!tap)
      continue;
    roles.row = loop;
    roles.rowTap = tap;
    roles.rowStep = a.coefs[loop] / a.coefs[*tap];
    llvm::erase(moving, loop);
    llvm::erase(roles.taps, *tap);
    break;
  }
  llvm::append_range(roles.outer, moving);
  llvm::sort(roles.outer, bySteps);

  // A row of a is left out as a whole.
  if (roles.row)
    llvm::erase_if(nest.bounds, [&](const BoundedPosition &position) {
      return position.coefs[*roles.row] !=
             position.coefs[*roles.rowTap] * roles.rowStep;
    });
  return roles;
}

SmallVector<RowPhase>
dconv::kernels::rowPhases(int64_t numRows, int64_t numTaps, int64_t rowStep) {
  // Row r needs [r * rowStep, r * rowStep + numTaps).
  SmallVector<int64_t> cuts;
  for (int64_t row = 0; row < numRows; ++row) {
    cuts.push_back(row * rowStep);
    cuts.push_back(row * rowStep + numTaps);
  }
  llvm::sort(cuts);
  SmallVector<RowPhase> phases;
  for (auto [begin, end] : llvm::zip(cuts, llvm::drop_begin(cuts))) {
    RowPhase phase = {begin, end, numRows, 0};
    for (int64_t row = 0; row < numRows; ++row) {
      if (row * rowStep > begin || row * rowStep + numTaps <= begin)
        continue;
      phase.firstRow = std::min(phase.firstRow, row);
      phase.lastRow = row + 1;
    }
    if (begin < end && phase.firstRow < phase.lastRow)
      phases.push_back(phase);
  }
  return phases;
}
