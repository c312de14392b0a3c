//===- Options.cpp - the command line of dconv-plan -----------------------===//

#include "Options.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace dconv;
namespace cl = llvm::cl;

std::vector<std::string> PlanOptions::outputFiles() const {
  std::vector<std::string> files;
  for (const std::string &file : {json, html, certificate, output})
    if (!file.empty())
      files.push_back(file);
  return files;
}

bool PlanOptions::writesToStdout() const {
  return llvm::is_contained(outputFiles(), "-");
}

/// The values of --inputs and --outputs.
static cl::ValuesClass residences() {
  return cl::values(
      clEnumValN(Residence::Host, "host", "on the host"),
      clEnumValN(Residence::Sharded, "sharded", "on the devices, in one copy"));
}

namespace {
/// The options while they are read.
struct CommandLine {
  PlanOptions options;
  cl::OptionCategory category{"dconv-plan options"};

  cl::opt<std::string, true> file{cl::Positional, cl::desc("FILE.mlir"),
                                  cl::location(options.file),
                                  cl::cat(category)};
  cl::opt<int64_t> devices{
      "devices",
      cl::desc(
          "number of devices (default: the plan's or the machine's, or 4)"),
      cl::value_desc("N"), cl::init(0), cl::cat(category)};
  cl::opt<std::string, true> machine{
      "machine", cl::desc("machine file (default: a description of this host)"),
      cl::value_desc("M.yaml"), cl::location(options.machine),
      cl::cat(category)};
  cl::opt<std::string> deviceMemory{
      "device-memory",
      cl::desc("memory of each device: bytes, or with KiB, MiB or GiB "
               "(default: the machine's)"),
      cl::value_desc("SIZE"), cl::cat(category)};
  cl::opt<Objective, true> objective{
      "objective",
      cl::desc("what the best plan has least of:"),
      cl::location(options.objective),
      cl::init(Objective::Time),
      cl::values(clEnumValN(Objective::Time, "time", "predicted seconds"),
                 clEnumValN(Objective::Words, "words",
                            "words that the busiest device moves")),
      cl::cat(category)};
  cl::opt<double, true> maxImbalance{
      "max-imbalance",
      cl::desc("with --objective=words: how far the work of the busiest device "
               "may exceed the mean (default: 0.1)"),
      cl::value_desc("X"),
      cl::location(options.maxImbalance),
      cl::init(0.1),
      cl::cat(category)};
  cl::opt<unsigned, true> top{"top",
                              cl::desc("how many plans to show (default: 3)"),
                              cl::value_desc("K"),
                              cl::location(options.top),
                              cl::init(3),
                              cl::cat(category)};
  cl::list<std::string, std::vector<std::string>> splits{
      "split",
      cl::desc("dims to divide just so, of every convolution or of the one "
               "named; the others are searched: "
               "[func#index:]dim=parts|dim=[len,len,...],..."),
      cl::value_desc("[NAME:]SPEC"), cl::location(options.splits),
      cl::cat(category)};
  cl::opt<Residence, true> inputs{"inputs",
                                  cl::desc("where the inputs lie before:"),
                                  cl::location(options.inputs),
                                  cl::init(Residence::Host),
                                  residences(),
                                  cl::cat(category)};
  cl::opt<Residence, true> outputs{"outputs",
                                   cl::desc("where the results lie after:"),
                                   cl::location(options.outputs),
                                   cl::init(Residence::Host),
                                   residences(),
                                   cl::cat(category)};
  cl::opt<bool, true> weightsResident{
      "weights-resident",
      cl::desc("the filters lie on the devices that read them"),
      cl::location(options.weightsResident), cl::cat(category)};
  cl::opt<bool, true> keepLayout{
      "keep-layout",
      cl::desc("plan convolutions with their dims in the order of the file "
               "(default: with channels last where that is faster)"),
      cl::location(options.keepLayout), cl::cat(category)};
  cl::opt<bool> noStream{
      "no-stream",
      cl::desc("never stream from the host what does not fit the devices"),
      cl::cat(category)};
  cl::list<std::string, std::vector<std::string>> weights{
      "weights", cl::desc("the values of argument I of the function --entry"),
      cl::value_desc("I:FILE.npy"), cl::location(options.weights),
      cl::cat(category)};
  cl::opt<std::string, true> entry{
      "entry",
      cl::desc("the function that --weights means (default: main)"),
      cl::value_desc("NAME"),
      cl::location(options.entry),
      cl::init("main"),
      cl::cat(category)};
  cl::opt<bool> noDropZeros{
      "no-drop-zeros",
      cl::desc("keep taps, channels and filters that are all zero"),
      cl::cat(category)};
  cl::opt<std::string> factorize{
      "factorize",
      cl::desc("make two convolutions of one whose filter is separable, "
               "exactly or within a relative tolerance"),
      cl::ValueOptional, cl::value_desc("TOL"), cl::cat(category)};
  cl::opt<bool, true> explain{
      "explain", cl::desc("say what each axis, operand and number means"),
      cl::location(options.explain), cl::cat(category)};
  cl::opt<std::string, true> json{
      "json", cl::desc("write the plans as JSON"), cl::value_desc("F.json"),
      cl::location(options.json), cl::cat(category)};
  cl::opt<std::string, true> html{
      "html", cl::desc("write a page that shows the plans"),
      cl::value_desc("F.html"), cl::location(options.html), cl::cat(category)};
  cl::opt<std::string, true> trace{
      "trace",
      cl::desc("what dconv-run --trace wrote of a run with these plans, for "
               "--html"),
      cl::value_desc("T.json"), cl::location(options.trace), cl::cat(category)};
  cl::opt<std::string, true> certificate{
      "certificate", cl::desc("write all that is needed to check the plans"),
      cl::value_desc("F.json"), cl::location(options.certificate),
      cl::cat(category)};
  cl::opt<std::string, true> verify{
      "verify-certificate", cl::desc("check a certificate; FILE is not read"),
      cl::value_desc("F.json"), cl::location(options.verify),
      cl::cat(category)};
  cl::opt<bool> calibrate{
      "calibrate", cl::desc("measure this host and describe it in -o M.yaml"),
      cl::cat(category)};
  cl::opt<std::string, true> output{
      "o", cl::desc("where --calibrate writes"), cl::value_desc("M.yaml"),
      cl::location(options.output), cl::cat(category)};

