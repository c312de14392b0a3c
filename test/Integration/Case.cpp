//===- Case.cpp - one program of the matrix -------------------------------===//

#include "Case.h"

#include "dconv/Geometry/Streaming.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/xxhash.h"

#include <algorithm>

namespace dconv::test {

static std::string listText(const Shape &shape) {
  std::string text = "[";
  for (size_t d = 0; d < shape.size(); ++d)
    text += (d ? ", " : "") + std::to_string(shape[d]);
  return text + "]";
}

std::string padText(const std::string &name, const std::string &from,
                    ElementType type, const Operand &operand, int64_t value) {
  std::string indices;
  for (size_t d = 0; d < operand.shape.size(); ++d)
    indices += (d ? ", %i" : "%i") + std::to_string(d) + ": index";
  std::string constant = name + "_value";
  return "  " + constant + " = arith.constant " + constantText(type, value) +
         "\n  " + name + " = tensor.pad " + from + " low" +
         listText(operand.padLow) + " high" + listText(operand.padHigh) +
         " {\n  ^bb0(" + indices + "):\n    tensor.yield " + constant + " : " +
         runtime::toString(type) + "\n  } : " + typeText(type, operand.shape) +
         " to " + typeText(type, paddedShape(operand)) + "\n";
}

std::string fillText(const std::string &name, ElementType type,
                     const Shape &shape, int64_t value) {
  const std::string tensor = typeText(type, shape);
  return "  " + name + "_value = arith.constant " + constantText(type, value) +
         "\n  " + name + "_space = tensor.empty() : " + tensor + "\n  " + name +
         " = linalg.fill ins(" + name + "_value : " + runtime::toString(type) +
         ") outs(" + name + "_space : " + tensor + ") -> " + tensor + "\n";
}

Tensor spreadOut(const Tensor &tensor, const Shape &spread) {
  Tensor wide{tensor.type, {}, {}};
  for (size_t d = 0; d < spread.size(); ++d)
    wide.shape.push_back((tensor.shape[d] - 1) * spread[d] + 1);
  wide.values.assign(volume(wide.shape), 0);
  std::vector<int64_t> at(spread.size(), 0);
  size_t from = 0;
  do {
    int64_t offset = 0;
    for (size_t d = 0; d < spread.size(); ++d)
      offset = offset * wide.shape[d] + at[d] * spread[d];
    wide.values[offset] = tensor.values[from++];
  } while (nextPosition(at, tensor.shape));
  return wide;
}

/// The shape before `spreadOut`.
static Shape compactShape(Shape shape, const Shape &spread) {
  for (size_t d = 0; d < spread.size(); ++d)
    shape[d] = (shape[d] - 1) / spread[d] + 1;
  return shape;
}

namespace {
/// Writes the function of one operation and its data, piece by piece.
class Writer {
public:
  Writer(const Operation &operation, const Setting &setting)
      : operation(operation), setting(setting), ranges(rangesOf(operation)),
        surroundings{setting.padValue, {0, 0}} {}

  Program write(const std::string &split) {
    std::vector<std::string> names;
    for (unsigned i = 0; i < operation.geometry.inputs.size(); ++i)
      names.push_back(writeInput(i));
    if (operation.isQuantised)
      writeZeroPoints();
    if (!operation.shapeOnly.empty())
      body += "  %window = tensor.empty() : " +
              typeText(operation.inputTypes[0], windowOf(operation)) + "\n";
    Tensor initial = writeInitial();
    body += "  %r = " + opText(operation, names, "%init") + "\n";

    Program program;
    program.arguments = arguments;
    program.results = {evaluate(operation, inputs, surroundings, initial)};
    std::string results = "%r";
    if (setting.sharesPad) {
      program.results.push_back(padded);
      results += ", %padded";
    }
    std::string types;
    for (const Tensor &result : program.results)
      types += (types.empty() ? "" : ", ") + typeText(result);
    program.text = "func.func @F(" + parameters + ") -> (" + types + ") {\n" +
                   body + "  return " + results + " : " + types + "\n}\n";
    PlannedConvolution planned;
    planned.geometry = operation.geometry;
    planned.input = operation.input;
    planned.fillsOutput = setting.initial == Initial::Constant;
    planned.split = split;
    program.convolutions = {planned};
    return program;
  }

private:
  /// Adds an argument of the function.
  void addArgument(const std::string &name, Tensor tensor) {
    parameters +=
        (parameters.empty() ? "" : ", ") + name + ": " + typeText(tensor);
    arguments.push_back(std::move(tensor));
  }

