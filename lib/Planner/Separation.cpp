//===- Separation.cpp - filters that are products of two ------------------===//

#include "dconv/Planner/Separation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace dconv;

namespace {
__extension__ using Wide = __int128;

/// Walks a filter as a matrix per value of the shared loops: a row per tap.
struct Rows {
  Rows(const LoopStrides &access, unsigned tap,
       const std::vector<unsigned> &shared) {
    offset = access.offset;
    int64_t firstSize = 1, secondSize = 1;
    for (size_t i = access.loops.size(); i-- > 0;) {
      unsigned loop = access.loops[i];
      Loop dim{access.extents[i], access.strides[i], 0, 0};
      bool isShared =
          std::find(shared.begin(), shared.end(), loop) != shared.end();
      if (loop == tap) {
        taps = dim;
        continue;
      }
      dim.inSecond = secondSize;
      secondSize *= dim.extent;
      if (isShared) {
        dim.inFirst = firstSize;
        firstSize *= dim.extent;
      }
      (isShared ? outer : inner).push_back(dim);
    }
  }

  /// Where the elements of a row lie.
  struct Position {
    int64_t filter = 0, first = 0, second = 0;
  };
  struct Loop {
    int64_t extent, stride, inFirst, inSecond;
  };

  static std::vector<Position> positionsOf(const std::vector<Loop> &loops) {
    std::vector<Position> all(1);
    for (const Loop &loop : loops) {
      std::vector<Position> next;
      for (int64_t i = 0; i < loop.extent; ++i)
        for (const Position &at : all)
          next.push_back({at.filter + i * loop.stride,
                          at.first + i * loop.inFirst,
                          at.second + i * loop.inSecond});
      all = std::move(next);
    }
    return all;
  }

  int64_t offset;
  Loop taps{1, 0, 0, 0};
  std::vector<Loop> outer, inner;
};

/// value = integer * 2^exponent for all values of a filter.
struct Scaled {
  std::vector<int64_t> integers;
  int exponent = 0;
};
} // namespace

/// `floats` as integers of at most 62 bits, or nothing.
static std::optional<Scaled> scaled(const std::vector<double> &floats) {
  constexpr int bits = 62, mantissa = 53;
  int low = 0, high = 0;
  bool any = false;
  for (double value : floats) {
    if (value == 0)
      continue;
    int exponent;
    auto whole = static_cast<int64_t>(
        std::ldexp(std::frexp(value, &exponent), mantissa));
    int least = exponent - mantissa + __builtin_ctzll(whole);
    low = any ? std::min(low, least) : least;
    high = any ? std::max(high, exponent) : exponent;
    any = true;
  }
  if (high - low > bits)
    return std::nullopt;
  Scaled result{{}, low};
  for (double value : floats)
    result.integers.push_back(std::ldexp(value, -low));
  return result;
}

/// The factors of one matrix of integers, into `first` and `second`; false
/// where its rows are not multiples of one row.
static bool separateExactly(const std::vector<int64_t> &values,
                            const std::vector<int64_t> &rows,
                            const std::vector<Rows::Position> &columns,
                            std::vector<int64_t> &first,
                            std::vector<int64_t> &second) {
  auto at = [&](size_t row, const Rows::Position &column) -> Wide {
    return values[rows[row] + column.filter];
  };
  size_t pivotRow = 0;
  const Rows::Position *pivot = nullptr;
  for (; pivotRow < rows.size() && !pivot; pivotRow += !pivot)
    for (const Rows::Position &column : columns)
      if (at(pivotRow, column) != 0) {
        pivot = &column;
        break;
      }
  first.assign(rows.size(), 0);
  if (!pivot) {
    first[0] = 1;
    return true; // all zero, as `second` is
  }
  for (size_t row = 0; row < rows.size(); ++row)
    for (const Rows::Position &column : columns)
      if (at(row, column) * at(pivotRow, *pivot) !=
          at(row, *pivot) * at(pivotRow, column))
        return false;
  // Not std::gcd of 64 bits: it has no absolute value of the least integer.
  Wide divisor = 0;
  for (size_t row = 0; row < rows.size(); ++row) {
    Wide a = divisor, b = at(row, *pivot);
    while (b != 0)
      std::swap(a %= b, b);
    divisor = a < 0 ? -a : a;
  }
  if (at(pivotRow, *pivot) < 0)
    divisor = -divisor;
  for (size_t row = 0; row < rows.size(); ++row) {
    Wide factor = at(row, *pivot) / divisor;
    first[row] = factor;
    if (first[row] != factor)
      return false;
  }
  for (const Rows::Position &column : columns)
    second[column.second] = at(pivotRow, column) / first[pivotRow];
  return true;
}

