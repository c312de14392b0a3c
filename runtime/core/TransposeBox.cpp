//===- TransposeBox.cpp - between channels first and last -----------------===//
//
// What is dense in the source becomes strided in the target and the other way
// round. Both are read and written a vector at a time, and by whole cache
// lines.
//
//===----------------------------------------------------------------------===//

#include "TransposeBox.h"

#include <algorithm>
#include <utility>

namespace dconv::runtime {

namespace {

using Dim = JointDim<2>; ///< strides of the target, then of the source
constexpr int64_t vectorBytes = 16, lineBytes = 64;

template <int64_t unit> struct Vector;
template <> struct Vector<1> {
  typedef uint8_t Type __attribute__((vector_size(vectorBytes)));
};
template <> struct Vector<2> {
  typedef uint16_t Type __attribute__((vector_size(vectorBytes)));
};
template <> struct Vector<4> {
  typedef uint32_t Type __attribute__((vector_size(vectorBytes)));
};
template <> struct Vector<8> {
  typedef uint64_t Type __attribute__((vector_size(vectorBytes)));
};

/// Lanes `first`, `first` + 1, ... of `a` and `b` in turn.
template <int first, typename V, size_t... lane>
inline V interleave(V a, V b, std::index_sequence<lane...>) {
  return __builtin_shufflevector(
      a, b, (first + int(lane) / 2 + int(lane % 2 * sizeof...(lane)))...);
}

/// Row i of the target = column i of the source, for as many as a vector holds.
template <int64_t unit>
inline void transposeTile(std::byte *to, int64_t toStride,
                          const std::byte *from, int64_t fromStride) {
  using V = typename Vector<unit>::Type;
  constexpr int lanes = vectorBytes / unit;
  constexpr auto all = std::make_index_sequence<lanes>();
  V rows[lanes], mixed[lanes];
  for (int i = 0; i < lanes; ++i)
    std::memcpy(&rows[i], from + i * fromStride, sizeof(V));
  // Each step moves the highest bit of the number of a row to the lowest of the
  // lane.
  for (int step = 1; step < lanes; step *= 2) {
    for (int i = 0; i < lanes / 2; ++i) {
      mixed[2 * i] = interleave<0>(rows[i], rows[i + lanes / 2], all);
      mixed[2 * i + 1] =
          interleave<lanes / 2>(rows[i], rows[i + lanes / 2], all);
    }
    std::copy(mixed, mixed + lanes, rows);
  }
  for (int i = 0; i < lanes; ++i)
    std::memcpy(to + i * toStride, &rows[i], sizeof(V));
}

/// `row` is dense in the target, `column` in the source; both have at least a
/// tile. The last tile of each begins earlier where a part of one is left, and
/// copies some units again.
template <int64_t unit>
void transposePlane(const std::array<std::byte *, 2> &at, const Dim &row,
                    const Dim &column) {
  constexpr int64_t lanes = vectorBytes / unit, line = lineBytes / unit;
  for (int64_t c = 0; c < column.size; c += line) {
    const int64_t columnEnd = std::min(c + line, column.size);
    for (int64_t r = 0; r < row.size; r += line) {
      const int64_t rowEnd = std::min(r + line, row.size);
      for (int64_t i = c; i < columnEnd; i += lanes) {
        const int64_t inColumn = std::min(i, column.size - lanes);
        for (int64_t j = r; j < rowEnd; j += lanes) {
          const int64_t inRow = std::min(j, row.size - lanes);
          transposeTile<unit>(
              at[0] + inRow * unit + inColumn * column.strides[0],
              column.strides[0],
              at[1] + inColumn * unit + inRow * row.strides[1], row.strides[1]);
        }
      }
    }
  }
}

template <int64_t unit>
void transposeUnits(const BoxCopy::Part &part,
                    const BoxCopy::Part::Pointers &at) {
  walk(part.outer, at, [&](const BoxCopy::Part::Pointers &at) {
    transposePlane<unit>(at, part.groups, part.columns);
  });
}

} // namespace

std::optional<BoxCopy::Part> planTranspose(std::vector<Dim> dims,
                                           std::array<int64_t, 2> offsets,
                                           int64_t unit) {
  BoxCopy::Part part;
  switch (unit) {
  case 1:
    part.copy = transposeUnits<1>;
    break;
  case 2:
    part.copy = transposeUnits<2>;
    break;
  case 4:
    part.copy = transposeUnits<4>;
    break;
  case 8:
    part.copy = transposeUnits<8>;
    break;
  default:
    return std::nullopt;
  }
  auto denseIn = [&](size_t side) {
    return std::find_if(dims.begin(), dims.end(), [&](const Dim &dim) {
      return dim.strides[side] == unit && dim.size * unit >= vectorBytes;
    });
  };
  auto inTarget = denseIn(0), inSource = denseIn(1);
  if (inTarget == dims.end() || inSource == dims.end() || inTarget == inSource)
    return std::nullopt;
  part.groups = *inTarget;
  part.columns = *inSource;
  dims.erase(std::max(inTarget, inSource));
  dims.erase(std::min(inTarget, inSource));
  part.offsets = offsets;
  part.outer = std::move(dims);
  return part;
}

} // namespace dconv::runtime
