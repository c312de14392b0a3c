//===- SamplePositions.cpp - which values to compute one by one -----------===//

#include "dconv/Check/Samples.h"

#include "Random.h"

#include <algorithm>
#include <set>

using namespace dconv;

namespace {
/// Draws positions of the parallel loops.
class PositionSampler {
public:
  PositionSampler(const Convolution &geometry, const Split &split,
                  uint64_t seed)
      : geometry(geometry), state(hashed(seed)) {
    for (unsigned loop = 0; loop < geometry.numLoops(); ++loop)
      if (!geometry.isReduction(loop)) {
        loops.push_back(loop);
        borders.push_back(bordersOf(loop, split));
      }
  }

  std::vector<std::vector<int64_t>> draw();

private:
  using Position = std::vector<int64_t>;

  /// The first and the last iteration of each stripe of `loop`.
  std::vector<int64_t> bordersOf(unsigned loop, const Split &split) const;
  int64_t numSamples() const;
  /// Adds all combinations of `values`, one list per parallel loop, unless
  /// there are more than `limit`.
  void addAll(const std::vector<std::vector<int64_t>> &values, int64_t limit);
  int64_t below(int64_t limit) { return hashed(state++) % limit; }

  const Convolution &geometry;
  uint64_t state;
  std::vector<unsigned> loops;
  std::vector<std::vector<int64_t>> borders;
  std::set<Position> positions;
};
} // namespace

std::vector<int64_t> PositionSampler::bordersOf(unsigned loop,
                                                const Split &split) const {
  std::set<int64_t> found{0, geometry.extents[loop] - 1};
  if (int axis = split.axisOf(loop); axis >= 0) {
    int64_t end = 0;
    for (int64_t length : split.axes[axis].lengths) {
      found.insert(end);
      end += length;
      found.insert(end - 1);
    }
  }
  return {found.begin(), found.end()};
}

int64_t PositionSampler::numSamples() const {
  constexpr int64_t most = 4096, least = 64;
  constexpr double work = 4e9;
  double terms = 1, values = 1;
  for (unsigned loop = 0; loop < geometry.numLoops(); ++loop)
    (geometry.isReduction(loop) ? terms : values) *= geometry.extents[loop];
  double affordable = std::clamp<double>(work / terms, least, most);
  return std::min(affordable, values);
}

void PositionSampler::addAll(const std::vector<std::vector<int64_t>> &values,
                             int64_t limit) {
  double count = 1;
  for (const std::vector<int64_t> &list : values)
    count *= list.size();
  if (count > limit)
    return;
  for (int64_t i = 0; i < count; ++i) {
    Position position(geometry.numLoops(), 0);
    int64_t rest = i;
    for (size_t n = 0; n < loops.size(); ++n) {
      position[loops[n]] = values[n][rest % values[n].size()];
      rest /= values[n].size();
    }
    positions.insert(std::move(position));
  }
}

std::vector<std::vector<int64_t>> PositionSampler::draw() {
  size_t wanted = numSamples();
  std::vector<std::vector<int64_t>> corners, all;
  double values = 1;
  for (unsigned loop : loops) {
    corners.push_back({0, geometry.extents[loop] - 1});
    values *= geometry.extents[loop];
  }
  if (values <= wanted) {
    for (unsigned loop : loops) {
      all.emplace_back(geometry.extents[loop]);
      for (int64_t i = 0; i < geometry.extents[loop]; ++i)
        all.back()[i] = i;
    }
    addAll(all, wanted);
  } else {
    addAll(corners, wanted / 4);
    // A position on a border has one coordinate there at least. Borders may be
    // few: what was drawn before is drawn in vain.
    for (size_t attempt = 0; positions.size() < wanted && attempt < 8 * wanted;
         ++attempt) {
      bool onBorder =
          positions.size() < wanted * 3 / 4 && attempt < 2 * wanted;
      size_t chosen = below(loops.size());
      Position position(geometry.numLoops(), 0);
      for (size_t n = 0; n < loops.size(); ++n) {
        bool atBorder = onBorder && (n == chosen || below(2) == 0);
        position[loops[n]] = atBorder ? borders[n][below(borders[n].size())]
                                      : below(geometry.extents[loops[n]]);
      }
      positions.insert(std::move(position));
    }
  }
  return {positions.begin(), positions.end()};
}

std::vector<std::vector<int64_t>>
dconv::samplePositions(const Convolution &geometry, const Split &split,
                       uint64_t seed) {
  return PositionSampler(geometry, split, seed).draw();
}