/// The eigenvector of the largest eigenvalue of the symmetric `matrix`, n x n,
/// by Jacobi's rotations.
static std::vector<double> mainAxis(std::vector<double> matrix, size_t n) {
  std::vector<double> axes(n * n, 0);
  for (size_t i = 0; i < n; ++i)
    axes[i * n + i] = 1;
  for (int sweep = 0; sweep < 60; ++sweep) {
    double outside = 0, all = 0;
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j) {
        double square = matrix[i * n + j] * matrix[i * n + j];
        all += square;
        outside += i == j ? 0 : square;
      }
    if (outside <= 1e-32 * all)
      break;
    for (size_t p = 0; p < n; ++p)
      for (size_t q = p + 1; q < n; ++q) {
        double apq = matrix[p * n + q];
        if (apq == 0)
          continue;
        double theta = (matrix[q * n + q] - matrix[p * n + p]) / (2 * apq);
        double t = (theta < 0 ? -1 : 1) /
                   (std::abs(theta) + std::sqrt(theta * theta + 1));
        double c = 1 / std::sqrt(t * t + 1), s = t * c;
        auto rotate = [&](double &x, double &y) {
          double before = x;
          x = c * before - s * y;
          y = s * before + c * y;
        };
        for (size_t k = 0; k < n; ++k)
          rotate(matrix[k * n + p], matrix[k * n + q]);
        for (size_t k = 0; k < n; ++k)
          rotate(matrix[p * n + k], matrix[q * n + k]);
        for (size_t k = 0; k < n; ++k)
          rotate(axes[k * n + p], axes[k * n + q]);
      }
  }
  size_t best = 0;
  for (size_t i = 1; i < n; ++i)
    if (matrix[i * n + i] > matrix[best * n + best])
      best = i;
  std::vector<double> axis;
  for (size_t k = 0; k < n; ++k)
    axis.push_back(axes[k * n + best]);
  return axis;
}

/// The nearest factors of one matrix: `first` with 1 as its largest value.
static void separateNearest(const std::vector<double> &values,
                            const std::vector<int64_t> &rows,
                            const std::vector<Rows::Position> &columns,
                            double *first, std::vector<double> &second) {
  const size_t n = rows.size();
  // Scaled to at most 1, so that squares stay in range.
  double largest = 0;
  for (int64_t row : rows)
    for (const Rows::Position &column : columns)
      largest = std::max(largest, std::abs(values[row + column.filter]));
  std::fill(first, first + n, 0);
  first[0] = 1;
  if (largest == 0)
    return;
  std::vector<double> gram(n * n, 0);
  for (size_t i = 0; i < n; ++i)
    for (size_t j = i; j < n; ++j) {
      double sum = 0;
      for (const Rows::Position &column : columns)
        sum += values[rows[i] + column.filter] / largest *
               (values[rows[j] + column.filter] / largest);
      gram[i * n + j] = gram[j * n + i] = sum;
    }
  std::vector<double> axis = mainAxis(std::move(gram), n);
  double most =
      *std::max_element(axis.begin(), axis.end(), [](double a, double b) {
        return std::abs(a) < std::abs(b);
      });
  double square = 0;
  for (size_t i = 0; i < n; ++i) {
    first[i] = axis[i] / most;
    square += first[i] * first[i];
  }
  for (const Rows::Position &column : columns) {
    double sum = 0;
    for (size_t i = 0; i < n; ++i)
      sum += first[i] * values[rows[i] + column.filter];
    second[column.second] = sum / square;
  }
}