  std::string writeInput(unsigned i) {
    const Operand &operand = operation.geometry.inputs[i];
    const ElementType type = operation.inputTypes[i];
    const bool isInput = i == operation.input;
    const Shape spread = isInput ? setting.spread : Shape();
    Tensor tensor =
        patternOf(type, compactShape(operand.shape, spread),
                  isInput ? ranges.input : ranges.filter, /*seed=*/i + 1);
    std::string name = isInput ? "%x" : "%w";
    addArgument(name, tensor);
    if (!spread.empty()) {
      Tensor wide = spreadOut(tensor, spread);
      body += fillText("%zeros", type, wide.shape, 0) +
              "  %spread = tensor.insert_slice " + name + " into %zeros" +
              listText(Shape(spread.size(), 0)) + listText(tensor.shape) +
              listText(spread) + " : " + typeText(tensor) + " into " +
              typeText(wide) + "\n";
      name = "%spread";
      tensor = std::move(wide);
    }
    inputs.push_back(tensor);
    if (!isInput || paddedShape(operand) == operand.shape)
      return name;
    body += padText("%padded", name, type, operand, setting.padValue);
    padded = pad(tensor, operand, setting.padValue);
    return "%padded";
  }

  void writeZeroPoints() {
    const int64_t points[] = {7, -3};
    for (unsigned i = 0; i < 2; ++i) {
      surroundings.zeroPoints[i] = points[i];
      std::string name = "%zero" + std::to_string(i);
      if (operation.zeroPointType != "i32") {
        addArgument(name + "_element",
                    Tensor{ElementType::I32, {}, {points[i]}});
        body += "  " + name + " = tensor.from_elements " + name +
                "_element : " + operation.zeroPointType + "\n";
        continue;
      }
      if (setting.passesZeroPoints)
        addArgument(name, Tensor{ElementType::I32, {}, {points[i]}});
      else
        body += "  " + name + " = arith.constant " +
                constantText(ElementType::I32, points[i]) + "\n";
    }
  }

  /// Writes %init and returns it.
  Tensor writeInitial() {
    const ElementType type = operation.outputType;
    const Shape &shape = operation.geometry.output.shape;
    const int64_t range = std::min<int64_t>(ranges.initial, 1 << 20);
    switch (setting.initial) {
    case Initial::Constant: {
      body += fillText("%init", type, shape, setting.fill);
      return {type, shape, Values(volume(shape), setting.fill)};
    }
    case Initial::Argument: {
      Tensor initial = patternOf(type, shape, range, /*seed=*/3);
      addArgument("%init", initial);
      return initial;
    }
    case Initial::Bias: {
      Tensor bias = patternOf(type, {shape.back()}, range, /*seed=*/3);
      std::string dims;
      for (size_t d = 0; d + 1 < shape.size(); ++d)
        dims += (d ? ", " : "") + std::to_string(d);
      addArgument("%bias", bias);
      const std::string tensor = typeText(type, shape);
      body += "  %space = tensor.empty() : " + tensor +
              "\n  %init = linalg.broadcast ins(%bias : " + typeText(bias) +
              ") outs(%space : " + tensor + ") dimensions = [" + dims + "]\n";
      Tensor initial{type, shape, {}};
      for (int64_t i = 0; i < volume(shape); ++i)
        initial.values.push_back(bias.values[i % shape.back()]);
      return initial;
    }
    }
    llvm_unreachable("every kind of initial output is above");
  }

