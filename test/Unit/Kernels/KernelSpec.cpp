//===- KernelSpec.cpp - kernels described by a line of a table ------------===//

#include "KernelSpec.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include <cstring>
#include <numeric>
#include <random>
#include <sstream>

using namespace dconv::test;
using llvm::APFloat;

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

static unsigned bitsOf(const std::string &type) {
  return std::stoi(type.substr(type.find_first_of("0123456789")));
}

static bool isFloat(const std::string &type) {
  return type[0] == 'f' || type[0] == 'b';
}

static const llvm::fltSemantics &semanticsOf(const std::string &type) {
  return type == "bf16"  ? APFloat::BFloat()
         : type == "f16" ? APFloat::IEEEhalf()
         : type == "f32" ? APFloat::IEEEsingle()
                         : APFloat::IEEEdouble();
}

/// The position of element `linear` of a row-major tensor.
static std::vector<int64_t> positionOf(int64_t linear,
                                       const std::vector<int64_t> &shape) {
  std::vector<int64_t> position(shape.size());
  for (size_t dim = shape.size(); dim-- > 0; linear /= shape[dim])
    position[dim] = linear % shape[dim];
  return position;
}

std::vector<char> Tensor::encode(const dconv::BufferLayout &layout) const {
  size_t size = bitsOf(type) / 8;
  std::vector<char> bytes(values.size() * size);
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t bits = values[i];
    if (isFloat(type)) {
      APFloat value(static_cast<double>(values[i]));
      bool inexact;
      value.convert(semanticsOf(type), APFloat::rmNearestTiesToEven, &inexact);
      bits = value.bitcastToAPInt().getZExtValue();
    }
    size_t place =
        layout.isRowMajor() ? i : layout.offsetOf(positionOf(i, shape), shape);
    std::memcpy(&bytes[place * size], &bits, size);
  }
  return bytes;
}

void Tensor::decode(const std::vector<char> &bytes) {
  unsigned numBits = bitsOf(type);
  for (size_t i = 0; i < values.size(); ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, &bytes[i * numBits / 8], numBits / 8);
    llvm::APInt raw(numBits, bits);
    if (!isFloat(type)) {
      values[i] = type[0] == 'u' ? raw.getZExtValue() : raw.getSExtValue();
      continue;
    }
    APFloat value(semanticsOf(type), raw);
    bool inexact;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                  &inexact);
    values[i] = value.convertToDouble();
  }
}

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

KernelCase::KernelCase(mlir::MLIRContext &context, const KernelSpec &spec)
    : spec(spec) {
  std::istringstream loops(spec.loops);
  for (std::string loop; loops >> loop;) {
    size_t equals = loop.find('=');
    loopNames.push_back(loop.substr(0, equals));
    extents.push_back(std::stoll(loop.substr(equals + 1)));
  }
  addTensor(context, spec.image, spec.imageType);
  if (!spec.filter.empty())
    addTensor(context, spec.filter, spec.filterType);
  addTensor(context, spec.result, spec.resultType);
  clearOutside();
}

void KernelCase::clearOutside() {
  for (const KernelSpec::Inside &inside : spec.inside) {
    Tensor &tensor = tensors[inside.input];
    for (size_t i = 0; i < tensor.values.size(); ++i) {
      int64_t at = positionOf(i, tensor.shape)[inside.dim];
      if (at < inside.low || at >= inside.high)
        tensor.values[i] = spec.zeroPoints ? zeroPoints[inside.input] : 0;
    }
  }
}

double KernelCase::numInsideIterations() const {
  double count = numIterations();
  for (const KernelSpec::Inside &inside : spec.inside) {
    // The positions that the loops of this dim visit, and how often.
    const std::vector<int64_t> &row = indices[inside.input].rows[inside.dim];
    std::vector<int64_t> positions = {row.back()};
    for (size_t loop = 0; loop < extents.size(); ++loop) {
      if (row[loop] == 0)
        continue;
      std::vector<int64_t> next;
      for (int64_t position : positions)
        for (int64_t i = 0; i < extents[loop]; ++i)
          next.push_back(position + i * row[loop]);
      positions = std::move(next);
    }
    count *= llvm::count_if(positions,
                            [&](int64_t position) {
                              return position >= inside.low &&
                                     position < inside.high;
                            }) /
             double(positions.size());
  }
  return count;
}

std::vector<void *> KernelCase::scalarArguments() {
  std::vector<void *> arguments;
  if (spec.zeroPoints)
    for (size_t input = 0; input + 1 < tensors.size(); ++input)
      arguments.push_back(&zeroPoints[input]);
  for (KernelSpec::Inside &inside : spec.inside) {
    arguments.push_back(&inside.low);
    arguments.push_back(&inside.high);
  }
  return arguments;
}

static std::string affineMap(const std::vector<std::string> &loops,
                             const std::string &results) {
  return "affine_map<(" + llvm::join(loops, ", ") + ") -> (" + results + ")>";
}

