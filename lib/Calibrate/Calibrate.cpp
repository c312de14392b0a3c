//===- Calibrate.cpp - measures this host for the planner -----------------===//

#include "dconv/Calibrate/Calibrate.h"
#include "CalibrationLayers.h"
#include "LeastSquares.h"

#include "dconv/Calibrate/Measurement.h"
#include "dconv/Kernels/Target.h"
#include "dconv/Planner/KernelWork.h"
#include "dconv/Planner/MachineFields.h"
#include "dconv/Planner/TimeModel.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>
#include <optional>
#include <thread>

using namespace dconv;

/// Runs of each plan.
constexpr int numRuns = 7;
/// Layers whose kernels are off by more are measured again: either the model
/// does not fit them, or something disturbed the first time.
constexpr double suspicious = 0.2;

namespace {
/// One kernel, as it was measured.
struct KernelSample {
  size_t layer = 0;
  KernelClass kind = KernelClass::Dense;
  Convolution convolution;
  std::vector<int64_t> lengths;
  double seconds = 0;
};

/// All of one kind: a number of boxes, or messages, their rows, and bytes.
using Samples = std::vector<Observation>;

/// A median that takes its samples by value.
double medianOf(std::vector<double> values) {
  auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// With three digits: more were not measured.
double rounded(double value) {
  if (value == 0)
    return 0;
  const double unit = std::pow(10, std::floor(std::log10(value)) - 2);
  return std::round(value / unit) * unit;
}

template <typename Struct> void roundFields(Struct &of) {
  for (const Field<Struct> &field : fieldsOf<Struct>())
    of.*field.member = rounded(of.*field.member);
}

CalibrationResidual residualOf(const std::string &what, const Samples &samples,
                               const std::vector<double> &coefficients) {
  CalibrationResidual residual{what, samples.size(), 0, 0};
  for (const Observation &sample : samples) {
    double fitted = 0;
    for (size_t i = 0; i < coefficients.size(); ++i)
      fitted += coefficients[i] * sample.features[i];
    double error = std::abs(fitted / sample.seconds - 1);
    residual.mean += error / samples.size();
    residual.worst = std::max(residual.worst, error);
  }
  return residual;
}

class Calibrator {
public:
  Calibrator(mlir::MLIRContext &context,
             const std::function<void(const std::string &)> &progress)
      : context(context), progress(progress) {
    KernelTarget target = KernelTarget::host();
    device.name = "thread";
    device.vectorBytes = target.vectorBits / 8;
    device.cacheBytes = target.l2Bytes;
  }

  Result<Calibration> run();

private:
  std::string measureLayers(const std::vector<size_t> &which);
  std::string measureLayer(size_t number, const std::string &type);
  void take(size_t number, const Measurement &measurement,
            const std::vector<Measurement::Timed> &commands);
  void takeCopy(const Convolution &convolution,
                const Measurement::Timed &command);
  void fitKernels();
  void fitMoves();
  std::string fitTypes();
  std::string fitLaunch();
  std::vector<size_t> suspiciousLayers() const;
  Samples observationsOf(KernelClass kind) const;

  mlir::MLIRContext &context;
  const std::function<void(const std::string &)> &progress;
  DeviceDescription device;
  Link link;
  std::map<KernelClass, std::vector<double>> coefficients;
  std::vector<KernelSample> kernels;
  Samples windows, sums, sends, receives;
  Calibration result;
};
} // namespace

/// Measures what `which` of the layers lists; an error, or nothing.
std::string Calibrator::measureLayers(const std::vector<size_t> &which) {
  for (size_t i = 0; i < which.size(); ++i) {
    if (i % 10 == 0)
      progress(llvm::formatv("kernels and messages, layer {0} of {1}", i + 1,
                             which.size()));
    if (std::string error = measureLayer(which[i], "f32"); !error.empty())
      return error;
  }
  return {};
}

std::string Calibrator::measureLayer(size_t number, const std::string &type) {
  const CalibrationLayer &layer = calibrationLayers()[number];
  const std::string module = moduleOf(layer, type);
  // No more devices than processors: a kernel that waits for its turn looks
  // slow. Undivided first.
  const int64_t devices =
      std::clamp<int64_t>(std::thread::hardware_concurrency(), 1, 2);
  std::vector<std::unique_ptr<Measurement>> plans;
  for (int p = -1; p < int(layer.splits.size()); ++p) {
    auto plan =
        Measurement::prepare(context, module, p < 0 ? "d0=1" : layer.splits[p],
                             p < 0 ? 1 : devices, /*trace=*/true);
    if (!plan)
      return "layer " + std::to_string(number) + ": " + plan.error();
    plans.push_back(std::move(*plan));
  }
  for (int run = 0; run < numRuns; ++run)
    for (auto &plan : plans)
      if (Result<double> seconds = plan->run(); !seconds)
        return seconds.error();
  for (auto &plan : plans) {
    auto commands = plan->commands();
    if (!commands)
      return commands.error();
    take(number, *plan, *commands);
  }
  return {};
}

/// The innermost extent of a tensor that a trace names.
static int64_t lastExtent(const Convolution &convolution,
                          const std::string &tensor) {
  if (tensor.rfind("input ", 0) != 0)
    return convolution.output.shape.back();
  const size_t number = std::stoul(tensor.substr(6));
  return number < convolution.inputs.size()
             ? convolution.inputs[number].shape.back()
             : 0;
}

void Calibrator::take(size_t number, const Measurement &measurement,
                      const std::vector<Measurement::Timed> &commands) {
  const Convolution &convolution = measurement.convolution();
  const Split &split = measurement.split();
  const Grid grid = split.grid(1);
  std::map<std::vector<int64_t>, std::vector<double>> launches;
  for (const Measurement::Timed &command : commands) {
    const double bytes = command.bytes;
    // Where the rows of the tensor are cut, each is a piece of its own.
    double rows = 0;
    const int64_t row = command.sizes.empty() ? 0 : command.sizes.back();
    if (row > 0 && row < lastExtent(convolution, command.tensor))
      rows = bytes / double(convolution.accumulatorBytes * row);
    if (command.kind == "launch")
      launches[split.iterations(convolution, grid.coordinates(command.shard))
                   .sizes()]
          .push_back(command.seconds);
    else if (command.kind == "copy")
      takeCopy(convolution, command);
    else if (command.kind == "accumulate")
      sums.push_back({{1, rows, bytes}, command.seconds});
    else if (command.kind == "send")
      sends.push_back({{1, rows, bytes}, command.least});
    else if (command.kind == "receive")
      receives.push_back({{1, rows, bytes}, command.least});
  }
  for (auto &[lengths, seconds] : launches)
    kernels.push_back({number, kernelClassOf(convolution), convolution, lengths,
                       medianOf(seconds)});
}

/// A copy of a stripe into a window, or of a neighbour's halo, of an input with
/// a window: in rows of what lies in one piece, from the last dim of the image.
void Calibrator::takeCopy(const Convolution &convolution,
                          const Measurement::Timed &command) {
  if (command.tensor.rfind("input ", 0) != 0)
    return;
  const size_t number = std::stoul(command.tensor.substr(6));
  if (number >= convolution.inputs.size())
    return;
  const AccessMap &map = convolution.inputs[number].map;
  std::optional<size_t> rowDims;
  for (size_t d = 0; d < map.size(); ++d)
    for (const Term &term : map[d].terms)
      if (convolution.roles[term.loop] == Role::Output)
        rowDims = d;
  if (!rowDims || command.sizes.size() != map.size())
    return;
  double rows = 1;
  for (size_t d = 0; d < *rowDims; ++d)
    rows *= double(command.sizes[d]);
  windows.push_back({{1, rows, double(command.bytes)}, command.seconds});
}

Samples Calibrator::observationsOf(KernelClass kind) const {
  Samples samples;
  for (const KernelSample &kernel : kernels) {
    if (kernel.kind != kind)
      continue;
    KernelWork work =
        KernelShape(kernel.convolution).work(kernel.lengths, device);
    samples.push_back({{work.begin(), work.end()}, kernel.seconds});
  }
  return samples;
}

/// The coefficients of each class, for the size of the last cache that fits
/// best: what a processor has of one that many share is not written anywhere.
void Calibrator::fitKernels() {
  const KernelClass kinds[] = {KernelClass::Dense, KernelClass::DenseColumns,
                               KernelClass::DenseDots, KernelClass::Depthwise,
                               KernelClass::DepthwiseColumns};
  double best = 0, bestSize = 0;
  for (double size = 2 * device.cacheBytes; size <= 64 * device.cacheBytes;
       size *= 2) {
    device.lastCacheBytes = size;
    double sum = 0;
    for (KernelClass kind : kinds) {
      Samples samples = observationsOf(kind);
      sum += residualOf("", samples, fitNonNegative(samples)).mean *
             double(samples.size());
    }
    if (bestSize == 0 || sum < best) {
      best = sum;
      bestSize = size;
    }
  }
  device.lastCacheBytes = bestSize;
  const auto &fields = fieldsOf<KernelRate>();
  for (KernelClass kind : kinds) {
    Samples samples = observationsOf(kind);
    std::vector<double> found = fitNonNegative(samples);
    KernelRate rate;
    for (unsigned i = 0; i < numKernelCosts; ++i) {
      // A rate that has to be there is at most a million per nanosecond.
      double each = fields[i].optional ? found[i] : std::max(found[i], 1e-15);
      rate.*fields[i].member = each > 0 ? 1 / each : 0;
    }
    device.rates[{kind, "f32"}] = rate;
    coefficients[kind] = std::move(found);
  }
}

std::vector<size_t> Calibrator::suspiciousLayers() const {
  std::map<size_t, std::vector<double>> errors;
  for (const KernelSample &kernel : kernels) {
    KernelWork work =
        KernelShape(kernel.convolution).work(kernel.lengths, device);
    double fitted = 0;
    for (unsigned i = 0; i < numKernelCosts; ++i)
      fitted += work[i] * coefficients.at(kernel.kind)[i];
    errors[kernel.layer].push_back(std::abs(fitted / kernel.seconds - 1));
  }
  std::vector<size_t> found;
  for (auto &[layer, all] : errors)
    if (medianOf(all) > suspicious)
      found.push_back(layer);
  return found;
}

void Calibrator::fitMoves() {
  std::vector<double> copy = fitNonNegative(windows),
                      sum = fitNonNegative(sums), send = fitNonNegative(sends),
                      receive = fitNonNegative(receives);
  device.copyLatency = std::max(copy[0], 1e-9);
  device.rowLatency = copy[1];
  device.copyBandwidth = 1 / std::max(copy[2], 1e-15);
  // The model has three bytes pass for one that is added.
  device.memoryBandwidth = 3 / std::max(sum[2], 1e-15);
  link.latency = std::max(send[0] + receive[0], 1e-9);
  link.bandwidth = 1 / std::max(send[2] + receive[2], 1e-15);
  device.sumRowLatency = send[1] + receive[1] + sum[1];
  result.residuals.push_back(residualOf("windows", windows, copy));
  result.residuals.push_back(residualOf("sums", sums, sum));
  result.residuals.push_back(residualOf("sends", sends, send));
  result.residuals.push_back(residualOf("receives", receives, receive));
}

/// Other types take as much longer, or less, as a few layers show; so do
/// poolings, compared with depthwise kernels.
std::string Calibrator::fitTypes() {
  std::map<std::pair<KernelClass, std::string>, std::vector<double>> factors;
  for (const std::string &type : elementTypes()) {
    progress("kernels in " + type);
    for (const CalibrationLayer &layer : typeLayers()) {
      if (type == "f32" && layer.kind != CalibrationLayer::Pooling)
        continue;
      auto plan = Measurement::prepare(context, moduleOf(layer, type), "d0=1",
                                       1, /*trace=*/true);
      if (!plan)
        return type + ": " + plan.error();
      for (int run = 0; run < numRuns; ++run)
        if (Result<double> seconds = (*plan)->run(); !seconds)
          return seconds.error();
      auto commands = (*plan)->commands();
      if (!commands)
        return commands.error();
      const Convolution &convolution = (*plan)->convolution();
      KernelClass kind = kernelClassOf(convolution), base = kind;
      if (kind == KernelClass::Pooling)
        base = layer.channelsLast ? KernelClass::Depthwise
                                  : KernelClass::DepthwiseColumns;
      KernelWork work =
          KernelShape(convolution).work(convolution.extents, device);
      double fitted = 0;
      for (unsigned i = 0; i < numKernelCosts; ++i)
        fitted += work[i] * coefficients.at(base)[i];
      for (const Measurement::Timed &command : *commands)
        if (command.kind == "launch")
          factors[{kind, type}].push_back(command.seconds / fitted);
    }
  }
  const auto &fields = fieldsOf<KernelRate>();
  for (auto &[key, all] : factors) {
    double sum = 0;
    for (double factor : all)
      sum += std::log(factor);
    const double factor = std::exp(sum / double(all.size()));
    KernelClass base =
        key.first == KernelClass::Pooling ? KernelClass::Depthwise : key.first;
    KernelRate rate = device.rates.at({base, "f32"});
    for (const Field<KernelRate> &field : fields)
      rate.*field.member /= factor;
    device.rates[key] = rate;
  }
  return {};
}

/// What a program takes that has next to nothing to do.
std::string Calibrator::fitLaunch() {
  CalibrationLayer tiny{
      CalibrationLayer::Dense, true, 1, 1, 16, 16, {2, 2}, {1, 1}, 1, 1, {}};
  auto plan = Measurement::prepare(context, moduleOf(tiny, "f32"), "d0=1", 1,
                                   /*trace=*/false);
  if (!plan)
    return plan.error();
  std::vector<double> all;
  for (int run = 0; run < 101; ++run) {
    Result<double> seconds = (*plan)->run();
    if (!seconds)
      return seconds.error();
    all.push_back(*seconds);
  }
  device.launchLatency = medianOf(all);
  return {};
}

/// "model name" of /proc/cpuinfo, or what LLVM calls the processor.
static std::string processorName() {
  auto info = llvm::MemoryBuffer::getFileAsStream("/proc/cpuinfo");
  if (info) {
    auto [before, after] = (*info)->getBuffer().split("model name");
    llvm::StringRef name = after.split('\n').first.split(':').second.trim();
    if (!name.empty())
      return name.str();
  }
  return llvm::sys::getHostCPUName().str();
}

static std::string today() {
  std::time_t now = std::time(nullptr);
  char text[16];
  std::strftime(text, sizeof(text), "%Y-%m-%d", std::gmtime(&now));
  return text;
}

Result<Calibration> Calibrator::run() {
  std::vector<size_t> all(calibrationLayers().size());
  for (size_t i = 0; i < all.size(); ++i)
    all[i] = i;
  if (std::string error = measureLayers(all); !error.empty())
    return Error{error};
  fitKernels();
  if (std::vector<size_t> again = suspiciousLayers(); !again.empty()) {
    std::vector<KernelSample> first = std::move(kernels);
    kernels.clear();
    if (std::string error = measureLayers(again); !error.empty())
      return Error{error};
    // What disturbs makes slower: the faster of two is right.
    for (KernelSample &kernel : first)
      for (const KernelSample &second : kernels)
        if (second.layer == kernel.layer && second.lengths == kernel.lengths)
          kernel.seconds = std::min(kernel.seconds, second.seconds);
    kernels = std::move(first);
    fitKernels();
  }
  for (auto &[kind, found] : coefficients)
    result.residuals.push_back(residualOf(
        std::string(toString(kind)) + " kernels", observationsOf(kind), found));
  fitMoves();
  if (std::string error = fitTypes(); !error.empty())
    return Error{error};
  if (std::string error = fitLaunch(); !error.empty())
    return Error{error};

  for (auto kind : kernelClasses())
    for (const std::string &type : elementTypes())
      if (device.rate(kind, type))
        roundFields(device.rates[{kind, type}]);
  const double vectorBytes = device.vectorBytes, cacheBytes = device.cacheBytes,
               lastCacheBytes = device.lastCacheBytes;
  roundFields(device);
  device.vectorBytes = vectorBytes;
  device.cacheBytes = cacheBytes;
  device.lastCacheBytes = lastCacheBytes;
  roundFields(link);

  Machine &machine = result.machine;
  machine.name = "host";
  machine.processors = std::max(1u, std::thread::hardware_concurrency());
  machine.devices.assign(4, device);
  machine.levels = {{"memory", 4, link, std::nullopt}};
  // Scatter and gather are copies within the same memory.
  machine.hostLink = {device.copyLatency, device.copyBandwidth};
  machine.hostBandwidth =
      rounded(device.copyBandwidth * double(*machine.processors));
  result.comment = llvm::formatv(
      "Measured on {0} by dconv-plan --calibrate on\n"
      "{1}, {2} processors.\n"
      "Rates in f32, copies and messages: fitted to the traces of {3} layers,\n"
      "each undivided and under {4} splits. Other types, and pooling: the "
      "rates\n"
      "in f32 times what {5} layers took longer. The host's link: as copies.",
      today(), processorName(), *machine.processors, calibrationLayers().size(),
      calibrationLayers().front().splits.size(), typeLayers().size());
  return std::move(result);
}

Result<Calibration>
dconv::calibrate(mlir::MLIRContext &context,
                 const std::function<void(const std::string &)> &progress) {
  return Calibrator(context, progress).run();
}
