//===- PlanDescription.h - one plan as JSON ---------------------*- C++ -*-===//

#ifndef DCONV_CERTIFICATE_PLANDESCRIPTION_H
#define DCONV_CERTIFICATE_PLANDESCRIPTION_H

#include "dconv/Certificate/WriteCertificate.h"

namespace dconv {

/// Writes what a certificate says of `plan`, which depends on whether it is
/// streamed.
Result<int64_t> describePlan(std::ostream &out, const CertifiedPlan &plan);

} // namespace dconv

#endif // DCONV_CERTIFICATE_PLANDESCRIPTION_H