void KernelCase::addTensor(mlir::MLIRContext &context, const std::string &index,
                           const std::string &type) {
  auto attr = llvm::cast<mlir::AffineMapAttr>(
      mlir::parseAttribute(affineMap(loopNames, index), &context));
  mlir::AffineMap map = attr.getValue();
  auto valueAt = [&](unsigned dim, std::vector<int64_t> point) {
    llvm::SmallVector<mlir::Attribute> operands, results;
    for (int64_t value : point)
      operands.push_back(
          mlir::IntegerAttr::get(mlir::IndexType::get(&context), value));
    (void)map.constantFold(operands, results);
    return llvm::cast<mlir::IntegerAttr>(results[dim]).getInt();
  };
  Index read;
  Tensor tensor;
  tensor.type = type;
  for (unsigned dim = 0; dim < map.getNumResults(); ++dim) {
    std::vector<int64_t> origin(extents.size(), 0),
        &row = read.rows.emplace_back();
    int64_t constant = valueAt(dim, origin), high = constant;
    for (size_t loop = 0; loop < extents.size(); ++loop) {
      std::vector<int64_t> unit = origin;
      unit[loop] = 1;
      row.push_back(valueAt(dim, unit) - constant);
      high += std::max<int64_t>(0, row.back()) * (extents[loop] - 1);
    }
    row.push_back(constant);
    tensor.shape.push_back(high + 1);
  }
  tensor.values.resize(std::accumulate(tensor.shape.begin(), tensor.shape.end(),
                                       int64_t(1), std::multiplies<>()));
  std::minstd_rand random(17 + tensors.size());
  // Narrow integers use their whole range: their sums must wrap, not saturate.
  int64_t low = -5, high = 5;
  if (!isFloat(type)) {
    unsigned bits = std::min(bitsOf(type), 16u);
    low = type[0] == 'u' ? 0 : -(int64_t(1) << (bits - 1));
    high = low + (int64_t(1) << bits) - 1;
  }
  for (int64_t &value : tensor.values)
    value = low + int64_t(random() % (high - low + 1));
  tensors.push_back(std::move(tensor));
  indices.push_back(std::move(read));
}

int64_t KernelCase::numIterations() const {
  return std::accumulate(extents.begin(), extents.end(), int64_t(1),
                         std::multiplies<>());
}

static int64_t combine(const std::string &combiner, int64_t y, int64_t x,
                       unsigned bits) {
  llvm::StringRef op = combiner;
  if (op.ends_with("ui")) {
    uint64_t mask = ~uint64_t(0) >> (64 - bits);
    uint64_t a = y & mask, b = x & mask;
    return op.starts_with("max") ? std::max(a, b) : std::min(a, b);
  }
  if (op.starts_with("max"))
    return std::max(y, x);
  if (op.starts_with("min"))
    return std::min(y, x);
  return uint64_t(y) + uint64_t(x);
}

Tensor KernelCase::expected() const {
  Tensor result = tensors.back();
  if (spec.initial)
    std::fill(result.values.begin(), result.values.end(), *spec.initial);
  std::vector<int64_t> point(extents.size(), 0);
  auto position = [&](size_t operand) {
    int64_t linear = 0;
    for (size_t dim = 0; dim < tensors[operand].shape.size(); ++dim) {
      const std::vector<int64_t> &row = indices[operand].rows[dim];
      int64_t index = row.back();
      for (size_t loop = 0; loop < point.size(); ++loop)
        index += row[loop] * point[loop];
      linear = linear * tensors[operand].shape[dim] + index;
    }
    return linear;
  };
  for (int64_t iteration = numIterations(); iteration > 0; --iteration) {
    int64_t term = 1;
    for (size_t input = 0; input + 1 < tensors.size(); ++input) {
      int64_t value = tensors[input].values[position(input)];
      if (spec.zeroPoints)
        value -= zeroPoints[input];
      term = uint64_t(term) * uint64_t(value);
    }
    int64_t &y = result.values[position(tensors.size() - 1)];
    y = combine(spec.combiner, y, term, bitsOf(result.type));
    for (size_t loop = extents.size(); loop-- > 0;) {
      if (++point[loop] < extents[loop])
        break;
      point[loop] = 0;
    }
  }
  // Integers wrap.
  if (!isFloat(result.type)) {
    for (int64_t &value : result.values)
      value = llvm::SignExtend64(value, bitsOf(result.type));
  }
  return result;
}

//===----------------------------------------------------------------------===//
// As text
//===----------------------------------------------------------------------===//

static std::string storageType(const std::string &type) {
  return type[0] == 'u' ? "i" + type.substr(1) : type;
}

static std::string memrefType(const Tensor &tensor,
                              const std::string &layout = "row-major") {
  std::string text = "memref<";
  for (int64_t extent : tensor.shape)
    text += std::to_string(extent) + "x";
  text += storageType(tensor.type);
  if (layout != "row-major" && layout != "preferred")
    text += ", #dconv.layout<" + layout + ">";
  return text + ">";
}

