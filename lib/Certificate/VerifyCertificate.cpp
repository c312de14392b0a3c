//===- VerifyCertificate.cpp - runs the verifier of certificates ----------===//

#include "dconv/Certificate/VerifyCertificate.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" const char dconvVerifyCertificateScript[];
extern char **environ;

int dconv::verifyCertificateFile(const std::string &path) {
  std::fflush(nullptr);
  // -I: neither the user's folder nor the environment has a say.
  const char *arguments[] = {"python3", "-I",         "-c",
                             dconvVerifyCertificateScript, path.c_str(), nullptr};
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
