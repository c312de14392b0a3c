//===- Programs.cpp - programs of one convolution, as text ----------------===//

#include "Programs.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

using llvm::StringRef;

namespace dconv::test {

static bool isImage(char dim) { return dim == 'd' || dim == 'h' || dim == 'w'; }

bool NamedOp::isPooling() const {
  return StringRef(name).starts_with("pooling");
}
bool NamedOp::hasStrides() const {
  return !StringRef(name).starts_with("conv_") ||
         !StringRef(name).ends_with("d");
}
bool NamedOp::isQuantised() const { return StringRef(name).ends_with("_q"); }
bool NamedOp::isUnsigned() const {
  return StringRef(name).ends_with("_unsigned");
}
unsigned NamedOp::imageDims() const {
  return llvm::count_if(StringRef(input), isImage);
}

int64_t Window::outputs() const {
  int64_t room = image + low + high - (taps - 1) * dilation - 1;
  return room < 0 ? 0 : room / stride + 1;
}

static void append(std::string &list, const std::string &item) {
  list += (list.empty() ? "" : ", ") + item;
}

/// "f32" of "tensor<8x3xf32>"
static std::string elementOf(StringRef type) {
  type.consume_front("tensor<");
  return type.drop_back().ltrim("0123456789x").str();
}

/// %p is `operand`, `from`, widened to type `to`.
static std::string padText(const std::string &operand,
                           const std::string &widths, const std::string &value,
                           const std::string &from, const std::string &to) {
  std::string indices, element = elementOf(from);
  for (size_t d = 0, rank = StringRef(from).count('x'); d < rank; ++d)
    append(indices, "%i" + std::to_string(d) + ": index");
  return "  %v = arith.constant " + value + " : " + element +
         "\n  %p = tensor.pad " + operand + " " + widths + " {\n  ^bb0(" +
         indices + "):\n    tensor.yield %v : " + element + "\n  } : " + from +
         " to " + to + "\n";
}

/// %init is filled with 2.
static std::string fillText(const std::string &type) {
  std::string element = elementOf(type);
  bool isFloat = element[0] == 'f' || element[0] == 'b';
  return "  %z = arith.constant " + std::string(isFloat ? "2.0" : "2") + " : " +
         element + "\n  %e = tensor.empty() : " + type +
         "\n  %init = linalg.fill ins(%z : " + element + ") outs(%e : " + type +
         ") -> " + type + "\n";
}

std::string NamedProgram::typeOf(StringRef dims, const std::string &element,
                                 Extent imageExtent) const {
  std::string text = "tensor<";
  unsigned next = 0;
  for (char dim : dims)
    text += std::to_string(isImage(dim) ? imageExtent(windows[next++])
                                        : channels.at(dim)) +
            "x";
  return text + element + ">";
}

/// "[1, 2]" of the windows.
static std::string listOf(const std::vector<Window> &windows,
                          int64_t Window::*field) {
  std::string list;
  for (const Window &window : windows)
    append(list, std::to_string(window.*field));
  return "[" + list + "]";
}

std::string NamedProgram::padWidths(int64_t Window::*side) const {
  std::string widths;
  unsigned next = 0;
  for (char dim : StringRef(op.input))
    append(widths, std::to_string(isImage(dim) ? windows[next++].*side : 0));
  return "[" + widths + "]";
}

std::string NamedProgram::text() const {
  std::string x = typeOf(op.input, input,
                         [](const Window &window) { return window.image; });
  std::string p = typeOf(op.input, input, [](const Window &window) {
    return window.image + window.low + window.high;
  });
  std::string w = typeOf(op.filter, filter,
                         [](const Window &window) { return window.taps; });
  std::string y = typeOf(op.output, output,
                         [](const Window &window) { return window.outputs(); });
  std::string attributeText = attributes;
  std::string listType =
      " : tensor<" + std::to_string(windows.size()) + "xi64>";
  if (op.hasStrides()) {
    append(attributeText, "strides = dense<" +
                              listOf(windows, &Window::stride) + ">" +
                              listType);
    append(attributeText, "dilations = dense<" +
                              listOf(windows, &Window::dilation) + ">" +
                              listType);
  }
  std::string scalars = op.isQuantised() ? ", %zx, %zw" : "";
  std::string scalarTypes = op.isQuantised() ? ", i32, i32" : "";
  bool pads = p != x;

  std::string text = "func.func @main(%x: " + x + ", %w: " + w +
                     ", %zx: i32, %zw: i32, %y: " + y + ") -> " + y + " {\n";
  if (pads)
    text += padText("%x",
                    "low" + padWidths(&Window::low) + " high" +
                        padWidths(&Window::high),
                    padValue, x, p);
  if (fillsOutput)
    text += fillText(y);
  return text + "  %r = linalg." + op.name + " {" + attributeText + "} ins(" +
         (pads ? "%p" : "%x") + ", %w" + scalars + " : " + p + ", " + w +
         scalarTypes + ") outs(" + (fillsOutput ? "%init" : "%y") + " : " + y +
         ") -> " + y + "\n  return %r : " + y + "\n}\n";
}

std::string GenericProgram::text() const {
  std::string arguments, mapText, iteratorText, block, names[2], typeTexts[2];
  bool pads = !pad.empty();
  for (size_t i = 0; i < types.size(); ++i) {
    std::string name = "%x" + std::to_string(i);
    bool isOutput = i + 1 == types.size(), isPadded = i == 0 && pads;
    append(names[isOutput], isPadded ? "%p" : name);
    append(typeTexts[isOutput], types[i]);
    append(arguments, name + ": " + (isPadded ? unpadded : types[i]));
    append(mapText, "affine_map<(" + loops + ") -> (" + maps[i] + ")>");
    append(block,
           std::string("%") + char('a' + i) + ": " + elementOf(types[i]));
  }
  for (char iterator : iterators)
    append(iteratorText, iterator == 'p' ? "\"parallel\"" : "\"reduction\"");
  std::string bodyText = body;
  if (bodyText.empty())
    bodyText = "%m = arith.mulf %a, %b : f32\n%s = arith.addf %c, %m : f32\n"
               "linalg.yield %s : f32\n";
  const std::string &result = types.back();
  return "func.func @main(" + arguments + ") -> " + result + " {\n" +
         (pads ? padText("%x0", pad, "0.0", unpadded, types[0]) : "") +
         "  %r = linalg.generic {indexing_maps = [" + mapText +
         "], iterator_types = [" + iteratorText + "]} ins(" + names[0] + " : " +
         typeTexts[0] + ") outs(" + names[1] + " : " + typeTexts[1] +
         ") {\n^bb0(" + block + "):\n" + bodyText + "} -> " + result +
         "\n  return %r : " + result + "\n}\n";
}

} // namespace dconv::test
