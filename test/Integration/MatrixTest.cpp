//===- MatrixTest.cpp - op kinds x splits, end to end ---------------------===//
//
// Every case is a GoogleTest test of its own name; those that this process will
// run are compiled some dozens at a time.
//
//===----------------------------------------------------------------------===//

#include "Batch.h"

#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

using namespace dconv::test;

namespace {
/// Cases of one shared object: more make the first wait, fewer cost time.
constexpr size_t batchSize = 32;

/// The cases of this process and what is compiled of them.
class Matrix {
public:
  explicit Matrix(Cases given) : cases(std::move(given)) {}

  const Cases &all() const { return cases; }

  std::string run(size_t number) {
    const Case &which = cases[number];
    if (!batch || !inBatch.count(number))
      compileFrom(number);
    return batch->run(which);
  }

private:
  /// Compiles `first` with later cases for as many devices that are selected.
  void compileFrom(size_t first) {
    batch.reset();
    inBatch.clear();
    std::vector<const Case *> together;
    const testing::TestSuite *suite =
        testing::UnitTest::GetInstance()->current_test_suite();
    for (size_t i = first; i < cases.size() && together.size() < batchSize;
         ++i) {
      if (i != first && (cases[i].devices != cases[first].devices ||
                         cases[i].streamed != cases[first].streamed ||
                         !suite->GetTestInfo(i)->should_run()))
        continue;
      together.push_back(&cases[i]);
      inBatch.insert(i);
    }
    batch = std::make_unique<Batch>(std::move(together));
  }

  Cases cases;
  std::unique_ptr<Batch> batch;
  std::set<size_t> inBatch;
};

class MatrixTest : public testing::Test {
public:
  MatrixTest(Matrix &matrix, size_t number) : matrix(matrix), number(number) {}

  void TestBody() override {
    std::string wrong = matrix.run(number);
    EXPECT_TRUE(wrong.empty()) << wrong;
  }

private:
  Matrix &matrix;
  size_t number;
};
} // namespace

/// All cases, those that compile together one after the other, or a share of
/// them as DCONV_MATRIX_SAMPLE and DCONV_MATRIX_SEED say.
static Cases chooseCases() {
  std::map<std::pair<bool, int64_t>, Cases> alike;
  std::set<std::string> names;
  for (Cases some : {namedCases(), elementCases(), genericCases(),
                     cornerCases(), programCases(), xlaCases(), dtensorCases()})
    for (Case &one : some) {
      if (!names.insert(one.name).second)
        llvm::report_fatal_error(
            llvm::Twine("matrix: two cases are named '" + one.name + "'"));
      alike[{one.streamed, one.devices}].push_back(std::move(one));
    }
  const char *share = std::getenv("DCONV_MATRIX_SAMPLE");
  const char *seedText = std::getenv("DCONV_MATRIX_SEED");
  uint64_t seed = seedText ? std::strtoull(seedText, nullptr, 10) : 1;
  const double wanted = share ? std::strtod(share, nullptr) : 1;
  Cases chosen;
  for (auto &[key, cases] : alike)
    for (Case &one : cases)
      if (nextRandom(seed) % 1000000 < wanted * 1000000)
        chosen.push_back(std::move(one));
  return chosen;
}

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  Matrix matrix(chooseCases());
  for (size_t i = 0; i < matrix.all().size(); ++i)
    testing::RegisterTest(
        "matrix", matrix.all()[i].name.c_str(), nullptr, nullptr, __FILE__,
        __LINE__,
        [&matrix, i]() -> MatrixTest * { return new MatrixTest(matrix, i); });
  return RUN_ALL_TESTS();
}
