//===- VerifyCertificate.cpp - runs the verifier of certificates ----------===//

#include "dconv/Certificate/VerifyCertificate.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

// The texts of claims.py, verify_certificate.py and verify_stream.py.
extern "C" const char dconvClaimsScript[];
extern "C" const char dconvVerifyCertificateScript[];
extern "C" const char dconvVerifyStreamScript[];
extern char **environ;

/// Runs the program whose text is the second argument, for which the first is
/// module `claims`, on the rest.
static const char loader[] = R"(import sys, types
sys.modules["claims"] = types.ModuleType("claims")
exec(sys.argv.pop(1), vars(sys.modules["claims"]))
exec(sys.argv.pop(1)))";

/// The exit code of python3 with the verifier `script`, or 2 where it has none.
static int runVerifier(const char *script, const std::string &path) {
  std::fflush(nullptr);
  // -I: neither the user's folder nor the environment has a say.
  const char *arguments[] = {"python3", "-I",         "-c",   loader,
                             dconvClaimsScript, script, path.c_str(), nullptr};
  pid_t child;
  int error = posix_spawnp(&child, arguments[0], nullptr, nullptr,
                           const_cast<char **>(arguments), environ);
  int status = 0;
  if (error == 0 && waitpid(child, &status, 0) < 0)
    error = errno;
  if (error != 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 127) {
    std::fprintf(stderr,
                 "error: cannot verify '%s': python3 does not run%s%s; it is "
                 "needed to run the verifier\n",
                 path.c_str(), error ? ": " : "",
                 error ? std::strerror(error) : "");
    return 2;
  }
  return WEXITSTATUS(status);
}

int dconv::verifyCertificateFile(const std::string &path) {
  int code = runVerifier(dconvVerifyCertificateScript, path);
  return code ? code : runVerifier(dconvVerifyStreamScript, path);
}
