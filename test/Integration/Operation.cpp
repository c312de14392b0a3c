//===- Operation.cpp - a convolution as loops over indices ----------------===//

#include "Operation.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/ErrorHandling.h"

#include <algorithm>
#include <cmath>

namespace dconv::test {

[[noreturn]] void misdescribed(const Operation &operation,
                               const std::string &why) {
  llvm::report_fatal_error(
      llvm::Twine("matrix: '" + operation.name + "': " + why));
}

int64_t Operation::terms() const {
  int64_t product = 1;
  for (unsigned loop = 0; loop < geometry.numLoops(); ++loop)
    if (geometry.isReduction(loop))
      product *= geometry.extents[loop];
  return product;
}

ElementType Operation::accumulator() const {
  bool isNarrow =
      outputType == ElementType::F16 || outputType == ElementType::BF16;
  return isNarrow && combine == Combine::Add ? ElementType::F32 : outputType;
}

static Role roleOf(llvm::StringRef loop) {
  llvm::StringRef word = loop.rtrim("0123456789");
  static const std::pair<const char *, Role> roles[] = {
      {"n", Role::Batch},         {"g", Role::Group},
      {"oc", Role::OutputChannel}, {"ic", Role::InputChannel},
      {"o", Role::Output},        {"k", Role::Tap}};
  for (auto &[name, role] : roles)
    if (word == name)
      return role;
  llvm::report_fatal_error("matrix: no role for loop '" + loop + "'");
}

/// Reads "2*o0 - k0 + 3" with the names of the loops.
static LinearExpr readIndex(llvm::StringRef text,
                            const std::vector<std::string> &names) {
  LinearExpr expr;
  std::vector<int64_t> coefficients(names.size(), 0);
  int64_t sign = 1;
  for (text = text.trim(); !text.empty(); text = text.ltrim()) {
    if (text.consume_front("-")) {
      sign = -1;
      continue;
    }
    if (text.consume_front("+"))
      continue;
    llvm::StringRef term = text.take_until(
        [](char c) { return c == '+' || c == '-' || c == ' '; });
    text = text.drop_front(term.size());
    auto [factor, name] = term.split('*');
    int64_t coefficient = 1;
    if (factor.getAsInteger(10, coefficient)) {
      name = factor;
      coefficient = 1;
    }
    if (name.empty()) {
      expr.constant += sign * coefficient;
    } else {
      auto found = std::find(names.begin(), names.end(), name.str());
      if (found == names.end())
        llvm::report_fatal_error("matrix: no loop '" + name + "'");
      coefficients[found - names.begin()] += sign * coefficient;
    }
    sign = 1;
  }
  for (unsigned loop = 0; loop < names.size(); ++loop)
    if (coefficients[loop] != 0)
      expr.terms.push_back({loop, coefficients[loop]});
  return expr;
}

static AccessMap readIndices(llvm::StringRef text,
                             const std::vector<std::string> &names) {
  AccessMap map;
  for (text = text.trim(); !text.empty();) {
    auto [index, rest] = text.split(',');
    map.push_back(readIndex(index, names));
    text = rest.trim();
  }
  return map;
}

/// One more than the greatest position that `expr` reaches.
static int64_t reach(const LinearExpr &expr,
                     const std::vector<int64_t> &extents) {
  int64_t greatest = expr.constant;
  for (const Term &term : expr.terms)
    if (term.coefficient > 0)
      greatest += term.coefficient * (extents[term.loop] - 1);
  return greatest + 1;
}

static Operand operandOf(AccessMap map, const std::vector<int64_t> &extents) {
  Operand operand;
  for (const LinearExpr &expr : map)
    operand.shape.push_back(reach(expr, extents));
  operand.padLow.assign(map.size(), 0);
  operand.padHigh.assign(map.size(), 0);
  operand.map = std::move(map);
  return operand;
}

Operation describe(const std::string &name, const std::string &loops,
                   std::vector<std::string> inputs, const std::string &output,
                   const std::string &shapeOnly) {
  Operation operation;
  operation.name = name;
  Convolution &geometry = operation.geometry;
  std::vector<std::string> names;
  for (llvm::StringRef text = loops; !text.empty();) {
    auto [loop, rest] = text.split(' ');
    auto [loopName, extentText] = loop.split('=');
    int64_t extent;
    if (extentText.getAsInteger(10, extent))
      misdescribed(operation, "loop '" + loop.str() + "' needs an extent");
    names.push_back(loopName.str());
    geometry.roles.push_back(roleOf(loopName));
    geometry.extents.push_back(extent);
    text = rest;
  }
  if (names != geometry.loopNames())
    misdescribed(operation, "the loops are not numbered in order");
  for (const std::string &input : inputs)
    geometry.inputs.push_back(
        operandOf(readIndices(input, names), geometry.extents));
  geometry.output = operandOf(readIndices(output, names), geometry.extents);
  operation.shapeOnly = readIndices(shapeOnly, names);
  setTypes(operation, ElementType::F32, ElementType::F32);
  return operation;
}

static bool isImage(char letter) {
  return letter == 'd' || letter == 'h' || letter == 'w';
}

Operation describe(const std::string &name, const Layout &layout,
                   const std::map<char, int64_t> &extents,
                   const std::vector<ImageDim> &image) {
  std::string imageLetters;
  for (char letter : layout.input)
    if (isImage(letter))
      imageLetters += letter;
  auto has = [](const std::string &letters, char letter) {
    return letters.find(letter) != std::string::npos;
  };
  auto wordOf = [&](char letter) -> std::string {
    bool inInput = has(layout.input, letter);
    bool inFilter = has(layout.filter, letter);
    if (!has(layout.output, letter))
      return "ic";
    return inInput && inFilter ? "g" : inInput ? "n" : "oc";
  };

  // Parallel loops in the order of the result, then taps, then channels.
  std::string letters = layout.output, loops;
  std::map<char, std::string> loopOf;
  for (char letter : layout.input + layout.filter)
    if (!isImage(letter) && !has(letters, letter))
      letters += letter;
  auto count = [&](const std::string &word) {
    return std::count_if(letters.begin(), letters.end(), [&](char letter) {
      return !isImage(letter) && wordOf(letter) == word;
    });
  };
  std::map<std::string, int> seen;
  auto addLoop = [&](const std::string &loop, int64_t extent) {
    loops += (loops.empty() ? "" : " ") + loop + "=" + std::to_string(extent);
  };
  auto addTaps = [&] {
    for (size_t i = 0; i < image.size(); ++i)
      addLoop("k" + std::to_string(i), image[i].taps);
  };
  for (size_t i = 0; i < letters.size(); ++i) {
    if (i == layout.output.size())
      addTaps();
    char letter = letters[i];
    if (isImage(letter)) {
      size_t dim = imageLetters.find(letter);
      addLoop("o" + std::to_string(dim), image[dim].out);
      continue;
    }
    std::string word = wordOf(letter);
    loopOf[letter] =
        count(word) > 1 ? word + std::to_string(seen[word]++) : word;
    addLoop(loopOf[letter], extents.at(letter));
  }
  if (letters.size() == layout.output.size())
    addTaps();

  auto indices = [&](const std::string &operand, char imageWord) {
    std::string text;
    for (char letter : operand) {
      text += text.empty() ? "" : ", ";
      if (!isImage(letter)) {
        text += loopOf.at(letter);
        continue;
      }
      size_t dim = imageLetters.find(letter);
      const ImageDim &size = image[dim];
      std::string number = std::to_string(dim);
      if (imageWord != 'i') {
        text += imageWord + number;
        continue;
      }
      int64_t first = size.dilation < 0 ? -size.dilation * (size.taps - 1) : 0;
      text += std::to_string(size.stride) + "*o" + number +
              (size.dilation < 0 ? "-" : "+") +
              std::to_string(std::abs(size.dilation)) + "*k" + number + "+" +
              std::to_string(first);
    }
    return text;
  };
  Operation operation = describe(
      name, loops, {indices(layout.input, 'i'), indices(layout.filter, 'k')},
      indices(layout.output, 'o'));
  Shape low, high;
  for (char letter : layout.input) {
    const size_t dim = imageLetters.find(letter);
    low.push_back(isImage(letter) ? image[dim].low : 0);
    high.push_back(isImage(letter) ? image[dim].high : 0);
  }
  setPadding(operation, low, high);
  return operation;
}

void makePooling(Operation &operation, Combine combine) {
  operation.shapeOnly = operation.geometry.inputs[1].map;
  operation.geometry.inputs.pop_back();
  operation.combine = combine;
  setTypes(operation, operation.inputTypes[0], operation.outputType);
}

void setTypes(Operation &operation, ElementType inputs, ElementType output) {
  Convolution &geometry = operation.geometry;
  operation.inputTypes.assign(geometry.inputs.size(), inputs);
  operation.outputType = output;
  for (Operand &input : geometry.inputs)
    input.elementBytes = runtime::bytesOf(inputs);
  geometry.output.elementBytes = runtime::bytesOf(output);
  geometry.accumulatorBytes = runtime::bytesOf(operation.accumulator());
}

void setPadding(Operation &operation, const Shape &low, const Shape &high) {
  Operand &input = operation.geometry.inputs[operation.input];
  for (size_t d = 0; d < input.shape.size(); ++d) {
    input.shape[d] += input.padLow[d] + input.padHigh[d] - low[d] - high[d];
    if (input.shape[d] < 1)
      misdescribed(operation, "nothing is left of the input but padding");
  }
  input.padLow = low;
  input.padHigh = high;
}

void enlargeInput(Operation &operation, const Shape &by) {
  Operand &input = operation.geometry.inputs[operation.input];
  for (size_t d = 0; d < by.size(); ++d)
    input.shape[d] += by[d];
}

Shape windowOf(const Operation &operation) {
  Shape shape;
  for (const LinearExpr &expr : operation.shapeOnly)
    shape.push_back(reach(expr, operation.geometry.extents));
  return shape;
}

Shape paddedShape(const Operand &operand) {
  Shape shape = operand.shape;
  for (size_t d = 0; d < shape.size(); ++d)
    shape[d] += operand.padLow[d] + operand.padHigh[d];
  return shape;
}

Ranges rangesOf(const Operation &operation) {
  const ElementType in = operation.inputTypes[0], out = operation.outputType;
  if (!runtime::isFloat(out))
    return {exactLimit(in), exactLimit(in), exactLimit(out)};
  if (operation.combine != Combine::Add)
    return {exactLimit(in), 1, exactLimit(in)};
  const int64_t largest =
      out == ElementType::F16 ? 65504 : exactLimit(operation.accumulator());
  const int64_t each = largest / (operation.terms() + 1);
  if (each < 1)
    misdescribed(operation, "has too many terms to be exact");
  if (operation.isPooling())
    return {std::min(each, exactLimit(in)), 1, std::min(each, exactLimit(in))};
  const int64_t filter = std::min<int64_t>(
      std::max<int64_t>(1, std::sqrt(static_cast<double>(each))),
      exactLimit(in));
  return {std::min(each / filter, exactLimit(in)), filter,
          std::min(each, exactLimit(out))};
}

} // namespace dconv::test