  /// What is wrong with the options together, or nothing.
  std::optional<std::string> check();

private:
  std::optional<std::string> checkMode();
  std::optional<std::string> checkValues();
};
} // namespace

std::optional<std::string> CommandLine::checkMode() {
  if (calibrate && !options.verify.empty())
    return "--calibrate and --verify-certificate are different jobs; give one";
  if (calibrate)
    options.mode = PlanOptions::Calibrate;
  else if (!options.verify.empty())
    options.mode = PlanOptions::Verify;
  if (options.mode == PlanOptions::Plan) {
    if (options.file.empty())
      return "needs a FILE.mlir, or '-' for standard input; see --help";
    if (!options.output.empty())
      return "-o is for --calibrate; --json, --html and --certificate name "
             "their files";
    if (!options.trace.empty() && options.html.empty())
      return "--trace is shown on the page of --html";
    return std::nullopt;
  }
  std::string job = calibrate ? "--calibrate" : "--verify-certificate";
  if (!options.file.empty())
    return job + " reads no '" + options.file + "'";
  if (calibrate && options.output.empty())
    return "--calibrate needs -o M.yaml";
  if (!calibrate && !options.output.empty())
    return "-o is for --calibrate";
  for (const std::string &file :
       {options.json, options.html, options.certificate})
    if (!file.empty())
      return job + " makes no plan and cannot write '" + file + "'";
  return std::nullopt;
}

std::optional<std::string> CommandLine::checkValues() {
  if (devices.getNumOccurrences() != 0 && (devices < 1 || devices > Grid::most))
    return "--devices needs 1 to " + std::to_string(Grid::most) + " but has " +
           std::to_string(devices);
  options.devices = devices;
  if (deviceMemory.getNumOccurrences() != 0) {
    Result<int64_t> size = parseMemorySize(deviceMemory);
    if (!size)
      return "--device-memory: " + size.error();
    options.budget = *size;
  }
  if (!std::isfinite(options.maxImbalance) || options.maxImbalance < 0)
    return "--max-imbalance needs a number of at least 0";
  if (options.top < 1)
    return "--top needs at least 1 but has 0";
  options.stream = !noStream;
  options.dropZeros = !noDropZeros;
  if (factorize.getNumOccurrences() != 0) {
    double tolerance = 0;
    if (!factorize.empty() && (!llvm::to_float(factorize, tolerance) ||
                               !(tolerance >= 0 && tolerance < 1)))
      return "--factorize needs a tolerance of at least 0 and below 1 but has "
             "'" +
             factorize + "'";
    options.factorize = tolerance;
  }
  if (llvm::count(options.outputFiles(), "-") > 1)
    return "only one output can be '-', standard output";
  return std::nullopt;
}

std::optional<std::string> CommandLine::check() {
  if (std::optional<std::string> mistake = checkMode())
    return mistake;
  return checkValues();
}

std::optional<PlanOptions> dconv::parsePlanOptions(int argc, char **argv) {
  CommandLine line;
  cl::HideUnrelatedOptions(line.category);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "dconv-plan: finds the split of each convolution that is fastest on "
          "a machine\n\n"
          "  Exit status: 0 planned; 1 a failure, or a certificate that does "
          "not hold;\n  2 unusable input or options, or nothing fits the "
          "memory.\n",
          &llvm::errs()))
    return std::nullopt;
  if (std::optional<std::string> mistake = line.check()) {
    llvm::errs() << "dconv-plan: " << *mistake << "\n";
    return std::nullopt;
  }
  return std::move(line.options);
}
