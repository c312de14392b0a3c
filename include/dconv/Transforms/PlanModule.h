//===- PlanModule.h - plans for the convolutions of a module ----*- C++ -*-===//

#ifndef DCONV_TRANSFORMS_PLANMODULE_H
#define DCONV_TRANSFORMS_PLANMODULE_H

#include "dconv/IR/Recognize.h"
#include "dconv/Planner/PlanSearch.h"
#include "dconv/Planner/StreamSearch.h"

#include "mlir/IR/BuiltinOps.h"

#include <memory>

namespace dconv {

/// What is asked of all convolutions of a module.
struct ModulePlanRequest {
  /// The built-in description of this host where absent.
  std::optional<Machine> machine;
  int64_t devices = 0; ///< 0: those of a plan, else of the machine
  MemoryBudget budget;
  /// SPECs, separated by ';': "o0=2", or "func#index:o0=2". One that ends in
  /// `,*` leaves the dims it does not name to the search, others are the whole
  /// split.
  std::string split;
  /// Inputs whose copies the devices make, separated by ';': "filter", or
  /// "func#index:input=ring,filter". Where it says nothing of a convolution
  /// that is searched, the cheaper.
  std::string gather;
  bool searchesRest = false; ///< as if each SPEC ended in `,*`
  Objective objective = Objective::Time;
  double maxImbalance = 0.1;
  Residence inputs = Residence::Host;
  Residence output = Residence::Host;
  bool streamed = false;        ///< the tensors stay on the host
  bool streams = true;          ///< they may where no other plan fits
  bool weightsResident = false; ///< filters lie where they are read
  unsigned top = 1;             ///< plans to return
  /// Splits that are given are judged like those that are found: with their
  /// time, words and bounds, and, where more than one plan is asked for, beside
  /// what the search would choose. Else only whether they fit.
  bool judgesGiven = false;
};

/// A convolution and its plans.
struct PlannedConvolution {
  std::string name; ///< "func#index"
  RecognizedConvolution convolution;
  Convolution geometry; ///< with local padding
  std::string elementType;
  PlanRequest request;
  std::shared_ptr<const Machine> machine; ///< never null
  /// The first plan was in the module, or a SPEC gave the whole of it; those
  /// after it are what the search found, where more than one was asked for.
  enum Origin { Searched, Kept, Given } origin = Searched;
  bool streamed = false;            ///< the tensors stay on the host
  std::optional<StreamPlan> stream; ///< where they do, and it was judged
  PlanResult result;
  /// Number of an equal convolution, planned before: they share the result.
  std::optional<size_t> sameAs;
};

/// The machine that `request` means, with `devices` devices; with as many as it
/// has where that is 0.
Result<Machine> machineFor(const ModulePlanRequest &request, int64_t devices);

/// Says of each op of `module` that looks like a convolution why it is none.
void remarkUnplanned(mlir::ModuleOp module);

/// Plans each convolution of `module` outside of sub-kernels and writes its
/// `dconv.plan`. A plan that is there is kept. Convolutions of equal geometry
/// are searched once. A diagnostic where a request contradicts a plan, does not
/// fit the convolution, or nothing fits the memory.
mlir::FailureOr<std::vector<PlannedConvolution>>
planModule(mlir::ModuleOp module, const ModulePlanRequest &request);

} // namespace dconv

#endif // DCONV_TRANSFORMS_PLANMODULE_H
