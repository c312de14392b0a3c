//===- PlanDescription.h - one plan as JSON ---------------------*- C++ -*-===//

#ifndef DCONV_CERTIFICATE_PLANDESCRIPTION_H
#define DCONV_CERTIFICATE_PLANDESCRIPTION_H

#include "dconv/Certificate/WriteCertificate.h"

namespace dconv {

/// Writes what a certificate says of `plan`. Of one that is streamed `ownership`
/// is null and `moves` is empty: its tensors lie on the host.
Result<int64_t> describePlan(std::ostream &out, const CertifiedPlan &plan);

} // namespace dconv

#endif // DCONV_CERTIFICATE_PLANDESCRIPTION_H
