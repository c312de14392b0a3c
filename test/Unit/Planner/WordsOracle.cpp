//===- WordsOracle.cpp - the fewest words by trying all splits ------------===//
//
// Prints a line of JSON for each layer of benchmarks/layers.json: what the
// enumeration of SearchOracle.h finds, for benchmarks/planner.py to compare.
//
//===----------------------------------------------------------------------===//

#include "SearchOracle.h"

#include "nlohmann/json.hpp"

#include <cstdio>
#include <cstdlib>

using namespace dconv::test;

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: dconv-words-oracle DEVICES MAX_IMBALANCE\n");
    return 2;
  }
  for (const Layer &layer : realLayers()) {
    OracleBest best =
        bestByTryingAll(layer, std::atoll(argv[1]), std::atof(argv[2]));
    nlohmann::json line{{"layer", layer.name},
                        {"any", best.any},
                        {"words", best.words},
                        {"bytes", best.bytes},
                        {"tried", best.tried}};
    std::printf("%s\n", line.dump().c_str());
  }
  return 0;
}
