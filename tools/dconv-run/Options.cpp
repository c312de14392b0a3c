//===- Options.cpp - the command line of dconv-run ------------------------===//

#include "Options.h"

#include "dconv/Runtime/HostLink.h"
#include "dconv/Runtime/LinkModel.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

using namespace dconv;
namespace cl = llvm::cl;

std::optional<RunOptions> dconv::parseOptions(int argc, char **argv) {
  cl::OptionCategory category("dconv-run options");
  RunOptions options;
  cl::opt<std::string, true> file(
      cl::Positional, cl::Required, cl::desc("FILE.mlir"),
      cl::location(options.file), cl::cat(category));
  cl::opt<std::string, true> entry(
      "entry", cl::desc("function to run (default: main)"),
      cl::value_desc("name"), cl::location(options.entry), cl::init("main"),
      cl::cat(category));
  cl::opt<int64_t> devices(
      "devices", cl::desc("devices of this host (default: the plan's, or 4)"),
      cl::value_desc("N"), cl::init(0), cl::cat(category));
  cl::opt<std::string, true> deviceMemory(
      "device-memory",
      cl::desc("memory of each device: bytes, or with KiB, MiB or GiB "
               "(default: no limit)"),
      cl::value_desc("SIZE"), cl::location(options.deviceMemory),
      cl::cat(category));
  cl::opt<bool, true> stream(
      "stream",
      cl::desc("leave the tensors on the host and stream their parts through "
               "the devices"),
      cl::location(options.stream), cl::cat(category));
  cl::opt<std::string> hostBandwidth(
      "host-bandwidth",
      cl::desc("let transfers between the host and all devices together take "
               "as long as at this many bytes per second"),
      cl::value_desc("4GB/s"), cl::cat(category));
  cl::opt<std::string> deviceBandwidth(
      "device-bandwidth",
      cl::desc("likewise between the host and each device"),
      cl::value_desc("4GB/s"), cl::cat(category));
  cl::opt<std::string> linkLatency(
      "link-latency",
      cl::desc("let every message between devices arrive so much later: "
               "seconds, or with ms, us or ns"),
      cl::value_desc("5us"), cl::cat(category));
  cl::opt<std::string> linkBandwidth(
      "link-bandwidth",
      cl::desc("let messages from each device to each other take as long as at "
               "this many bytes per second"),
      cl::value_desc("10GB/s"), cl::cat(category));
  cl::opt<std::string, true> machine(
      "machine",
      cl::desc("machine file to plan with; reports what it predicts beside "
               "what is measured (default: a description of this host)"),
      cl::value_desc("M.yaml"), cl::location(options.machine),
      cl::cat(category));
  cl::list<std::string, std::vector<std::string>> splits(
      "split",
      cl::desc("how to split every convolution, or the one named: "
               "[func#index:]dim=parts|dim=[len,len,...],...; with ',*' at the "
               "end the other dims are searched (default: all are)"),
      cl::value_desc("[NAME:]SPEC"), cl::location(options.splits),
      cl::cat(category));
  cl::list<std::string, std::vector<std::string>> gathers(
      "gather",
      cl::desc("let the devices make the copies that the split needs of an "
               "input: [func#index:]input|filter[=ring|tree],..."),
      cl::value_desc("[NAME:]INPUT"), cl::location(options.gathers),
      cl::cat(category));
  cl::opt<bool, true> keepLayout(
      "keep-layout",
      cl::desc("compute convolutions with their dims in the order of the file "
               "(default: with channels last where that is faster)"),
      cl::location(options.keepLayout), cl::cat(category));
  cl::list<std::string, std::vector<std::string>> inputs(
      "input",
      cl::desc("an argument, in order (default: seeded small integers)"),
      cl::value_desc("A.npy"), cl::location(options.inputs),
      cl::cat(category));
  cl::list<std::string, std::vector<std::string>> outputs(
      "output", cl::desc("where to write a result, in order"),
      cl::value_desc("Y.npy"), cl::location(options.outputs),
      cl::cat(category));
  cl::opt<uint64_t, true> seed("seed", cl::desc("of the inputs (default: 1)"),
                               cl::value_desc("S"), cl::location(options.seed),
                               cl::init(1), cl::cat(category));
  cl::opt<CheckKind, true> check(
      "check", cl::desc("compare with a run that is not partitioned:"),
      cl::ValueOptional, cl::location(options.check),
      cl::init(CheckKind::None),
      cl::values(clEnumValN(CheckKind::Full, "full", "every value"),
                 clEnumValN(CheckKind::Full, "", ""),
                 clEnumValN(CheckKind::Sample, "sample",
                            "a few thousand values, from the definition")),
      cl::cat(category));
  cl::opt<int64_t, true> repeat(
      "repeat", cl::desc("run so often; report minimum and median"),
      cl::value_desc("R"), cl::location(options.repeat), cl::init(1),
      cl::cat(category));
  cl::opt<bool> noCache(
      "no-cache",
      cl::desc("compile anew, and keep no code in $DCONV_CACHE_DIR (default: "
               "dconv in your directory for caches)"),
      cl::cat(category));
  cl::opt<std::string, true> report(
      "report", cl::desc("write what was predicted and measured"),
      cl::value_desc("R.json"), cl::location(options.report),
      cl::cat(category));
  cl::opt<std::string, true> trace(
      "trace", cl::desc("write every command, for Perfetto"),
      cl::value_desc("T.json"), cl::location(options.trace),
      cl::cat(category));

  cl::HideUnrelatedOptions(category);
  if (!cl::ParseCommandLineOptions(
          argc, argv,
          "dconv-run: compiles a module, runs its convolutions split over "
          "devices of this host\n\n"
          "  Exit status: 0 right; 1 a wrong result, a prediction that does "
          "not match,\n  or a failure while running; 2 unusable input or "
          "options.\n",
          &llvm::errs()))
    return std::nullopt;
  options.devices = devices;
  options.cache = !noCache;
  auto refuse = [](const llvm::Twine &message) {
    llvm::errs() << "dconv-run: " << message << "\n";
    return std::nullopt;
  };
  if (devices.getNumOccurrences() != 0 && devices < 1)
    return refuse("--devices needs at least 1 but has " + llvm::Twine(devices));
  using Parser = Result<double> (*)(const std::string &);
  const std::tuple<cl::opt<std::string> *, Parser, std::optional<double> *>
      numbers[] = {
          {&hostBandwidth, runtime::parseBandwidth, &options.hostBandwidth},
          {&deviceBandwidth, runtime::parseBandwidth, &options.deviceBandwidth},
          {&linkLatency, runtime::parseSeconds, &options.linkLatency},
          {&linkBandwidth, runtime::parseBandwidth, &options.linkBandwidth}};
  for (auto [option, parse, number] : numbers) {
    if (option->getNumOccurrences() == 0)
      continue;
    Result<double> parsed = parse(*option);
    if (!parsed)
      return refuse("--" + option->ArgStr + ": " + parsed.error());
    *number = *parsed;
  }
  if (options.repeat < 1)
    return refuse("--repeat needs at least 1 but has " +
                  llvm::Twine(options.repeat));
  return options;
}
