//===- GatherRequests.cpp - inputs that the devices are to gather ---------===//

#include "GatherRequests.h"

#include "dconv/IR/Dconv.h"

using namespace dconv;
using llvm::StringRef;

/// The number of the input that `name` means, or -1.
static int numberOf(StringRef name, const RecognizedConvolution &convolution) {
  const unsigned inputs = convolution.geometry.inputs.size();
  unsigned number;
  if (name == "input")
    return convolution.input;
  if (name == "filter" && inputs == 2)
    return 1 - convolution.input;
  return !name.getAsInteger(10, number) && number < inputs
             ? static_cast<int>(number)
             : -1;
}

Result<std::vector<GatheredInput>>
dconv::parseGathered(StringRef text, const RecognizedConvolution &convolution) {
  std::vector<GatheredInput> gathered;
  llvm::SmallVector<StringRef> entries;
  text.split(entries, ',');
  for (StringRef entry : entries) {
    auto [name, by] = entry.split('=');
    int number = numberOf(name, convolution);
    if (number < 0)
      return Error{"gather '" + text.str() + "' names no input '" + name.str() +
                   "'; its inputs are " +
                   (convolution.geometry.inputs.size() == 2
                        ? "'input' and 'filter'"
                        : "'input' alone")};
    GatheredInput one;
    one.input = number;
    if (entry.contains('=')) {
      std::optional<Algorithm> algorithm = symbolizeAlgorithm(by);
      if (!algorithm)
        return Error{"gather '" + text.str() + "' has unknown algorithm '" +
                     by.str() + "'; one of direct, ring, tree"};
      one.algorithm = static_cast<CollectiveAlgorithm>(*algorithm);
    }
    gathered.push_back(one);
  }
  return gathered;
}
