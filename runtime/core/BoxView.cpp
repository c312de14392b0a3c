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
               const Box &box) {
  BoxView view;
  view.type = type;
  view.dims.resize(box.rank());
  int64_t stride = bytesOf(type);
  int64_t offset = 0;
  for (unsigned d = box.rank(); d-- > 0;) {
    view.dims[d] = {box[d].size(), stride};
    offset += (box[d].begin - window[d].begin) * stride;
    stride *= window[d].size();
  }
  view.data = box.empty() ? data : data + offset;
  return view;
}

void copyBox(const BoxView &to, const BoxView &from) {
  const int64_t elementBytes = bytesOf(to.type);
  forEachRun<2>({&to, &from}, [&](const auto &at, int64_t count) {
    copyRun(at[0], at[1], count * elementBytes);
  });
}

} // namespace dconv::runtime
