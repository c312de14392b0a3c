//===- KernelWorkTest.cpp - how kernels use vectors -----------------------===//

#include "dconv/Planner/KernelWork.h"
#include "dconv/Planner/MachineFields.h"
#include "dconv/Planner/TimeModel.h"

#include "gtest/gtest.h"

#include <random>

using namespace dconv;

namespace {
/// A convolution of a 9x`columns` image: nhwc with an hwcf filter, or nchw
/// with fchw.
Convolution image(bool channelsLast, int64_t columns, int64_t stride = 1,
                  int64_t taps = 3) {
  // Loops: n, o0, o1, oc, k0, k1, ic.
  Convolution conv;
  conv.extents = {2, 9, columns, 24, taps, taps, 5};
  conv.roles = {Role::Batch, Role::Output, Role::Output, Role::OutputChannel,
                Role::Tap,   Role::Tap,    Role::InputChannel};
  auto loop = [](unsigned l) { return LinearExpr{{{l, 1}}, 0}; };
  auto window = [&](unsigned o, unsigned k) {
    return LinearExpr{{{o, stride}, {k, 1}}, 0};
  };
  int64_t rows = stride * 8 + taps, width = stride * (columns - 1) + taps;
  Operand input, filter, output;
  if (channelsLast) {
    input.map = {loop(0), window(1, 4), window(2, 5), loop(6)};
    input.shape = {2, rows, width, 5};
    filter.map = {loop(4), loop(5), loop(6), loop(3)};
    filter.shape = {taps, taps, 5, 24};
    output.map = {loop(0), loop(1), loop(2), loop(3)};
    output.shape = {2, 9, columns, 24};
  } else {
    input.map = {loop(0), loop(6), window(1, 4), window(2, 5)};
    input.shape = {2, 5, rows, width};
    filter.map = {loop(3), loop(6), loop(4), loop(5)};
    filter.shape = {24, 5, taps, taps};
    output.map = {loop(0), loop(3), loop(1), loop(2)};
    output.shape = {2, 24, 9, columns};
  }
  for (Operand *operand : {&input, &filter, &output}) {
    operand->padLow.assign(operand->map.size(), 0);
    operand->padHigh = operand->padLow;
  }
  conv.inputs = {input, filter};
  conv.output = output;
  return conv;
}

DeviceDescription device() {
  DeviceDescription device;
  device.vectorBytes = 64; // 16 lanes of f32
  device.memoryBandwidth = device.copyBandwidth = 1e10;
  device.launchLatency = device.copyLatency = 1e-6;
  device.rowLatency = 1e-8;
  device.cacheBytes = 4096;
  device.lastCacheBytes = 65536;
  for (KernelClass kind : kernelClasses())
    device.rates[{kind, "f32"}] = {5e10, 1e9, 2e8, 3e9, 7e10, 2e10, 3e10, 1e10};
  return device;
}

double macsOf(const Convolution &conv) {
  return KernelShape(conv).work(conv.extents, device())[0];
}

TEST(KernelWork, HasANumberForEachRate) {
  EXPECT_EQ(fieldsOf<KernelRate>().size(), numKernelCosts);
}

TEST(KernelWork, TheInnermostDimOfTheOutputIsTheVector) {
  EXPECT_EQ(kernelClassOf(image(true, 20)), KernelClass::Dense);
  EXPECT_EQ(kernelClassOf(image(false, 20)), KernelClass::DenseColumns);
}

// 24 channels are two vectors, 20 columns too; 9 are more than half of one,
// which costs a whole, and 5 no more than half.
TEST(KernelWork, IdleLanesCount) {
  const double perLane = 2 * 9 * 3 * 3 * 5;
  EXPECT_EQ(macsOf(image(true, 20)), perLane * 20 * 32);
  EXPECT_EQ(macsOf(image(false, 20)), perLane * 24 * 32);
  EXPECT_EQ(macsOf(image(false, 9)), perLane * 24 * 16);
  EXPECT_EQ(macsOf(image(false, 5)), perLane * 24 * 8);
}

// A 1x1 filter walks from the end of one row to the begin of the next.
TEST(KernelWork, RowsWithoutAWindowAreOneRun) {
  EXPECT_EQ(macsOf(image(false, 16, 1, 1)), 2. * 9 * 16 * 24 * 5);
  EXPECT_EQ(macsOf(image(false, 5, 1, 1)), 2. * 48 * 24 * 5); // 45 of 48 lanes
  EXPECT_EQ(macsOf(image(false, 5, 2, 1)), 2. * 9 * 8 * 24 * 5);
}

TEST(KernelWork, StridesOfColumnsCount) {
  auto strided = [](const Convolution &conv) {
    return KernelShape(conv).work(conv.extents, device())[4];
  };
  EXPECT_EQ(strided(image(false, 16, 1)), 0);
  EXPECT_EQ(strided(image(false, 16, 3)), 2 * macsOf(image(false, 16, 3)));
  EXPECT_EQ(strided(image(true, 16, 3)), 0);
}

// The search leaves out what is longer in every loop.
TEST(KernelWork, NothingFallsWhenALengthGrows) {
  std::mt19937 random(1);
  const DeviceDescription dev = device();
  for (bool channelsLast : {true, false})
    for (int64_t stride : {1, 2})
      for (int64_t taps : {1, 3}) {
        Convolution conv = image(channelsLast, 40, stride, taps);
        KernelShape shape(conv);
        for (int trial = 0; trial < 300; ++trial) {
          std::vector<int64_t> lengths;
          for (int64_t extent : conv.extents)
            lengths.push_back(1 + random() % extent);
          unsigned loop = random() % lengths.size();
          KernelWork before = shape.work(lengths, dev);
          double seconds = kernelSeconds(conv, lengths, dev, "f32");
          if (lengths[loop] == conv.extents[loop])
            continue;
          ++lengths[loop];
          KernelWork after = shape.work(lengths, dev);
          for (unsigned i = 0; i < numKernelCosts; ++i)
            EXPECT_GE(after[i], before[i]) << "number " << i;
          if (lengths != conv.extents) // that needs no window
            EXPECT_GE(kernelSeconds(conv, lengths, dev, "f32"), seconds);
        }
      }
}

TEST(KernelWork, NoShardWorksLessThanTheBound) {
  std::mt19937 random(2);
  const DeviceDescription dev = device();
  for (bool channelsLast : {true, false})
    for (int64_t stride : {1, 2, 5})
      for (int64_t taps : {1, 3}) {
        Convolution conv = image(channelsLast, 40, stride, taps);
        KernelShape shape(conv);
        bool isReached = false;
        for (int trial = 0; trial < 300; ++trial) {
          std::vector<int64_t> lengths;
          double macs = 1, outputs = 1;
          for (unsigned loop = 0; loop < conv.numLoops(); ++loop) {
            int64_t extent = conv.extents[loop];
            lengths.push_back(trial % 3 ? 1 + random() % extent : extent);
            macs *= lengths.back();
            outputs *= conv.isReduction(loop) ? 1 : lengths.back();
          }
          std::array<double, 3> windows{0, 0, 0};
          for (size_t i = 0; i < conv.inputs.size(); ++i)
            windows[i] = footprint(conv.inputs[i].map, Box::whole(lengths)).volume();
          KernelWork least = shape.atLeast(macs, outputs, windows, dev);
          KernelWork work = shape.work(lengths, dev);
          for (unsigned i = 0; i < numKernelCosts; ++i) {
            EXPECT_LE(least[i], work[i] * (1 + 1e-12)) << "number " << i;
            isReached |= i > 1 && least[i] > 0 && least[i] == work[i];
          }
        }
        EXPECT_TRUE(isReached);
      }
}

TEST(KernelWork, TheGeneralClassServesWhereThereIsNoOther) {
  DeviceDescription plain;
  plain.rates[{KernelClass::Dense, "f32"}] = {1, 2};
  EXPECT_EQ(rateOf(image(false, 20), plain, "f32")->outputsPerSecond, 2);
  EXPECT_EQ(rateOf(image(false, 20), plain, "i8"), nullptr);
  plain.rates[{KernelClass::DenseColumns, "f32"}] = {3, 4};
  EXPECT_EQ(rateOf(image(false, 20), plain, "f32")->outputsPerSecond, 4);
  EXPECT_EQ(rateOf(image(true, 20), plain, "f32")->outputsPerSecond, 2);
}
} // namespace
