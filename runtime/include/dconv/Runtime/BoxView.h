//===- BoxView.h - a box of elements in memory ------------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_BOXVIEW_H
#define DCONV_RUNTIME_BOXVIEW_H

#include "dconv/Runtime/Program.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace dconv::runtime {

/// The elements of a box where they lie: a pointer to the first and, per dim,
/// how many there are and how far apart. Of a buffer with a layout, where they
/// are not the same distance apart everywhere, all that tells where they lie.
/// Owns nothing.
struct BoxView {
  struct Dim {
    int64_t size = 0;
    int64_t stride = 0; ///< in bytes
  };

  std::byte *data = nullptr; ///< the first element; with a layout, the buffer's
  ElementType type = ElementType::F32;
  std::vector<Dim> dims;

  /// Not null where the view is not strided: then strides mean nothing. Outlives
  /// the view.
  const BufferLayout *layout = nullptr;
  std::vector<int64_t> extents; ///< of the buffer, with a layout
  std::vector<int64_t> origin;  ///< of the box in the buffer, likewise

  bool isStrided() const { return !layout; }
  int64_t elements() const;
  int64_t bytes() const { return elements() * bytesOf(type); }
};

inline const BufferLayout rowMajor;

/// `box` of the dense `window` at `data`, whose elements lie as `layout`, which
/// outlives the view, says. The window contains the box.
BoxView viewOf(std::byte *data, ElementType type, const Box &window,
               const Box &box, const BufferLayout &layout = rowMajor);

/// `part`, in positions of the view, of `view`.
BoxView partOf(const BoxView &view, const Box &part);

/// Strided views, one per view of `views`, which together hold its elements;
/// elements at equal places of the views of a piece are at equal places of
/// `views`. The views have equal sizes; a piece has other dims, in descending
/// order of the distances in the first view.
std::vector<std::vector<BoxView>>
stridedPieces(const std::vector<const BoxView *> &views);

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

/// `from` into `to`: same element type and sizes, memory apart.
void copyBox(const BoxView &to, const BoxView &from);

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

/// Calls `body(pointers)` for each position of `dims`, in row-major order,
/// beginning at `at`.
template <size_t N, typename Body>
void walk(const std::vector<JointDim<N>> &dims, std::array<std::byte *, N> at,
          Body body) {
  std::vector<int64_t> index(dims.size(), 0);
  for (;;) {
    body(at);
    size_t d = dims.size();
    for (; d > 0; --d) {
      const JointDim<N> &dim = dims[d - 1];
      for (size_t i = 0; i < N; ++i)
        at[i] += dim.strides[i];
      if (++index[d - 1] < dim.size)
        break;
      index[d - 1] = 0;
      for (size_t i = 0; i < N; ++i)
        at[i] -= dim.size * dim.strides[i];
    }
    if (d == 0)
      return;
  }
}

/// Calls `body(pointers, count)` for each longest run of elements that is dense
/// in every view: of strided views in row-major order, of others in any. The
/// views have equal sizes.
template <size_t N, typename Body>
void forEachRun(const std::array<const BoxView *, N> &views, Body body) {
  bool strided = true;
  for (const BoxView *view : views)
    strided &= view->isStrided();
  if (!strided) {
    for (const std::vector<BoxView> &piece :
         stridedPieces({views.begin(), views.end()})) {
      std::array<const BoxView *, N> pieces;
      for (size_t i = 0; i < N; ++i)
        pieces[i] = &piece[i];
      forEachRun<N>(pieces, body);
    }
    return;
  }
  std::vector<JointDim<N>> dims = jointDims(views);
  if (dims.empty())
    return;
  const int64_t count = dims.back().size;
  dims.pop_back();
  std::array<std::byte *, N> at;
  for (size_t i = 0; i < N; ++i)
    at[i] = views[i]->data;
  walk(dims, at, [&](const auto &at) { body(at, count); });
}

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_BOXVIEW_H
