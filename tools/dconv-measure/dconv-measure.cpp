//===- dconv-measure.cpp - seconds of several plans of one module ---------===//

#include "dconv/Calibrate/Measurement.h"
#include "dconv/Machine/MachineFile.h"
#include "dconv/Planner/TimeModel.h"

#include "dconv/Pipelines/Register.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <fcntl.h>
#include <limits>
#include <sys/file.h>
#include <unistd.h>

using namespace dconv;
namespace cl = llvm::cl;

/// What the planner says of `measurement`, whose operands lie on the devices.
static Result<PlanSeconds> predictionOf(const Measurement &measurement,
                                        const Machine &machine,
                                        int64_t devices) {
  Result<Machine> enough = withDevices(machine, devices);
  if (!enough)
    return Error{enough.error()};
  // A run begins with every copy in place: the host has copied them all.
  enough->hostLink = {0, std::numeric_limits<double>::infinity()};
  enough->hostBandwidth = std::nullopt;
  TimeQuery query;
  query.elementType = measurement.elementType();
  return planCost(measurement.convolution(), measurement.split(), *enough,
                  query)
      .seconds;
}

static int complain(const llvm::Twine &message) {
  llvm::errs() << "dconv-measure: " << message << "\n";
  return 2;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::OptionCategory category("dconv-measure options");
  cl::opt<std::string> file(cl::Positional, cl::Required, cl::desc("FILE.mlir"),
                            cl::cat(category));
  cl::list<std::string> plans(
      "plan", cl::desc("a SPEC (may be empty), '@' and the number of devices"),
      cl::value_desc("SPEC@N"), cl::cat(category));
  cl::opt<unsigned> repeat("repeat",
                           cl::desc("rounds (default: 15); 0 only predicts"),
                           cl::init(15), cl::cat(category));
  cl::opt<std::string> machineFile(
      "machine", cl::desc("predict with this machine (default: the host)"),
      cl::value_desc("M.yaml"), cl::cat(category));
  cl::opt<std::string> lock("lock",
                            cl::desc("hold this file locked while measuring"),
                            cl::value_desc("FILE"), cl::cat(category));
  cl::opt<bool> trace("trace", cl::desc("report the commands, too"),
                      cl::cat(category));
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "dconv-measure: runs function main of a module under several plans in "
      "turn and prints\nthe seconds of each round, and what the planner "
      "predicts, as JSON\n");

  auto buffer = llvm::MemoryBuffer::getFile(file);
  if (!buffer)
    return complain("cannot read '" + file +
                    "': " + buffer.getError().message());
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registerDialect(registry);
  mlir::MLIRContext context(registry);

  Machine machine = builtinHost();
  if (!machineFile.empty()) {
    Result<Machine> read = readMachine(machineFile);
    if (!read)
      return complain(read.error());
    machine = std::move(*read);
  }

  std::vector<std::unique_ptr<Measurement>> measurements;
  std::vector<PlanSeconds> predictions;
  for (const std::string &plan : plans) {
    auto [split, devices] = llvm::StringRef(plan).rsplit('@');
    int64_t number = 0;
    if (devices.getAsInteger(10, number) || number < 1)
      return complain("--plan needs SPEC@N but has '" + plan + "'");
    auto made = Measurement::prepare(context, (*buffer)->getBuffer().str(),
                                     split.str(), number, trace);
    if (!made)
      return complain("plan '" + plan + "': " + made.error());
    Result<PlanSeconds> predicted = predictionOf(**made, machine, number);
    if (!predicted)
      return complain("plan '" + plan + "': " + predicted.error());
    predictions.push_back(*predicted);
    measurements.push_back(std::move(*made));
  }

  llvm::errs() << "ready\n";
  if (!lock.empty()) {
    int held = open(lock.c_str(), O_RDWR | O_CREAT, 0666);
    if (held < 0 || flock(held, LOCK_EX) != 0)
      return complain("cannot lock '" + lock + "'");
  }
  std::vector<llvm::json::Array> seconds(measurements.size());
  // The first round brings code and data in and does not count.
  for (unsigned round = 0; repeat && round <= repeat; ++round)
    for (size_t m = 0; m < measurements.size(); ++m) {
      Result<double> run = measurements[m]->run();
      if (!run)
        return complain("plan '" + plans[m] + "': " + run.error());
      if (round > 0)
        seconds[m].push_back(*run);
    }

  llvm::json::Array report;
  for (size_t m = 0; m < measurements.size(); ++m) {
    llvm::json::Object entry{{"plan", plans[m]},
                             {"vector", measurements[m]->isVector()},
                             {"predicted", predictions[m].onDevices()},
                             {"compute", predictions[m].compute},
                             {"exchange", predictions[m].exchange},
                             {"reduce", predictions[m].reduce},
                             {"seconds", std::move(seconds[m])}};
    if (trace) {
      auto commands = measurements[m]->commands();
      if (!commands)
        return complain(commands.error());
      llvm::json::Array list;
      for (const Measurement::Timed &command : *commands)
        list.push_back(llvm::json::Object{{"kind", command.kind},
                                          {"device", command.device},
                                          {"shard", command.shard},
                                          {"bytes", command.bytes},
                                          {"seconds", command.seconds}});
      entry["commands"] = std::move(list);
    }
    report.push_back(std::move(entry));
  }
  llvm::outs() << llvm::json::Value(std::move(report)) << "\n";
  return 0;
}
