//===- SplitTest.cpp - SPECs, their errors and their printed form ---------===//

#include "Cases.h"

#include "gtest/gtest.h"

using namespace dconv;
using namespace dconv::test;

namespace {
/// n, o0, o1, oc, k0, k1, ic with extents that tell them apart.
Convolution namedDims() {
  Convolution convolution;
  convolution.extents = {2, 56, 7, 64, 3, 5, 1};
  convolution.roles = {Role::Batch,         Role::Output, Role::Output,
                       Role::OutputChannel, Role::Tap,    Role::Tap,
                       Role::InputChannel};
  return convolution;
}

const char *const dims =
    "; its dims are n=2, o0=56, o1=7, oc=64, k0=3, k1=5, ic=1";

std::vector<AxisSplit> axesOf(const std::string &spec) {
  Result<Split> split = parseSplit(spec, namedDims());
  EXPECT_TRUE(split) << split.error();
  return split ? split->axes : std::vector<AxisSplit>();
}
} // namespace

TEST(LoopNames, AreNumberedWhereThereAreSeveral) {
  Convolution convolution;
  convolution.roles = {Role::Batch,        Role::Group,         Role::Output,
                       Role::Batch,        Role::OutputChannel, Role::Tap,
                       Role::InputChannel, Role::InputChannel,  Role::Output};
  convolution.extents.resize(9, 1);
  EXPECT_EQ(convolution.loopNames(),
            (std::vector<std::string>{"n0", "g", "o0", "n1", "oc", "k0", "ic0",
                                      "ic1", "o1"}));
}

TEST(ParseSplit, BalancedPartsLongerOnesFirst) {
  std::vector<AxisSplit> expected{{1, {19, 19, 18}}};
  EXPECT_EQ(axesOf("o0=3"), expected);
}

TEST(ParseSplit, AxesInTheOrderOfTheSpec) {
  std::vector<AxisSplit> expected{{3, {22, 21, 21}}, {1, {28, 28}}};
  EXPECT_EQ(axesOf("oc=3,o0=2"), expected);
}

TEST(ParseSplit, LengthsWrittenByHand) {
  std::vector<AxisSplit> expected{{2, {1, 5, 1}}, {4, {3}}};
  EXPECT_EQ(axesOf("o1=[1,5,1],k0=[3]"), expected);
}

TEST(ParseSplit, LoopNumbersAlwaysWork) {
  std::vector<AxisSplit> expected{{6, {1}}, {1, {28, 28}}};
  EXPECT_EQ(axesOf("d6=1,d1=2"), expected);
}

TEST(ParseSplit, AsManyPartsAsThereAre) {
  EXPECT_EQ(axesOf("o1=7")[0].lengths, std::vector<int64_t>(7, 1));
}

TEST(ParseSplit, ErrorsSayWhatIsWrongAndWhatDimsThereAre) {
  std::pair<const char *, const char *> cases[] = {
      {"", "has no dim ''"},
      {"=2", "has no dim ''"},
      {"g=2", "has no dim 'g'"},
      {"o=2", "has no dim 'o'"},
      {"o2=2", "has no dim 'o2'"},
      {"d7=1", "has no dim 'd7'"},
      {"d01=1", "has no dim 'd01'"},
      {"O0=2", "has no dim 'O0'"},
      {" o0=2", "has no dim ' o0'"},
      {"n0=2", "has no dim 'n0'"},
      {"o0=2,", "has no dim ''"},
      {",o0=2", "has no dim ''"},
      {"o0", "needs 'o0=parts' or 'o0=[length,...]'"},
      {"o0,oc=2", "needs 'o0=parts' or 'o0=[length,...]'"},
      {"o0=2,o0=2", "splits dim 'o0' twice"},
      {"o0=2,d1=2", "splits dim 'd1' twice"},
      {"o0=", "needs a positive number of parts of dim 'o0'"},
      {"o0=0", "needs a positive number of parts of dim 'o0'"},
      {"o0=-1", "needs a positive number of parts of dim 'o0'"},
      {"o0=x", "needs a positive number of parts of dim 'o0'"},
      {"o0==2", "needs a positive number of parts of dim 'o0'"},
      {"o0=99999999999999999999",
       "needs a positive number of parts of dim 'o0'"},
      {"o0=57", "asks for 57 parts of dim 'o0', which has extent 56"},
      {"ic=2", "asks for 2 parts of dim 'ic', which has extent 1"},
      {"o1=[]", "needs positive lengths of dim 'o1'"},
      {"o1=[7", "needs ']' after the lengths of dim 'o1'"},
      {"o1=[3;4]", "needs ']' after the lengths of dim 'o1'"},
      {"o1=[3,0,4]", "needs positive lengths of dim 'o1'"},
      {"o1=[3,,4]", "needs positive lengths of dim 'o1'"},
      {"o1=[3,4,]", "needs positive lengths of dim 'o1'"},
      {"o1=[3,-4,8]", "needs positive lengths of dim 'o1'"},
      {"o1=[3,3]", "has lengths of dim 'o1' that add up to 6 where its extent "
                   "is 7"},
      {"o1=[4,4]", "has lengths of dim 'o1' that add up to 8 where its extent "
                   "is 7"},
      {"o1=[9223372036854775807,9223372036854775807,9]",
       "has lengths of dim 'o1' that do not fit 64 bits"},
      {"o1=[3,4]x", "has unexpected 'x'"},
      {"o0=2 ", "has unexpected ' '"},
      {"o0=2;oc=2", "has unexpected ';oc=2'"},
      {"o0=2x2", "has unexpected 'x2'"}};
  for (auto [spec, what] : cases) {
    Result<Split> split = parseSplit(spec, namedDims());
    ASSERT_FALSE(split) << spec;
    EXPECT_EQ(split.error(),
              "split '" + std::string(spec) + "' " + what + dims);
  }
}

