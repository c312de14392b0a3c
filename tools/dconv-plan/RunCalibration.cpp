//===- RunCalibration.cpp - dconv-plan --calibrate ------------------------===//

#include "RunCalibration.h"

#include "dconv/Calibrate/Calibrate.h"
#include "dconv/Machine/MachineFile.h"
#include "dconv/Pipelines/Register.h"
#include "dconv/Runtime/AtomicFile.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace dconv;

int dconv::runCalibration(const std::string &file) {
  auto complain = [](const std::string &message) {
    llvm::errs() << "dconv-plan: " << message << "\n";
    return 1;
  };
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registerDialect(registry);
  mlir::MLIRContext context(registry);
  Result<Calibration> calibration =
      calibrate(context, [](const std::string &next) {
        llvm::errs() << "measuring " << next << "\n";
      });
  if (!calibration)
    return complain("cannot calibrate: " + calibration.error());
  if (Result<int64_t> checked = checkMachine(calibration->machine); !checked)
    return complain("the measured machine is not usable: " + checked.error());

  const std::string text = toYaml(calibration->machine, calibration->comment);
  if (file.empty() || file == "-") {
    llvm::outs() << text;
  } else {
    runtime::Status written =
        runtime::writeAtomically(file, [&](std::FILE *out) {
          return std::fwrite(text.data(), 1, text.size(), out) == text.size();
        });
    if (written.failed())
      return complain(written.message());
  }
  // Beside the file, which may go to standard output.
  llvm::errs()
      << "what was fitted, and how far it is from what was measured:\n";
  for (const CalibrationResidual &residual : calibration->residuals)
    llvm::errs() << llvm::formatv(
        "  {0,-26} {1,5} measurements, mean error {2:P1}, worst {3:P1}\n",
        residual.what, residual.measurements, residual.mean, residual.worst);
  return 0;
}
