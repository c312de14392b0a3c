//===- Plan.cpp - decides how each convolution is split -------------------===//

#include "dconv/IR/Dconv.h"
#include "dconv/Machine/MachineFile.h"
#include "dconv/Transforms/Passes.h"
#include "dconv/Transforms/PlanModule.h"

namespace dconv {
#define GEN_PASS_DEF_PLANPASS
#include "dconv/Transforms/Passes.h.inc"
} // namespace dconv

using namespace mlir;
using namespace dconv;

namespace {
class Plan : public dconv::impl::PlanPassBase<Plan> {
  using PlanPassBase::PlanPassBase;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

  LogicalResult run() {
    ModuleOp module = getOperation();
    ModulePlanRequest request;
    if (failed(readOptions(module, request)))
      return failure();
    FailureOr<std::vector<PlannedConvolution>> planned =
        planModule(module, request);
    if (failed(planned))
      return failure();
    remarkUnplanned(module);
    numPlanned += planned->size();
    return success();
  }

  LogicalResult readOptions(ModuleOp module, ModulePlanRequest &request) {
    if (devices < 0 || devices > Grid::most)
      return module.emitError("needs 1 to ")
             << Grid::most << " devices but has " << devices.getValue();
    if (maxImbalance < 0)
      return module.emitError("max-imbalance needs a number of at least 0 but "
                              "has ")
             << maxImbalance.getValue();
    if (!deviceMemory.empty()) {
      Result<int64_t> size = parseMemorySize(deviceMemory);
      if (!size)
        return module.emitError() << size.error();
      request.budget = *size;
    }
    if (!machine.empty()) {
      Result<Machine> read = readMachine(machine);
      if (!read)
        return module.emitError() << read.error();
      request.machine = std::move(*read);
    }
    request.devices = devices;
    request.split = split;
    request.gather = gather;
    request.objective = objective;
    request.maxImbalance = maxImbalance;
    request.inputs = inputs;
    request.output = outputs;
    request.weightsResident = weightsResident;
    request.streamed = stream;
    return success();
  }
};
} // namespace
