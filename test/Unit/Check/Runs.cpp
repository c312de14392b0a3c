//===- Runs.cpp - runs to check -------------------------------------------===//

#include "Runs.h"

#include "dconv/Check/Inputs.h"
#include "dconv/Conversion/ReadProgram.h"
#include "dconv/Pipelines/Register.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/APFloat.h"
#include <gtest/gtest.h>

using namespace mlir;

namespace dconv::test {

MLIRContext &context() {
  static MLIRContext *shared = [] {
    DialectRegistry registry;
    registerAllDialects(registry);
    registerAllExtensions(registry);
    registerDialect(registry);
    return new MLIRContext(registry, MLIRContext::Threading::DISABLED);
  }();
  return *shared;
}

static std::vector<int64_t> shapeOf(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? tensor.getShape().vec() : std::vector<int64_t>();
}

TestRun::TestRun(const std::string &text)
    : module(parseSourceString<ModuleOp>(text, &context())) {
  if (!module) {
    ADD_FAILURE() << text;
    return;
  }
  run.entry = "main";
  auto function = module->lookupSymbol<func::FuncOp>("main");
  for (auto [number, type] : llvm::enumerate(function.getArgumentTypes())) {
    runtime::ElementType element = *elementTypeOf(getElementTypeOrSelf(type));
    std::vector<int64_t> shape = shapeOf(type);
    arguments.emplace_back(Box::whole(shape).volume() *
                           runtime::bytesOf(element));
    fillInput(element, shape, /*seed=*/1, number, arguments.back().data());
  }
  for (const Bytes &argument : arguments)
    run.arguments.push_back(argument.data());
}

static Bytes bytesAt(const void *data, size_t bytes) {
  auto *begin = static_cast<const std::byte *>(data);
  return {begin, begin + bytes};
}

void TestRun::addRecord(const std::string &name, const void *data,
                        size_t bytes) {
  run.records.push_back({name, bytesAt(data, bytes)});
}

void TestRun::addResult(const void *data, size_t bytes) {
  results.push_back(bytesAt(data, bytes));
}

void TestRun::addConvolution(const std::string &name,
                             const std::string &split) {
  run.convolutions.push_back({name, split});
}

/// The element of `type` nearest to `value`.
static uint64_t bitsOf(const SampledValue &value, FloatType type) {
  llvm::APFloat number(static_cast<double>(value.real));
  bool losesInfo;
  number.convert(type.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven,
                 &losesInfo);
  return number.bitcastToAPInt().getZExtValue();
}

void TestRun::computeByDefinition(const std::string &split) {
  auto all = convolutionsOf(*module);
  ASSERT_EQ(all.size(), 1u);
  RecognizedConvolution &found = all.front().second;
  auto argumentOf = [&](unsigned operand) -> const void * {
    auto value = cast<BlockArgument>(found.op->getOperand(operand));
    return arguments[value.getArgNumber()].data();
  };
  SampledConvolution sampled;
  sampled.geometry = found.geometry;
  sampled.combiner = found.body.combiner;
  sampled.ignoresNaN = found.body.ignoresNaN;
  Type type = getElementTypeOrSelf(found.initValue());
  sampled.type = *elementTypeOf(type);
  sampled.init = argumentOf(found.op.getDpsInitOperand(0)->getOperandNumber());
  for (const Factor &factor : found.body.factors) {
    Type element = getElementTypeOrSelf(found.op->getOperand(factor.operand));
    int64_t zeroPoint =
        factor.zeroPoint
            ? *static_cast<const int32_t *>(argumentOf(*factor.zeroPoint))
            : 0;
    sampled.inputs.push_back({*elementTypeOf(element), factor.cast,
                              argumentOf(factor.operand), zeroPoint});
  }

  const Operand &output = found.geometry.output;
  std::vector<std::vector<int64_t>> positions;
  for (int64_t i = 0, n = output.extent().volume(); i < n; ++i) {
    std::vector<int64_t> position(found.geometry.numLoops(), 0);
    int64_t rest = i;
    for (size_t d = output.shape.size(); d-- > 0; rest /= output.shape[d])
      position[output.map[d].terms[0].loop] = rest % output.shape[d];
    positions.push_back(position);
  }
  int64_t bytes = runtime::bytesOf(sampled.type);
  Bytes values;
  for (const SampledValue &value :
       computeSamples(sampled, positions, /*withMagnitude=*/false)) {
    auto floatType = dyn_cast<FloatType>(type);
    uint64_t bits = floatType ? bitsOf(value, floatType) : value.integer;
    for (int64_t byte = 0; byte < bytes; ++byte)
      values.push_back(std::byte(bits >> (8 * byte) & 255));
  }
  addConvolution(all.front().first, split);
  addRecord(all.front().first, values);
  addResult(values);
}

Result<CheckReport> TestRun::check(const CheckOptions &options) {
  run.results.clear();
  for (const Bytes &result : results)
    run.results.push_back(result.data());
  return checkRun(*module, run, options);
}

CheckReport TestRun::report(const CheckOptions &options) {
  Result<CheckReport> result = check(options);
  if (result)
    return *result;
  ADD_FAILURE() << result.error();
  return {};
}

std::vector<float> convolve(const float *input, const float *filter,
                            std::vector<float> output, int64_t height,
                            int64_t width, int64_t channels, int64_t features) {
  int64_t images = output.size() / (height * width * features);
  for (int64_t n = 0; n < images; ++n)
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x)
        for (int64_t f = 0; f < features; ++f)
          for (int64_t ky = 0; ky < 3; ++ky)
            for (int64_t kx = 0; kx < 3; ++kx)
              for (int64_t c = 0; c < channels; ++c)
                output[((n * height + y) * width + x) * features + f] +=
                    input[((n * (height + 2) + y + ky) * (width + 2) + x + kx) *
                              channels + c] *
                    filter[((ky * 3 + kx) * channels + c) * features + f];
  return output;
}

} // namespace dconv::test
