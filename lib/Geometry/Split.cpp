//===- Split.cpp - which loops are divided over which axes ----------------===//

#include "dconv/Geometry/Split.h"

#include <algorithm>

using namespace dconv;

Grid Split::grid(int64_t devices) const {
  Grid grid;
  grid.devices = devices;
  for (const AxisSplit &axis : axes)
    grid.shape.push_back(axis.lengths.size());
  return grid;
}

int Split::axisOf(unsigned loop) const {
  for (size_t axis = 0; axis < axes.size(); ++axis)
    if (axes[axis].loop == loop)
      return axis;
  return -1;
}

Box Split::iterations(const Convolution &convolution,
                      const std::vector<int64_t> &coordinates) const {
  Box box = convolution.iterations();
  for (size_t axis = 0; axis < axes.size(); ++axis)
    box[axes[axis].loop] = stripesOf(axes[axis].lengths)[coordinates[axis]];
  return box;
}

AxisSplit dconv::balancedSplit(unsigned loop, int64_t extent, int64_t parts) {
  AxisSplit axis{loop, {}};
  for (Interval stripe : balancedStripes({0, extent}, parts))
    axis.lengths.push_back(stripe.size());
  return axis;
}

/// "n=4, o0=56, oc=64": what a SPEC may split.
static std::string dimsOf(const Convolution &convolution) {
  std::string text;
  std::vector<std::string> names = convolution.loopNames();
  for (unsigned loop = 0; loop < convolution.numLoops(); ++loop)
    text += (loop ? ", " : "") + names[loop] + "=" +
            std::to_string(convolution.extents[loop]);
  return "its dims are " + text;
}

namespace {
/// Reads one SPEC from left to right.
class SpecParser {
public:
  SpecParser(const std::string &text, const Convolution &convolution)
      : text(text), convolution(convolution),
        names(convolution.loopNames()) {}

  Result<Split> parse() {
    Split split;
    do {
      size_t start = at;
      while (at < text.size() && text[at] != '=' && text[at] != ',')
        ++at;
      std::string name = text.substr(start, at - start);
      int loop = loopNamed(name);
      if (loop < 0)
        return fail("has no dim '" + name + "'");
      if (!accept('='))
        return fail("needs '" + name + "=parts' or '" + name +
                    "=[length,...]'");
      if (split.axisOf(loop) >= 0)
        return fail("splits dim '" + name + "' twice");
      if (std::string error = parseParts(name, loop, split); !error.empty())
        return fail(error);
    } while (accept(','));
    if (at != text.size())
      return fail("has unexpected '" + text.substr(at) + "'");
    return split;
  }

private:
  Error fail(const std::string &what) const {
    return {"split '" + text + "' " + what + "; " + dimsOf(convolution)};
  }

  bool accept(char c) {
    if (at >= text.size() || text[at] != c)
      return false;
    ++at;
    return true;
  }

  int loopNamed(const std::string &name) const {
    auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end())
      return found - names.begin();
    for (unsigned loop = 0; loop < convolution.numLoops(); ++loop)
      if (name == "d" + std::to_string(loop))
        return loop;
    return -1;
  }

  /// A positive number, or 0 where there is none that fits.
  int64_t parseNumber() {
    int64_t number = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
      if (__builtin_mul_overflow(number, int64_t(10), &number) ||
          __builtin_add_overflow(number, int64_t(text[at] - '0'), &number))
        return 0;
    return number;
  }

  std::string parseParts(const std::string &name, unsigned loop, Split &split) {
    int64_t extent = convolution.extents[loop];
    if (!accept('[')) {
      int64_t parts = parseNumber();
      if (parts < 1)
        return "needs a positive number of parts of dim '" + name + "'";
      if (parts > extent)
        return "asks for " + std::to_string(parts) + " parts of dim '" + name +
               "', which has extent " + std::to_string(extent);
      if (!countShards(parts))
        return tooManyShards();
      split.axes.push_back(balancedSplit(loop, extent, parts));
      return "";
    }
    AxisSplit axis{loop, {}};
    int64_t sum = 0;
    do {
      axis.lengths.push_back(parseNumber());
      if (axis.lengths.back() < 1)
        return "needs positive lengths of dim '" + name + "'";
      if (__builtin_add_overflow(sum, axis.lengths.back(), &sum))
        return "has lengths of dim '" + name + "' that do not fit 64 bits";
    } while (accept(','));
    if (!accept(']'))
      return "needs ']' after the lengths of dim '" + name + "'";
    if (sum != extent)
      return "has lengths of dim '" + name + "' that add up to " +
             std::to_string(sum) + " where its extent is " +
             std::to_string(extent);
    if (!countShards(axis.lengths.size()))
      return tooManyShards();
    split.axes.push_back(std::move(axis));
    return "";
  }

  /// Counts the shards of one more axis; false where they become too many.
  bool countShards(int64_t parts) {
    return !__builtin_mul_overflow(shards, parts, &shards) &&
           shards <= Grid::most;
  }

  static std::string tooManyShards() {
    return "makes more than " + std::to_string(Grid::most) + " shards";
  }

  const std::string &text;
  const Convolution &convolution;
  std::vector<std::string> names;
  size_t at = 0;
  int64_t shards = 1;
};
} // namespace

Result<Split> dconv::parseSplit(const std::string &spec,
                                const Convolution &convolution) {
  return SpecParser(spec, convolution).parse();
}

std::string dconv::toString(const Split &split,
                            const Convolution &convolution) {
  std::string text;
  std::vector<std::string> names = convolution.loopNames();
  for (const AxisSplit &axis : split.axes) {
    text += (text.empty() ? "" : ",") + names[axis.loop] + "=";
    int64_t extent = convolution.extents[axis.loop];
    int64_t parts = axis.lengths.size();
    if (axis == balancedSplit(axis.loop, extent, parts)) {
      text += std::to_string(parts);
      continue;
    }
    std::string lengths;
    for (int64_t length : axis.lengths)
      lengths += (lengths.empty() ? "" : ",") + std::to_string(length);
    text += "[" + lengths + "]";
  }
  return text;
}

Result<int64_t> dconv::checkSplit(const Split &split,
                                  const Convolution &convolution) {
  std::vector<int64_t> shape;
  for (size_t axis = 0; axis < split.axes.size(); ++axis) {
    const AxisSplit &part = split.axes[axis];
    std::string where = "axis " + std::to_string(axis);
    if (part.loop >= convolution.numLoops())
      return Error{where + " splits loop " + std::to_string(part.loop) +
                   " of " + std::to_string(convolution.numLoops())};
    if (split.axisOf(part.loop) != static_cast<int>(axis))
      return Error{where + " splits loop " + std::to_string(part.loop) +
                   " again"};
    int64_t sum = 0;
    for (int64_t length : part.lengths)
      if (length < 1 || __builtin_add_overflow(sum, length, &sum))
        return Error{where + " has a part of length " +
                     std::to_string(length)};
    if (sum != convolution.extents[part.loop])
      return Error{where + " has parts that add up to " + std::to_string(sum) +
                   " where the extent of loop " + std::to_string(part.loop) +
                   " is " + std::to_string(convolution.extents[part.loop])};
    shape.push_back(part.lengths.size());
  }
  return checkedVolume(shape);
}
