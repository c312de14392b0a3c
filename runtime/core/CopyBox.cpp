//===- CopyBox.cpp - from one order of elements to another ----------------===//

#include "dconv/Runtime/BoxView.h"

#include <algorithm>

namespace dconv::runtime {

namespace {

using Dim = JointDim<2>; ///< strides of the target, then of the source
using Pointers = std::array<std::byte *, 2>;

template <int64_t unit>
void copyUnit(std::byte *to, const std::byte *from) {
  std::memcpy(to, from, unit);
}

/// Units of `ways` dense rows of the source in turn: pairs and fours of what is
/// packed for dot products.
template <int64_t unit, int64_t ways>
void interleave(const Pointers &at, int64_t count, int64_t rowStride) {
  std::byte *__restrict to = at[0];
  const std::byte *__restrict from = at[1];
  for (int64_t i = 0; i < count; ++i)
    for (int64_t row = 0; row < ways; ++row)
      copyUnit<unit>(to + (i * ways + row) * unit,
                     from + row * rowStride + i * unit);
}

/// A matrix whose columns the source has close together and the target its rows.
/// Tiles are small enough that a cache line is read once and written once.
template <int64_t unit>
void transpose(const Pointers &at, const Dim &columns, const Dim &rows) {
  if (columns.strides[1] == unit && rows.strides[0] == unit &&
      columns.strides[0] == rows.size * unit) {
    if (rows.size == 2)
      return interleave<unit, 2>(at, columns.size, rows.strides[1]);
    if (rows.size == 4)
      return interleave<unit, 4>(at, columns.size, rows.strides[1]);
  }
  constexpr int64_t tile = 16;
  for (int64_t c = 0; c < columns.size; c += tile)
    for (int64_t r = 0; r < rows.size; r += tile)
      for (int64_t i = c; i < std::min(c + tile, columns.size); ++i)
        for (int64_t j = r; j < std::min(r + tile, rows.size); ++j)
          copyUnit<unit>(
              at[0] + i * columns.strides[0] + j * rows.strides[0],
              at[1] + i * columns.strides[1] + j * rows.strides[1]);
}

void transpose(int64_t unit, const Pointers &at, const Dim &columns,
               const Dim &rows) {
  switch (unit) {
  case 1:
    return transpose<1>(at, columns, rows);
  case 2:
    return transpose<2>(at, columns, rows);
  case 4:
    return transpose<4>(at, columns, rows);
  case 8:
    return transpose<8>(at, columns, rows);
  default:
    return transpose<16>(at, columns, rows);
  }
}

/// The dim along which elements of view `i` are closest.
std::vector<Dim>::iterator closest(std::vector<Dim> &dims, size_t i) {
  return std::min_element(dims.begin(), dims.end(),
                          [&](const Dim &a, const Dim &b) {
                            return a.strides[i] < b.strides[i];
                          });
}

void copyStrided(const BoxView &to, const BoxView &from) {
  std::vector<Dim> dims = jointDims<2>({&to, &from});
  if (dims.empty())
    return;
  const int64_t unit = dims.back().size * bytesOf(to.type);
  dims.pop_back();
  const Pointers at{to.data, from.data};
  const bool isUnit = unit == 1 || unit == 2 || unit == 4 || unit == 8 ||
                      unit == 16;
  if (isUnit && !dims.empty() && closest(dims, 0) != closest(dims, 1)) {
    const Dim columns = *closest(dims, 1), rows = *closest(dims, 0);
    dims.erase(closest(dims, 0));
    dims.erase(closest(dims, 1));
    walk(dims, at, [&](const Pointers &at) {
      transpose(unit, at, columns, rows);
    });
    return;
  }
  walk(dims, at, [&](const Pointers &at) { copyRun(at[0], at[1], unit); });
}

} // namespace

void copyBox(const BoxView &to, const BoxView &from) {
  if (to.isStrided() && from.isStrided())
    return copyStrided(to, from);
  for (const std::vector<BoxView> &piece : stridedPieces({&to, &from}))
    copyStrided(piece[0], piece[1]);
}

} // namespace dconv::runtime