std::string KernelCase::mlir() const {
  bool pooling = spec.filter.empty();
  size_t numInputs = tensors.size() - 1;
  const std::string &accumulator = spec.resultType;
  std::string names[] = {"%x", pooling ? "%y" : "%w", "%y"};

  std::string parameters, operands, operandTypes, maps, blockArguments, body;
  std::vector<std::string> types;
  for (size_t i = 0; i < tensors.size(); ++i) {
    types.push_back(
        memrefType(tensors[i], i == 1 && !pooling ? spec.layout : "row-major"));
    parameters += (i ? ", " : "") + names[i] + ": " + types[i];
  }
  if (spec.initial)
    parameters += " {dconv.initial = " + std::to_string(*spec.initial) +
                  (isFloat(accumulator) ? ".0" : "") + " : " + accumulator +
                  "}";
  const std::string *indexOf[] = {&spec.image, &spec.filter};
  for (size_t i = 0; i < numInputs; ++i) {
    operands += (i ? ", " : "") + names[i];
    operandTypes += (i ? ", " : "") + types[i];
    maps += affineMap(loopNames, *indexOf[i]) + ", ";
    blockArguments +=
        "%a" + std::to_string(i) + ": " + storageType(tensors[i].type) + ", ";
  }
  if (spec.zeroPoints) {
    for (size_t i = 0; i < numInputs; ++i) {
      std::string name = "%zp" + std::to_string(i);
      parameters += ", " + name + ": i32";
      operands += ", " + name;
      operandTypes += ", i32";
      maps += affineMap(loopNames, "") + ", ";
      blockArguments += "%z" + std::to_string(i) + ": i32, ";
    }
  }
  std::string window;
  if (pooling || spec.window) {
    window = "  %window = ub.poison : memref<";
    std::string taps;
    for (size_t loop = 0; loop < loopNames.size(); ++loop) {
      if (loopNames[loop][0] != 'k')
        continue;
      window += std::to_string(extents[loop]) + "x";
      taps += (taps.empty() ? "" : ", ") + loopNames[loop];
    }
    window += "f32>\n";
    std::string type = window.substr(window.find("memref"));
    operands += ", %window";
    operandTypes += ", " + type.substr(0, type.size() - 1);
    maps += affineMap(loopNames, taps) + ", ";
    blockArguments += "%unused: f32, ";
  }
  maps += affineMap(loopNames, spec.result);
  blockArguments += "%out: " + accumulator;

  std::string values[2];
  for (size_t i = 0; i < numInputs; ++i) {
    const std::string &type = tensors[i].type;
    std::string n = std::to_string(i);
    values[i] = "%a" + n;
    if (storageType(type) != accumulator) {
      const char *cast = isFloat(type)    ? "extf"
                         : type[0] == 'u' ? "extui"
                                          : "extsi";
      body += "    %c" + n + " = arith." + cast + " " + values[i] + " : " +
              storageType(type) + " to " + accumulator + "\n";
      values[i] = "%c" + n;
    }
    if (spec.zeroPoints) {
      body += "    %s" + n + " = arith.subi " + values[i] + ", %z" + n + " : " +
              accumulator + "\n";
      values[i] = "%s" + n;
    }
  }
  std::string suffix = isFloat(accumulator) ? "f" : "i", term = values[0];
  if (!pooling) {
    body += "    %p = arith.mul" + suffix + " " + values[0] + ", " + values[1] +
            " : " + accumulator + "\n";
    term = "%p";
  }
  body += "    %r = arith." +
          (spec.combiner == "mac" ? "add" + suffix : spec.combiner) +
          " %out, " + term + " : " + accumulator + "\n";

  std::string iterators;
  for (const std::string &loop : loopNames) {
    // A loop is parallel if it indexes the result.
    bool parallel = false;
    std::istringstream result(spec.result);
    for (std::string part; result >> part;)
      parallel |= part == loop || part == loop + ",";
    iterators += (iterators.empty() ? "\"" : ", \"") +
                 std::string(parallel ? "parallel" : "reduction") + "\"";
  }
  std::string insides;
  for (auto [i, inside] : llvm::enumerate(spec.inside)) {
    insides += (i ? ", [" : "[") + std::to_string(inside.input) + ", " +
               std::to_string(inside.dim) + "]";
    parameters += ", %low" + std::to_string(i) + ": index, %high" +
                  std::to_string(i) + ": index";
  }
  return "func.func private @k(" + parameters +
         ") attributes {dconv.kernel, dconv.inside = [" + insides + "]} {\n" +
         window + "  linalg.generic {indexing_maps = [" + maps +
         "], iterator_types = [" + iterators + "]} ins(" + operands + " : " +
         operandTypes + ") outs(%y : " + types.back() + ") {\n  ^bb0(" +
         blockArguments + "):\n" + body +
         "    linalg.yield %r : " + accumulator + "\n  }\n  return\n}\n";
}
