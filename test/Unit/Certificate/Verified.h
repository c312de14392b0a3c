//===- Verified.h - certificates as text, and their verifier ----*- C++ -*-===//

#ifndef DCONV_TEST_UNIT_CERTIFICATE_VERIFIED_H
#define DCONV_TEST_UNIT_CERTIFICATE_VERIFIED_H

#include "dconv/Certificate/WriteCertificate.h"

#include <string>
#include <vector>

namespace dconv::test {

/// A file that is gone with the test.
class TemporaryFile {
public:
  explicit TemporaryFile(const std::string &text);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile &) = delete;

  std::string path;
};

std::string certificateOf(const std::vector<CertifiedPlan> &plans);

/// The exit code of the verifiers, and what they printed.
std::pair<int, std::string> verifyText(const std::string &text);

/// Alters the certificate of `plans`, one field at a time (mutate_certificate.py):
/// whether the verifiers refuse each.
bool refuseAlterations(const std::vector<CertifiedPlan> &plans);

} // namespace dconv::test

#endif // DCONV_TEST_UNIT_CERTIFICATE_VERIFIED_H
