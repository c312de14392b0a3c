//===- Programs.cpp - small programs to recognise -------------------------===//

#include "Programs.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Complex/IR/Complex.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace mlir;

namespace dconv::test {

MLIRContext &context() {
  static MLIRContext *shared = [] {
    DialectRegistry registry;
    registry.insert<arith::ArithDialect, complex::ComplexDialect,
                    func::FuncDialect, linalg::LinalgDialect, math::MathDialect,
                    scf::SCFDialect, tensor::TensorDialect>();
    return new MLIRContext(registry, MLIRContext::Threading::DISABLED);
  }();
  return *shared;
}

OwningOpRef<ModuleOp> parse(const std::string &text) {
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context());
  EXPECT_TRUE(module) << text;
  return module;
}

Operation *lastLinalgOp(ModuleOp module) {
  Operation *last = nullptr;
  module->walk<WalkOrder::PreOrder>([&](linalg::LinalgOp op) {
    if (!isa<linalg::FillOp>(op.getOperation()))
      last = op;
  });
  return last;
}

/// "f32" of "tensor<8x3xf32>"; a scalar type is its own.
static std::string elementOf(llvm::StringRef type) {
  if (!type.consume_front("tensor<"))
    return type.str();
  return type.drop_back().ltrim("0123456789x").str();
}

std::string moduleOf(const Generic &generic) {
  std::string arguments, maps, iterators, block, names[2], types[2];
  auto append = [](std::string &list, const std::string &item) {
    list += (list.empty() ? "" : ", ") + item;
  };
  for (size_t i = 0; i < generic.types.size(); ++i) {
    const std::string &type = generic.types[i];
    std::string name = "%x" + std::to_string(i);
    bool isOutput = i + 1 == generic.types.size();
    append(names[isOutput], name);
    append(types[isOutput], type);
    append(arguments, name + ": " + type);
    append(maps,
           "affine_map<(" + generic.loops + ") -> (" + generic.maps[i] + ")>");
    append(block, std::string("%") + char('a' + i) + ": " + elementOf(type));
  }
  for (char iterator : generic.iterators)
    append(iterators, iterator == 'p' ? "\"parallel\"" : "\"reduction\"");
  std::string body = generic.body;
  if (body.empty())
    body = "%p = arith.mulf %a, %b : f32\n"
           "%s = arith.addf %c, %p : f32\n"
           "linalg.yield %s : f32\n";
  const std::string &result = generic.types.back();
  return "func.func @main(" + arguments + ") -> " + result +
         " {\n  %r = linalg.generic {indexing_maps = [" + maps +
         "], iterator_types = [" + iterators + "]} ins(" + names[0] + " : " +
         types[0] + ") outs(" + names[1] + " : " + types[1] + ") {\n^bb0(" +
         block + "):\n" + body + "} -> " + result +
         "\n  return %r : " + result + "\n}\n";
}

std::string loopsOf(const RecognizedConvolution &found) {
  std::string text;
  std::vector<std::string> names = found.geometry.loopNames();
  for (unsigned loop = 0; loop < found.geometry.numLoops(); ++loop)
    text += (loop ? " " : "") + names[loop] + "=" +
            std::to_string(found.geometry.extents[loop]);
  return text;
}

static std::string castText(CastKind kind, unsigned operand) {
  static const char *const words[] = {"", "ext.f", "ext.si", "ext.ui"};
  std::string name = "#" + std::to_string(operand);
  if (kind == CastKind::None)
    return name;
  return words[static_cast<unsigned>(kind)] + ("(" + name + ")");
}

std::string bodyOf(const RecognizedConvolution &found) {
  static const char *const words[] = {"add", "max", "min", "max.u", "min.u"};
  std::string text = words[static_cast<unsigned>(found.body.combiner)];
  if (found.body.ignoresNaN)
    text += ".num";
  const char *separator = " ";
  for (const Factor &factor : found.body.factors) {
    text += separator + castText(factor.cast, factor.operand);
    if (factor.zeroPoint)
      text += "-" + castText(factor.zeroPointCast, *factor.zeroPoint);
    separator = " * ";
  }
  llvm::raw_string_ostream(text) << " in " << found.body.accumulator;
  return text;
}

/// Calls `describe` with what the last linalg op of `module` is recognised as.
template <typename Describe>
static std::string describeModule(const std::string &text, Describe describe) {
  OwningOpRef<ModuleOp> module = parse(text);
  if (!module)
    return "unreadable";
  NotRecognized why;
  std::optional<RecognizedConvolution> found =
      recognizeConvolution(lastLinalgOp(*module), &why);
  if (!found)
    return why.reason + (why.isCandidate ? "" : " (no candidate)");
  return describe(*found);
}

std::string loopsOf(const std::string &module) {
  return describeModule(module, [](const RecognizedConvolution &found) {
    return loopsOf(found);
  });
}

std::string bodyOf(const std::string &module) {
  return describeModule(
      module, [](const RecognizedConvolution &found) { return bodyOf(found); });
}

std::string refusalOf(const std::string &module) {
  return describeModule(
      module, [](const RecognizedConvolution &) { return "recognized"; });
}

} // namespace dconv::test
