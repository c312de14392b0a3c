//===- BoxView.h - a box of elements in memory ------------------*- C++ -*-===//

#ifndef DCONV_RUNTIME_BOXVIEW_H
#define DCONV_RUNTIME_BOXVIEW_H

#include "dconv/Runtime/Program.h"

#include <cstddef>

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

  /// Not null where the view is not strided: then strides mean nothing.
  /// Outlives the view.
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

/// `box`, in dims of the program, of the tensor of the host at `data`.
BoxView viewOf(std::byte *data, const Argument &argument, const Box &box);

/// `part`, in positions of the view, of `view`.
BoxView partOf(const BoxView &view, const Box &part);

/// Strided views, one per view of `views`, which together hold its elements;
/// elements at equal places of the views of a piece are at equal places of
/// `views`. The views have equal sizes; a piece has other dims, in descending
/// order of the distances in the first view.
std::vector<std::vector<BoxView>>
stridedPieces(const std::vector<const BoxView *> &views);

/// `from` into `to`: same element type and sizes, memory apart.
void copyBox(const BoxView &to, const BoxView &from);

} // namespace dconv::runtime

#endif // DCONV_RUNTIME_BOXVIEW_H
