//===- WriteCertificate.h - a plan with all that proves it ------*- C++ -*-===//
//
// A certificate lets a program that knows nothing of dconv check a plan: the
// convolution, the split, who owns what, every box that moves, the buffers of
// each device, and the numbers predicted from them. docs/certificate.md is the
// format.
//
//===----------------------------------------------------------------------===//

#ifndef DCONV_CERTIFICATE_WRITECERTIFICATE_H
#define DCONV_CERTIFICATE_WRITECERTIFICATE_H

#include "dconv/Planner/MemoryBudget.h"

#include <iosfwd>

namespace dconv {

/// One convolution and its plan: shards of `split` on `devices` devices.
struct CertifiedPlan {
  std::string name; ///< as in reports: "func#index"
  Convolution convolution;
  Split split;
  int64_t devices = 1;
  bool fillsOutput = false; ///< the initial output is a constant
  std::vector<GatheredInput> gathered;
  MemoryBudget budget;      ///< what each device may use
  bool streamed = false;    ///< the tensors stay on the host (Streaming.h)
};

/// Writes the certificate of `plans` as JSON. Lists of shards and moves are
/// written as they are found and never lie in memory. An error where a split
/// does not fit its convolution, or cannot be streamed where it is to be, or
/// where `out` does not take the text.
Result<int64_t> writeCertificate(std::ostream &out,
                                 const std::vector<CertifiedPlan> &plans);

} // namespace dconv

#endif // DCONV_CERTIFICATE_WRITECERTIFICATE_H