TEST(ParseSplit, RefusesMoreShardsThanAGridTakes) {
  Convolution convolution = namedDims();
  convolution.extents[1] = convolution.extents[2] = int64_t(1) << 40;
  for (const char *spec : {"o0=65537", "o0=256,o1=257",
                           "o0=65536,o1=1099511627776"}) {
    Result<Split> split = parseSplit(spec, convolution);
    ASSERT_FALSE(split) << spec;
    EXPECT_NE(split.error().find("makes more than 65536 shards"),
              std::string::npos)
        << split.error();
  }
  EXPECT_TRUE(parseSplit("o0=256,o1=256", convolution));
}

TEST(SplitToString, IsTheShortestSpec) {
  auto print = [](const std::string &spec) {
    Result<Split> split = parseSplit(spec, namedDims());
    EXPECT_TRUE(split) << spec;
    return toString(*split, namedDims());
  };
  EXPECT_EQ(print("o0=2,oc=[22,21,21]"), "o0=2,oc=3");
  EXPECT_EQ(print("oc=[21,22,21],d0=1"), "oc=[21,22,21],n=1");
}

TEST(SplitToString, ReadsBackAsTheSameSplit) {
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    Case testCase = randomCase(random, 1 + i % 3);
    if (testCase.split.axes.empty())
      continue;
    std::string spec = toString(testCase.split, testCase.convolution);
    Result<Split> split = parseSplit(spec, testCase.convolution);
    ASSERT_TRUE(split) << split.error();
    ASSERT_EQ(*split, testCase.split) << spec;
    Result<int64_t> shards = checkSplit(*split, testCase.convolution);
    ASSERT_TRUE(shards) << shards.error();
    ASSERT_EQ(*shards, split->grid(1).numShards());
  }
}

TEST(CheckSplit, RefusesWhatAPlanWrittenByHandMayHold) {
  std::pair<std::vector<AxisSplit>, const char *> cases[] = {
      {{{7, {1}}}, "axis 0 splits loop 7 of 7"},
      {{{0, {1, 1}}, {3, {64}}, {0, {2}}}, "axis 2 splits loop 0 again"},
      {{{0, {2, 0}}}, "axis 0 has a part of length 0"},
      {{{4, {3}}, {0, {3, -1}}}, "axis 1 has a part of length -1"},
      {{{0, {1}}},
       "axis 0 has parts that add up to 1 where the extent of loop 0 is 2"},
      {{{4, {2, 2}}},
       "axis 0 has parts that add up to 4 where the extent of loop 4 is 3"},
      {{{0, {}}},
       "axis 0 has parts that add up to 0 where the extent of loop 0 is 2"},
      {{{0, {INT64_MAX, INT64_MAX, 4}}},
       "axis 0 has a part of length 9223372036854775807"}};
  for (const auto &[axes, what] : cases) {
    Result<int64_t> shards = checkSplit({axes}, namedDims());
    ASSERT_FALSE(shards) << what;
    EXPECT_EQ(shards.error(), what);
  }
  Result<int64_t> whole = checkSplit({}, namedDims());
  ASSERT_TRUE(whole);
  EXPECT_EQ(*whole, 1);
}

TEST(Split, FindsTheAxisOfALoop) {
  Split split{{{3, {64}}, {1, {56}}}};
  EXPECT_EQ(split.axisOf(3), 0);
  EXPECT_EQ(split.axisOf(1), 1);
  EXPECT_EQ(split.axisOf(0), -1);
}
