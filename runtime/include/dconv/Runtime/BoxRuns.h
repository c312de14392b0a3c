//===- BoxRuns.h - boxes walked run by run ----------------------*- C++ -*-===//
//
// Where the runs of boxes lie is worked out once, which allocates; to walk them
// does not.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_RUNTIME_BOXRUNS_H
#define DCONV_RUNTIME_BOXRUNS_H

#include "dconv/Runtime/BoxView.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

namespace dconv::runtime {

/// memcpy, without a call where a run is one element: the columns of a halo.
inline void copyRun(std::byte *to, const std::byte *from, int64_t size) {
  switch (size) {
  case 2:
    std::memcpy(to, from, 2);
    return;
  case 4:
    std::memcpy(to, from, 4);
    return;
  case 8:
    std::memcpy(to, from, 8);
    return;
  default:
    std::memcpy(to, from, size);
  }
}

/// One dim of several strided views walked together.
template <size_t N> struct JointDim {
  int64_t size;
  std::array<int64_t, N> strides; ///< in bytes
};

/// The dims of views of equal sizes, outermost first, without those of size 1;
/// neighbours that are contiguous in every view become one. The last is dense
/// in every view. Empty where the views are.
template <size_t N>
std::vector<JointDim<N>>
jointDims(const std::array<const BoxView *, N> &views) {
  std::vector<JointDim<N>> dims;
  auto append = [&](const JointDim<N> &inner) {
    if (!dims.empty()) {
      JointDim<N> &outer = dims.back();
      bool contiguous = true;
      for (size_t i = 0; i < N; ++i)
        contiguous &= outer.strides[i] == inner.size * inner.strides[i];
      if (contiguous) {
        outer = {outer.size * inner.size, inner.strides};
        return;
      }
    }
    dims.push_back(inner);
  };

  for (size_t d = 0; d < views[0]->dims.size(); ++d) {
    JointDim<N> dim{views[0]->dims[d].size, {}};
    if (dim.size == 0)
      return {};
    for (size_t i = 0; i < N; ++i)
      dim.strides[i] = views[i]->dims[d].stride;
    if (dim.size != 1)
      append(dim);
  }

  JointDim<N> element{1, {}};
  for (size_t i = 0; i < N; ++i)
    element.strides[i] = bytesOf(views[i]->type);
  append(element);
  return dims;
}

/// Calls `body(pointers)` for each position of the `count` dims at `dims`, in
/// row-major order, beginning at `at`.
template <size_t N, typename Body>
void walk(const JointDim<N> *dims, size_t count, std::array<std::byte *, N> at,
          Body &body) {
  constexpr size_t most = 12;
  if (count > most) {
    for (int64_t i = 0; i < dims->size; ++i) {
      walk(dims + 1, count - 1, at, body);
      for (size_t v = 0; v < N; ++v)
        at[v] += dims->strides[v];
    }
    return;
  }
  std::array<int64_t, most> index;
  std::fill_n(index.begin(), count, 0);
  for (;;) {
    body(at);
    size_t d = count;
    for (; d > 0; --d) {
      const JointDim<N> &dim = dims[d - 1];
      for (size_t v = 0; v < N; ++v)
        at[v] += dim.strides[v];
      if (++index[d - 1] < dim.size)
        break;
      index[d - 1] = 0;
      for (size_t v = 0; v < N; ++v)
        at[v] -= dim.size * dim.strides[v];
    }
    if (d == 0)
      return;
  }
}
template <size_t N, typename Body>
void walk(const std::vector<JointDim<N>> &dims, std::array<std::byte *, N> at,
          Body body) {
  walk(dims.data(), dims.size(), at, body);
}

/// Strided parts of views: where they begin in each, counted from its `data`,
/// and their dims as jointDims has them.
template <size_t N> struct JointPiece {
  std::array<int64_t, N> offsets{};
  std::vector<JointDim<N>> dims;
};

/// The strided pieces that make up views of equal sizes; none where the views
/// are empty.
template <size_t N>
std::vector<JointPiece<N>>
jointPieces(const std::array<const BoxView *, N> &views) {
  std::vector<JointPiece<N>> pieces;
  auto append = [&](const std::array<const BoxView *, N> &parts) {
    JointPiece<N> piece;
    piece.dims = jointDims(parts);
    for (size_t v = 0; v < N; ++v)
      piece.offsets[v] = parts[v]->data - views[v]->data;
    if (!piece.dims.empty())
      pieces.push_back(std::move(piece));
  };
  bool strided = true;
  for (const BoxView *view : views)
    strided &= view->isStrided();
  if (strided) {
    append(views);
    return pieces;
  }
  for (const std::vector<BoxView> &piece :
       stridedPieces({views.begin(), views.end()})) {
    std::array<const BoxView *, N> parts;
    for (size_t v = 0; v < N; ++v)
      parts[v] = &piece[v];
    append(parts);
  }
  return pieces;
}

/// The longest runs of elements that are dense in each of N views of equal
/// sizes.
template <size_t N> class BoxRuns {
public:
  using Pointers = std::array<std::byte *, N>;

  BoxRuns() = default;
  /// Of N views.
  template <typename... Views, typename = std::enable_if_t<
                                   sizeof...(Views) == N &&
                                   (std::is_same_v<Views, BoxView> && ...)>>
  BoxRuns(const Views &...views)
      : pieces(jointPieces<N>({&views...})), data{views.data...},
        types{views.type...} {}

  ElementType type(size_t view) const { return types[view]; }

  /// Calls `body(pointers, count)` for each run: of strided views in row-major
  /// order, of others in any.
  template <typename Body> void forEach(Body body) const {
    for (const JointPiece<N> &piece : pieces) {
      Pointers at = data;
      for (size_t v = 0; v < N; ++v)
        at[v] += piece.offsets[v];
      const int64_t count = piece.dims.back().size;
      auto run = [&](const Pointers &at) { body(at, count); };
      walk(piece.dims.data(), piece.dims.size() - 1, at, run);
    }
  }

private:
  std::vector<JointPiece<N>> pieces;
  Pointers data{};
  std::array<ElementType, N> types{};
};

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_BOXRUNS_H
