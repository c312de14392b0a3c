//===- SplitRequests.h - SPECs for all convolutions, or for one -*- C++ -*-===//

#ifndef DCONV_LIB_TRANSFORMS_SPLITREQUESTS_H
#define DCONV_LIB_TRANSFORMS_SPLITREQUESTS_H

#include "dconv/Geometry/Split.h"

#include "mlir/Support/LLVM.h"

#include <map>
#include <set>

namespace dconv {

/// What a SPEC asks of one convolution.
struct SplitRequest {
  Split fixed; ///< dims divided just so
  /// The dims that are not in `fixed` are to be searched: the SPEC ends in `*`.
  bool searchesRest = false;
};

/// Reads a SPEC: that of `parseSplit`, or one that ends in `,*`, or `*` alone.
Result<SplitRequest> parseRequest(llvm::StringRef spec,
                                  const Convolution &convolution);

/// The SPECs of an option, separated by `;`: one for all convolutions, and some
/// for one each.
class SplitRequests {
public:
  /// An error where there are two for the same; `option` is its name.
  static Result<SplitRequests> parse(llvm::StringRef text,
                                     const std::string &option = "split");

  /// The SPEC for convolution `name`, or empty.
  llvm::StringRef specFor(llvm::StringRef name);
  /// Whether `specFor` gave the SPEC that names `name`.
  bool names(llvm::StringRef name) const { return used.count(name.str()); }
  /// A name that `specFor` was never asked for, or empty.
  llvm::StringRef unused() const;

private:
  std::string forAll;
  std::map<std::string, std::string> byName;
  std::set<std::string> used;
};

} // namespace dconv

#endif // DCONV_LIB_TRANSFORMS_SPLITREQUESTS_H
