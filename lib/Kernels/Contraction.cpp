//===- Contraction.cpp - the roles of loops in a product ------------------===//

#include "Contraction.h"
#include "llvm/ADT/STLExtras.h"
#include <cstdlib>

using namespace dconv;
using namespace dconv::kernels;

int64_t Contraction::panelBlock(const Nest &nest) const {
  const std::optional<Panels> &panels = nest.inputs[b].panels;
  return panels ? panels->block : nest.loops[columns].extent;
}

/// Whether `input` has a column for each iteration of `loop`, element by
/// element.
static bool walksColumns(const Access &input, unsigned loop) {
  return input.panels ? input.panels->loop == loop : input.coefs[loop] == 1;
}

static bool dependsOn(const Access &input, unsigned loop) {
  return input.coefs[loop] != 0 || (input.panels && input.panels->loop == loop);
}

/// The roles with `columns` as the columns of input `b`.
static std::optional<Contraction> rolesOf(const Nest &nest, unsigned b,
                                          unsigned columns) {
  Contraction roles;
  roles.b = b;
  roles.a = 1 - b;
  roles.columns = columns;
  const Access &aAccess = nest.inputs[roles.a], &bAccess = nest.inputs[b];
  if (aAccess.panels || dependsOn(aAccess, columns) ||
      !walksColumns(bAccess, columns) || nest.output.coefs[columns] != 1)
    return std::nullopt;
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop) {
    if (loop == columns)
      continue;
    if (nest.loops[loop].reduction)
      roles.taps.push_back(loop);
    else if (dependsOn(bAccess, loop))
      roles.groups.push_back(loop);
    else
      roles.rows.push_back(loop);
  }
  if (roles.taps.empty())
    return std::nullopt;
  auto bySteps = [](const Access &access) {
    return [&access](unsigned x, unsigned y) {
      return std::make_pair(-std::abs(access.coefs[x]), x) <
             std::make_pair(-std::abs(access.coefs[y]), y);
    };
  };
  llvm::sort(roles.rows, bySteps(nest.output));
  llvm::sort(roles.groups, bySteps(nest.output));
  llvm::sort(roles.taps, bySteps(aAccess));
  // Groups of a packed b lie along one loop; else the longest of the loops with
  // the smallest steps makes the run.
  auto run = std::prev(roles.taps.end());
  if (bAccess.panels && bAccess.panels->groupLoop)
    run = llvm::find(roles.taps, *bAccess.panels->groupLoop);
  if (run == roles.taps.end())
    return std::nullopt;
  roles.run = *run;
  roles.taps.erase(run);
  return roles;
}

std::optional<Contraction> dconv::kernels::findContraction(const Nest &nest) {
  if (nest.inputs.size() != 2 ||
      nest.combiner != mlir::vector::CombiningKind::ADD)
    return std::nullopt;
  for (unsigned loop = 0; loop < nest.loops.size(); ++loop)
    for (unsigned b : {1u, 0u})
      if (std::optional<Contraction> roles = rolesOf(nest, b, loop))
        return roles;
  return std::nullopt;
}

std::optional<std::pair<Nest, Contraction>>
dconv::kernels::readContraction(mlir::linalg::GenericOp op,
                                llvm::ArrayRef<BoundedPosition> bounds,
                                llvm::ArrayRef<BufferLayout> layouts) {
  llvm::SmallVector<BoundedPosition> kept(bounds);
  std::optional<std::pair<Nest, Contraction>> best;
  auto runOf = [](const std::pair<Nest, Contraction> &read) {
    return read.first.loops[read.second.run].extent;
  };
  while (true) {
    std::string why;
    std::optional<Nest> nest = readNest(op, kept, why, layouts);
    std::optional<Contraction> roles;
    if (nest)
      roles = findContraction(*nest);
    if (!roles)
      return best;
    auto read = std::make_pair(std::move(*nest), std::move(*roles));
    if (!best || runOf(read) > runOf(*best))
      best = std::move(read);
    if (runOf(*best) >= kShortRun || kept.empty())
      return best;
    kept.pop_back();
  }
}
