//===- BoxPieces.cpp - strided parts of boxes with layouts ----------------===//
//
// Within one block of each dim, and from block to block where all are whole,
// elements with a layout are the same distance apart. So an interval of a dim is
// cut in what comes before its first whole block, whole blocks, and the rest.
//
//===----------------------------------------------------------------------===//

#include "dconv/Runtime/BoxView.h"

#include <algorithm>

namespace dconv::runtime {

namespace {

/// Blocks of one dim that some view has: they begin where the position in the
/// box plus `phase` is a multiple of `block`.
struct Blocks {
  int64_t block;
  int64_t phase;
};

/// Positions of one dim: begin + the sum of index * step, each index below its
/// count; steps descend.
struct Segment {
  struct Digit {
    int64_t count;
    int64_t step;
  };
  int64_t begin;
  std::vector<Digit> digits;
};

/// Cuts one dim in segments on which every view is strided.
class Cutter {
public:
  Cutter(const std::vector<const BoxView *> &views, unsigned dim) {
    for (const BoxView *view : views)
      if (view->layout)
        for (BufferLayout::Level level : view->layout->levels)
          if (level.dim == dim && level.block > 1)
            blocks.push_back({level.block, view->origin[dim]});
    std::stable_sort(
        blocks.begin(), blocks.end(),
        [](const Blocks &a, const Blocks &b) { return a.block > b.block; });
  }

  std::vector<Segment> cut(int64_t size) {
    cut({0, size}, 0);
    return std::move(segments);
  }

private:
  /// Cuts `interval`, which lies within one block of each of the first `level`.
  void cut(Interval interval, size_t level) {
    if (interval.empty())
      return;
    if (level == blocks.size()) {
      segments.push_back({interval.begin, {{interval.size(), 1}}});
      return;
    }
    const auto [block, phase] = blocks[level];
    const int64_t past = (interval.begin + phase) % block;
    const int64_t begin =
        std::min(interval.begin + (past ? block - past : 0), interval.end);
    const int64_t count = (interval.end - begin) / block;
    const int64_t end = begin + count * block;
    cut({interval.begin, begin}, level + 1);
    if (count > 1 && appendWhole(begin, count, level)) {
      cut({end, interval.end}, level + 1);
      return;
    }
    for (int64_t at = begin; at < end; at += block)
      cut({at, at + block}, level + 1);
    cut({end, interval.end}, level + 1);
  }

  /// One segment of `count` blocks of `level`, if the smaller blocks divide them
  /// and begin where they do.
  bool appendWhole(int64_t begin, int64_t count, size_t level) {
    Segment segment{begin, {{count, blocks[level].block}}};
    for (size_t inner = level + 1; inner < blocks.size(); ++inner) {
      const auto [block, phase] = blocks[inner];
      int64_t &step = segment.digits.back().step;
      if (step % block != 0 || (begin + phase) % block != 0)
        return false;
      if (step != block)
        segment.digits.push_back({step / block, block});
    }
    if (segment.digits.back().step != 1)
      segment.digits.push_back({segment.digits.back().step, 1});
    segments.push_back(std::move(segment));
    return true;
  }

  std::vector<Blocks> blocks; ///< descending
  std::vector<Segment> segments;
};

/// Where the element at `position` of the view is.
std::byte *addressOf(const BoxView &view, const std::vector<int64_t> &position) {
  if (!view.layout) {
    std::byte *at = view.data;
    for (size_t d = 0; d < position.size(); ++d)
      at += position[d] * view.dims[d].stride;
    return at;
  }
  std::vector<int64_t> inBuffer = view.origin;
  for (size_t d = 0; d < position.size(); ++d)
    inBuffer[d] += position[d];
  return view.data +
         view.layout->offsetOf(std::move(inBuffer), view.extents) *
             bytesOf(view.type);
}

/// The part of each view that `chosen`, a segment per dim, names.
std::vector<BoxView> pieceOf(const std::vector<const BoxView *> &views,
                             const std::vector<const Segment *> &chosen) {
  std::vector<int64_t> first;
  for (const Segment *segment : chosen)
    first.push_back(segment->begin);
  std::vector<BoxView> piece;
  for (const BoxView *view : views) {
    BoxView &part = piece.emplace_back();
    part.type = view->type;
    part.data = addressOf(*view, first);
    for (size_t d = 0; d < chosen.size(); ++d)
      for (const Segment::Digit &digit : chosen[d]->digits) {
        if (digit.count == 1)
          continue;
        std::vector<int64_t> next = first;
        next[d] += digit.step;
        part.dims.push_back({digit.count, addressOf(*view, next) - part.data});
      }
  }

  std::vector<size_t> order(piece[0].dims.size());
  for (size_t d = 0; d < order.size(); ++d)
    order[d] = d;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return piece[0].dims[a].stride > piece[0].dims[b].stride;
  });
  for (BoxView &part : piece) {
    std::vector<BoxView::Dim> sorted;
    for (size_t d : order)
      sorted.push_back(part.dims[d]);
    part.dims = std::move(sorted);
  }
  return piece;
}

} // namespace

std::vector<std::vector<BoxView>>
stridedPieces(const std::vector<const BoxView *> &views) {
  std::vector<std::vector<Segment>> segments;
  for (unsigned d = 0; d < views[0]->dims.size(); ++d) {
    segments.push_back(Cutter(views, d).cut(views[0]->dims[d].size));
    if (segments.back().empty())
      return {};
  }
  // Every choice of a segment per dim.
  std::vector<std::vector<BoxView>> pieces;
  std::vector<size_t> choice(segments.size(), 0);
  for (;;) {
    std::vector<const Segment *> chosen;
    for (size_t d = 0; d < segments.size(); ++d)
      chosen.push_back(&segments[d][choice[d]]);
    pieces.push_back(pieceOf(views, chosen));
    size_t d = segments.size();
    for (; d > 0 && ++choice[d - 1] == segments[d - 1].size(); --d)
      choice[d - 1] = 0;
    if (d == 0)
      return pieces;
  }
}

} // namespace dconv::runtime
