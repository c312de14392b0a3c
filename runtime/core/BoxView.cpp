//===- BoxView.cpp - a box of elements in memory --------------------------===//

#include "dconv/Runtime/BoxView.h"

namespace dconv::runtime {

int64_t BoxView::elements() const {
  int64_t count = 1;
  for (const Dim &dim : dims)
    count *= dim.size;
  return count;
}

BoxView viewOf(std::byte *data, ElementType type, const Box &window,
               const Box &box, const BufferLayout &layout) {
  BoxView view;
  view.type = type;
  view.data = data;
  view.dims.resize(box.rank());
  int64_t stride = bytesOf(type);
  int64_t offset = 0;
  for (unsigned d = box.rank(); d-- > 0;) {
    view.dims[d] = {box[d].size(), stride};
    offset += (box[d].begin - window[d].begin) * stride;
    stride *= window[d].size();
  }
  if (!layout.isRowMajor()) {
    view.layout = &layout;
    view.extents = window.sizes();
    for (unsigned d = 0; d < box.rank(); ++d)
      view.origin.push_back(box[d].begin - window[d].begin);
  } else if (!box.empty()) {
    view.data += offset;
  }
  return view;
}

BoxView viewOf(std::byte *data, const Argument &argument, const Box &box) {
  const Box whole = Box::whole(argument.shape);
  if (argument.order.empty())
    return viewOf(data, argument.type, whole, box);
  Box onHost = box;
  for (unsigned d = 0; d < box.rank(); ++d)
    onHost.dims[argument.order[d]] = box[d];
  BoxView view = viewOf(data, argument.type, whole, onHost);
  const std::vector<BoxView::Dim> dims = view.dims;
  for (unsigned d = 0; d < box.rank(); ++d)
    view.dims[d] = dims[argument.order[d]];
  return view;
}

BoxView partOf(const BoxView &view, const Box &part) {
  BoxView result = view;
  for (unsigned d = 0; d < part.rank(); ++d) {
    result.dims[d].size = part[d].size();
    if (view.layout)
      result.origin[d] += part[d].begin;
    else
      result.data += part[d].begin * view.dims[d].stride;
  }
  return result;
}

} // namespace dconv::runtime
