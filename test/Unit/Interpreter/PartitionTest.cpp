//===- PartitionTest.cpp - level 2 computes what level 0 does -------------===//
//
// Each program under each split: dconv-partition gives the same result bit for
// bit and moves the bytes that Geometry predicts; dconv-erase-sharding gives
// back a program that computes the same.
//
//===----------------------------------------------------------------------===//

#include "Cases.h"
#include "Support.h"

#include "dconv/Geometry/Streaming.h"
#include "dconv/IR/Recognize.h"

#include <cstdlib>
#include <gtest/gtest.h>

using namespace mlir;

namespace dconv::test {

/// A number in the environment, or `otherwise`.
static double setting(const char *name, double otherwise) {
  const char *text = std::getenv(name);
  return text ? std::atof(text) : otherwise;
}

static std::string textOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os);
  return text;
}

static uint64_t matrixSeed() { return setting("DCONV_MATRIX_SEED", 1); }

namespace {
/// One program, its data and its result at level 0.
class Matrix {
public:
  explicit Matrix(const std::string &text) : module(parse(text)) {
    if (!module)
      return;
    arguments = argumentsFor(*module, matrixSeed());
    Interpreter interpreter(*module);
    Result<Tensor> result = runMain(interpreter, arguments);
    if (result)
      expected = *result;
    else
      ADD_FAILURE() << result.error();
    auto found = convolutionsOf(*module);
    if (found.size() != 1)
      return;
    geometry = geometryWithPadding(found[0].second);
  }

  /// Tries all splits, or the share of them that the environment asks for.
  void run() {
    ASSERT_TRUE(module && expected);
    ASSERT_GT(geometry.numLoops(), 0u) << "no convolution";
    std::vector<std::string> splits = splitsOf(geometry);
    double share = setting("DCONV_MATRIX_SAMPLE", 1);
    for (size_t i = 0; i < splits.size(); ++i) {
      uint64_t drawn = hash(matrixSeed() + i);
      if (drawn % 10000 >= share * 10000)
        continue;
      SCOPED_TRACE(splits[i]);
      Split split = *parseSplit(splits[i], geometry);
      int64_t shards = split.grid(1).numShards();
      // Also several shards per device, and devices without one.
      int64_t devices = i % 3 == 0 ? shards : 1 + drawn % (shards + 2);
      check(splits[i], split, devices, /*streamed=*/false);
      if (i % 3 == 1)
        stream(split, devices);
      gather(splits[i], split, devices, drawn);
      if (testing::Test::HasFailure())
        return;
    }
  }

private:
  /// Streams `given` with its reductions last, on as many devices as can.
  void stream(const Split &given, int64_t devices) {
    Split split;
    for (bool reductions : {false, true})
      for (const AxisSplit &axis : given.axes)
        if (geometry.isReduction(axis.loop) == reductions)
          split.axes.push_back(axis);
    while (!checkStreamed(geometry, split, devices))
      --devices;
    check(toString(split, geometry), split, devices, /*streamed=*/true);
  }

  /// Gathers, of the inputs that `split` replicates, one or both.
  void gather(const std::string &spec, const Split &split, int64_t devices,
              uint64_t drawn) {
    std::vector<GatheredInput> gathered;
    for (unsigned i = 0; i < geometry.inputs.size(); ++i) {
      drawn = hash(drawn);
      GatheredInput one{i, static_cast<CollectiveAlgorithm>(drawn % 3)};
      if (drawn / 3 % 3 && checkGathered(geometry, split, {one}))
        gathered.push_back(one);
    }
    if (!gathered.empty())
      check(spec, split, devices, /*streamed=*/false, gathered);
  }

  void check(const std::string &spec, const Split &split, int64_t devices,
             bool streamed, const std::vector<GatheredInput> &gathered = {}) {
    OwningOpRef<ModuleOp> copy = module->clone();
    std::string plan = "dconv-plan{split=" + spec +
                       " devices=" + std::to_string(devices) +
                       (streamed ? " stream=true" : "");
    for (GatheredInput one : gathered)
      plan += (one == gathered.front() ? " gather=" : ",") +
              std::to_string(one.input) + "=" + toString(one.algorithm);
    SCOPED_TRACE(plan += "}");
    ASSERT_EQ(runPasses(*copy, plan), "");
    ASSERT_EQ(runPasses(*copy, "dconv-partition"), "");
    // What is printed reads back as the same.
    std::string text = textOf(*copy), why;
    OwningOpRef<ModuleOp> again = parse(text, &why);
    ASSERT_TRUE(again) << why;
    EXPECT_EQ(textOf(*again), text);

    Interpreter interpreter(*copy);
    expectResult(interpreter);

    // Nothing moves between ops where all that is streamed lies on the host.
    Prediction predicted =
        predict(distribute(geometry, split, devices, /*fillsOutput=*/false,
                           gathered));
    Traffic measured = trafficOf(interpreter.movements(), devices);
    if (!streamed) {
      EXPECT_EQ(measured.received, predicted.bytesReceived);
      EXPECT_EQ(measured.sent, predicted.bytesSent);
      EXPECT_EQ(measured.scattered, predicted.scatterBytes);
      EXPECT_EQ(measured.gathered, predicted.gatherBytes);
    }

    ASSERT_EQ(runPasses(*copy, "dconv-erase-sharding"), "");
    copy->walk([](Operation *op) {
      EXPECT_FALSE(isa<DconvDialect>(op->getDialect()))
          << op->getName().getStringRef().str() << " is left";
    });
    Interpreter erased(*copy);
    expectResult(erased);
  }

  void expectResult(Interpreter &interpreter) {
    Result<Tensor> result = runMain(interpreter, arguments);
    ASSERT_TRUE(result) << result.error();
    EXPECT_EQ(differenceOf(*result, *expected), "");
  }

  OwningOpRef<ModuleOp> module;
  std::vector<Tensor> arguments;
  std::optional<Tensor> expected;
  Convolution geometry;
};

class Partition : public testing::TestWithParam<Program> {};

TEST_P(Partition, ComputesTheSame) {
  SCOPED_TRACE(GetParam().text);
  Matrix(GetParam().text).run();
}

std::string nameOf(const testing::TestParamInfo<Program> &info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Named, Partition,
                         testing::ValuesIn(namedPrograms(matrixSeed())),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Typed, Partition, testing::ValuesIn(typedPrograms()),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Window, Partition, testing::ValuesIn(windowPrograms()),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(Generic, Partition,
                         testing::ValuesIn(genericPrograms()), nameOf);
} // namespace

} // namespace dconv::test