  const Operation &operation;
  const Setting &setting;
  const Ranges ranges;
  Surroundings surroundings;
  std::string parameters, body;
  std::vector<Tensor> arguments;
  std::vector<Tensor> inputs; ///< of the operation, without padding
  Tensor padded;
};
} // namespace

Program programOf(const Operation &operation, const Setting &setting,
                  const std::string &split) {
  return Writer(operation, setting).write(split);
}

std::string typesName(const Operation &operation) {
  std::string in = runtime::toString(operation.inputTypes[0]);
  std::string out = runtime::toString(operation.outputType);
  if (operation.isUnsigned)
    in[0] = 'u';
  return in == out ? in : in + "_" + out;
}

/// The streamed case of `split`.
static Case streamedCase(const Operation &operation, const Setting &setting,
                         const std::string &name, const std::string &spec,
                         int64_t devices) {
  const Convolution &geometry = operation.geometry;
  const Split given = *parseSplit(spec, geometry);
  Split split;
  for (bool reductions : {false, true})
    for (const AxisSplit &axis : given.axes)
      if (geometry.isReduction(axis.loop) == reductions)
        split.axes.push_back(axis);
  while (!checkStreamed(geometry, split, devices))
    --devices;
  const std::string text = toString(split, geometry);
  return {name + "/stream", devices,
          [=] { return programOf(operation, setting, text); },
          /*streamed=*/true};
}

/// `operation` with what `split` replicates gathered by algorithms that `seed`
/// draws, where there is anything.
static void addGathered(Cases &cases, const Operation &operation,
                        const Setting &setting, const std::string &name,
                        const std::string &split, int64_t devices,
                        uint64_t seed) {
  const Convolution &geometry = operation.geometry;
  Result<Split> parsed = parseSplit(split, geometry);
  std::vector<GatheredInput> gathered;
  for (unsigned i = 0; parsed && i < geometry.inputs.size(); ++i) {
    GatheredInput one{i,
                      static_cast<CollectiveAlgorithm>(nextRandom(seed) % 3)};
    if (checkGathered(geometry, *parsed, {one}))
      gathered.push_back(one);
  }
  if (gathered.empty())
    return;
  cases.push_back({name + "/gather", devices, [=] {
                     Program program = programOf(operation, setting, split);
                     program.convolutions[0].gathered = gathered;
                     return program;
                   }});
}

void add(Cases &cases, const Operation &operation, const Setting &setting,
         const std::string &type, const std::string &split, int64_t devices) {
  const std::string name =
      operation.name + "/" + type + "/" + (split.empty() ? "default" : split);
  cases.push_back(
      {name, devices, [=] { return programOf(operation, setting, split); }});
  const uint64_t drawn = llvm::xxh3_64bits(name);
  if (!split.empty() && drawn % 4 == 1)
    addGathered(cases, operation, setting, name, split, devices, drawn);
  if (!split.empty() && drawn % 4 == 0)
    cases.push_back(streamedCase(operation, setting, name, split, devices));
}

/// `extent` in two or more parts: "3", or "[2,1,4]" with lengths drawn.
static std::string drawParts(int64_t extent, uint64_t &seed) {
  const int64_t parts = 2 + nextRandom(seed) % std::min<int64_t>(extent - 1, 3);
  if (nextRandom(seed) % 2 == 0 || parts == extent)
    return std::to_string(parts);
  std::string text = "[";
  for (int64_t part = 0, left = extent; part < parts; ++part) {
    const int64_t others = parts - part - 1;
    const int64_t length =
        others == 0 ? left : 1 + nextRandom(seed) % (left - others);
    text += (part ? "," : "") + std::to_string(length);
    left -= length;
  }
  return text + "]";
}

void addSplits(Cases &cases, const Operation &operation,
               const Setting &setting, const std::string &type,
               unsigned combinations, uint64_t seed) {
  const Convolution &geometry = operation.geometry;
  for (char c : operation.name)
    seed = seed * 31 + c;
  std::vector<unsigned> loops;
  for (unsigned loop = 0; loop < geometry.numLoops(); ++loop)
    if (geometry.extents[loop] > 1)
      loops.push_back(loop);
  const std::vector<std::string> names = geometry.loopNames();
  auto split = [&](const std::vector<unsigned> &axes) {
    std::string text;
    for (unsigned loop : axes)
      text += (text.empty() ? "" : ",") + names[loop] + "=" +
              drawParts(geometry.extents[loop], seed);
    add(cases, operation, setting, type, text, 1 + nextRandom(seed) % 8);
  };
  for (unsigned loop : loops)
    split({loop});
  for (unsigned i = 0; i < combinations; ++i) {
    // Pairs and triples by turns.
    std::vector<unsigned> axes, rest = loops;
    for (unsigned axis = 0; axis < 2 + i % 2 && !rest.empty(); ++axis) {
      auto drawn = rest.begin() + nextRandom(seed) % rest.size();
      axes.push_back(*drawn);
      rest.erase(drawn);
    }
    split(axes);
  }
}

} // namespace dconv::test
