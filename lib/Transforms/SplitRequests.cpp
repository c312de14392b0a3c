//===- SplitRequests.cpp - SPECs for all convolutions, or for one ---------===//

#include "SplitRequests.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

using namespace dconv;
using llvm::StringRef;

Result<SplitRequest> dconv::parseRequest(StringRef spec,
                                         const Convolution &convolution) {
  SplitRequest request;
  request.searchesRest = spec == "*" || spec.ends_with(",*");
  if (request.searchesRest)
    spec = spec.drop_back(spec == "*" ? 1 : 2);
  if (request.searchesRest && spec.empty())
    return request;
  Result<Split> split = parseSplit(spec.str(), convolution);
  if (!split)
    return Error{split.error()};
  request.fixed = std::move(*split);
  return request;
}

Result<SplitRequests> SplitRequests::parse(StringRef text,
                                           const std::string &option) {
  SplitRequests requests;
  llvm::SmallVector<StringRef> specs;
  text.split(specs, ';', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef spec : specs) {
    auto [name, rest] = spec.split(':');
    bool named = spec.contains(':');
    std::string &slot = named ? requests.byName[name.str()] : requests.forAll;
    if (!slot.empty())
      return Error{option + " '" + spec.str() + "' is given twice"};
    slot = (named ? rest : spec).str();
    if (slot.empty())
      return Error{option + " '" + spec.str() + "' has no SPEC"};
  }
  return requests;
}

StringRef SplitRequests::specFor(StringRef name) {
  auto found = byName.find(name.str());
  if (found == byName.end())
    return forAll;
  used.insert(name.str());
  return found->second;
}

StringRef SplitRequests::unused() const {
  for (auto &[name, spec] : byName)
    if (!names(name))
      return name;
  return "";
}
