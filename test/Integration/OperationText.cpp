//===- OperationText.cpp - a convolution in MLIR text ---------------------===//

#include "Operation.h"

namespace dconv::test {

static std::string mapText(const AccessMap &map, unsigned numLoops) {
  std::string text = "affine_map<(";
  for (unsigned loop = 0; loop < numLoops; ++loop)
    text += (loop ? ", d" : "d") + std::to_string(loop);
  text += ") -> (";
  for (size_t d = 0; d < map.size(); ++d) {
    text += d ? ", " : "";
    const char *plus = "";
    for (const Term &term : map[d].terms) {
      text += plus + ("d" + std::to_string(term.loop));
      if (term.coefficient != 1)
        text += " * " + std::to_string(term.coefficient);
      plus = " + ";
    }
    if (map[d].constant != 0 || map[d].terms.empty())
      text += plus + std::to_string(map[d].constant);
  }
  return text + ")>";
}

std::string stridesText(const std::vector<ImageDim> &image) {
  std::string strides, dilations;
  for (const ImageDim &dim : image) {
    const char *comma = strides.empty() ? "" : ", ";
    strides += comma + std::to_string(dim.stride);
    dilations += comma + std::to_string(dim.dilation);
  }
  const std::string type =
      "]> : tensor<" + std::to_string(image.size()) + "xi64>";
  return "{strides = dense<[" + strides + type + ", dilations = dense<[" +
         dilations + type + "}";
}

/// The body of a generic on %a0, %a1, ... and the output %acc.
static std::string bodyText(const Operation &operation) {
  const std::string type = runtime::toString(operation.outputType);
  const bool isFloat = runtime::isFloat(operation.outputType);
  std::string text, values[2];
  auto line = [&](const std::string &name, const std::string &rest) {
    text += "      " + name + " = arith." + rest + " : " + type + "\n";
  };
  auto ordered = [&](const std::string &a, const std::string &b) {
    return operation.isReversed ? b + ", " + a : a + ", " + b;
  };
  for (size_t i = 0; i < operation.inputTypes.size(); ++i) {
    std::string number = std::to_string(i);
    values[i] = "%a" + number;
    if (operation.inputTypes[i] != operation.outputType) {
      const char *cast = isFloat                ? "extf"
                         : operation.isUnsigned ? "extui"
                                                : "extsi";
      text += "      %u" + number + " = arith." + cast + " " + values[i] +
              " : " + runtime::toString(operation.inputTypes[i]) + " to " +
              type + "\n";
      values[i] = "%u" + number;
    }
    if (operation.isQuantised) {
      line("%z" + number, "subi " + values[i] + ", %p" + number);
      values[i] = "%z" + number;
    }
  }
  std::string value = values[0];
  if (!operation.isPooling()) {
    line("%m", (isFloat ? "mulf " : "muli ") + ordered(values[0], values[1]));
    value = "%m";
  }
  std::string combine;
  switch (operation.combine) {
  case Combine::Add:
    combine = isFloat ? "addf" : "addi";
    break;
  case Combine::Max:
    combine = isFloat ? "maximumf" : operation.isUnsigned ? "maxui" : "maxsi";
    break;
  case Combine::Min:
    combine = isFloat ? "minimumf" : operation.isUnsigned ? "minui" : "minsi";
    break;
  }
  line("%s", combine + " " + ordered("%acc", value));
  return text + "      linalg.yield %s : " + type + "\n";
}

std::string opText(const Operation &operation,
                   const std::vector<std::string> &inputs,
                   const std::string &initial) {
  const Convolution &geometry = operation.geometry;
  const unsigned numLoops = geometry.numLoops();
  std::string values, types, maps, block;
  auto add = [&](const std::string &value, const std::string &type,
                 const std::string &argument, const std::string &argumentType,
                 const AccessMap &map) {
    const char *comma = values.empty() ? "" : ", ";
    values += comma + value;
    types += comma + type;
    maps += comma + mapText(map, numLoops);
    block += comma + argument + ": " + argumentType;
  };
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ElementType type = operation.inputTypes[i];
    add(inputs[i], typeText(type, paddedShape(geometry.inputs[i])),
        "%a" + std::to_string(i), runtime::toString(type),
        geometry.inputs[i].map);
  }
  if (operation.isQuantised)
    for (size_t i = 0; i < inputs.size(); ++i)
      add("%zero" + std::to_string(i), operation.zeroPointType,
          "%p" + std::to_string(i), "i32", {});
  if (!operation.shapeOnly.empty()) {
    const Shape window = windowOf(operation);
    const ElementType type = operation.inputTypes[0];
    add("%window", typeText(type, window), "%unused", runtime::toString(type),
        operation.shapeOnly);
  }
  const std::string result =
      typeText(operation.outputType, geometry.output.shape);
  if (!operation.mnemonic.empty())
    return "linalg." + operation.mnemonic + " " + operation.attributes +
           " ins(" + values + " : " + types + ") outs(" + initial + " : " +
           result + ") -> " + result;

  std::string iterators;
  for (unsigned loop = 0; loop < numLoops; ++loop)
    iterators +=
        std::string(loop ? ", " : "") +
        (geometry.isReduction(loop) ? "\"reduction\"" : "\"parallel\"");
  return "linalg.generic {indexing_maps = [" + maps + ", " +
         mapText(geometry.output.map, numLoops) + "], iterator_types = [" +
         iterators + "]} ins(" + values + " : " + types + ") outs(" + initial +
         " : " + result + ") {\n    ^bb0(" + block +
         ", %acc: " + runtime::toString(operation.outputType) + "):\n" +
         bodyText(operation) + "    } -> " + result;
}

} // namespace dconv::test
