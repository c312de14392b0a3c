//===- Stripes.cpp - dividing an interval into stripes --------------------===//

#include "dconv/Geometry/Stripes.h"

using namespace dconv;

Stripes dconv::balancedStripes(Interval whole, int64_t parts) {
  int64_t length = whole.size() / parts;
  int64_t longer = whole.size() % parts;
  Stripes stripes;
  int64_t begin = whole.begin;
  for (int64_t i = 0; i < parts; ++i) {
    int64_t end = begin + length + (i < longer ? 1 : 0);
    stripes.push_back({begin, end});
    begin = end;
  }
  return stripes;
}

Stripes dconv::stripesOf(const std::vector<int64_t> &lengths) {
  Stripes stripes;
  int64_t begin = 0;
  for (int64_t length : lengths) {
    stripes.push_back({begin, begin + length});
    begin += length;
  }
  return stripes;
}