namespace {
class Separator {
public:
  Separator(const LoopStrides &access, const FilterValues &values, unsigned tap,
            const std::vector<unsigned> &shared)
      : rows(access, tap, shared), values(values),
        shared(Rows::positionsOf(rows.outer)),
        columns(Rows::positionsOf(rows.inner)) {
    for (size_t i = 0; i < access.loops.size(); ++i) {
      unsigned loop = access.loops[i];
      if (loop == tap)
        continue;
      result.second.shape.push_back(access.extents[i]);
      if (std::find(shared.begin(), shared.end(), loop) != shared.end())
        result.first.shape.push_back(access.extents[i]);
    }
    result.first.shape.push_back(rows.taps.extent);
  }

  Result<Separation> run() {
    for (double value : values.floats)
      if (!std::isfinite(value))
        return Error{"the weights are not all finite"};
    if (!findExact())
      findNearest();
    return std::move(result);
  }

private:
  /// The rows of the matrix at `at`, and its columns as they lie in `second`.
  std::vector<int64_t> rowsAt(const Rows::Position &at) const {
    std::vector<int64_t> begins;
    for (int64_t tap = 0; tap < rows.taps.extent; ++tap)
      begins.push_back(rows.offset + at.filter + tap * rows.taps.stride);
    return begins;
  }
  std::vector<Rows::Position> columnsAt(const Rows::Position &at) const {
    std::vector<Rows::Position> moved = columns;
    for (Rows::Position &column : moved)
      column.second += at.second;
    return moved;
  }
  int64_t secondSize() const { return shared.size() * columns.size(); }

  bool findExact() {
    std::optional<Scaled> integers;
    if (values.isFloat)
      integers = scaled(values.floats);
    else
      integers = Scaled{values.integers, 0};
    if (!integers)
      return false;
    FilterValues first = result.first, second = result.second;
    first.integers.resize(shared.size() * rows.taps.extent);
    second.integers.resize(secondSize());
    std::vector<int64_t> factor;
    for (const Rows::Position &at : shared) {
      if (!separateExactly(integers->integers, rowsAt(at), columnsAt(at),
                           factor, second.integers))
        return false;
      std::copy(factor.begin(), factor.end(),
                first.integers.begin() + at.first * rows.taps.extent);
    }
    if (values.isFloat &&
        (!becomeFloats(first, 0) || !becomeFloats(second, integers->exponent)))
      return false;
    result.first = std::move(first);
    result.second = std::move(second);
    result.exact = true;
    return true;
  }

  /// Makes integers floats times 2^exponent; false where one is rounded.
  static bool becomeFloats(FilterValues &factor, int exponent) {
    factor.isFloat = true;
    for (int64_t integer : factor.integers) {
      auto value = static_cast<double>(integer);
      if (static_cast<Wide>(value) != integer)
        return false;
      factor.floats.push_back(std::ldexp(value, exponent));
      if (std::ldexp(factor.floats.back(), -exponent) != value)
        return false;
    }
    factor.integers.clear();
    return true;
  }

  void findNearest() {
    std::vector<double> floats = values.floats;
    if (!values.isFloat)
      floats.assign(values.integers.begin(), values.integers.end());
    const int64_t taps = rows.taps.extent;
    result.first.isFloat = result.second.isFloat = true;
    result.first.floats.resize(shared.size() * taps);
    result.second.floats.resize(secondSize());
    double wrong = 0, all = 0;
    for (const Rows::Position &at : shared) {
      double *first = result.first.floats.data() + at.first * taps;
      std::vector<int64_t> begins = rowsAt(at);
      std::vector<Rows::Position> moved = columnsAt(at);
      separateNearest(floats, begins, moved, first, result.second.floats);
      for (int64_t tap = 0; tap < taps; ++tap)
        for (const Rows::Position &column : moved) {
          double value = floats[begins[tap] + column.filter];
          double off = value - first[tap] * result.second.floats[column.second];
          wrong = std::hypot(wrong, off);
          all = std::hypot(all, value);
        }
    }
    result.distance = all == 0 ? 0 : wrong / all;
  }

  const Rows rows;
  const FilterValues &values;
  const std::vector<Rows::Position> shared, columns;
  Separation result;
};
} // namespace

Result<Separation> dconv::separate(const LoopStrides &access,
                                   const FilterValues &values, unsigned tap,
                                   const std::vector<unsigned> &shared) {
  return Separator(access, values, tap, shared).run();
}
