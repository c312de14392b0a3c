//===- VerifyCertificate.h - runs the verifier of certificates --*- C++ -*-===//

#ifndef DCONV_CERTIFICATE_VERIFYCERTIFICATE_H
#define DCONV_CERTIFICATE_VERIFYCERTIFICATE_H

#include <string>

namespace dconv {

/// Has the certificate at `path` proved by verify_certificate.py, a program of
/// its own that is part of this one as text. It prints a line per convolution,
/// or to stderr the claim that does not hold. Returns its exit code: 0 proved,
/// 1 refused, 2 the file cannot be read or there is no python3.
int verifyCertificateFile(const std::string &path);

} // namespace dconv

#endif // DCONV_CERTIFICATE_VERIFYCERTIFICATE_H
