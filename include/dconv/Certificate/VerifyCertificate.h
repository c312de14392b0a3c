//===- VerifyCertificate.h - runs the verifier of certificates --*- C++ -*-===//

#ifndef DCONV_CERTIFICATE_VERIFYCERTIFICATE_H
#define DCONV_CERTIFICATE_VERIFYCERTIFICATE_H

#include <string>

namespace dconv {

/// Has the certificate at `path` proved by verify_certificate.py and
/// verify_stream.py, programs of their own that are part of this one as text.
/// They print a line per convolution, or to stderr the claim that does not hold.
/// Returns the exit code: 0 proved, 1 refused, 2 the file cannot be read or
/// there is no python3.
int verifyCertificateFile(const std::string &path);

} // namespace dconv

#endif // DCONV_CERTIFICATE_VERIFYCERTIFICATE_H
