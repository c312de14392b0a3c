//===- BoxView.h - a box of elements in memory ------------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_BOXVIEW_H
#define DCONV_RUNTIME_BOXVIEW_H

#include "dconv/Runtime/Program.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace dconv::runtime {

/// The elements of a box where they lie: a pointer to the first and, per dim,
/// how many there are and how far apart. Owns nothing.
struct BoxView {
  struct Dim {
    int64_t size = 0;
    int64_t stride = 0; ///< in bytes
  };

  std::byte *data = nullptr; ///< the first element
  ElementType type = ElementType::F32;
  std::vector<Dim> dims;

  int64_t elements() const;
  int64_t bytes() const { return elements() * bytesOf(type); }
};

/// `box` of the dense row-major `window` whose first element is at `data`. The
/// window contains the box.
BoxView viewOf(std::byte *data, ElementType type, const Box &window,
               const Box &box);

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

/// One dim of several views walked together.
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

/// Calls `body(pointers, count)` for each longest run of elements that is dense
/// in every view, in row-major order. The views have equal sizes.
template <size_t N, typename Body>
void forEachRun(const std::array<const BoxView *, N> &views, Body body) {
  std::vector<JointDim<N>> dims = jointDims(views);
  if (dims.empty())
    return;
  const int64_t count = dims.back().size;
  dims.pop_back();

  std::array<std::byte *, N> at;
  for (size_t i = 0; i < N; ++i)
    at[i] = views[i]->data;
  std::vector<int64_t> index(dims.size(), 0);
  for (;;) {
    body(at, count);
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

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_BOXVIEW_H
